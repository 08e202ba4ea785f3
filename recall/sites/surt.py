"""SURT keys: URLs and hosts as Common Crawl's indexes sort and join them, `org,example)/path?a=1` and `org,example`.

In: a URL or a host. Out: its key: labels of the host reversed, without user, fragment and a leading `www.` or `www2.`
that is not the name itself; a port that is not the scheme's; path and query in lower case, without a slash at the end,
session ids and doubled slashes, percent codes decoded until none is left and written once, arguments in order. Source:
the rules of Internet Archive's SURT (WaybackURLKeyMaker and IAURLCanonicalizer in ia-web-commons, which Common Crawl's
indexes are made with) and, for `www.com`, cc-index-annotations. Addresses are reversed as names are.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from recall.sites.urls import address_of

__all__ = ["surt_host", "surt_key"]

_WWW = re.compile(r"^www\d*\.(?=.*\.)")
_DEFAULT = {"http": "80", "https": "443"}
_SAFE = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"
_SLASHES = re.compile(rb"/{2,}")
_ROUNDS = 32
"""How often percent codes are decoded; a URL of 2,000 characters that holds more layers was made to cost time."""

_PATH_SESSIONS = tuple(
    re.compile(rb"^(.*/)" + session + rb"([^?]+\.aspx.*)$", re.IGNORECASE | re.DOTALL)
    for session in (rb"\((?:[a-z]\([0-9a-z]{24}\))+\)/", rb"\([0-9a-z]{24}\)/")
)
_QUERY_SESSIONS = tuple(
    re.compile(rb"^(.*)" + session + rb"(?:&(.*))?$", re.IGNORECASE | re.DOTALL)
    for session in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
        rb"cfid=[^&]{1,100}&cftoken=[^&]{1,100}",
    )
)


def surt_host(host: str) -> str:
    """The key of a host, without port: `uk,co,example,blog` for `www.blog.example.co.uk`."""
    return ",".join(reversed(_WWW.sub("", host.lower()).strip("[]").split(".")))


def surt_key(url: str) -> str:
    """The key of a URL, as the column `url_surtkey` has it."""
    parts = address_of(url)
    port = "" if parts.port in ("", _DEFAULT.get(parts.scheme)) else f":{parts.port}"
    path = _path(parts.path)
    query = _query(parts.query)
    return f"{surt_host(parts.host)}{port}){path}{'?' if query else ''}{query}"


def _path(path: str) -> str:
    kept: list[bytes] = []
    for part in _decoded(path).split(b"/"):
        if part == b"..":
            del kept[-1:]
        elif part != b".":
            kept.append(part)
    whole = _SLASHES.sub(b"/", b"/" + b"/".join(kept)).lower()
    if b".aspx" in whole:
        for session in _PATH_SESSIONS:
            whole = session.sub(rb"\1\2", whole)
    return _written(whole[:-1] if len(whole) > 1 and whole.endswith(b"/") else whole)


def _query(query: str) -> str:
    whole = _decoded(query)
    if b"id" in whole.lower():
        for session in _QUERY_SESSIONS:
            whole = session.sub(lambda found: found[1] + (found[2] or b""), whole)
    arguments = sorted(tuple(part.split(b"=", 1)) for part in _written(whole).lower().encode().split(b"&"))
    return b"&".join(b"=".join(part) for part in arguments).decode()


def _decoded(text: str) -> bytes:
    """Bytes without percent codes, however often these were encoded."""
    data = text.encode("utf-8", "replace")
    for _ in range(_ROUNDS):
        if b"%" not in data or (decoded := unquote_to_bytes(data)) == data:
            break
        data = decoded
    return data


def _written(data: bytes) -> str:
    return quote_from_bytes(data, _SAFE).lower()
