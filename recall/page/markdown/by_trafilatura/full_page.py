"""Full-page renderer without boilerplate removal: a part of the tree as Markdown, page frame left out.

In: an element with place-holders for code. Out: paragraphs of Markdown. Used for threads (the posts of a
forum or of questions and answers, found here), for parts that main-content
extraction dropped although they hold code, and where extraction finds nothing. The page frame is navigation, banners,
sidebars, forms and share buttons.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCKS, HEADINGS, hidden, squashed, text_of, words

DROPPED: Final = words(
    "head script style noscript template iframe svg button select input nav object embed video audio canvas datalist "
    "dialog menu option progress textarea map area"
)
_ROLES: Final = frozenset(
    {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu", "menubar", "alert"}
)
_WORDS: Final = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|side-bar|sidenav|breadcrumbs?|footer|masthead|topbar|cookies?"
    r"|consent|gdpr|share|sharing|social|addthis|related|recommend\w*|advert\w*|adsbygoogle|ads?|sponsor\w*|promo|banner"
    r"|pagination|pager|paginator|newsletter|subscri\w+|popup|modal|skip-?link|skip|toc|respond|comment-?form"
    r"|reply-?form|widget|blogroll|login|signup|search-?(?:box|form|bar)?|printfooter|editsection|mw-editsection|catlinks"
    r"|headerlink|signature|postprofile|userinfo|user-info|userdetails|author-?(?:box|bio|info)|avatar|vote\w*"
    r"|js-voting-container|post-menu|post-signature|post-taglist|hidden|sr-only|visually-?hidden|screen-reader-text"
    r"|copy-?(?:btn|button|code)?|clipboard\w*|btn|tooltip|disqus\w*|rating|postmetadata|byline|permalink)(?=$|[\s_-])",
    re.I,
)
_SURE: Final = re.compile(r"(?:^|\s)(?:article|post|entry|main|body)[-_]?(?:content|body|text|main)?(?=$|\s)", re.I)
_WHOLE: Final = frozenset({"html", "body", "main", "article"})


def is_frame(element: HtmlElement) -> bool:
    """Whether an element is frame by its tag, role, class or id."""
    tag = element.tag
    if not isinstance(tag, str) or tag in DROPPED or hidden(element):
        return True
    if tag in _WHOLE:
        return False
    if tag in ("footer", "aside", "header"):
        return not (tag != "footer" and next(element.iterancestors("article", "main"), None) is not None)
    if (element.get("role") or "") in _ROLES:
        return True
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    return len(name) > 1 and len(name) < 200 and _WORDS.search(name) is not None and _SURE.search(name) is None


def in_frame(element: HtmlElement, size: int) -> bool:
    """Whether an ancestor is page frame; one that holds a third of the page's text is not.

    size: characters of text of the whole page.
    """
    return any(is_frame(ancestor) and not _too_big(ancestor, size) for ancestor in element.iterancestors())


def _too_big(element: HtmlElement, size: int) -> bool:
    if element.tag in ("nav", "noscript", "template") or hidden(element):
        return False
    return len(element.text_content()) * 3 > size


_MARKS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_MAX_CELL: Final = 400


def render(element: HtmlElement) -> str:
    """Markdown of everything in an element that is not frame."""
    return "\n\n".join(_paragraphs(element))


def render_block(element: HtmlElement) -> str:
    """Markdown of one heading or list."""
    return "\n\n".join(_block(element))


def _paragraphs(element: HtmlElement) -> list[str]:
    """The blocks of an element in order."""
    out: list[str] = []
    run: list[str] = [element.text or ""]
    for child in element:
        if not isinstance(child.tag, str) or is_frame(child):
            pass
        elif child.tag == "br":
            run.append("\n")
        elif child.tag in BLOCKS or any(inner.tag in BLOCKS for inner in child.iterdescendants()):
            _flush(run, out)
            out.extend(_block(child))
        else:
            run.append(_inline(child))
        run.append(_spaced(child.tail))
    run[0] = _spaced(run[0])
    _flush(run, out)
    return out


def _spaced(text: str | None) -> str:
    """Text of the markup: its line feeds are spaces."""
    return (text or "").replace("\n", " ")


def _flush(run: list[str], out: list[str]) -> None:
    lines = [" ".join(line.split()) for line in "".join(run).split("\n")]
    text = "\n".join(lines).strip()
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    if text:
        out.append(text)
    run.clear()
    run.append("")


def _inline(element: HtmlElement) -> str:
    parts = [_spaced(element.text)]
    for child in element:
        if isinstance(child.tag, str) and not is_frame(child):
            parts.append("\n" if child.tag == "br" else _inline(child))
        parts.append(_spaced(child.tail))
    text = "".join(parts)
    mark = _MARKS.get(element.tag)
    if mark and text.strip():
        core = text.strip()
        lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{lead}{mark}{core}{mark}{trail}"
    return text


def _block(element: HtmlElement) -> list[str]:
    tag = element.tag
    if tag in HEADINGS:
        text = " ".join(" ".join(_paragraphs(element)).split())
        return ["#" * int(tag[1]) + " " + text] if text else []
    if tag in ("ul", "ol", "menu"):
        return _list(element)
    if tag == "table":
        return _table(element)
    if tag == "blockquote":
        return ["\n".join(f"> {line}".rstrip() for line in part.split("\n")) for part in _paragraphs(element)]
    if tag == "hr":
        return []
    return _paragraphs(element)


def _list(element: HtmlElement) -> list[str]:
    """Items with their bullets; the other lines of an item are indented by the bullet's width."""
    lines: list[str] = []
    number = 0
    for child in element:
        if not isinstance(child.tag, str) or is_frame(child):
            continue
        parts = _paragraphs(child) if child.tag == "li" else _block(child)
        if not parts:
            continue
        number += 1
        bullet = f"{number}. " if element.tag == "ol" else "- "
        indent = " " * len(bullet)
        body = "\n".join(parts).split("\n")
        lines.append(bullet + body[0])
        lines.extend(indent + line for line in body[1:])
    return ["\n".join(lines)] if lines else []


def _table(element: HtmlElement) -> list[str]:
    """A table of data as pipes; a table that lays the page out as its cells in order."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    nested = element.find(".//table") is not None or element.find(".//h1") is not None
    if nested or max(map(len, cells), default=0) < 2 or any(len(text_of(c)) > _MAX_CELL for row in cells for c in row):
        return [part for row in cells for cell in row for part in _paragraphs(cell)]
    lines: list[str] = []
    for row in cells:
        texts = [" ".join(" ".join(_paragraphs(cell)).split()).replace("|", "\\|") for cell in row]
        if any(texts):
            lines.append("| " + " | ".join(texts) + " |")
            if len(lines) == 1:
                lines.append("|" + "---|" * len(texts))
    return ["\n".join(lines)] if lines else []


def render_thread(root: HtmlElement, posts: list[HtmlElement]) -> str:
    """The page's heading and the posts, a rule between them."""
    heading = root.find(".//h1")
    if heading is None:
        heading = root.find(".//h2")
    title = squashed(text_of(heading)) if heading is not None and not _inside(heading, posts) else ""
    parts = [f"# {title}"] if title else []
    texts = [text for text in map(render, posts) if text]
    return "\n\n".join([*parts, "\n\n---\n\n".join(texts)])


def _inside(element: HtmlElement, posts: list[HtmlElement]) -> bool:
    chosen = set(posts)
    return any(ancestor in chosen for ancestor in element.iterancestors())
