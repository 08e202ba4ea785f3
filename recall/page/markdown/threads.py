"""Finds threads: the posts of a forum, or of questions and answers, by the software that made the page.

Of software that is not known, by the page's own microdata (schema.org) or the names of its classes.

In: the tree. Out: the elements that hold the contents of the posts, in the page's order.
"""

import re
from functools import lru_cache
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.tree import classes, squashed, text_of

POST: Final = "POST"
"""The attribute with a post's number; the parser writes those of pages in lower case."""

# software → (class or id prefix of a post's content, class that an ancestor must have or "")
_SOFTWARE: Final = {
    "stack exchange": (("s-prose", ""), ("js-post-body", ""), ("post-text", ""), ("comment-copy", "")),
    "phpbb 3": (("content", "postbody"), ("content", "post")),
    "phpbb 2": (("postbody", ""),),
    "vbulletin": (("#post_message_", ""), ("postcontent", ""), ("js-post__content-text", "")),
    "xenforo": (("bbwrapper", "message-body"), ("messagetext", ""), ("message-body", "")),
    "smf": (("#msg_", "post"), ("inner", "post"), ("inner", "post_wrapper")),
    "discourse": (("cooked", ""), ("post", "crawler-post"), ("post", "topic-body")),
    "mybb": (("post_body", ""),),
    "fluxbb": (("postmsg", ""),),
    "invision": (
        ("ipstype_richtext", "cpost_contentwrap"),
        ("entry-content", "post_body"),
        ("ipstype_richtext", "ipscomment"),
    ),
    "flarum": (("post-body", "post"),),
    "vanilla": (("usercontent", "item-body"), ("message", "comment")),
    "github": (("js-comment-body", ""), ("comment-body", "timeline-comment")),
    "nodebb": (("content", "posts-list"), ("content", "post-container")),
    "hacker news": (("commtext", ""), ("toptext", "")),
    "question2answer": (("qa-q-view-content", ""), ("qa-a-item-content", ""), ("qa-c-item-content", "")),
    "askbot": (("post-body", "post"), ("comment-body", "comment")),
    "lithium": (("lia-message-body-content", ""),),
}
_PAIRS: Final = tuple((name, around, software) for software, pairs in _SOFTWARE.items() for name, around in pairs)
_BY_NAME: Final = {name: tuple(pair[1:] for pair in _PAIRS if pair[0] == name) for name, _, _ in _PAIRS}
_ID_PREFIXES: Final = tuple(name[1:] for name in _BY_NAME if name.startswith("#"))

_NAMED: Final = re.compile(
    r"(?:[a-z]+[-_])*(question|topic|thread|post|reply|answer|message|comment)s?[-_]*"
    r"(?:body|content|text|message|html|markdown|inner)(?:[-_][a-z]+)?"
)
_REPLIES: Final = frozenset({"reply", "answer", "message"})
_COMMENTS: Final = re.compile(r"comments?(?:[-_]?(?:list|area|section|thread|wrapper|container))?|respon(?:d|ses?)")
_ASKS: Final = re.compile(r"schema\.org/(?:Question|Answer|DiscussionForumPosting)\b")
_SCHEMA: Final = re.compile(rf"{_ASKS.pattern}|schema\.org/Comment\b")
_SCHEMA_TEXT: Final = frozenset({"text", "articlebody", "commenttext"})
_SHOWN: Final = etree.XPath(
    "//text()[not(parent::script or parent::style or parent::noscript or parent::textarea or parent::option"
    " or parent::title)]",
    smart_strings=False,
)
_PARAGRAPHS: Final = 400
"""Characters of paragraphs outside the comments from which they are those of an article."""


def find_posts(root: HtmlElement) -> list[HtmlElement] | None:
    """The contents of at least two posts in document order, or None where the page is no thread.

    Scripts do not count as text of the page, and the comments on an article are no thread.
    """
    candidates = [
        element
        for element in root.iter("div", "article", "blockquote", "td", "span", "section", "li", "p")
        if _may_hold(element)
    ]
    if len(candidates) < 2:
        return None
    comments = {element for element in candidates if _text_of_what(element).endswith("schema.org/Comment")}
    threads: list[tuple[list[HtmlElement], int]] = []
    for software, fitting in _by_software(candidates).items():
        if not fitting:
            continue
        others = comments if software else set[HtmlElement]()  # of markup that the software's list does not know
        posts = _posts([element for element in candidates if element in fitting or element in others])
        if len(posts) > 1 and (software or _asks_and_answers(posts)):
            threads.append((posts, sum(len(squashed(text_of(post))) for post in posts)))
    largest = max((size for _, size in threads), default=0)
    if not threads or largest * 4 < len(squashed(" ".join(_SHOWN(root)))):
        return None
    # the first named of those that hold much: later ones may hold the author lines too
    posts = next(posts for posts, size in threads if size * 3 >= largest)
    return None if _on_article(posts, root) else posts


