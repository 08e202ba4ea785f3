"""Comments, strings and the rest of a block of code, by signs alone: for what no grammar takes.

In: code and the word of its fence. Out: its parts. Which signs begin a comment is told by the word; without one those
count that hardly mean anything else. A string ends on its line, or it is none. Each character is read once: what is
not closed goes to the end of its line (strings) or of the block (comments), and is not tried again from the next one.
"""

import re
from functools import cache

from recall.corpus.syntax import WORDS, Parts

_HASH = r"\#(?<![^\s;(]\#)[^\n]*+"
_SLASHES = r"//(?<!://)[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
_DASHES = r"--[^\n]*+"
_SEMICOLON = r";(?<!\S;)[^\n]*+"
_PERCENT = r"%(?<!\\%)[^\n]*+"
_MARKUP = r"<!--(?:[^-]++|-(?!->))*+(?:-->)?"
_UNKNOWN = rf"{_SLASHES}|^[ \t]*+(?:\#|--)[ \t][^\n]*+"
_NONE = r"(?!)"
"""Each begins with its own character, so that the search skips all others; what must not stand before comes second."""

_DOUBLE = r'"(?:[^"\\\n]++|\\[^\n])*+(?:"|\\?(?=\n|\Z))'
_SINGLE = r"'(?<!\w')(?:[^'\\\n]++|\\[^\n])*+(?:'|\\?(?=\n|\Z))"
_TRIPLE = r'"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+(?:""")?|' + r"'''(?:[^'\\]++|\\[\s\S]|'(?!''))*+(?:''')?"
_STRINGS = rf"{_TRIPLE}|{_DOUBLE}|{_SINGLE}"

_SIGNS = {
    _HASH: "bash python ruby perl yaml toml r make makefile dockerfile docker elixir julia nim powershell cmake conf "
    "tcl nginx apache nix fish awk sed crystal gitignore properties graphql coffeescript",
    _SLASHES: "c cpp csharp java javascript typescript tsx go rust kotlin swift scala dart php groovy objc objective-c "
    "css scss less d zig solidity verilog systemverilog glsl hlsl cuda proto protobuf vala gradle arduino fsharp",
    _DASHES + r"|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?": "sql mysql plsql pgsql postgresql tsql sqlite",
    _DASHES: "lua haskell hs ada vhdl elm applescript",
    _SEMICOLON: "lisp clojure clj scheme elisp emacs-lisp racket common-lisp asm nasm",
    rf"{_SEMICOLON}|{_HASH}": "ini",
    _PERCENT: "tex latex matlab octave erlang prolog",
    _MARKUP: "html xml svg xhtml vue xaml",
    _NONE: "text txt plaintext plain console shell-session output log markdown md rst json diff patch csv",
}
_SIGNS_OF = {word: signs for signs, words in _SIGNS.items() for word in words.split()}

_KEYWORDS = re.compile(
    r"^[ \t]{0,64}+(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub|inline|local|"
    r"override|open|data|sealed|virtual)[ \t]{1,8}+){0,6}+"
    r"(?:def|fn|func|function|fun|class|struct|interface|trait|enum|impl|module|sub|proc|defun|defn|defmodule)[ \t(]",
    re.MULTILINE,
)


def scanned(code: str, word: str) -> Parts:
    """The parts of a block; definitions are lines that begin with a keyword which defines something."""
    comments: list[str] = []
    strings: list[str] = []
    rest, at = [], 0
    for match in _pattern(_SIGNS_OF.get(_language(word), _UNKNOWN)).finditer(code):
        found = match[0]
        if match.lastgroup == "string" and (len(found) < 2 or found[-1] != found[0]):
            continue
        rest.append(code[at : match.start()])
        (strings if match.lastgroup == "string" else comments).append(found)
        at = match.end()
    rest.append(code[at:])
    left = " ".join(rest)
    return Parts("\n".join(comments), "\n".join(strings), left, sum(1 for _ in _KEYWORDS.finditer(left.lower())))


def signs_are_told(word: str) -> bool:
    """Whether a word tells which signs begin a comment, so that a block of comments alone can be called that."""
    return _SIGNS_OF.get(_language(word), _NONE) != _NONE


def _language(word: str) -> str:
    return WORDS.get(word.lower(), word.lower())


@cache
def _pattern(comments: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<comment>{comments})|(?P<string>{_STRINGS})", re.MULTILINE)
