"""What language the page says a code block is in.

In: the elements around a block. Out: the page's own word in lower case, or an empty string. Nothing is guessed: the
guessers that exist are wrong too often on short blocks to be called sure.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import ancestors, classes, words

_ATTRIBUTES: Final = ("data-lang", "data-language", "data-code-wrap", "data-enlighter-language", "data-ke-language",
                      "data-code-language", "data-syntax", "data-lexer", "data-codetype", "data-mode-id")  # fmt: skip
_PREFIXED: Final = re.compile(
    r"(?:language|lang|brush|highlight-source|highlight-text|highlight|hl|syntax|mw-highlight-lang|code-lang|source"
    r"|geshifilter|src|sourcecode|type)[-:_]([a-z0-9+#._-]+)$"
)
_BRUSH: Final = re.compile(r"(?:brush|lang|language)\s*[:=]\s*['\"]?([a-z0-9+#_.-]+)", re.I)
_NONE: Final = words(
    "none plaintext plain text txt default auto undefined null nohighlight no-highlight no output console-output raw "
    "code unknown lang generic wp js-wp block light dark numbers lines table shell-output linenos notranslate "
    "python-repl-output literal"
) - {"lang"}
_ALIASES: Final = {"python3": "python", "ipython3": "python", "ipython": "python", "py3": "python", "c++": "cpp",
                   "c#": "csharp", "f#": "fsharp", "golang": "go", "pycon3": "pycon", "sourcecode": ""}  # fmt: skip
LANGUAGES: Final = words(
    "actionscript ada apache apex applescript arduino asm assembly autohotkey autoit awk bash basic bat batch "
    "bibtex c c# c++ clojure cmake cobol coffeescript console cpp crystal csh csharp css cuda cython d dart "
    "delphi diff dockerfile dos elixir elm erlang f# fortran fsharp gherkin glsl go golang gradle graphql "
    "groovy haml haskell haxe hcl html http idl ini ipython ipython3 java javascript jinja js json json5 jsp "
    "jsx julia kotlin latex less lisp lua make makefile markdown matlab md mysql nasm nginx nim nix objc "
    "objective-c objectivec ocaml octave pascal perl perl6 pgsql php plsql postgresql powershell ps1 prolog "
    "properties protobuf ps puppet py pycon python python3 qml r racket rails raku rb rst ruby rust rs sas "
    "sass scala scheme scss sed sh shell shellsession smalltalk sparql sql stata svelte swift tcl tcsh "
    "terraform tex toml ts tsql tsx twig typescript vala vb vb.net vbnet vba vbscript verilog vhdl vim vue "
    "wasm xml xquery xslt yaml yml zig zsh"
)
_UNSURE: Final = frozenset({"make", "http", "console", "basic", "d"})
_MARKERS: Final = words(
    "highlight hljs sourcecode syntaxhighlighter codehilite prettyprint code geshi coderay prism chroma shiki rouge "
    "highlighter-rouge codeblock code-block source rust-example-rendered item-decl enlighterjsraw brush syntax"
)


def told_language(element: HtmlElement, inner: HtmlElement | None = None) -> str:
    """The language that a block's element, its first code child or the wrappers of this block alone name.

    inner: the part of the element that holds the code, where the element is a table.
    """
    for candidate in _around(element, inner):
        own = candidate in (element, inner) or candidate.tag in ("pre", "code", "figure")
        for word in _words(candidate, own):
            clean = clean_language(word)
            if clean and (own or clean in LANGUAGES):
                return clean
    return ""


def clean_language(word: str) -> str:
    """Normalise a language word; empty where it names none."""
    word = word.strip().lower().rstrip(":").rstrip(",;")
    word = _ALIASES.get(word, word)
    if word in _NONE or not re.fullmatch(r"[a-z0-9][a-z0-9+#._-]{0,24}", word) or word.isdecimal():
        return ""
    return word


def _around(element: HtmlElement, part: HtmlElement | None) -> Iterator[HtmlElement]:
    if part is not None:
        yield part
        yield from part.iter("code")
    yield element
    inner = element.find(".//code") if element.tag != "code" else None
    if inner is not None:
        yield inner
    own = 1 + len(element.findall(".//pre"))
    for ancestor in ancestors(element, 6):
        # the wrapper of one block is small; a gutter beside the code may be a second <pre>
        if len(ancestor) > 40 or ancestor.tag in ("body", "html", "article", "main", "li", "dd"):
            return
        if len(ancestor.findall(".//pre")) > own + 1:
            return
        yield ancestor


def _words(element: HtmlElement, own: bool) -> Iterator[str]:
    """Words of one element that may name a language, surest first."""
    for name in _ATTRIBUTES:
        value = element.get(name)
        if value:
            yield value
    value = element.get("data-syntaxhighlighter-params") or element.get("class") or ""
    brush = _BRUSH.search(value)
    if brush:
        yield brush[1]
    names = classes(element)
    for name in names:
        prefixed = _PREFIXED.match(name)
        if prefixed and (prefixed[1] in LANGUAGES or prefixed[1] in _ALIASES or name.startswith(("lang", "brush"))):
            yield prefixed[1]
    own = own or not _MARKERS.isdisjoint(names)
    for name in names:
        if name in LANGUAGES and name not in _UNSURE and (own or len(name) > 2):
            yield name
    value = element.get("lang") if element.tag in ("pre", "code", "xmp") else None
    if value and value.lower() in LANGUAGES:
        yield value