def _may_hold(element: HtmlElement) -> bool:
    for name, value in element.items():
        if name == "class":
            if _may_name(value):
                return True
        elif name == "id":
            if value.startswith(_ID_PREFIXES):
                return True
        elif name == "itemprop" and value.lower() in _SCHEMA_TEXT:
            return True
    return False


@lru_cache(maxsize=4096)
def _may_name(value: str) -> bool:
    """Whether a `class` may be that of a post."""
    names = value.lower().split()
    return not _BY_NAME.keys().isdisjoint(names) or any(map(_NAMED.fullmatch, names))


def _by_software(candidates: list[HtmlElement]) -> dict[str, set[HtmlElement]]:
    """The elements that hold a post of each software, in its order; of "" by what the page calls them."""
    fitting: dict[str, set[HtmlElement]] = {software: set() for software in (*_SOFTWARE, "")}
    for element in candidates:
        identity = element.get("id") or ""
        prefixes = [f"#{prefix}" for prefix in _ID_PREFIXES if identity.startswith(prefix)]
        for name in (*prefixes, *classes(element)):
            for around, software in _BY_NAME.get(name, ()):
                if not around or any(around in classes(ancestor) for ancestor in element.iterancestors()):
                    fitting[software].add(element)
        if _is_called_post(element):
            fitting[""].add(element)
    return fitting


def _is_called_post(element: HtmlElement) -> bool:
    """Whether an element holds a post by what the page calls it."""
    if (element.get("itemprop") or "").lower() in _SCHEMA_TEXT:
        return _SCHEMA.search(_text_of_what(element)) is not None
    return any(map(_NAMED.fullmatch, classes(element)))


def _text_of_what(element: HtmlElement) -> str:
    """The schema of the item whose text an element is by the page's microdata, "" where it is none."""
    if (element.get("itemprop") or "").lower() not in _SCHEMA_TEXT:
        return ""
    return next((kind for above in element.iterancestors() if (kind := above.get("itemtype"))), "")


def _asks_and_answers(posts: list[HtmlElement]) -> bool:
    """Whether what the page calls its posts tells a thread from a list of articles: some reply, none holds a title."""
    kinds = {match[1] for post in posts for name in classes(post) if (match := _NAMED.fullmatch(name))}
    schema = any(_ASKS.search(_text_of_what(post)) for post in posts)  # comments alone may be those on an article
    return (schema or not _REPLIES.isdisjoint(kinds)) and all(post.find(".//h1") is None for post in posts)


def _posts(found: list[HtmlElement]) -> list[HtmlElement]:
    """The outermost of some elements; for parts of a post in a cell, between which its code stands, the cell."""
    whole: list[HtmlElement] = []
    for post in found:
        parent = post.getparent()
        part = post.tag == "span" and parent is not None and parent.tag == "td"
        if not part:
            whole.append(post)
        elif not whole or whole[-1] is not parent:
            whole.append(parent)
    chosen = set(whole)
    return [post for post in whole if not any(ancestor in chosen for ancestor in post.iterancestors())]


def _on_article(posts: list[HtmlElement], root: HtmlElement) -> bool:
    """Whether posts are the comments on an article: all lie in a box of comments, with paragraphs outside it."""
    boxes = {_comment_box(post) for post in posts}
    if None in boxes:
        return False
    outside = 0
    for paragraph in root.iter("p"):
        if not any(ancestor in boxes for ancestor in paragraph.iterancestors()):
            outside += len(squashed(text_of(paragraph)))
    return outside >= _PARAGRAPHS


def _comment_box(post: HtmlElement) -> HtmlElement | None:
    """The outermost box of comments around a post."""
    box = None
    for ancestor in post.iterancestors():
        if any(map(_COMMENTS.fullmatch, (*classes(ancestor), (ancestor.get("id") or "").lower()))):
            box = ancestor
    return box


def mark_posts(root: HtmlElement) -> None:
    """Write the number of each post of a thread into its element, as an attribute that no page can have."""
    for number, post in enumerate(find_posts(root) or ()):
        post.set(POST, str(number))
        if post.tag in ("span", "p"):
            post.tag = "div"
