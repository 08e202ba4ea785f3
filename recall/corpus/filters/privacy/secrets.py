"""Secrets: passwords in URLs, configuration and command lines, and keys and tokens of known formats.

In: text. Out: spans of the values. A name (`DB_PASSWORD`, `api_key`, `пароль`) must be followed by a sign of
assignment and a value that is none of these: variable, call, template, type, message, the words that people write where
a password goes (`changeme`, `your_password`). Values without quotes must look made up. Commands, statements and
elements that take a password are listed one by one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

import numpy as np

from recall.corpus.filters.privacy.spans import ENCODED, PersonalSpan

_NAMES = r"pass(?:word|wd|wort|phrase|code)?|pwd|psk|senha|contraseña|пароль|密码|密碼|パスワード|비밀번호"
_KEY_NAMES = (
    r"api[_-]?(?:key|secret|token)|client[_-]?secret|consumer[_-]?(?:key|secret)|(?:auth|account|access|signing|"
    r"encryption|session|private|secret|app|master|license)[_-]?(?:access[_-]?)?key|appid|app[_-]?secret|secret|token"
)
_TAIL = r"(?P<tail>[\w.-]{0,24}?)(?:\s(?:is|ist|lautet|est|es))?"
_SEPARATOR = r"(?:(?P<named>[\"'`\]]{0,2})\s{0,8}(?:=>|:=|=|[:：])\s{0,8}|[\"']\s?,\s{0,4}(?=[\"']))"
_VALUE = (
    r"(?:[@rbuL]?(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{4,200})(?P=quote)|"
    r"(?P<unquoted>[^\s\"'`<>,;(){}\[\]|&\\，。；]{6,200}))"
)
_ASSIGNED = re.compile(rf"(?i)(?:(?P<password>{_NAMES})|(?P<secret>{_KEY_NAMES})){_TAIL}{_SEPARATOR}{_VALUE}")
_ANCHOR = re.compile(
    r"pass|pwd|psk|senha|contraseña|пароль|密码|密碼|パスワード|비밀번호|api|client|consumer|auth|account|access|signing|"
    r"encryption|session|private|secret|app|master|license|token"
)
"""How the names begin; looked for in lower case, which is several times as fast as the names without case."""

_CORE = re.compile(r"pass|pwd|psk|senha|contraseña|пароль|密码|密碼|パスワード|비밀번호|key|secret|token|appid")
"""What each name holds: beginnings are looked for around these only, as they are common words (`app`, `account`)."""

_BEFORE_CORE, _LONGEST = 20, 10
"""Characters from the beginning of a name to its core at most, and of a beginning."""

_HEAD = re.compile(r"[\w$.-]{0,40}$")
_URL = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@\"'<>\[\]()]{0,64}:([^\s/@\"'<>{}\[\]()$\\]{3,128})@(?=[\w\[])"
)
_SCHEME = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}\Z")
_AUTHORIZATION = re.compile(
    r"(?i)\bauthorization[\"']?\s{0,4}[:=,]\s{0,4}[\"']?(?:bearer|token|basic)\s([A-Za-z0-9+/=_.-]{20,2000})"
)

_NO_SECRET_NAME = re.compile(
    r"(?i)(?:public|public_?key|primary|foreign|cache|sort|partition|csrf|xsrf|next|page|stop|end|begin|eos|bos|pad|unk|"
    r"sep|cls|mask|max|min|num|token_?type|by|com|tres|sur|tran|over|en|non|im|for|no|un)[_.-]?$"
)
_NO_SECRET_TAIL = re.compile(
    r"(?i)len|min|max|field|hash|reset|policy|expir|label|file|path|type|hint|prompt|input|column|regex|url|uri|name|"
    r"error|msg|message|valid|count|age|size|timeout|strength|attempts|header|ref|ize|through|port|ive|ion|ed|ing|less|"
    r"confirm|encoder|manager|param|id$|ids$|s$"
)
_PLACEHOLDER = re.compile(
    r"(?i)(?:placeholder|passphrase|undefined|changeit|changeme|database|optional|passcode|password|postgres|"
    r"redacted|required|confirm|current|default|example|removed|testing|access|bearer|change|client|hidden|"
    r"insert|masked|passwd|repeat|sample|secret|string|admin|basic|dummy|enter|false|guest|mongo|mysql|redis|"
    r"super|token|users|value|demo|fake|here|none|null|pass|root|some|test|text|this|toor|true|user|very|your|"
    r"abc|api|bar|baz|foo|key|new|nil|old|pwd|the|top|xyz|be|db|in|is|it|me|my|a|x|\d|[_\W])++"
)
"""Words that people write in the place of a password; the longest first, without backtracking."""

_WORD_WITH_PASS = re.compile(r"[a-z_]*(?:pass|pwd)[a-z_]*")
_TEMPLATE = re.compile(
    r"[$<>{}|]|%[sd(]|\*{2}|\.{3}|…|x{4}|X{4}|%\w+%|@@|env\b|ENV\b|^[!&*@#:/~.]|\\[a-z(]|\(\)|::|->|^\d{1,3}$"
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:/]+[A-Za-z_]\w*)+[.,;:]?")
_MADE_UP = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])|\d{6,}\Z")
_LONG = re.compile(r"[A-Za-z0-9+/=_.~-]{16,200}")


_OPTION = r"[\"']?(?P<value>[^\s\"'$<>{}|]{5,128})"
_ATTRIBUTE_NAMES = r"(?:password|passwd|pwd|secret|apikey|api_key|token)"
_COMMANDS = (
    ("mysql", re.compile(rf"\bmysql\w{{0,8}}\b[^\n|;]{{0,160}}?\s-p{_OPTION}")),
    ("sshpass", re.compile(rf"\bsshpass\s+-p\s{{0,2}}{_OPTION}")),
    ("curl", re.compile(rf"\bcurl\b[^\n|;]{{0,160}}?\s(?:-u|--user)\s{{0,2}}[\"']?[\w.@-]{{1,64}}:{_OPTION}")),
    ("login", re.compile(rf"\blogin\b[^\n|;]{{0,80}}?\s-p\s{_OPTION}")),
    ("login", re.compile(rf"\blogin\s\S{{1,64}}\s{{1,4}}password\s{_OPTION}")),
    ("redis-cli", re.compile(rf"\bredis-cli\b[^\n|;]{{0,120}}?\s-a\s{_OPTION}")),
    ("--pass", re.compile(rf"--pass(?:word|wd)?\s{_OPTION}")),
    ("requirepass", re.compile(rf"\brequirepass\s{{1,4}}{_OPTION}")),
    ("htpasswd", re.compile(rf"\bhtpasswd\s{{1,4}}-\w{{0,8}}b\w{{0,8}}\s+\S{{1,100}}\s+\S{{1,64}}\s+{_OPTION}")),
    (
        "echo",
        re.compile(
            r"\becho\s+[\"']?[\w-]{1,32}:(?P<value>[^\s\"'$<>{}|]{5,128})[\"']?\s{0,4}\|\s{0,4}(?:sudo )?chpasswd"
        ),
    ),
    ("#define", re.compile(r"(?i)#define\s+\w{0,30}(?:pass|pwd|psk)\w{0,10}\s+\"(?P<value>[^\"\s]{4,128})\"")),
    ("identified", re.compile(r"(?i)\bidentified\s+by\s+(?:password\s+)?'(?P<value>[^'\n]{4,128})'")),
    ("password", re.compile(r"(?i)\bpassword(?:\s{1,2}(?:=\s)?|\s?\(\s?)'(?P<value>[^'\n]{4,128})'")),
)
"""A word in lower case, and the pattern that is tried where it stands."""
_ATTRIBUTES = (
    ("pass", re.compile(rf"-(?:pass(?:in|out)?|(?:src|dest)?(?:storepass|keypass))\s{{1,2}}(?:pass:)?{_OPTION}")),
    ("</", re.compile(r"(?i)<(?:\w{1,20}[.:-])?\w{0,20}?(?:password|passwd|pwd)>(?P<value>[^<>\s]{4,128})</")),
    (
        "value=",
        re.compile(
            rf"(?i)(?:name|key)=[\"'][\w.:-]{{0,40}}?{_ATTRIBUTE_NAMES}[\"']\s{{1,4}}value=[\"'](?P<value>[^\"'\s]{{4,200}})[\"']"
        ),
    ),
)
"""A word in lower case, and the pattern that is looked for where it occurs anywhere."""


def passwords(text: str) -> Iterator[PersonalSpan]:
    """Passwords, and secrets under a name that says so, which are of kind key."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow: offsets must stay
        lowered = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    for found in _urls(text):
        value = found[1]
        if not _is_placeholder(value) and not value.isdecimal():
            yield PersonalSpan("password", *found.span(1))
    at = 0
    for core in _CORE.finditer(lowered):
        at = max(at, core.start() - _BEFORE_CORE)
        while (anchor := _ANCHOR.search(lowered, at, core.start() + _LONGEST)) is not None:
            assigned = _ASSIGNED.match(text, anchor.start())
            at = anchor.start() + 1
            if assigned is not None:
                yield from _assigned(assigned)
                at = assigned.start("quoted" if assigned["quoted"] else "unquoted")
    for start, end in _arguments(text, lowered):
        if not _is_placeholder(text[start:end]):
            yield PersonalSpan("password", start, end)
    for found in _AUTHORIZATION.finditer(text) if "authorization" in lowered else ():
        if _random(found[1]):
            yield PersonalSpan("key", *found.span(1))


