"""What a response is that is no HTML: text, Markdown, a source file or a notebook, and its language; or none of these.

In: the type that the server names, the one that the crawler detected (WARC-Identified-Payload-Type; Common Crawl's is
Tika's) and the URL. Where the server names no type, or one that says little, the URL's extension goes first, as few
servers have types for source code, then the detected type. Data (JSON, XML, CSV, feeds) is none of these. Names are
those of Tika, of Apache's mime.types and of the words behind fences.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from recall.archive.warc.body_type import HEADER, HTML_START, binary_bytes, has_unicode_mark
from recall.records import BodyKind, Skip

_TEXT, _MARKDOWN, _SOURCE, _NOTEBOOK = BodyKind.TEXT, BodyKind.MARKDOWN, BodyKind.SOURCE, BodyKind.NOTEBOOK

LANGUAGES = {
    # language: extensions and whole names of files; types without `text/x-`, `text/` or `application/x-`
    "ada": ("adb ads", "ada"),
    "asm": ("asm s", "asm assembly"),
    "awk": ("awk", "awk"),
    "bash": ("sh bash zsh ksh", "sh shellscript shell"),
    "batch": ("bat cmd", "bat"),
    "c": ("c h", "c csrc chdr"),
    "clojure": ("clj cljs cljc", "clojure"),
    "cmake": ("cmake cmakelists.txt", "cmake"),
    "cobol": ("cob cbl", "cobol"),
    "coffeescript": ("coffee", "coffeescript"),
    "cpp": ("cc cpp cxx c++ hpp hh hxx h++ inl ipp", "c++src c++hdr c++"),
    "csharp": ("cs", "csharp"),
    "css": ("css", "css"),
    "cuda": ("cu cuh", "cuda"),
    "cython": ("pyx pxd pxi", "cython"),
    "d": ("d", "d dsrc"),
    "dart": ("dart", "dart"),
    "diff": ("diff patch", "diff patch"),
    "dockerfile": ("dockerfile", "dockerfile"),
    "elixir": ("ex exs", "elixir"),
    "erlang": ("erl hrl", "erlang"),
    "fortran": ("f f90 f95 f03 f08 for ftn", "fortran"),
    "fsharp": ("fs fsi fsx", "fsharp"),
    "glsl": ("glsl vert frag", "glsl"),
    "go": ("go", "go gosrc"),
    "graphql": ("graphql gql", "graphql"),
    "groovy": ("groovy gradle jenkinsfile", "groovy"),
    "haskell": ("hs lhs", "haskell"),
    "haxe": ("hx", "haxe"),
    "idl": ("idl", "idl"),
    "java": ("java", "java java-source"),
    "javascript": ("js mjs cjs jsx", "javascript ecmascript jsx"),
    "julia": ("jl", "julia"),
    "kotlin": ("kt kts", "kotlin"),
    "latex": ("tex sty", "tex latex"),
    "less": ("less", "less"),
    "lisp": ("lisp lsp el cl", "common-lisp emacs-lisp lisp"),
    "lua": ("lua", "lua"),
    "makefile": ("makefile gnumakefile mk mak am", "makefile"),
    "matlab": ("", "matlab"),
    "nim": ("nim nims", "nim"),
    "nix": ("nix", "nix"),
    "objectivec": ("mm", "objcsrc objective-c"),
    "ocaml": ("ml mli", "ocaml ml"),
    "pascal": ("pas dpr lpr", "pascal"),
    "perl": ("pl pm", "perl script.perl"),
    "php": ("php php3 php4 php5 phtml", "php httpd-php httpd-php-source"),
    "powershell": ("ps1 psm1 psd1", "powershell"),
    "prolog": ("pro", "prolog"),
    "protobuf": ("proto", "protobuf"),
    "python": ("py pyw pyi", "python python-code script.python"),
    "r": ("r", "rsrc r"),
    "racket": ("rkt", "racket"),
    "ruby": ("rb rake gemspec gemfile rakefile vagrantfile", "ruby"),
    "rust": ("rs", "rust"),
    "scala": ("scala sc", "scala"),
    "scheme": ("scm ss", "scheme"),
    "scss": ("scss sass", "scss sass"),
    "sql": ("sql ddl", "sql"),
    "swift": ("swift", "swift"),
    "tcl": ("tcl", "tcl"),
    "toml": ("toml", "toml"),
    "tsx": ("tsx", ""),
    "typescript": ("ts mts cts", "typescript"),
    "vb": ("vb bas vbs", "vbasic vbdotnet basic vbscript"),
    "verilog": ("v sv svh", "verilog"),
    "vhdl": ("vhd vhdl", "vhdl"),
    "vim": ("vim vimrc", "vim"),
    "vue": ("vue", "vue"),
    "yaml": ("yaml yml", "yaml"),
    "zig": ("zig", "zig"),
}

_EXTENSIONS = {word: (_SOURCE, language) for language, (words, _) in LANGUAGES.items() for word in words.split()}
_EXTENSIONS |= dict.fromkeys(("md", "markdown", "mkd", "mdown", "mkdn", "rmd", "qmd"), (_MARKDOWN, ""))
_EXTENSIONS |= dict.fromkeys(("txt", "text", "rst", "adoc", "asciidoc", "org", "pod"), (_TEXT, ""))
_EXTENSIONS |= {"ipynb": (_NOTEBOOK, "")}

_TYPES = {
    f"{before}{word}".encode(): (_SOURCE, language)
    for language, (_, words) in LANGUAGES.items()
    for word in words.split()
    for before in ("text/x-", "text/", "application/x-", "application/")
}
_TYPES |= dict.fromkeys((b"text/markdown", b"text/x-markdown", b"text/x-web-markdown"), (_MARKDOWN, ""))
_TYPES |= {b"application/x-ipynb+json": (_NOTEBOOK, "")}
_TYPES |= dict.fromkeys((b"text/plain", b"text/x-rst", b"text/prs.fallenstein.rst", b"text/x-asciidoc"), (_TEXT, ""))

_VAGUE = frozenset(
    (
        *(b"", b"text/plain", b"application/unknown", b"unknown/unknown", b"application/octet-stream"),
        *(b"binary/octet-stream", b"application/x-download", b"application/force-download", b"application/download"),
    )
)
"""Types that say little: the URL and the detected type say more."""

_ALSO = {b"application/json": ("ipynb",), b"video/mp2t": ("ts",), b"video/vnd.dlna.mpeg-tts": ("ts",)}
"""Types that servers give files of some extensions, which they do not mean."""

_DATA = frozenset(
    (
        *("json", "jsonl", "ndjson", "geojson", "xml", "rss", "atom", "svg", "xsd", "xsl", "csv", "tsv", "html", "htm"),
        *("xhtml", "map", "ics", "vcf", "m3u", "m3u8", "srt", "vtt", "lock", "sum"),
    )
)
_DATA_TYPES = frozenset(
    (
        *(b"text/html", b"application/xhtml+xml", b"application/json", b"application/xml", b"text/xml", b"text/csv"),
        *(b"application/rss+xml", b"application/atom+xml", b"image/svg+xml", b"application/pdf", b"application/zip"),
    )
)
_BUILT = re.compile(r"[.-]min\.(?:js|css)$")

_RUN = {"php": (b"<?",), "perl": (b"#!", b"package ", b"use ")}
"""How a file of a language begins whose files servers run: what they send otherwise is what the program wrote."""

_DOCUMENT = re.compile(rb"(?i)\s*<(?:!doctype html|html|head)[\s>]")
"""How HTML begins that is no part of Markdown or a template."""

_NAME = re.compile(r"(?i)https?://[^/?#]*/(?:[^?#]*/)?([^/?#]*)")
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class FileType:
    """What a body that is no HTML claims to be. begins: how it must begin, else it is text; empty for anyhow."""

    kind: BodyKind
    language: str = ""
    begins: tuple[bytes, ...] = ()


def file_type(essence: bytes, detected: bytes, url: str) -> FileType | None:
    """The kind of a response that is no HTML, None for data, pictures and whatever else is not read.

    essence: the server's type, without parameters; detected: the crawler's; both in lower case, empty for none.
    """
    vague = essence in _VAGUE
    if not vague and essence not in _TYPES and essence not in _ALSO:
        return None
    name = _NAME.match(url)
    return _typed(essence, detected.partition(b";")[0].strip(), name[1][-_LONGEST_NAME:].lower() if name else "")


@lru_cache(maxsize=4096)
def _typed(essence: bytes, detected: bytes, name: str) -> FileType | None:
    extension = name if name in _EXTENSIONS else name.rpartition(".")[2] if "." in name else ""
    if _BUILT.search(name):
        return None
    by_name = _EXTENSIONS.get(extension)
    if essence in _ALSO:
        return FileType(*by_name) if by_name and extension in _ALSO[essence] else None
    if essence not in _VAGUE:
        kind, language = _TYPES[essence]
        same = by_name is not None and by_name[0] is kind
        return FileType(kind, by_name[1] if same and by_name else language)
    if extension in _DATA or (detected in _DATA_TYPES and by_name is None):
        return None
    found = by_name or _TYPES.get(detected) or _TYPES.get(essence)
    return None if found is None else FileType(*found, _RUN.get(found[1], ()) if by_name else ())


def resolved(claimed: FileType, body: bytes) -> FileType | Skip:
    """What a body is that claims a type: Skip.BINARY where it is no text, NOT_HTML where it is a page sent as text.

    Text has no binary data byte at its start (MIME Sniffing, 7.2) and, without a byte order mark, no NUL anywhere:
    installers are scripts whose end is an archive.
    """
    if not has_unicode_mark(body) and (binary_bytes(body) or b"\0" in body):
        return Skip.BINARY
    if claimed.begins and not body.lstrip().startswith(claimed.begins):
        claimed = FileType(_TEXT)
    html = HTML_START if claimed.kind is _TEXT else _DOCUMENT
    return Skip.NOT_HTML if html.match(body, 0, HEADER) else claimed
