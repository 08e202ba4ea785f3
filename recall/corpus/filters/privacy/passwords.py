"""Passwords in URLs, configuration and command lines, and secrets under names that say so.

In: text. Out: the places of the values. A name (`DB_PASSWORD`, `api_key`, `пароль`) must be followed by a sign of
assignment and a value that is none of these: variable, call, template, type, message, the words that people write where
a password goes (`changeme`, `your_password`). Values without quotes must look made up. Command lines: see `commands`.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from recall.corpus.filters.privacy.commands import commands
from recall.corpus.filters.privacy.spans import Found

_NAMES = r"pass(?:word|wd|wort|phrase|code)?|pwd|psk|senha|contraseña|пароль|密码|密碼|パスワード|비밀번호"
_KEY_NAMES = (
    r"api[_-]?(?:key|secret|token)|client[_-]?secret|consumer[_-]?(?:key|secret)|(?:auth|account|access|signing|"
    r"encryption|session|private|secret|app|master|license)[_-]?(?:access[_-]?)?key|appid|app[_-]?secret|secret|token"
)
_TAIL = r"(?P<tail>[\w.-]{0,24}?)(?:\s(?:is|ist|lautet|est|es))?"
_SEPARATOR = r"(?:(?P<named>[\"'`\]]{0,2})\s{0,8}(?:=>|:=|=|[:：])\s{0,8}|[\"']\s?,\s{0,4}(?=[\"']))"
_VALUE = (
    r"(?:[@rbuL]?(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]{4,200})(?P=quote)|"
    r"(?P<bare>[^\s\"'`<>,;(){}\[\]|&\\，。；]{6,200}))"
)
_ASSIGNED = re.compile(rf"(?i)(?:(?P<password>{_NAMES})|(?P<secret>{_KEY_NAMES})){_TAIL}{_SEPARATOR}{_VALUE}")
_ANCHOR = re.compile(
    r"pass|pwd|psk|senha|contraseña|пароль|密码|密碼|パスワード|비밀번호|api|client|consumer|auth|account|access|signing|"
    r"encryption|session|private|secret|app|master|license|token"
)
"""How the names begin; looked for in lower case, which is several times as fast as the names without case."""

_HEAD = re.compile(r"[\w$.-]{0,40}$")
_URL = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@\"'<>\[\]()]{0,64}:([^\s/@\"'<>{}\[\]()$\\]{3,128})@(?=[\w\[])"
)
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
_PLACE = re.compile(
    r"(?i)(?:placeholder|passphrase|undefined|changeit|changeme|database|optional|passcode|password|postgres|"
    r"redacted|required|confirm|current|default|example|removed|testing|access|bearer|change|client|hidden|"
    r"insert|masked|passwd|repeat|sample|secret|string|admin|basic|dummy|enter|false|guest|mongo|mysql|redis|"
    r"super|token|users|value|demo|fake|here|none|null|pass|root|some|test|text|this|toor|true|user|very|your|"
    r"abc|api|bar|baz|foo|key|new|nil|old|pwd|the|top|xyz|be|db|in|is|it|me|my|a|x|\d|[_\W])++"
)
"""Words that only stand where a password goes; the longest first, and never tried again."""

_WORD_WITH_PASS = re.compile(r"[a-z_]*(?:pass|pwd)[a-z_]*")
_TEMPLATE = re.compile(
    r"[$<>{}|]|%[sd(]|\*{2}|\.{3}|…|x{4}|X{4}|%\w+%|@@|env\b|ENV\b|^[!&*@#:/~.]|\\[a-z(]|\(\)|::|->|^\d{1,3}$"
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:/]+[A-Za-z_]\w*)+[.,;:]?")
_MADE_UP = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])|\d{6,}\Z")
_LONG = re.compile(r"[A-Za-z0-9+/=_.~-]{16,200}")


def passwords(text: str) -> Iterator[Found]:
    """Places of passwords and of secrets under a telling name; the latter are of kind key."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow: places must stay
        lowered = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    for found in _URL.finditer(text) if "://" in text else ():
        value = found[1]
        if not is_place(value) and not value.isdecimal():
            yield Found("password", *found.span(1))
    at = 0
    while (anchor := _ANCHOR.search(lowered, at)) is not None:
        assigned = _ASSIGNED.match(text, anchor.start())
        at = anchor.start() + 1
        if assigned is not None:
            yield from _assigned(assigned)
            at = assigned.start("quoted" if assigned["quoted"] else "bare")
    for start, end in commands(text, lowered):
        if not is_place(text[start:end]):
            yield Found("password", start, end)
    for found in _AUTHORIZATION.finditer(text) if "authorization" in lowered else ():
        if _random(found[1]):
            yield Found("key", *found.span(1))


def _assigned(found: re.Match[str]) -> Iterator[Found]:
    """The value of an assignment, if it is a secret."""
    head = _HEAD.search(found.string[max(0, found.start() - 40) : found.start()])
    if (head is not None and _NO_SECRET_NAME.search(head[0])) or _NO_SECRET_TAIL.search(found["tail"]):
        return
    group = "quoted" if found["quoted"] else "bare"
    value = found[group]
    if found["secret"]:
        if _LONG.fullmatch(value) and _random(value):
            yield Found("key", *found.span(group))
        return
    if " " in value or (group == "bare" and not _bare_secret(found, value)) or is_place(value):
        return
    if value.isalpha() or re.fullmatch(r"[a-z]+(?:[_-][a-z]+)+", value):
        return
    yield Found("password", *found.span(group))


def _bare_secret(found: re.Match[str], value: str) -> bool:
    """Whether a value without quotes is one, not a variable, a call or an item of a list."""
    after = found.string[found.end() : found.end() + 1]
    if not _MADE_UP.match(value) or (after and after in "([{") or _DOTTED.fullmatch(value):
        return False
    if re.search(r"(?i)pass|pwd|sha\d|md5|hash|base64|utf-?8|null|user", value):
        return False
    return value[-1] not in ":?"


def is_place(value: str) -> bool:
    """Whether a value only stands where a password goes."""
    if _TEMPLATE.search(value) or _WORD_WITH_PASS.fullmatch(value):
        return True
    return len(value) <= 64 and _PLACE.fullmatch(value) is not None and not value.isdecimal()


def _random(value: str) -> bool:
    """Whether a long value looks drawn at random: letters and digits mixed, not words or one character repeated."""
    if is_place(value) or len(set(value)) < 8 or "example" in value.lower() or "your" in value.lower():
        return False
    digits = sum(map(str.isdigit, value))
    changes = sum(a.isdigit() != b.isdigit() or a.isupper() != b.isupper() for a, b in pairwise(value))
    return digits > 0 and changes * 5 >= len(value)
