"""What is the page's frame and not its content: navigation, banners, sidebars, forms, share buttons.

In: an element. Out: whether it, or something it stands in, is frame. Used where blocks are looked for that main-content
extraction left out, and by the wider cut.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import hidden, words

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
    """Whether an element stands in the frame; an ancestor that holds a third of the page's text is none.

    size: characters of text of the whole page.
    """
    return any(is_frame(ancestor) and not _too_big(ancestor, size) for ancestor in element.iterancestors())


def _too_big(element: HtmlElement, size: int) -> bool:
    if element.tag in ("nav", "noscript", "template") or hidden(element):
        return False
    return len(element.text_content()) * 3 > size
