"""Signs of code in class names, attributes and text, and the programming language that they name.

In: elements, class names or a text. Out: the language as the page declares it, and whether something is code. Class
names that only highlighters and forums use are strong; words that prose uses too (`source`, `terminal`, `snippet`) are
weak and need a text that looks like code.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import ancestors, classes, holds_more, words

_ATTRIBUTES: Final = ("data-lang", "data-language", "data-code-wrap", "data-enlighter-language", "data-ke-language",
                      "data-code-language", "data-syntax", "data-lexer", "data-codetype", "data-mode-id")  # fmt: skip
_PREFIXED: Final = re.compile(
    r"(?:language|lang|brush|highlight-source|highlight-text|highlight|hl|syntax|mw-highlight-lang|code-lang|source"
    r"|geshifilter|src|sourcecode|type)[-:_]([a-z0-9+#._-]+)(?:,.*)?$"
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
OTHER_LANGUAGES: Final = words(
    "shellscript shell-session xsession "
    "6502 abap abc abnf adoc agda alloy antlr apacheconf apl armasm asciidoc asn1 aspectj aspnet astro asy ats augeas "
    "avrasm axapta ballerina batchfile beamer beancount bib bicep bison bitbake blade blitzbasic bnf boo brainfuck "
    "brightscript bsh bsl c++ c++11 c-like c11 c99 caddyfile capnproto carbon cc ceylon cfm chapel clean clj "
    "clojurescript cls cmakelists cmd coldfusion conf config context coq cql cs cshtml cson csv cu cue cuh curl cxx "
    "cypher dafny dax desktop dhall django docbook docker docker-compose dot dtd dts dylan ebnf eiffel ejs emacs-lisp "
    "env erb erl esql event-b factor fennel fish flix fluent forth freemarker futhark gams gap gas gcode gd gdscript "
    "gitignore glade gleam gml gnuplot gotmpl gql gradle gremlin gren groff h hack haproxy haxe hbs heex hh hjson "
    "hlsl hocon hpp hql htaccess html+erb html+jinja html+php htmldjango hy icon idris idris2 ignorefile inform "
    "inform7 ink io irb isabelle javascriptreact jenkinsfile jflex jinja2 jq jsdoc json-ld jsonata jsonc jsonl "
    "jsonnet jsonschema julia-repl just justfile kconfig kdl kibana koka kql kt kts kusto lean lean4 ledger lilypond "
    "liquid livescript llvm log logql logtalk lsl lua51 luau lytex m4 maple mathematica mathml maude mdoc mdx mercury "
    "mermaid meson metamath metapost mips mipsasm mjs mml modelica modula2 mojo mongodb moon moonscript mts mustache "
    "mxml nasl ndjson nemerle nextflow nginxconf ninja njk nroff nu nunjucks nushell nwscript objective-c++ "
    "objectpascal odin opencl openscad org p4 papyrus patch pcre pcss peg php-template phtml pico8 pine pinescript pl "
    "pl1 plantuml plpgsql po pony postcss postscript pov prisma processing procfile promela promql proto psm1 psql "
    "pug purebasic purescript purs pwsh pyi python-repl python-traceback python2 q qml qsharp razor reason reasonml "
    "rebol red redis regex rego renpy rest restructuredtext rexx ring robot robotframework roc roff ron rpm-spec sbt "
    "scilab sgml shell-script slim smali smarty sml smv snakemake solidity sparksql spl splus sqlite squirrel "
    "ssh-config sshconfig standardml starlark stratego sty stylus supercollider sv svg systemd systemverilog t4 tcsh "
    "teal terraform texinfo textile thrift tla+ toit troff tsv turtle twee twig typescriptreact typst udiff ui uml "
    "unison unrealscript v vapi varnish vcl velocity vhd viml vimscript visual-basic vlang wast wat webidl wgsl wiki "
    "wikitext wolfram wren x86asm xaml xhtml xojo xsd xsl xslfo xtend xul yacc yang yara yarn z80 zeek zephir "
    "zsh-session"
)
"""Names that only the block itself may use: as other words of a class they mean something else."""

_UNSURE: Final = frozenset({"make", "http", "console", "basic", "d"})
_MARKERS: Final = words(
    "highlight hljs sourcecode syntaxhighlighter codehilite prettyprint code geshi coderay prism chroma shiki rouge "
    "highlighter-rouge codeblock code-block source rust-example-rendered item-decl enlighterjsraw brush syntax"
)


def declared_language(element: HtmlElement, inner: HtmlElement | None = None) -> str:
    """The language that a block's element, its first code child or the wrappers of this block alone name.

    inner: the part of the element that holds the code, where the element is a table.
    """
    for candidate in _around(element, inner):
        own = candidate in (element, inner) or candidate.tag in ("pre", "code", "figure")
        for word in _words(candidate, own):
            clean = clean_language(word)
            if clean in LANGUAGES or (own and clean in OTHER_LANGUAGES):
                return clean
    return ""


def clean_language(word: str) -> str:
    """Normalise a language word; empty where it names none."""
    word = word.strip().lower().partition(",")[0].rstrip(":;")
    word = _ALIASES.get(word, word)
    if word in _NONE or not re.fullmatch(r"[a-z0-9][a-z0-9+#._-]{0,24}", word) or word.isdecimal():
        return ""
    return word


def _around(element: HtmlElement, part: HtmlElement | None) -> Iterator[HtmlElement]:
    if part is not None:
        yield part
        yield from part.iter("code")
    yield element
    inner = next(element.iterdescendants("code"), None) if element.tag != "code" else None
    if inner is not None:
        yield inner
    own = 1 + len(list(element.iterdescendants("pre")))
    for ancestor in ancestors(element, 6):
        # the wrapper of one block is small; a gutter beside the code may be a second <pre>
        if holds_more(ancestor, 40) or ancestor.tag in ("body", "html", "article", "main", "li", "dd"):
            return
        if len(list(ancestor.iterdescendants("pre"))) > own + 1:
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
    named = own and element.tag not in ("td", "th")  # c and r are sides of a cell
    own = named or not _MARKERS.isdisjoint(names)
    for name in names:
        if name in LANGUAGES and name not in _UNSURE and (own or len(name) > 2):
            yield name
    value = element.get("lang") if element.tag in ("pre", "code", "xmp") else None
    if value and value.lower() in LANGUAGES:
        yield value


_STRONG: Final = re.compile(
    r"(?:^| )(?:code-?_?block\w*|codebox|code-?snippet|codecontent|code-content|sourcecode|source-code|source_code"
    r"|geshi\w*|coderay|program-?listing|prettyprint(?:ed)?|hljs|bbc?_?code|bbcode_code|bbcodecode|codebody"
    r"|phpcode|htmlcode|dp-\w+|syntaxhighlighter|crayon-(?:pre|code|plain|main)|w3-code|ltx_listing|lstlisting"
    r"|member-signature|type-signature|linenums|mw-code|mw-highlight|code-?line|code-?lines|code-wrapper|highlight-code"
    r"|codehilite|prism|shiki|astro-code|literallayout|enlighter-(?:code|default)|blob-wrapper"
    r"|language-(?!select|pick|switch|choos|chang|menu|list|drop|nav|bar|item|link|toggle|option)[\w+#-]+"
    r"|listingblock|sh_\w+|cm-s-\w+|codelisting|code-example|code-sample|codesample|code_sample)(?= |$)",
    re.I,
)
_WEAK: Final = re.compile(
    r"(?:^| )(?:code|fragment|source|src|terminal|console|shell|snippet|highlight|listing|syntax|verbatim|screen"
    r"|command|cmd|commandline|cli|cmdline|script|output|example|pre|monospace|mono|fixed|typewriter|tt|computer|program|quotecode"
    r"|codetext|alt2|term|prompt|stdout|text-monospace|font-mono)(?= |$)",
    re.I,
)
_CODE_LINE: Final = re.compile(
    r"""[;{}]\s*$ | ^\s*[}\])]+[;,)]*\s*$
    | ^\s*(?:\#\s*include|\#\s*define|import\s+[\w.{*"'(]|from\s+[\w.]+\s+import|def\s+\w+|class\s+\w+\s*[:({]
        |public\s|private\s|protected\s|static\s|if\s*\(|for\s*\(|while\s*\(|else\b\s*[:{]|elif\s|return\b
        |var\s+\w+|let\s+\w+
        |const\s|function\b|sub\s+\w+|end(?:\s+(?:if|sub|function))?\s*$|begin\s*$|package\s+\w|using\s+\w|namespace\s
        |\$\s+\S|>>>\s|\.\.\.\s|sudo\s|apt-get\s|pip\s+install|npm\s|git\s+\w|cd\s+\S|print\b|echo\s|select\s.+\sfrom\s
        |insert\s+into|create\s+(?:table|view|index)|update\s+\w+\s+set|//|/\*|\*/|--\s|\#!|<\?php|\?>|@\w+\s*$
        |</?[a-z][\w:-]*(?:\s[^<>]*)?/?>)
    | \w\([^()]*\)\s*[;{:]?\s*$ | [=!<>]=|->|=>|::|\+\+|&&|\|\|
    | ^\s*[\w.$\[\]"'@-]+\s*(?:\+|-|\*|:)?=\s*\S | ^\s*<[!/?]?\w[^<>]*>""",
    re.X | re.I,
)
_INDENTED: Final = re.compile(r"(?m)^(?: {2,}|\t)\S")


@lru_cache(maxsize=4096)
def strong_class(name: str) -> bool:
    """Whether a class attribute is one that only code blocks carry."""
    return bool(name) and _STRONG.search(name) is not None


@lru_cache(maxsize=4096)
def weak_class(name: str, languages: bool = True) -> bool:
    """Whether a class attribute holds a word that code blocks use among others.

    languages: whether the bare name of a language is such a word.
    """
    if not name:
        return False
    if _WEAK.search(name) is not None:
        return True
    return languages and any(word in LANGUAGES for word in name.lower().split()[:2])


def code_share(text: str) -> float:
    """Share of the non-empty lines that look like code."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return 0.0
    return sum(1 for line in lines if _CODE_LINE.search(line)) / len(lines)


def looks_like_code(text: str) -> bool:
    """At least half of the lines look like code, or a third where lines are indented."""
    share = code_share(text)
    return share >= 0.5 or (share >= 0.3 and _INDENTED.search(text) is not None)
