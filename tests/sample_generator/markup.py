"""Code as web pages show it: highlighter spans, line-number tables, code boxes, lines in div, br and tt, plain pre."""

import re
from collections.abc import Callable
from html import escape

from tests.sample_generator.bank import code_languages
from tests.sample_generator.snippets import Snippet

_TOKEN = re.compile(
    r"""(?P<string>"[^"\n]*"|'[^'\n]*'|`[^`\n]*`)|(?P<number>\b\d[\w.]*\b)|(?P<word>[A-Za-z_]\w*)|(?P<rest>\s+|.)""",
    re.DOTALL,
)
_PYGMENTS = {"comment": "c1", "string": "s2", "number": "mi", "keyword": "k", "call": "nf", "word": "n", "rest": "o"}
_HLJS = {
    "comment": "hljs-comment",
    "string": "hljs-string",
    "number": "hljs-number",
    "keyword": "hljs-keyword",
    "call": "hljs-title",
}
_PRISM = {
    "comment": "token comment",
    "string": "token string",
    "number": "token number",
    "keyword": "token keyword",
    "call": "token function",
    "rest": "token punctuation",
}


def _highlight(snippet: Snippet, classes: dict[str, str]) -> list[str]:
    """Lines of HTML with a span for each token that has a class."""
    known = code_languages().get(snippet.language)
    lines: list[str] = []
    for line in snippet.text.split("\n"):
        if known and line.lstrip().startswith(known.comment):
            lines.append(_span(line, "comment", classes))
            continue
        parts = []
        for match in _TOKEN.finditer(line):
            kind = match.lastgroup or "rest"
            if kind == "word" and known and match[0] in known.keywords:
                kind = "keyword"
            elif kind == "word" and line[match.end() : match.end() + 1] == "(":
                kind = "call"
            parts.append(_span(match[0], kind, classes))
        lines.append("".join(parts))
    return lines


def _span(text: str, kind: str, classes: dict[str, str]) -> str:
    safe = escape(text, quote=False)
    return f'<span class="{classes[kind]}">{safe}</span>' if kind in classes and not text.isspace() else safe


def _spaces(line: str) -> str:
    """A line whose blanks survive outside <pre>."""
    body = line.lstrip(" \t")
    indent = line[: len(line) - len(body)].replace("\t", "    ")
    return "&nbsp;" * len(indent) + escape(body).replace("  ", " &nbsp;")


def _pygments(snippet: Snippet) -> str:
    lines = "\n".join(_highlight(snippet, _PYGMENTS))
    return (
        f'<div class="highlight-{snippet.language} notranslate"><div class="highlight"><pre>{lines}\n</pre></div></div>'
    )


def _hljs(snippet: Snippet) -> str:
    lines = "\n".join(_highlight(snippet, _HLJS))
    return f'<pre><code class="hljs language-{snippet.language}">{lines}</code></pre>'


def _prism(snippet: Snippet) -> str:
    lines = "\n".join(_highlight(snippet, _PRISM))
    return (
        f'<pre class="language-{snippet.language}"><code class="language-{snippet.language}">{lines}</code></pre>'
        '<button class="copy">Copy</button>'
    )


def _numbered(snippet: Snippet) -> str:
    lines = _highlight(snippet, _PYGMENTS)
    numbers = "\n".join(str(number) for number in range(1, len(lines) + 1))
    body = "\n".join(lines)
    return (
        '<table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre>'
        f'{numbers}</pre></div></td><td class="code"><div class="highlight"><pre>{body}</pre></div></td></tr></table>'
    )


def _rows(snippet: Snippet) -> str:
    rows = "".join(
        f'<tr><td class="blob-num" data-line-number="{number}"></td><td class="blob-code">{line or "<br>"}</td></tr>'
        for number, line in enumerate(_highlight(snippet, {"keyword": "pl-k", "string": "pl-s", "comment": "pl-c"}), 1)
    )
    return f'<div class="blob-wrapper"><table class="js-file-line-container">{rows}</table></div>'


def _plain(snippet: Snippet) -> str:
    return f"<pre>{escape(snippet.text)}</pre>"


def _indented(snippet: Snippet) -> str:
    return f"<pre><code>{escape(snippet.text)}\n</code></pre>"


def _codebox(snippet: Snippet) -> str:
    body = "<br />".join(_spaces(line) for line in snippet.text.split("\n"))
    return f'<dl class="codebox"><dt>Code: <a href="#">Select all</a></dt><dd>{body}</dd></dl>'


def _divs(snippet: Snippet) -> str:
    body = "".join(f'<div class="line">{_spaces(line) or "&nbsp;"}</div>' for line in snippet.text.split("\n"))
    return f'<div class="listing" style="font-family:monospace">{body}</div>'


def _typewriter(snippet: Snippet) -> str:
    body = "<br>\n".join(_spaces(line) for line in snippet.text.split("\n"))
    return f"<blockquote><tt>{body}</tt></blockquote>"


def _font(snippet: Snippet) -> str:
    body = "<BR>\n".join(_spaces(line) for line in snippet.text.split("\n"))
    return f'<P><FONT FACE="Courier New" SIZE=2>{body}</FONT></P>'


def _notebook(snippet: Snippet) -> str:
    lines = "\n".join(_highlight(snippet, _PYGMENTS))
    return (
        '<div class="input"><div class="prompt">In&nbsp;[7]:</div><div class="input_area">'
        f'<div class="highlight hl-ipython3"><pre>{lines}</pre></div></div></div>'
    )


STYLES: dict[str, Callable[[Snippet], str]] = {
    "pygments": _pygments,
    "hljs": _hljs,
    "prism": _prism,
    "numbered": _numbered,
    "rows": _rows,
    "plain": _plain,
    "indented": _indented,
    "codebox": _codebox,
    "divs": _divs,
    "typewriter": _typewriter,
    "font": _font,
    "notebook": _notebook,
}
_INLINE = {"typewriter": "tt", "font": "B", "codebox": "b", "divs": "i", "rows": "span"}
_BACKTICKS = re.compile(r"`([^`]*)`")


def code(style: str, snippet: Snippet) -> str:
    """A snippet in the markup of a style (a key of STYLES)."""
    return STYLES[style](snippet)


def inline(style: str, text: str) -> str:
    """Escaped prose; what stands in backticks becomes inline code as sites of that style write it."""
    tag = _INLINE.get(style, "code")
    return _BACKTICKS.sub(rf"<{tag}>\1</{tag}>", escape(text, quote=False))
