"""Page content as HTML that a labelling screen may show: Markdown in, tags without any attribute but `class` out.

Nothing of a page can run, load or lead anywhere: raw HTML is shown as text, images as their description, links as
their text. Code is highlighted and keeps its indentation. A second, independent sanitiser
goes over the result.
"""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from recall.sites import is_web

TAGS = frozenset(
    ("a", "b", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6")
)
TAGS |= {"hr", "i", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup"}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr", "ul"}
MAX_CODE = 20_000
"""Characters of one block of code that are highlighted; what follows is shown plain."""

GUESSED: tuple[str, ...] = (
    "python",
    "javascript",
    "java",
    "c",
    "cpp",
    "bash",
    "sql",
    "html",
    "css",
    "php",
    "ruby",
    "go",
)
GUESSED += ("rust", "csharp", "perl", "json", "yaml", "ini", "xml", "console", "diff", "make", "docker", "lua", "r")
GUESS_FROM = 2_000
"""Characters of a block of code by which its language is guessed where the page does not say."""

_FORMAT: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")


def encodable(text: str) -> str:
    """Text that can be sent: lone surrogates, which no encoding has, become question marks, NULs nothing."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def sanitise(html: str) -> str:
    """HTML with only TAGS, their classes, and http(s) links that open elsewhere without telling where from."""
    return nh3.clean(
        encodable(html),
        tags=set(TAGS),
        clean_content_tags={"script", "style", "iframe", "object", "svg", "math", "template"},
        attributes={"*": {"class"}, "a": {"class", "href", "target"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def web_address(url: str) -> str | None:
    """The URL if a person may follow it: http or https with a host, free of white space and control characters."""
    strange = any(char.isspace() or not char.isprintable() for char in url)
    return url if not strange and is_web(url) else None


def link(url: str, text: str) -> str:
    """A link that opens in another tab, or the bare text where the URL cannot be followed."""
    address = web_address(url)
    if address is None:
        return f"<span>{escape(text)}</span>"
    return f'<a href="{escape(address)}" target="_blank">{escape(text)}</a>'


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer | None:
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _guess(code: str) -> Lexer:
    """The language that claims the start of the code most surely; one for plain text where none does."""
    start = code[:GUESS_FROM]
    best, sure = "text", 0.0
    for name in GUESSED:
        lexer = _lexer(name)
        claim = type(lexer).analyse_text(start) if lexer is not None else 0.0
        if claim and claim > sure:
            best, sure = name, claim
    return _lexer(best) or TextLexer(stripnl=False, ensurenl=False)


def code_html(code: str, language: str = "") -> str:
    """A block of code as spans with classes, every character of it kept; no element around it."""
    head, rest = code[:MAX_CODE], code[MAX_CODE:]
    lexer = (_lexer(language.lower()) if language else None) or _guess(head)
    html = str(highlight(head, lexer, _FORMAT))
    return (html if head.endswith("\n") else html.removesuffix("\n")) + escape(rest)


class _Renderer(RendererHTML):
    """Renders what could load or lead somewhere as text."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        text = self.renderInlineAsText(tokens[idx].children or [], options, env).strip()
        return f'<span class="gone">[image{": " + escape(text) if text else ""}]</span>'

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del tokens, idx, options, env
        return '<span class="link">'

    def link_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del tokens, idx, options, env
        return "</span>"

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        del options, env
        token = tokens[idx]
        language = token.info.split()[0] if token.info.split() else ""
        return f"<pre><code>{code_html(token.content, language)}</code></pre>\n"

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return self.fence(tokens, idx, options, env)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer).enable("table")


def page_html(markdown: str) -> str:
    """A page's Markdown as safe HTML."""
    return sanitise(_MARKDOWN.render(markdown))
