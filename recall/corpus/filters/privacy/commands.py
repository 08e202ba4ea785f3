"""Passwords as arguments of commands, statements and elements that take one.

In: text, also in lower case. Out: places of the arguments, placeholders and all.
"""

import re
from collections.abc import Iterator

_OPTION = r"[\"']?(?P<value>[^\s\"'$<>{}|]{5,128})"
_NAMES = r"(?:password|passwd|pwd|secret|apikey|api_key|token)"
_COMMANDS = (
    ("mysql", re.compile(rf"\bmysql\w{{0,8}}\b[^\n|;]{{0,160}}?\s-p{_OPTION}")),
    ("sshpass", re.compile(rf"\bsshpass\s+-p\s{{0,2}}{_OPTION}")),
    ("curl", re.compile(rf"\bcurl\b[^\n|;]{{0,160}}?\s(?:-u|--user)\s{{0,2}}[\"']?[\w.@-]{{1,64}}:{_OPTION}")),
    ("login", re.compile(rf"\blogin\b[^\n|;]{{0,80}}?\s-p\s{_OPTION}")),
    ("login", re.compile(rf"\blogin\s\S{{1,64}}\s{{1,4}}password\s{_OPTION}")),
    ("redis-cli", re.compile(rf"\bredis-cli\b[^\n|;]{{0,120}}?\s-a\s{_OPTION}")),
    ("pass", re.compile(rf"-(?:pass(?:in|out)?|(?:src|dest)?(?:storepass|keypass))\s{{1,2}}(?:pass:)?{_OPTION}")),
    ("--pass", re.compile(rf"--pass(?:word|wd)?\s{_OPTION}")),
    ("requirepass", re.compile(rf"\brequirepass\s{{1,4}}{_OPTION}")),
    ("htpasswd", re.compile(rf"\bhtpasswd\s{{1,4}}-\w{{0,8}}b\w{{0,8}}\s+\S{{1,100}}\s+\S{{1,64}}\s+{_OPTION}")),
    (
        "chpasswd",
        re.compile(
            r"\becho\s+[\"']?[\w-]{1,32}:(?P<value>[^\s\"'$<>{}|]{5,128})[\"']?\s{0,4}\|\s{0,4}(?:sudo )?chpasswd"
        ),
    ),
    ("#define", re.compile(r"(?i)#define\s+\w{0,30}(?:pass|pwd|psk)\w{0,10}\s+\"(?P<value>[^\"\s]{4,128})\"")),
    ("identified", re.compile(r"(?i)\bidentified\s+by\s+(?:password\s+)?'(?P<value>[^'\n]{4,128})'")),
    ("password", re.compile(r"(?i)\bpassword(?:\s{1,2}(?:=\s)?|\s?\(\s?)'(?P<value>[^'\n]{4,128})'")),
    ("</", re.compile(r"(?i)<(?:\w{1,20}[.:-])?\w{0,20}?(?:password|passwd|pwd)>(?P<value>[^<>\s]{4,128})</")),
    (
        "value=",
        re.compile(
            rf"(?i)(?:name|key)=[\"'][\w.:-]{{0,40}}?{_NAMES}[\"']\s{{1,4}}value=[\"'](?P<value>[^\"'\s]{{4,200}})[\"']"
        ),
    ),
)


def commands(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    """Places of the passwords that stand as arguments. lowered: the text in lower case, of the same length."""
    for mark, pattern in _COMMANDS:
        if mark in lowered:
            for found in pattern.finditer(text):
                yield found.span("value")
