"""`<template>` in the source of a page: what it holds is not drawn, save a declarative shadow root.

In: decoded HTML. Out: HTML that shows the same, without templates: each shadow root in place of its host's children
(`recall.page.text.shadow_roots`), nothing of the others. An unclosed template ends with the page, as in browsers (HTML
standard, 4.12.3 and 13.2.6.4.22). It is done to the source, as end tags inside a template end nothing around it, and
the parser of the tree knows no templates. Each character is read a bounded number of times.
"""

from collections.abc import Iterator

from recall.page.text.definition import MOST_TEMPLATES, TAG, TAG_NAME, Tag, comment_end, content_end
from recall.page.text.shadow_roots import flattened


def without_templates(source: str) -> str:
    """The source with shadow roots in their places and without what templates hold."""
    lowered = source.lower()
    if "<template" not in lowered:
        return source
    if "shadowrootmode" in lowered:
        # so many that it looks at the whole page, not at single hosts
        templates = [(0, 0)] * MOST_TEMPLATES
        source = flattened(source.encode("utf-8", "surrogatepass"), templates).decode("utf-8", "surrogatepass")
    return "".join(_outside(source))


def _outside(source: str) -> Iterator[str]:
    """The parts of the source that lie in no template."""
    at = kept = hidden = 0
    while (cut := source.find("<", at)) >= 0:
        tag = TAG.match(source, cut)
        if tag is None:
            if TAG_NAME.match(source, cut):  # the page ends inside a tag
                break
            at = comment_end(source, cut, foreign=False) or cut + 1
            continue
        name, closing = tag[1].lower(), source[cut + 1] == "/"
        at = tag.end()
        if name == "template":
            if not hidden:
                yield source[kept:cut]
            hidden = max(0, hidden - 1) if closing else hidden + 1
            kept = at
        elif not closing:
            at = content_end(source, Tag(name, False, False, {}, at))
    if not hidden:
        yield source[kept:]
