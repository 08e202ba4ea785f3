"""E-mail and IP addresses of people and machines, without those that examples use.

In: text. Out: their places. Left alone: addresses at example domains (RFC 2606 and the ones tutorials make up), of no
one (noreply), of version control (`git@github.com`), image names (`icon@2x.png`), message numbers; IP addresses that
are not globally routed (RFC 1918, 5737, 3849, 6598, loopback, multicast), version numbers, parts of longer numbers.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from recall.hosts import has_public_suffix
from recall.steps.build.privacy.found import Found

_LOCAL = r"A-Za-z0-9\u00c0-\u024f\u0370-\u052f"
_EMAIL = re.compile(
    rf"(?<![{_LOCAL}._%+/=-])([{_LOCAL}_%+][{_LOCAL}._%+'-]{{0,63}})@((?:[{_LOCAL}](?:[{_LOCAL}-]{{0,62}})\.){{1,6}}[{_LOCAL}-]{{2,24}})"
    rf"(?![{_LOCAL}@(\[]|\.[A-Za-z0-9]|-[A-Za-z0-9])"
)
_AT, _DOT = (
    r"\s?(?:\[at\]|\(at\)|\{at\}|<at>|\[@\]|\(@\)| at | AT )\s?",
    r"\s?(?:\[dot\]|\(dot\)|\{dot\}|<dot>| dot | DOT |\.)\s?",
)
_SPELLED = re.compile(
    rf"(?i)(?<![\w.+-])[a-z0-9][a-z0-9._+-]{{1,40}}{_AT}[a-z0-9-]{{2,40}}(?:{_DOT}[a-z0-9-]{{2,30}}){{1,3}}(?![\w@])"
)

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
_NO_ONE = re.compile(
    r"(?i)^(?:git|hg|svn|cvs|bzr|gitolite|anonymous|anoncvs|ec2-user|no-?reply|do-?not-?reply|mailer-daemon|nobody)$"
)
_FILE = re.compile(
    r"(?i)^\d(?:\.\d)?x\.|\.(?:png|jpe?g|gif|svg|webp|ico|css|scss|js|mjs|ts|tsx|json|html?|php|py|rb|go|rs|java|class|xml|ya?ml|service|timer|socket|mount|target|conf|so|dll|exe|zip|jar|tgz|gz)$"
)
_MESSAGE = re.compile(
    r"(?i)(?:message-id|in-reply-to|references|msgid|list-id|content-id|cid)\W{0,4}$|(?:mid|cid|news|nntp):$"
)


def emails(text: str) -> Iterator[Found]:
    """Places of e-mail addresses, those spelled with at and dot included."""
    if "@" in text:
        for found in _EMAIL.finditer(text):
            if _personal(found[1], found[2], text[max(0, found.start() - 24) : found.start()]):
                yield Found("email", *found.span())
    lowered = text if " at " in text or "at]" in text or "at)" in text else text.lower()
    if any(mark in lowered for mark in ("[at]", "(at)", "{at}", "<at>", " at ", "@]", "@)")):
        for found in _SPELLED.finditer(text):
            if _spelled_out(found, text):
                yield Found("email", *found.span())


def _personal(local: str, domain: str, before: str) -> bool:
    domain = domain.lower().rstrip(".-")
    if _EXAMPLE_DOMAIN.search(domain) or _EXAMPLE_LOCAL.match(local) or _NO_ONE.match(local):
        return False
    if _FILE.search(domain) or domain.endswith("noreply.github.com"):
        return False
    if _MESSAGE.search(before.rstrip(" <\"'")) or not has_public_suffix(domain):
        return False
    return not before.endswith(("/@", "//", "http:", "https:"))


def _spelled_out(found: re.Match[str], text: str) -> bool:
    """Whether words around at and dot are an address: a bare `at` needs brackets or a sign of mail before it."""
    whole = found[0]
    marked = re.search(r"(?i)[\[({<](?:at|@)[\])}>]", whole) is not None
    local, domain = re.split(_AT, whole, maxsplit=1)
    domain = re.sub(r"(?i)\s?[\[({<]?\bdot\b[\])}>]?\s?", ".", domain).replace(" ", "").lower()
    if not marked:
        before, after = text[max(0, found.start() - 16) : found.start()], text[found.end() : found.end() + 1]
        header = re.search(r"(?i)(?:from|to|cc|e-?mail|mail|contact|author)\s?:?\*{0,2}\s?(?:\S+ \S+ )?[<(]?$", before)
        wrapped = before.endswith("<") and after == ">"
        if not (wrapped or (header and ":" in header[0]) or re.search(r"(?i) dot ", whole)):
            return False
    return has_public_suffix(domain) and not _EXAMPLE_DOMAIN.search(domain) and not _EXAMPLE_LOCAL.match(local)


_IPV4 = re.compile(
    r"(?<![\w.:/@+-])(?:v(?=\d))?((?:\d{1,3}\.){3}\d{1,3})(?![\w]|\.\d|-\d)|(?<=[/@:=-])((?:\d{1,3}\.){3}\d{1,3})(?![\w]|\.\d|-\d)"
)
_VERSION = re.compile(
    r"(?i)(?:\b(?:v|ver|vers|version|versione|versión|versão|版本|バージョン|版|release|rel|build|revision|rev|firmware|driver|sdk|update|upgrade|"
    r"patch|section|chapter|figure|fig|table|oid|asn|clause|§|since|kernel|chrome|firefox|safari|opera|edge|assembly(?:file)?version|fileversion|productversion)"
    r"[\"'(:=#\s.]{0,4}|[<>=~^!]=?\s?[\"']?|(?:==|===)\s?|[A-Za-z_)][/-]|[A-Za-z]-v?|\.so\.)$"
)
_IP_WORD = re.compile(
    r"(?i)\b(?:ip|ipv4|addr(?:ess)?|host|hostname|server|ping|ssh|telnet|traceroute|inet|from|dns|nameserver|gateway|client|remote|peer|subnet|network|route|listen|bind|endpoint|proxy|to|https?|地址|адрес)\b"
)
_IPV6 = re.compile(r"(?<![\w:.])([23][0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4})(?![\w:]|\.\d)")


def ips(text: str) -> Iterator[Found]:
    """Places of IP addresses that are globally routed."""
    for found in _IPV4.finditer(text) if text.count(".") > 2 else ():
        group = 1 if found[1] else 2
        start, end = found.span(group)
        before = text[max(0, start - 40) : start]
        if routed(found[group]) and not _is_version(found[group], before.rpartition("\n")[2], text[end : end + 24]):
            yield Found("ip", start, end)
    for found in _IPV6.finditer(text) if text.count(":") > 2 else ():
        if routed(found[1]):
            yield Found("ip", *found.span(1))


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
    if before.endswith(("://", "@", "//")) or (_IP_WORD.search(before[-20:]) and not _VERSION.search(before)):
        return False
    if _VERSION.search(before):
        return True
    if re.match(r":\d{2,5}\b|/\d{1,2}\b", after):
        return False
    parts = [int(part) for part in number.split(".")]
    if number in ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "4.2.2.2", "4.2.2.1"):
        return False
    return max(parts) < 30 or (parts[0] < 12 and parts.count(0) >= 2)
