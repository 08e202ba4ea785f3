"""Chooses the segments of a page that are its main content.

In: segments, and the probability of each that it is content. Out: which are kept. The threshold
of a page is the one that maximises the expected F-beta of the kept words; rules around it hold for what is certain.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.page.markdown.content_lines import (
    drop_contents_headings,
    drop_settings,
    drop_signs,
    heading_level,
    is_subtitle,
    keep_ledes,
    lies_in,
)
from recall.page.markdown.frame_lines import drop_frame_lines
from recall.page.markdown.segments import Segments
from recall.page.markdown.threads import POST

BETA: Final = 1.5
"""Above 1, a lost answer or block costs more than a stray line of the frame."""

MAX_GAP: Final = 12
"""Segments between two kept ones that are kept with them, unless they are frame."""

FRAME: Final = 0.04
"""Probability under which a segment is frame for certain."""

CODE_FRAME: Final = 0.05
"""The same for code, which is hardly ever frame."""

PERHAPS: Final = 0.12
"""Probability from which on a segment is kept in an element that is nearly all content."""

MOST: Final = 0.9
"""Share of the kept words that lie in the element of the article."""

FILLED: Final = 0.7
NEARLY_FILLED: Final = 0.9
"""Share of the words of the element of the article that are kept, and of an element that is nearly all content."""

SURE: Final = 0.5
"""Probability from which on a heading is kept without text of its own."""

LINK_RUN: Final = 20
LINK_CHARS: Final = 45
LINK_SHARE: Final = 0.8


def expected_choice(probabilities: npt.NDArray[Any], counts: npt.NDArray[Any], beta: float = BETA) -> npt.NDArray[Any]:
    """Which segments to keep: a mask, shape (segments,). counts: words of each.

    Keeps the most probable ones, as many as maximise (1 + b²)·TP / (kept + b²·relevant), each in expectation (the
    plug-in rule for F-measures: Ye, Chai, Lee and Chieu, ICML 2012).
    """
    keep = np.zeros(len(probabilities), dtype=bool)
    if not len(probabilities):
        return keep
    order = np.argsort(-probabilities, kind="stable")
    relevant = probabilities[order] * counts[order]
    square = beta * beta
    expected = (1 + square) * np.cumsum(relevant) / (np.cumsum(counts[order]) + square * relevant.sum() + 1e-9)
    keep[order[: int(np.argmax(expected)) + 1]] = True
    return keep


def choose(
    segments: Segments, probabilities: npt.NDArray[Any], counts: npt.NDArray[Any], tables: dict[int, int]
) -> npt.NDArray[Any]:
    """Which segments are main content: a mask, shape (segments,)."""
    keep = expected_choice(probabilities, counts)
    code = np.array(segments.code) >= 0
    keep |= code & (probabilities >= CODE_FRAME)
    _fill_gaps(keep, probabilities)
    _whole_article(keep, segments, probabilities, counts)
    _drop_link_trees(keep, segments)
    _whole_link_lists(keep, segments, probabilities)
    _keep_announced_lists(keep, segments)
    _whole_boxes(keep, segments, counts, tables)
    frame = drop_frame_lines(keep, segments, tables)
    _match_headings(keep, segments, probabilities)
    keep[frame] = False
    drop_contents_headings(keep, segments)
    keep_ledes(keep, segments, probabilities)
    drop_signs(keep, segments, tables)
    drop_settings(keep, segments)
    return keep


def _fill_gaps(keep: npt.NDArray[Any], probabilities: npt.NDArray[Any]) -> None:
    """Keep short runs between kept segments."""
    kept = np.flatnonzero(keep)
    for before, after in zip(kept[:-1].tolist(), kept[1:].tolist(), strict=True):
        if 1 < after - before <= MAX_GAP + 1:
            inside = slice(before + 1, after)
            keep[inside] = probabilities[inside] >= FRAME


def _whole_article(
    keep: npt.NDArray[Any], segments: Segments, probabilities: npt.NDArray[Any], counts: npt.NDArray[Any]
) -> None:
    """Keep what else the elements around the kept text hold, unless it is frame: notes, references, endings.

    They hold MOST of the kept words, and most of their words are kept: the innermost one, and the outermost one whose
    words nearly all are.
    """
    parents = segments.parents
    words, kept = [0] * len(parents), [0] * len(parents)
    for node, count, chosen in zip(segments.nodes, counts.tolist(), keep.tolist(), strict=True):
        words[node] += count
        kept[node] += count if chosen else 0
    for node in range(len(parents) - 1, 0, -1):
        words[parents[node]] += words[node]
        kept[parents[node]] += kept[node]
    inner = outer = 0
    for node in range(1, len(parents)):
        if kept[0] and parents[node] == inner and kept[node] >= MOST * kept[0]:
            inner = node
            if not outer and kept[node] >= NEARLY_FILLED * words[node]:
                outer = node
    nodes = np.array(segments.nodes)
    for article, filled, least in ((inner, FILLED, FRAME), (outer, NEARLY_FILLED, PERHAPS)):
        if article and kept[article] >= filled * words[article]:
            end = next((node for node in range(article + 1, len(parents)) if parents[node] < article), len(parents))
            keep |= (nodes >= article) & (nodes < end) & (probabilities >= least)


def _drop_link_trees(keep: npt.NDArray[Any], segments: Segments) -> None:
    """Drop long runs of short links that would be kept: site trees and indices."""
    start = 0
    linked = [
        code < 0 and len(text) < LINK_CHARS and share > LINK_SHARE * len(text)
        for text, share, code in zip(segments.texts, segments.linked, segments.code, strict=True)
    ]
    for index in range(len(linked) + 1):
        if index < len(linked) and linked[index]:
            continue
        if index - start >= LINK_RUN and keep[start:index].sum() >= LINK_RUN:
            keep[start:index] = False
        start = index + 1


def _outermost_lists(segments: Segments) -> list[int]:
    """The outermost list around each segment, -1 for none."""
    lists: list[int] = []
    for node, (tag, parent) in enumerate(zip(segments.tags, segments.parents, strict=True)):
        outer = lists[parent] if parent >= 0 else -1
        lists.append(node if outer < 0 and tag.name in ("ul", "ol") else outer)
    return [lists[node] for node in segments.nodes]


def _whole_link_lists(keep: npt.NDArray[Any], segments: Segments, probabilities: npt.NDArray[Any]) -> None:
    """Keep a list of links, such as a table of contents, whole where half of it is kept or likely, else not at all."""
    inside: dict[int, list[int]] = {}
    for index, around in enumerate(_outermost_lists(segments)):
        if around >= 0:
            inside.setdefault(around, []).append(index)
    chosen = keep.tolist()
    for indices in inside.values():
        kept = sum(chosen[index] for index in indices)
        if 0 < kept < len(indices) and all(segments.code[index] < 0 for index in indices):
            chars = sum(len(segments.texts[index]) for index in indices)
            if sum(segments.linked[index] for index in indices) > LINK_SHARE * chars:
                keep[indices] = 2 * kept >= len(indices) or probabilities[indices].mean() >= SURE


def _keep_announced_lists(keep: npt.NDArray[Any], segments: Segments) -> None:
    """Keep the list behind a kept line that ends in a colon, if it is short."""
    around = _outermost_lists(segments)
    for index in np.flatnonzero(keep[:-1]).tolist():
        announced = around[index + 1]
        if announced < 0 or announced == around[index] or not segments.texts[index].endswith((":", "：")):
            continue
        end = next((at for at in range(index + 1, len(around)) if around[at] != announced), len(around))
        if end - index <= LINK_RUN:
            keep[index + 1 : end] = True


def _whole_boxes(keep: npt.NDArray[Any], segments: Segments, counts: npt.NDArray[Any], tables: dict[int, int]) -> None:
    """Keep a table of data whole or not at all, and a small quotation or figure whole where a part of it is kept."""
    inside: dict[int, list[int]] = {}
    for index, table in tables.items():
        inside.setdefault(table, []).append(index)
    for indices in inside.values():
        words = counts[indices]
        keep[indices] = 2 * words[keep[indices]].sum() >= max(words.sum(), 1)
    boxes: dict[int, list[int]] = {}
    for index, box in enumerate(_boxes(segments)):
        if box >= 0 and index not in tables:
            boxes.setdefault(box, []).append(index)
    for indices in boxes.values():
        if 1 < len(indices) <= MAX_GAP and keep[indices].any():
            keep[indices] = True


def _boxes(segments: Segments) -> list[int]:
    """The outermost quotation or figure that each segment lies in, -1 for none."""
    boxes: list[int] = []
    for node, (tag, parent) in enumerate(zip(segments.tags, segments.parents, strict=True)):
        outer = boxes[parent] if parent >= 0 else -1
        boxes.append(node if outer < 0 and tag.name in ("blockquote", "figure") else outer)
    return [boxes[node] for node in segments.nodes]


def _match_headings(keep: npt.NDArray[Any], segments: Segments, probabilities: npt.NDArray[Any]) -> None:
    """Keep the headings of kept text, drop those whose text went."""
    levels = [heading_level(segments, index) for index in range(len(segments.texts))]
    if not any(kept and not level for kept, level in zip(keep.tolist(), levels, strict=True)):
        return
    following = 7  # level of the strongest heading since the next kept text
    wanted = False
    for index in range(len(levels) - 1, -1, -1):
        level = levels[index]
        if not level:
            if keep[index]:
                wanted, following = True, 7
        elif wanted and (level < following or (keep[index + 1] and levels[index + 1])):
            keep[index] = keep[index] or bool(probabilities[index] >= FRAME)
            following = min(level, following)
        elif not wanted or level >= following:
            empty = index + 1 == len(levels) or levels[index + 1] > 0  # nothing of its own that was dropped
            empty = empty or _ends_article(keep, segments, levels, index)
            keep[index] = keep[index] and empty and bool(probabilities[index] >= SURE)
        if level and level <= 1:
            wanted = False
    for index in range(1, len(levels)):
        if levels[index] > levels[index - 1] > 0 and keep[index - 1] and is_subtitle(segments, index):
            keep[index] = keep[index] or bool(probabilities[index] >= FRAME)


def _ends_article(keep: npt.NDArray[Any], segments: Segments, levels: Sequence[int], index: int) -> bool:
    """Whether a heading is the last of an element that holds the kept text in front of it."""
    around = segments.parents[segments.nodes[index]]
    behind = lies_in(segments, index + 1, around)
    return bool(index and keep[index - 1] and not levels[index - 1] and not behind) and lies_in(
        segments, index - 1, around
    )


def post_of(segments: Segments) -> Sequence[int]:
    """The forum post that each segment lies in, -1 for none."""
    posts: list[int] = []
    for tag, parent in zip(segments.tags, segments.parents, strict=True):
        own = tag.attributes.get(POST)
        posts.append(int(own) if own is not None else posts[parent] if parent >= 0 else -1)
    return [posts[node] for node in segments.nodes]