def _urls(text: str) -> Iterator[re.Match[str]]:
    """What `_URL` finds, looked for by its colon and slashes: schemes begin at each word of a text."""
    end, colon = 0, text.find("://")
    while colon >= 0:
        scheme = _SCHEME.search(text, max(end, colon - 21), colon)
        found = _URL.match(text, scheme.start()) if scheme is not None else None
        if found is not None:
            yield found
            end = found.end()
        colon = text.find("://", max(end, colon + 1))


def _assigned(found: re.Match[str]) -> Iterator[PersonalSpan]:
    """The value of an assignment, if it is a secret."""
    head = _HEAD.search(found.string[max(0, found.start() - 40) : found.start()])
    if (head is not None and _NO_SECRET_NAME.search(head[0])) or _NO_SECRET_TAIL.search(found["tail"]):
        return
    group = "quoted" if found["quoted"] else "unquoted"
    value = found[group]
    if found["secret"]:
        if _LONG.fullmatch(value) and _random(value):
            yield PersonalSpan("key", *found.span(group))
        return
    if " " in value or (group == "unquoted" and not _unquoted_secret(found, value)) or _is_placeholder(value):
        return
    if value.isalpha() or re.fullmatch(r"[a-z]+(?:[_-][a-z]+)+", value):
        return
    yield PersonalSpan("password", *found.span(group))


