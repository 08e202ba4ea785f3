"""Tells what the definitions of a page define: those of a term, those that only indent, those that caption a picture.

In: segments. Out: numbers of nodes.
"""

from typing import Final

from recall.page.markdown.segments import Segments

HOLDERS: Final = frozenset({"blockquote", "dd", "li"})
"""Elements around text that Markdown begins with a marker."""

_CLOSED_BY_NEXT: Final = frozenset({"address", "dd", "div", "p"})


def definitions(segments: Segments) -> tuple[set[int], set[int]]:
    """The definitions that have a term beside them or in their list, and all that stands in terms.

    A list of definitions without any term only indents.
    """
    tags, parents = segments.tags, segments.parents
    lists: list[int] = []
    named: set[int] = set()
    terms: set[int] = set()
    for node, (tag, parent) in enumerate(zip(tags, parents, strict=True)):
        lists.append(node if tag.name == "dl" else lists[parent] if parent >= 0 else -1)
        if tag.name == "dt":
            named.update((node, parent, lists[node]))  # itself, where it is not closed
        if tag.name == "dt" or (parent in terms and tag.name not in HOLDERS):
            terms.add(node)
    named.discard(-1)
    defining: set[int] = set()
    for node, siblings in enumerate(siblings_inside(segments)):
        if tags[node].name == "dd" and (siblings in defining or not named.isdisjoint((parents[node], lists[node]))):
            defining.add(node)
    return defining, terms


def siblings_inside(segments: Segments) -> list[int]:
    """The definition around each node that the next one would end, -1 for none.

    The parser puts a definition into the one before that has no closing tag (HTML, 13.2.6.4.7, reads it behind).
    """
    inside: list[int] = []
    for tag, parent in zip(segments.tags, segments.parents, strict=True):
        around = inside[parent] if parent >= 0 else -1
        if parent >= 0 and segments.tags[parent].name == "dd":
            around = parent
        inside.append(around if tag.name in _CLOSED_BY_NEXT else -1)
    return inside


def captions(segments: Segments) -> set[int]:
    """The definitions of lists whose terms say nothing, as they are pictures."""
    tags, parents = segments.tags, segments.parents
    terms = {parents[node]: False for node, tag in enumerate(tags) if tag.name == "dt"}
    if not terms:
        return set()
    for around in set(segments.nodes):
        node = around
        while node >= 0 and tags[node].name != "dt":
            node = parents[node]
        if node >= 0:
            terms[parents[node]] = True
    return {node for node, tag in enumerate(tags) if tag.name == "dd" and not terms.get(parents[node], True)}
