"""Finds threads: the posts of a forum, or of questions and answers, by the software that made the page.

In: the tree. Out: the elements that hold the contents of the posts, in the page's order.
"""

from typing import Final

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
_WANTED: Final = frozenset(name for pairs in _SOFTWARE.values() for name, _ in pairs if not name.startswith("#"))
_ID_PREFIXES: Final = tuple(name[1:] for pairs in _SOFTWARE.values() for name, _ in pairs if name.startswith("#"))


def find_posts(root: HtmlElement) -> list[HtmlElement] | None:
    """The contents of at least two posts in document order, or None where the page is no thread that is known."""
    candidates = [
        element for element in root.iter("div", "article", "blockquote", "td", "span", "section") if _may_hold(element)
    ]
    if len(candidates) < 2:
        return None
    threads: list[tuple[list[HtmlElement], int]] = []
    for pairs in _SOFTWARE.values():
        posts = _outermost([element for element in candidates if any(_fits(element, pair) for pair in pairs)])
        if len(posts) > 1:
            threads.append((posts, sum(len(text_of(post)) for post in posts)))
    largest = max((size for _, size in threads), default=0)
    if largest * 4 < len(squashed(text_of(root))):
        return None
    # the first named of those that hold much: later ones may hold the author lines too
    return next((posts for posts, size in threads if size * 3 >= largest), None)


def _may_hold(element: HtmlElement) -> bool:
    identity = element.get("id") or ""
    return bool(identity.startswith(_ID_PREFIXES)) or not _WANTED.isdisjoint(classes(element))


def _fits(element: HtmlElement, pair: tuple[str, str]) -> bool:
    name, around = pair
    identity = element.get("id") or ""
    held = identity.startswith(name[1:]) if name.startswith("#") else name in classes(element)
    return held and (not around or any(around in classes(ancestor) for ancestor in element.iterancestors()))


def _outermost(posts: list[HtmlElement]) -> list[HtmlElement]:
    chosen = set(posts)
    return [post for post in posts if not any(ancestor in chosen for ancestor in post.iterancestors())]


def mark_posts(root: HtmlElement) -> None:
    """Write the number of each post of a thread into its element, as an attribute that no page can have."""
    for number, post in enumerate(find_posts(root) or ()):
        post.set(POST, str(number))