def _unquoted_secret(found: re.Match[str], value: str) -> bool:
    """Whether a value without quotes is one, not a variable, a call or an item of a list."""
    after = found.string[found.end() : found.end() + 1]
    if not _MADE_UP.match(value) or (after and after in "([{") or _DOTTED.fullmatch(value):
        return False
    if re.search(r"(?i)pass|pwd|sha\d|md5|hash|base64|utf-?8|null|user", value):
        return False
    return value[-1] not in ":?"


def _is_placeholder(value: str) -> bool:
    """Whether a value only shows where a password goes."""
    if _TEMPLATE.search(value) or _WORD_WITH_PASS.fullmatch(value):
        return True
    return len(value) <= 64 and _PLACEHOLDER.fullmatch(value) is not None and not value.isdecimal()


def _random(value: str) -> bool:
    """Whether a long value looks drawn at random: letters and digits mixed, not words or one character repeated."""
    if _is_placeholder(value) or len(set(value)) < 8 or "example" in value.lower() or "your" in value.lower():
        return False
    digits = sum(map(str.isdigit, value))
    changes = sum(a.isdigit() != b.isdigit() or a.isupper() != b.isupper() for a, b in pairwise(value))
    return digits > 0 and changes * 5 >= len(value)


def _arguments(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    """Arguments of commands, statements and elements that take a password. lowered: the text in lower case."""
    passing = "pass" in lowered
    for word, pattern in _COMMANDS:
        at = lowered.find(word) if passing or "pass" not in word else -1
        while at >= 0:
            if (match := pattern.match(text, at)) is not None:
                yield match.span("value")
            at = lowered.find(word, at + 1 if match is None else match.end())
    for word, pattern in _ATTRIBUTES:
        if word in lowered:
            for match in pattern.finditer(text):
                yield match.span("value")


_IN_TOKEN = bytes(code in b"_-./+:" or bytes([code]).isalnum() for code in range(256))
"""Of each character, whether keys may have it."""

_OWN = (
    r"github_pat_[A-Za-z0-9_]{22,255}|gh[pousr]_[A-Za-z0-9]{30,255}|gl(?:pat|dt|rt|cbt|ptt|soat|ft|agent)-[A-Za-z0-9_\-]{20,64}"
    r"|(?:AROA|AIDA)[A-Z0-9]{16}\b"
    r"|AIza[A-Za-z0-9_\-]{35}(?![A-Za-z0-9_\-])|ya29\.[A-Za-z0-9_\-.]{20,2000}|GOCSPX-[A-Za-z0-9_\-]{24,40}"
    r"|\d{6,12}-[a-z0-9]{32}\.apps\.googleusercontent\.com"
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,250}|xapp-\d-[A-Z0-9]{8,14}-\d{8,16}-[a-f0-9]{40,80}"
    r"|hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{20,30}"
    r"|SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}|[spr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{24,64}"
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
    r"|eyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{4,3000}(?:\.[A-Za-z0-9_\-]{8,1000})?"  # JSON web token
    r"|tfp_[A-Za-z0-9_\-]{30,60}|nvapi-[A-Za-z0-9_\-]{50,80}|pplx-[a-f0-9]{40,56}|fc-[a-f0-9]{32}\b"
)
"""Formats that the rule set lacks, or of which it knows one length only or takes only the beginning."""

