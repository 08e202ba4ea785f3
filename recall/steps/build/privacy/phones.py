"""Phone numbers.

In: text. Out: their places. A number is one when it is written internationally (+ and a country code), in the form of a
country that nothing else is written in, or after a word that says so; and when the numbering plan has it
(`phonenumbers`, Google's tables). Left alone: numbers reserved for fiction (555-01xx), dates, versions, sums, serials.
"""

import re
from collections.abc import Iterator

import phonenumbers

from recall.steps.build.privacy.found import Found

_INTERNATIONAL = re.compile(
    r"(?<![\w+=*/.-])(?:\+|00(?=[1-9]))[ ]?\(?\d{1,3}\)?(?:[ .()/\u00a0‑–-]{0,2}\d{1,5}){2,6}(?![\w]|[.-]\d)"
)
_NORTH_AMERICA = re.compile(
    r"(?<![\w+=*/.#$-])(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d([-.]))[2-9]\d\d(?(1)\1|[-. ])\d{4}(?![\w]|[.-]\d)"
)
_RUSSIA = re.compile(r"(?<![\w+=*/.-])8[ -]?\(\d{3,5}\)[ -]?\d{1,3}[ -]?\d{2}[ -]?\d{2}(?![\w]|[.-]\d)")
_WORDS = (
    r"(?i)(?:\b(?:tel|telephone|phone|phones|mobile|mob|cell|cellphone|fax|call|sms|whatsapp|viber|telefon|telefono|teléfono|"
    r"telefone|téléphone|handy|"
    r"tlf|tfno|móvil|celular|portable|hotline|helpline|toll[- ]free|tél|fon|ph|msisdn|dial)\b|тел(?:ефон)?|факс|моб|"
    r"звоните|电话|電話|手机|手機|传真|联系电话|전화|휴대폰|"
    r"הטלפון|طلفن|هاتف|โทร|điện thoại|携帯)"
)
_SAYS_WORD = re.compile(_WORDS)
_SAYS = re.compile(_WORDS + r"[^\n\d+]{0,16}$")
_NUMBER = re.compile(r"\(?\d{1,5}\)?(?:[ .()/\u00a0‑–-]{0,2}\d{1,5}){1,6}(?![\w]|[.-]\d)")
_REGIONS = (
    "US",
    "GB",
    "DE",
    "FR",
    "ES",
    "IT",
    "RU",
    "CN",
    "JP",
    "KR",
    "IN",
    "BR",
    "TR",
    "PL",
    "NL",
    "UA",
    "MX",
    "TW",
    "AU",
    "SE",
)
_FICTION = re.compile(
    r"555\D{0,2}01\d\d$|^\D*1?\D{0,2}(?:555|123|000|999)\D{0,2}(?:555|456|000|123)\D{0,2}\d{4}$|(\d)\1{6}|1234567|234.?567.?89|9876543|2079460\d{3}|020.?7946.?0\d{3}"
)


def phones(text: str) -> Iterator[Found]:
    """Places of phone numbers."""
    for found in _INTERNATIONAL.finditer(text) if "+" in text or "00" in text else ():
        if (found[0][0] == "+" or _SAYS.search(text[max(0, found.start() - 40) : found.start()])) and _possible(
            found[0], None
        ):
            yield Found("phone", *found.span())
    for pattern, region in ((_NORTH_AMERICA, "US"), (_RUSSIA, "RU")):
        for found in pattern.finditer(text):
            if _possible(found[0], region):
                yield Found("phone", *found.span())
    for said in _SAYS_WORD.finditer(text):
        number = _NUMBER.search(text, said.end(), min(len(text), said.end() + 48))
        if number is not None and _says(text, said, number) and _national(number[0]):
            yield Found("phone", *number.span())


def _says(text: str, said: re.Match[str], number: re.Match[str]) -> bool:
    between = text[said.end() : number.start()]
    return len(between) <= 16 and "\n" not in between and not any(map(str.isdigit, between))


def _possible(number: str, region: str | None) -> bool:
    """Whether a numbering plan has the number: that of the region, or of its country code."""
    if _FICTION.search(number):
        return False
    try:
        parsed = phonenumbers.parse(number, region) if region else phonenumbers.parse("+" + number.lstrip("+0 "), None)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(parsed))


def _national(number: str) -> bool:
    return 6 < sum(map(str.isdigit, number)) < 14 and any(_possible(number, region) for region in _REGIONS)
