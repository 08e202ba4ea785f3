"""Keys and tokens of known formats, and private keys.

In: text. Out: their places. One pass finds long words without spaces; only they are held against the formats, so the
number of formats costs nothing on ordinary text. Left alone: keys that their makers print as examples, words that are
no more than a format (`AKIAXXXXXXXXXXXXXXXX`), hashes, UUIDs and public keys.
"""

import re
from collections.abc import Iterator

from recall.corpus.filters.privacy.masks import ENCODED
from recall.corpus.filters.privacy.spans import Found

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-./+:]{15,4000}")
_FORMATS = re.compile(
    r"(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}\b"  # AWS access key
    r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}"
    r"|gl(?:pat|dt|rt|cbt|ptt|soat|ft|agent)-[A-Za-z0-9_\-]{20,64}"
    r"|AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])|ya29\.[A-Za-z0-9_\-.]{20,2000}|GOCSPX-[A-Za-z0-9_\-]{24,40}"
    r"|\d{6,12}-[a-z0-9]{32}\.apps\.googleusercontent\.com"
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Z0-9]{8,14}-\d{8,16}-[a-f0-9]{40,80}"
    r"|hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,30}"
    r"|[spr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{24,64}"
    r"|sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_\-]{28,250}"
    r"|hf_[A-Za-z0-9]{30,40}|npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_\-]{50,250}|rubygems_[a-f0-9]{48}"
    r"|dckr_(?:pat|oat)_[A-Za-z0-9_\-]{27,40}|do[opr]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
    r"|SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}|key-[a-f0-9]{32}\b|(?:AC|SK)[a-f0-9]{32}\b"
    r"|sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,50}|EAA[A-Za-z0-9]{60,300}|AAAA[A-Za-z0-9_\-]{7}:[A-Za-z0-9_\-]{134,180}"
    r"|\d{8,10}:AA[A-Za-z0-9_\-]{33}\b"  # Telegram
    r"|(?:discord(?:app)?\.com/api/webhooks/)\d{15,20}/[A-Za-z0-9_\-]{40,90}"
    r"|[MNO][A-Za-z0-9]{23,25}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,38}\b"  # Discord
    r"|eyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{4,3000}(?:\.[A-Za-z0-9_\-]{8,1000})?"  # JWT
    r"|NRAK-[A-Z0-9]{27}|dapi[a-f0-9]{32}\b|lin_api_[A-Za-z0-9]{32,48}|secret_[A-Za-z0-9]{43}\b|ntn_[A-Za-z0-9]{40,50}"
    r"|figd_[A-Za-z0-9_\-]{38,50}|ATATT3[A-Za-z0-9_\-=]{60,250}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|hv[sbr]\.[A-Za-z0-9_\-]{24,200}"
    r"|dp\.(?:pt|st|ct)\.[A-Za-z0-9_.\-]{40,80}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|AGE-SECRET-KEY-1[A-Z0-9]{58}|r8_[A-Za-z0-9]{37}"
    r"|gsk_[A-Za-z0-9]{48,56}|pk\.eyJ[A-Za-z0-9_\-]{20,200}\.[A-Za-z0-9_\-]{20,40}|sntrys_[A-Za-z0-9_\-+/=]{40,300}"
    r"|LTAI[A-Za-z0-9]{12,24}\b|AKID[A-Za-z0-9]{32}\b|sl\.[A-Za-z0-9_\-]{100,250}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,80}"
    r"|PRIVATE-TOKEN-[A-Za-z0-9]{20}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}|[a-f0-9]{32}-us\d{1,2}\b"  # Brevo, Mailchimp
    r"|tfp_[A-Za-z0-9_\-]{30,60}|nvapi-[A-Za-z0-9_\-]{50,80}|pplx-[a-f0-9]{40,56}|fc-[a-f0-9]{32}\b"
    r")"
)
_EXAMPLE = re.compile(
    r"(?i)example|x{6,}|0{8,}|1234567890|abcdefghij|your[_-]|[._-]your|\.\.\.|placeholder|redacted|dummy|sample"
)
_PEM = re.compile(
    r"-----BEGIN ((?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----((?:[^-]|-(?!----)){20,16000})-----END \1-----",
    re.DOTALL,
)


def keys(text: str) -> Iterator[Found]:
    """Places of keys and tokens."""
    for token in _TOKEN.finditer(text):
        at, end = token.span()
        yield from _in_token(text, at, end)
    if "PRIVATE KEY" in text and "-----END " in text:
        for found in _PEM.finditer(text):
            if not re.search(r"\.\.\.|…|<|x{8,}|X{8,}", found[2][:2000]):
                yield Found("key", *_body(text, *found.span(2)))


def _in_token(text: str, at: int, end: int) -> Iterator[Found]:
    while at < end and (found := _FORMATS.search(text, at, end)) is not None:
        before = text[found.start() - 1] if found.start() else " "
        if not (before.isalnum() or before == "_") and telling(found[0]):
            yield Found("key", *found.span())
        at = found.end()


def telling(key: str) -> bool:
    """Whether a word of a key's format is a key: no example, not one character again and again."""
    return _EXAMPLE.search(key) is None and len(set(key[-16:])) > 5


def _body(text: str, start: int, end: int) -> tuple[int, int]:
    """A PEM body without the white space, quotes and escapes around it."""
    runs = [run.span() for run in ENCODED.finditer(text[start:end])]
    return (start + runs[0][0], start + runs[-1][1]) if runs else (start, end)
