"""`<template>` in the source of a page: what it holds is not drawn, save a declarative shadow root.

In: decoded HTML. Out: HTML that shows the same, without templates: each shadow root in place of its host's children
(`recall.page.text.shadow_roots`), nothing of the others. An unclosed template ends with the page, as in browsers (HTML
standard, 4.12.3 and 13.2.6.4.22). It is done to the source, as end tags inside a template end nothing around it, and
the parser of the tree knows no templates. In an `<svg>` there are none. A comment stays in the place of each, as what
stands around it may be a tag when it is joined. Each character is read a bounded number of times.
"""

import re
from collections.abc import Iterator
from typing import Final

import recall.kernels.html_names as names
from recall.page.markdown.tree import MAX_CHARS
from recall.page.text.definition import MOST_TEMPLATES, TAG, TAG_NAME, Tag, comment_end, content_end
from recall.page.text.shadow_roots import MARKUP, RAW_TAGS, flattened

_READ: Final = "|".join(sorted(RAW_TAGS | {names.TEMPLATE_TAG, names.SVG_TAG}))
_TEMPLATE: Final = re.compile("<template", re.IGNORECASE | re.ASCII)
_SKIPPED: Final = re.compile(
    rf"(?:[^<]++|<(?![A-Za-z/!?])|</?(?!(?:{_READ})>)[a-z][a-z0-9-]*+>)*+", re.IGNORECASE | re.ASCII
)
"""Text, and tags without attributes that change nothing outside an `<svg>`: passed over at once, as pages are long."""


def without_templates(source: str) -> str:
    """The source with shadow roots in their places and without what templates hold."""
    if _TEMPLATE.search(source) is None:
        return source
    source = source[:MAX_CHARS]
    if "shadowrootmode" in source.lower():
        # so many that it looks at the whole page, not at single hosts
        templates = [(0, 0)] * MOST_TEMPLATES
        source = flattened(source.encode("utf-8", "surrogatepass"), templates).decode("utf-8", "surrogatepass")
    return "".join(_outside(source))


def _outside(source: str) -> Iterator[str]:
    """The parts of the source that lie in no template."""
    at = kept = hidden = svgs = 0
    while True:
        if hidden or not svgs:
            skipped = _SKIPPED.match(source, at)
            at = skipped.end() if skipped else at
        start = MARKUP.search(source, at)
        if start is None:
            break
        cut = start.start()
        tag = TAG.match(source, cut)
        if tag is None:
            if TAG_NAME.match(source, cut):  # the page ends inside a tag
                break
            at = comment_end(source, cut, foreign=svgs > 0 and not hidden) or cut + 1
            continue
        name, closing = tag[1].lower(), source[cut + 1] == "/"
        at = tag.end()
        if svgs and not hidden and (closing or name not in names.SVG_ENDS_AT):
            if name == names.SVG_TAG and (closing or tag[0][-2] != "/"):
                svgs += -1 if closing else 1
            continue
        if not hidden:
            svgs = int(name == names.SVG_TAG and not closing and tag[0][-2] != "/")
        if name == names.TEMPLATE_TAG:
            if not hidden:
                yield source[kept:cut]
                yield "<!---->"
            hidden = max(0, hidden - 1) if closing else hidden + 1
            kept = at
        elif name in RAW_TAGS and not closing:
            at = content_end(source, Tag(name, False, False, {}, at))
    if not hidden:
        yield source[kept:]
