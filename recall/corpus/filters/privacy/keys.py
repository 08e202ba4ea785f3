"""Keys and tokens of known formats, and private keys.

In: text. Out: spans. Formats are those of a kept rule set (`bc-detect-secrets`, Checkov's fork of Yelp's), as far as a
rule describes the key itself and not the words around it, and those that it lacks or cuts short. Only its patterns are
used: nothing is verified over the network. One pass finds long words without spaces, and only they are matched with the
formats, each of them bounded. Left alone: keys that their makers print as examples, words that are no more than a
format (`AKIAXXXXXXXXXXXXXXXX`), hashes, UUIDs and public keys.
"""

import re
from collections.abc import Iterator
from functools import cache

from recall.corpus.filters.privacy.spans import ENCODED, PersonalSpan

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-./+:]{15,4000}")
_OWN = (
    r"github_pat_[A-Za-z0-9_]{22,255}|gl(?:pat|dt|rt|cbt|ptt|soat|ft|agent)-[A-Za-z0-9_\-]{20,64}"
    r"|(?:AROA|AIDA)[A-Z0-9]{16}\b"
    r"|AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])|ya29\.[A-Za-z0-9_\-.]{20,2000}|GOCSPX-[A-Za-z0-9_\-]{24,40}"
    r"|\d{6,12}-[a-z0-9]{32}\.apps\.googleusercontent\.com"
    r"|xox[ae]-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Z0-9]{8,14}-\d{8,16}-[a-f0-9]{40,80}"
    r"|hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,30}"
    r"|(?:[spr]k_test|pk_live)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{24,64}"
    r"|sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-)?[A-Za-z0-9_\-]{28,250}"
    r"|hf_[A-Za-z0-9]{30,40}|npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_\-]{50,250}|rubygems_[a-f0-9]{48}"
    r"|dckr_(?:pat|oat)_[A-Za-z0-9_\-]{27,40}|do[opr]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
    r"|key-[a-f0-9]{32}\b|sq0(?:atp|csp|idp)-[A-Za-z0-9_\-]{22,50}|EAA[A-Za-z0-9]{60,300}|AAAA[A-Za-z0-9_\-]{7}:[A-Za-z0-9_\-]{134,180}"
    r"|\d{8,10}:AA[A-Za-z0-9_\-]{33}\b"  # Telegram
    r"|(?:discord(?:app)?\.com/api/webhooks/)\d{15,20}/[A-Za-z0-9_\-]{40,90}"
    r"|NRAK-[A-Z0-9]{27}|dapi[a-f0-9]{32}\b|lin_api_[A-Za-z0-9]{32,48}|secret_[A-Za-z0-9]{43}\b|ntn_[A-Za-z0-9]{40,50}"
    r"|figd_[A-Za-z0-9_\-]{38,50}|ATATT3[A-Za-z0-9_\-=]{60,250}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|hv[sbr]\.[A-Za-z0-9_\-]{24,200}"
    r"|dp\.(?:pt|st|ct)\.[A-Za-z0-9_.\-]{40,80}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|AGE-SECRET-KEY-1[A-Z0-9]{58}|r8_[A-Za-z0-9]{37}"
    r"|gsk_[A-Za-z0-9]{48,56}|pk\.eyJ[A-Za-z0-9_\-]{20,200}\.[A-Za-z0-9_\-]{20,40}|sntrys_[A-Za-z0-9_\-+/=]{40,300}"
    r"|LTAI[A-Za-z0-9]{12,24}\b|AKID[A-Za-z0-9]{32}\b|sl\.[A-Za-z0-9_\-]{100,250}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,80}"
    r"|PRIVATE-TOKEN-[A-Za-z0-9]{20}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"  # Brevo
    r"|tfp_[A-Za-z0-9_\-]{30,60}|nvapi-[A-Za-z0-9_\-]{50,80}|pplx-[a-f0-9]{40,56}|fc-[a-f0-9]{32}\b"
)
"""Formats that the rule set lacks, or of which it takes only the beginning."""

_EXAMPLE = re.compile(
    r"(?i)example|x{6,}|0{8,}|1234567890|abcdefghij|your[_-]|[._-]your|\.\.\.|placeholder|redacted|dummy|sample"
)
_PEM = re.compile(
    r"-----BEGIN ((?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----((?:[^-]|-(?!----)){20,16000})-----END \1-----",
    re.DOTALL,
)


@cache
def _formats() -> re.Pattern[str]:
    """All formats in one pattern; what matches a rule of the set goes on to the end of its word."""
    from detect_secrets.plugins.aws import AWSKeyDetector  # noqa: PLC0415 - it imports an HTTP client: 0.3 s
    from detect_secrets.plugins.discord import DiscordBotTokenDetector  # noqa: PLC0415
    from detect_secrets.plugins.github_token import GitHubTokenDetector  # noqa: PLC0415
    from detect_secrets.plugins.jwt import JwtTokenDetector  # noqa: PLC0415
    from detect_secrets.plugins.mailchimp import MailchimpDetector  # noqa: PLC0415
    from detect_secrets.plugins.sendgrid import SendGridDetector  # noqa: PLC0415
    from detect_secrets.plugins.slack import SlackDetector  # noqa: PLC0415
    from detect_secrets.plugins.stripe import StripeDetector  # noqa: PLC0415
    from detect_secrets.plugins.twilio import TwilioKeyDetector  # noqa: PLC0415

    rules = (
        *(AWSKeyDetector.denylist[0], *DiscordBotTokenDetector.denylist, *GitHubTokenDetector.denylist),
        *(*JwtTokenDetector.denylist, *MailchimpDetector.denylist, *SendGridDetector.denylist),
        *(SlackDetector.denylist[0], *StripeDetector.denylist, *TwilioKeyDetector.denylist),
    )
    kept = "|".join(f"(?{'i' if rule.flags & re.IGNORECASE else ''}:{rule.pattern})" for rule in rules)
    return re.compile(rf"(?:{_OWN})|(?:{kept})[A-Za-z0-9_\-]*")


def keys(text: str) -> Iterator[PersonalSpan]:
    """Keys and tokens."""
    for token in _TOKEN.finditer(text):
        yield from _in_token(text, *token.span())
    if "PRIVATE KEY" in text and "-----END " in text:
        for block in _PEM.finditer(text):
            if not re.search(r"\.\.\.|…|<|x{8,}|X{8,}", block[2][:2000]):
                yield PersonalSpan("key", *_body(text, *block.span(2)))


def _in_token(text: str, at: int, end: int) -> Iterator[PersonalSpan]:
    while at < end and (match := _formats().search(text, at, end)) is not None:
        before = text[match.start() - 1] if match.start() else " "
        if not (before.isalnum() or before == "_") and is_key(match[0]):
            yield PersonalSpan("key", *match.span())
        at = match.end()


def is_key(key: str) -> bool:
    """Whether a word of a key's format is a key: no example, not one character again and again."""
    return _EXAMPLE.search(key) is None and len(set(key[-16:])) > 5


def _body(text: str, start: int, end: int) -> tuple[int, int]:
    """A PEM body without the white space, quotes and escapes around it."""
    runs = [run.span() for run in ENCODED.finditer(text[start:end])]
    return (start + runs[0][0], start + runs[-1][1]) if runs else (start, end)
