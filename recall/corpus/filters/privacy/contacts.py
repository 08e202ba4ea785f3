"""E-mail addresses, IP addresses and phone numbers of people and machines, without those that examples use.

In: text. Out: spans. Left alone: addresses at example domains (RFC 2606 and the ones tutorials make up), of role
accounts (noreply), of version control (`git@github.com`), image names (`icon@2x.png`), message ids; IP addresses that
are not globally routed (RFC 1918, 5737, 3849, 6598, loopback, multicast), version numbers, parts of longer numbers.

A phone number is one when it is written internationally (+ and a country code), in a form that only one country uses,
or after a word that announces it; and when the numbering plan has it (`phonenumbers`, Google's tables). Left alone:
numbers reserved for fiction (555-01xx), dates, versions, sums, serials.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import phonenumbers

from recall.corpus.filters.privacy.spans import PersonalSpan
from recall.sites.hosts import has_public_suffix

_LOCAL = r"A-Za-z0-9\u00c0-\u024f\u0370-\u052f"
_LOCAL_PART = re.compile(rf"(?<![{_LOCAL}._%+/=-])[{_LOCAL}_%+][{_LOCAL}._%+'-]{{0,63}}\Z")
_DOMAIN = re.compile(
    rf"(?:[{_LOCAL}](?:[{_LOCAL}-]{{0,62}})\.){{1,6}}[{_LOCAL}-]{{2,24}}(?![{_LOCAL}@(\[]|\.[A-Za-z0-9]|-[A-Za-z0-9])"
)
_AT = re.compile(r"(?i) at ")
_BRACKETED_AT = re.compile(r"[\[({<](?:[aA][tT]|@)[\])}>][ ]?")
_SPELLED_LOCAL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][A-Za-z0-9._+-]{1,40}\Z")
_SPELLED_DOMAIN = re.compile(
    r"(?i)[a-z0-9-]{2,40}(?:(?:\s?[\[({<]dot[\])}>]\s?| dot |\.)[a-z0-9-]{2,30}){1,3}(?![\w@])"
)
_DOT = re.compile(r"(?i)\s?[\[({<]dot[\])}>]\s?| dot ")

_EXAMPLE_DOMAIN = re.compile(
    r"(?i)(?:^|\.)(?:example|invalid|test|localhost|local|localdomain|internal|lan)$|(?:^|\.)example\.[a-z.]{2,6}$|"
    r"(?:^|\.)(?:(?:your|my|some|any|another|the|old|new)?-?_?(?:domain|company|site|website|server|host|hostname|mail|email|org|organization|"
    r"provider|isp|name|app|project|corp)|foo|bar|baz|foobar|abc|xyz|aaa|bbb|xxx+|acme|contoso|fabrikam|somewhere|nowhere|"
    r"whatever|sample|dummy|fake|domain\d?|somedomain|mydomain|yourcompany)\.(?:com|org|net|tld|edu|de|fr|ru|cn|co|io|dev|ext|xx|xxx)$"
)
_EXAMPLE_LOCAL = re.compile(
    r"(?i)^(?:you|your|yours|me|my|mymail|myemail|user\d?|username|user[._-]?name|your[._-]?(?:user)?[._-]?(?:name|id|email|mail|address|account|gmail|login).*|"
    r"first\.?last|firstname\.?lastname|name|somebody|someone|someuser|anyone|foo|bar|foobar|baz|xxx+|abc|email|"
    r"e-?mail|test\d?|tester|test[._-]?(?:user|mail|email)\d?|example\d?|recipient|sender|dummy|fake|no-?reply|do-?not-?reply|donotreply|mailer-daemon)$"
)
_ROLE_ACCOUNT = re.compile(
    r"(?i)^(?:git|hg|svn|cvs|bzr|gitolite|anonymous|anoncvs|ec2-user|no-?reply|do-?not-?reply|mailer-daemon|nobody)$"
)
_FILE = re.compile(
    r"(?i)^\d(?:\.\d)?x\.|\.(?:png|jpe?g|gif|svg|webp|ico|css|scss|js|mjs|ts|tsx|json|html?|php|py|rb|go|rs|java|class|xml|ya?ml|service|timer|socket|mount|target|conf|so|dll|exe|zip|jar|tgz|gz)$"
)
_NO_MAILBOX = frozenset(
    (
        *(
            "met",
            "meet",
            "look",
            "looking",
            "found",
            "find",
            "live",
            "lives",
            "here",
            "there",
            "is",
            "was",
            "are",
            "been",
        ),
        *("us", "available", "hosted", "it", "me", "him", "her", "you", "them", "one", "page", "site", "code", "mail"),
        *("email", "contact", "ask", "see", "read", "more", "work", "works", "working", "stay", "download", "support"),
        "online",
    )
)
"""Words before the plain word `at` that are no mailbox."""

_HEADER = re.compile(r"(?i)(?:from|to|cc|mail|contact|author)\s?:\*{0,2}\s?(?:\S{1,20} \S{1,20} )?[<(]?$")
_USERINFO = re.compile(r"//[^\s/\"'<>]*\Z|/@\Z")
_MESSAGE = re.compile(
    r"(?i)(?:message-id|in-reply-to|references|msgid|list-id|content-id|cid)\W{0,4}$|(?:mid|cid|news|nntp):$"
)


def emails(text: str) -> Iterator[PersonalSpan]:
    """E-mail addresses, those spelled with at and dot included."""
    at = text.find("@")
    while at >= 0:
        if (domain := _DOMAIN.match(text, at + 1)) is not None:
            offset = max(0, at - 66)
            local = _LOCAL_PART.search(text[offset:at])
            if local is not None:
                start = offset + local.start()
                if _personal(local[0], domain[0], text[max(0, start - 80) : start]):
                    yield PersonalSpan("email", start, domain.end())
        at = text.find("@", at + 1)
    for sign in _AT.finditer(text):
        yield from _spelled(text, *sign.span(), plain=True)
    for sign in _BRACKETED_AT.finditer(text):
        spaced = text.endswith(" ", 0, sign.start())
        yield from _spelled(text, sign.start() - spaced, sign.end(), plain=False)


def _spelled(text: str, at: int, end: int, *, plain: bool) -> Iterator[PersonalSpan]:
    """The address around characters [at, end), which stand for its sign. plain: they are the word alone."""
    domain = _SPELLED_DOMAIN.match(text, end)
    if domain is None:
        return
    offset = max(0, at - 44)
    local = _SPELLED_LOCAL.search(text[offset:at])
    if local is None:
        return
    start = offset + local.start()
    around = (text[max(0, start - 24) : start], text[domain.end() : domain.end() + 1])
    if _spelled_out(local[0], domain[0], plain=plain, around=around):
        yield PersonalSpan("email", start, domain.end())


def _personal(local: str, domain: str, before: str) -> bool:
    domain = domain.lower().rstrip(".-")
    if _EXAMPLE_DOMAIN.search(domain) or _EXAMPLE_LOCAL.match(local) or _ROLE_ACCOUNT.match(local):
        return False
    if _FILE.search(domain) or domain.endswith("noreply.github.com"):
        return False
    if _MESSAGE.search(before.rstrip(" <\"'")) or not has_public_suffix(domain):
        return False
    return _USERINFO.search(before) is None


def _spelled_out(local: str, domain: str, *, plain: bool, around: tuple[str, str]) -> bool:
    """Whether words around at are an address: the plain word `at` needs the word `dot` or a mail header before it."""
    before, after = around
    if plain and not _DOT.search(domain):
        wrapped = before.endswith("<") and after == ">"
        if not wrapped and not _HEADER.search(before):
            return False
    domain = _DOT.sub(".", domain).lower()
    if local.lower() in _NO_MAILBOX or _EXAMPLE_DOMAIN.search(domain) or _EXAMPLE_LOCAL.match(local):
        return False
    return has_public_suffix(domain)


_FIRST_DOT = re.compile(r"\.(?<=[0-9]\.)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
"""Where an address may be. A pattern is searched for several times as fast when it begins with a rare character."""

_IPV4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![A-Za-z0-9_]|\.\d|-\d)")
_INSIDE = re.compile(r"[A-Za-z0-9_.+]$|(?<![=:/@])[A-Za-z0-9]-$")
_VERSION = re.compile(
    r"(?i)(?:\b(?:v|ver|vers|version|versione|versión|versão|版本|バージョン|版|release|rel|build|revision|rev|firmware|driver|sdk|update|upgrade|"
    r"patch|section|chapter|figure|fig|table|oid|asn|clause|§|since|kernel|chrome|firefox|safari|opera|edge|assembly(?:file)?version|fileversion|productversion)"
    r"[\"'(:=#\s.]{0,4}|(?:[<>=~!]=|~>|[<>^~])\s?[\"']?|[A-Za-z_)][/-]|[A-Za-z]-v?|\.so\.)$"
)
_IP_WORD = re.compile(
    r"(?i)\b(?:ip|ipv4|addr(?:ess)?|r?host|hostname|server|ping|ssh|telnet|traceroute|inet|dns|nameserver|gateway|client|"
    r"remote|peer|proxy)\b|地址|адрес"
)
_PORT = re.compile(r":\d{2,5}\b|/\d{1,2}\b")
_RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "4.2.2.2", "4.2.2.1"))
_MADE_UP = frozenset(("1.2.3.4", "4.3.2.1", "1.2.3.0", "5.6.7.8", "9.8.7.6", "12.34.56.78", "11.22.33.44"))
_IPV6 = re.compile(
    r":(?<=(?<![A-Za-z0-9_:.])[23][0-9a-fA-F]{3}:)(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4}(?![\w:]|\.\d)"
)
"""All behind the first group, which has four characters."""


def ips(text: str) -> Iterator[PersonalSpan]:
    """IP addresses that are globally routed."""
    for dot in _FIRST_DOT.finditer(text):
        first = text[max(0, dot.start() - 3) : dot.start()]
        match = _IPV4.match(text, dot.start() - len(first) + len(first.rstrip("0123456789")))
        if match is not None and routed(match[0]):
            start, end = match.span()
            before = text[max(0, start - 40) : start].rpartition("\n")[2]
            if not _INSIDE.search(before) and not _is_version(match[0], before, text[end : end + 24]):
                yield PersonalSpan("ip", start, end)
    for match in _IPV6.finditer(text):
        start, end = match.start() - 4, match.end()
        if routed(text[start:end]):
            yield PersonalSpan("ip", start, end)


@lru_cache(maxsize=4096)
def routed(address: str) -> bool:
    """Whether an address is one and belongs to somebody on the internet."""
    try:
        parsed = IPv6Address(address) if ":" in address else IPv4Address(address)
    except AddressValueError:
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _is_version(number: str, before: str, after: str) -> bool:
    """Whether four numbers with dots are a version, an outline number or an object identifier."""
    if number in _MADE_UP or _VERSION.search(before):
        return True
    parts = [int(part) for part in number.split(".")]
    if number in _RESOLVERS or (max(parts) >= 30 and not (parts[0] < 12 and parts.count(0) >= 2)):
        return False
    return not (before.endswith(("://", "@", "//")) or _PORT.match(after) or _IP_WORD.search(before[-20:]))


_ZEROS = (
    "0\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040"
    "\u1090\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0\uff10"
)
_DIGITS = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)
"""Decimal digits of scripts, as the inside of a set, which is searched for several times as fast as one with `\\d`."""

_DIGIT_RUN = re.compile(rf"[+({_DIGITS}][\d .()/\u00a0‑–-]{{6,60}}")
"""Where a number may be: the patterns below are tried only here."""

_END = r"(?![^\W_]|_|[.-]\d)"
_INTERNATIONAL = re.compile(
    rf"(?<![A-Za-z0-9_+=*/.-])(?:\+|00(?=[1-9]))[ ]?\(?\d{{1,3}}\)?(?:[ .()/\u00a0‑–-]{{0,2}}\d{{1,11}}){{1,6}}{_END}"
)
_NORTH_AMERICA = re.compile(
    rf"(?<![A-Za-z0-9_+=*/.#$-])(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d([-.]))[2-9]\d\d(?(1)\1|[-. ])\d{{4}}{_END}"
)
_RUSSIA = re.compile(rf"(?<![A-Za-z0-9_+=*/.-])8[ -]?\(\d{{3,5}}\)[ -]?\d{{1,3}}[ -]?\d{{2}}[ -]?\d{{2}}{_END}")
_NUMBER = re.compile(rf"\(?\d{{1,12}}\)?(?:[ .()/\u00a0‑–-]{{0,2}}\d{{1,8}}){{0,6}}{_END}")

_ANNOUNCES_PHONE = re.compile(
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


def phones(text: str) -> Iterator[PersonalSpan]:
    """Phone numbers."""
    for run in _DIGIT_RUN.finditer(text):
        if sum(map(str.isdigit, run[0])) >= 8:
            yield from _in_run(text, *run.span())


def _in_run(text: str, start: int, end: int) -> Iterator[PersonalSpan]:
    """Numbers that begin in characters [start, end); at each start the first pattern that matches decides."""
    announced = _ANNOUNCES_PHONE.search(text[max(0, start - _BEFORE) : start]) is not None
    if announced and text[start] != "+" and (number := _NUMBER.match(text, start)) is not None and _national(number[0]):
        yield PersonalSpan("phone", *number.span())
        start = number.end()
    for pattern, region in ((_INTERNATIONAL, None), (_NORTH_AMERICA, "US"), (_RUSSIA, "RU")):
        at = start
        while at < end and (match := pattern.search(text, at, min(len(text), end + 3))) is not None:
            if (match[0][0] != "0" or announced) and _possible(match[0], region):
                yield PersonalSpan("phone", *match.span())
            at = match.end()


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
