"""Rules about the lines beside main content: headings of tables of contents, subtitles, ledes, lines of signs alone.

In: segments, and which are kept. Out: the same mask, changed in place.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.page.markdown.segments import Segments
from recall.page.markdown.tree import HEADINGS, words
from recall.page.markdown.unseen_parts import VIEW

MOST_FORMS: Final = 4
"""Forms of a page that are looked at."""

LEDE: Final = 0.1
"""Probability from which on a sentence between the title and the first kept text is kept."""

MAX_HOLDER: Final = 120
MOST_HOLDERS: Final = 3
_QUALIFIED: Final = re.compile(
    r"(?:(?:package|module|namespace):?\s+)?(?!www\.)[a-z]\w*(?:(?:\.|::|\\)\w+)*(?:\.|::|\\)(?!(?:com|org|net|io|dev|edu|gov)$)\w+"
    r"|(?:package|module|namespace):?\s+[a-z]\w*",
    re.I,
)
"""`com.tool`, `package com.tool`, `tool::part`, `Module tool`; no name of a host."""

_CONTENTS_BOX: Final = re.compile(r"(?:^|[\s_-])toc(?:$|[\s_-])|table-?of-?contents", re.I)
_CONTENTS: Final = re.compile(
    r"(?:table of )?contents|(?:on|in) this (?:page|article|post)|(?:文章)?目[录錄]|目次|차례|목차"
    r"|inhalt(?:sverzeichnis)?|sommaire|table des matières|(?:tabla de )?contenidos?|[íi]ndice|sum[áa]rio"
    r"|inhoud(?:sopgave)?|содержание|оглавление|зміст|spis treści|obsah|tartalom(?:jegyzék)?|içindekiler",
    re.I,
)
"""What names a box of links to the page's own sections: its class or id, or the heading above it."""

_HEADS: Final = ("header", "hgroup")
_SENTENCE: Final = re.compile(r"(?:\S+\s+){4}.*[.!?…:]|.{10,}[。！？]")
_TOLD: Final = HEADINGS | words("li dt dd td th")
_SIGNS: Final = re.compile(r"[\s»«›‹⇡↑→←|·•]+")


def heading_level(segments: Segments, index: int) -> int:
    """The level of the heading that a segment is, 0 for none."""
    name = segments.tags[segments.nodes[index]].name
    return int(name[1]) if name in HEADINGS else 0


def is_subtitle(segments: Segments, index: int) -> bool:
    """Whether a heading stands beside the one in front of it, in the head of an article."""
    around = segments.parents[segments.nodes[index]]
    beside = around == segments.parents[segments.nodes[index - 1]]
    return beside and any(segments.tags[node].name in _HEADS for node in (around, max(segments.parents[around], 0)))


def lies_in(segments: Segments, index: int, around: int) -> bool:
    """Whether a segment lies in a node."""
    node = segments.nodes[index]
    while node > around:
        node = segments.parents[node]
    return node == around


def drop_contents_headings(keep: npt.NDArray[Any], segments: Segments) -> None:
    """Drop the heading of a table of contents that was dropped, or that a script would have filled."""
    for index in np.flatnonzero(keep[:-1]).tolist():
        if heading_level(segments, index) < 2:
            continue
        listed = not keep[index + 1] and segments.linked[index + 1] > 0
        if listed and _CONTENTS.fullmatch(segments.texts[index].strip(" :：[]*")):
            keep[index] = False
        node = segments.nodes[index]
        boxes = (node, segments.parents[node], segments.parents[max(segments.parents[node], 0)])
        for box in boxes[int(keep[index + 1]) :]:  # text behind the heading may be its own
            if box <= 0 or (keep[index + 1] and lies_in(segments, index + 1, box)):
                break
            attributes = segments.tags[box].attributes
            if _CONTENTS_BOX.search(f"{attributes.get('class', '')} {attributes.get('id', '')}"):
                keep[index] = False


def keep_ledes(keep: npt.NDArray[Any], segments: Segments, probabilities: npt.NDArray[Any]) -> None:
    """Keep the sentences between the title and the first kept text."""
    top = -1
    for index, kept in enumerate(keep.tolist()):
        if kept and heading_level(segments, index) == 1:
            top = index
        elif kept and not heading_level(segments, index):
            break
        elif top >= 0 and not kept and segments.code[index] < 0 and probabilities[index] >= LEDE:
            linked = 2 * segments.linked[index] > len(segments.texts[index])
            keep[index] = not linked and _SENTENCE.fullmatch(segments.texts[index].replace("\n", " ")) is not None


def keep_names_above(keep: npt.NDArray[Any], segments: Segments, headings: Sequence[int]) -> None:
    """Keep the lines that name a package right in front of a heading, in the same box. headings: the title's."""
    for heading in headings:
        around = segments.parents[segments.nodes[heading]]
        for index in range(heading - 1, max(heading - 1 - MOST_HOLDERS, -1), -1):
            node, text = segments.nodes[index], segments.texts[index]
            if segments.parents[node] != around or len(text) > MAX_HOLDER or not _QUALIFIED.fullmatch(text):
                break
            keep[index] = True


def drop_signs(keep: npt.NDArray[Any], segments: Segments, tables: dict[int, int]) -> None:
    """Drop the lines that hold nothing but arrows, bars and dots, unless these are told of in a table or list."""
    for index in np.flatnonzero(keep).tolist():
        if segments.code[index] < 0 and index not in tables and _SIGNS.fullmatch(segments.texts[index]):
            keep[index] = segments.tags[segments.nodes[index]].name in _TOLD


def drop_settings(keep: npt.NDArray[Any], segments: Segments) -> None:
    """Drop the forms that choose how the page is shown."""
    forms = [node for node, tag in enumerate(segments.tags) if VIEW in tag.attributes][:MOST_FORMS]
    for index in np.flatnonzero(keep).tolist() if forms else ():
        keep[index] = segments.code[index] >= 0 or not any(lies_in(segments, index, form) for form in forms)
