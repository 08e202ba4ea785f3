"""Phone numbers.

In: text. Out: their places. A number is one when it is written internationally (+ and a country code), in the form of a
country that nothing else is written in, or after a word that says so; and when the numbering plan has it
(`phonenumbers`, Google's tables). Left alone: numbers reserved for fiction (555-01xx), dates, versions, sums, serials.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from recall.corpus.filters.privacy.spans import Found

_RUN = re.compile(r"[+(\d][\d .()/\u00a0‑–-]{6,60}")
"""Where a number may stand: the patterns below are held against these places alone."""

_END = r"(?![^\W_]|_|[.-]\d)"
_INTERNATIONAL = re.compile(
    rf"(?<![A-Za-z0-9_+=*/.-])(?:\+|00(?=[1-9]))[ ]?\(?\d{{1,3}}\)?(?:[ .()/\u00a0‑–-]{{0,2}}\d{{1,11}}){{1,6}}{_END}"
)
_NORTH_AMERICA = re.compile(
    rf"(?<![A-Za-z0-9_+=*/.#$-])(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d([-.]))[2-9]\d\d(?(1)\1|[-. ])\d{{4}}{_END}"
)
_RUSSIA = re.compile(rf"(?<![A-Za-z0-9_+=*/.-])8[ -]?\(\d{{3,5}}\)[ -]?\d{{1,3}}[ -]?\d{{2}}[ -]?\d{{2}}{_END}")
_NUMBER = re.compile(rf"\(?\d{{1,12}}\)?(?:[ .()/\u00a0‑–-]{{0,2}}\d{{1,8}}){{0,6}}{_END}")

_SAYS = re.compile(
    r"(?i)(?:\b(?:tel|telephone|phone|phones|telefon|telefono|teléfono|telefone|téléphone|tél|telefoon|telefoni|mobile|"
    r"mobil|mobiltelefon|mob|handy|móvil|celular|portable|cell|cellphone|cellular|gsm|fax|call|sms|whatsapp|viber|puh|"
    r"tlf|tfno|fon|fono|ph|msisdn|dial|hotline|helpline|toll[- ]free|điện thoại)|тел(?:ефон)?|факс|моб|звоните|"
    r"电话|電話|手机|手機|传真|携帯|전화|휴대폰|טלפון|هاتف|โทร)"
    r"(?:[\s:：.=()\[\]\"'>/*,#№|-]|number|num|nummer|numero|número|no|nr|is|us|me|at|on|fax|desk|work|home|type|"
    r"号码|为|是){0,12}$"
)
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "RU", "CN", "JP", "KR", "IN", "BR", "TR", "PL", "NL", "UA", "MX", "TW",
            "AU", "SE")  # fmt: skip
_FICTION = re.compile(
    r"555\D{0,2}01\d\d$|^\D*1?\D{0,2}(?:555|123|000|999)\D{0,2}(?:555|456|000|123)\D{0,2}\d{4}$|(\d)\1{6}|1234567|"
    r"234.?567.?89|9876543|20.?7946.?0\d{3}"
)
_BEFORE = 48


def phones(text: str) -> Iterator[Found]:
    """Places of phone numbers."""
    for run in _RUN.finditer(text):
        if sum(map(str.isdigit, run[0])) >= 8:
            yield from _in_run(text, *run.span())


def _in_run(text: str, start: int, end: int) -> Iterator[Found]:
    """Numbers that begin in characters [start, end): the first pattern that fits decides at each place."""
    said = _SAYS.search(text[max(0, start - _BEFORE) : start]) is not None
    if said and text[start] != "+" and (number := _NUMBER.match(text, start)) is not None and _national(number[0]):
        yield Found("phone", *number.span())
        start = number.end()
    for pattern, region in ((_INTERNATIONAL, None), (_NORTH_AMERICA, "US"), (_RUSSIA, "RU")):
        at = start
        while at < end and (found := pattern.search(text, at, min(len(text), end + 3))) is not None:
            if (found[0][0] != "0" or said) and _possible(found[0], region):
                yield Found("phone", *found.span())
            at = found.end()


@lru_cache(maxsize=4096)
def _possible(number: str, region: str | None) -> bool:
    """Whether a numbering plan has the number: that of the region, or of its country code."""
    if _FICTION.search(number):
        return False
    international = "+" + re.sub(r"\(0\)", "", number).lstrip("+0 ")
    try:
        parsed = phonenumbers.parse(number if region else international, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(parsed))


def _national(number: str) -> bool:
    """Whether some country's plan has a number of 8 to 13 digits."""
    return 7 < sum(map(str.isdigit, number)) < 14 and any(_possible(number, region) for region in _REGIONS)