_EXAMPLE = re.compile(
    r"(?i)example|x{6,}|0{8,}|1234567890|abcdefghij|your[_-]|[._-]your|\.\.\.|placeholder|redacted|dummy|sample"
)
_PEM = re.compile(
    r"-----BEGIN ((?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----((?:[^-]|-(?!----)){20,16000})-----END \1-----",
    re.DOTALL,
)


@cache
def _formats() -> re.Pattern[str]:
    """All formats in one pattern, where a word begins; a match of a rule of the set goes on to the end of it."""
    from detect_secrets.plugins.aws import AWSKeyDetector  # noqa: PLC0415 - it imports an HTTP client: 0.3 s
    from detect_secrets.plugins.discord import DiscordBotTokenDetector  # noqa: PLC0415
    from detect_secrets.plugins.mailchimp import MailchimpDetector  # noqa: PLC0415
    from detect_secrets.plugins.slack import SlackDetector  # noqa: PLC0415
    from detect_secrets.plugins.stripe import StripeDetector  # noqa: PLC0415
    from detect_secrets.plugins.twilio import TwilioKeyDetector  # noqa: PLC0415

    rules = (
        *(AWSKeyDetector.denylist[0], *MailchimpDetector.denylist, SlackDetector.denylist[0]),
        *(*StripeDetector.denylist, *TwilioKeyDetector.denylist),
    )
    kept = _alternatives(rules)
    return re.compile(
        rf"(?<!\w)(?:(?:{_OWN})|(?:{kept})[A-Za-z0-9_]*|(?:{_alternatives(DiscordBotTokenDetector.denylist)})[\w\-]*)"
    )


def _alternatives(rules: Iterable[re.Pattern[str]]) -> str:
    return "|".join(f"(?{'i' if rule.flags & re.IGNORECASE else ''}:{rule.pattern})" for rule in rules)


def keys(text: str) -> Iterator[PersonalSpan]:
    """Keys and tokens."""
    for start, end in _tokens(text):
        found = _formats().finditer(text, start, end)
        yield from (PersonalSpan("key", *match.span()) for match in found if is_key(match[0]))
    if "PRIVATE KEY" in text and "-----END " in text:
        for block in _PEM.finditer(text):
            if not re.search(r"\.\.\.|…|<|x{8,}|X{8,}", block[2][:2000]):
                yield PersonalSpan("key", *_body(text, *block.span(2)))


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each run of at least 16 characters that keys are made of."""
    inside = np.frombuffer(text.encode("ascii", "replace").translate(_IN_TOKEN), bool)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    runs = edges.reshape(-1, 2)
    yield from runs[runs[:, 1] - runs[:, 0] >= 16].tolist()


def is_key(key: str) -> bool:
    """Whether a word of a key's format is a key: no example, not one character again and again."""
    return _EXAMPLE.search(key) is None and len(set(key[-16:])) > 5


def _body(text: str, start: int, end: int) -> tuple[int, int]:
    """A PEM body without the white space, quotes and escapes around it."""
    runs = [run.span() for run in ENCODED.finditer(text[start:end])]
    return (start + runs[0][0], start + runs[-1][1]) if runs else (start, end)
