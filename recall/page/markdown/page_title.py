"""Finds the title of a page: its own heading, else the document's title without the site's name.

In: segments, which are kept, the document's title and what names the site. Out: the title, and the segments that show
it, which are not written a second time.
"""

import re
from collections.abc import Sequence
from typing import Final

from recall.page.markdown.content_lines import heading_level
from recall.page.markdown.document_title import LETTERS, MIN_NAME, DocumentTitle, letters_of
from recall.page.markdown.segments import Segments

MAX_TITLE: Final = 300
"""Characters; longer headings are no titles."""

NEAR: Final = 12
"""Segments in front of the kept text among which an `h1` is its title."""

SENTENCE: Final = 5
"""Words from which on a part of the document's title is a sentence, which hardly stands in a menu."""

MAX_LINE: Final = 60
"""Characters of a line above a title."""

_READ: Final = 20_000
_NUMBERED: Final = re.compile(r"(?:^|[\s:])((?:\d{1,3}|[A-Z])(?:\.\d{1,3})+)\.?\s*$")
"""A document's title that ends in the number of a section, which its heading begins with."""


def find_title(segments: Segments, keep: Sequence[bool], document: DocumentTitle) -> tuple[str, list[int]]:
    """The page's title, and the indices of the segments that show it or the site's name above; "" where it has none.

    The heading that is a part of the document's title; else the only `h1`, or the one in front of the kept text; else
    the part of the document's title whose words the text has; else the heading that the text begins with.
    """
    first = next((index for index, kept in enumerate(keep) if kept), 0)
    headings = [(level, index) for index in range(len(segments.texts)) if (level := heading_level(segments, index))]
    headings = [(level, index) for level, index in headings if len(segments.texts[index]) <= MAX_TITLE]
    index = _numbered(segments, keep, headings, document)
    if index < 0:
        index = _named(segments, keep, headings, document)
    if index < 0:
        index = _shown_above(segments, keep, document)
    if index < 0:
        index = _main(segments, keep, headings, document)
    at = index
    if index >= 0:
        title = segments.texts[index]
    else:
        named = letters_of(document.text) in document.sites  # by one name, whose parts are no titles
        title, share = (document.text, 0.0) if named else _best_part(segments, keep, document)
        leading = _leading(_without_site(segments, keep, headings, document), headings)
        if leading >= 0 and (
            share < 0.5 or document.is_only_site or _share_a_word(segments.texts[leading], document.text)
        ):
            title, at = segments.texts[leading], leading
        elif leading < 0 and (alone := _alone(segments, keep, headings, document)) >= 0:
            title, at = segments.texts[alone], alone
    title = " ".join(title.split())
    letters = letters_of(title)
    above = -1  # a heading that the whole title of the document leaves out
    if at > 0 and letters == letters_of(document.text):
        above = at - 1 if 0 < heading_level(segments, at - 1) < heading_level(segments, at) else -1
    others = {letters_of(part) for part in document.pieces} | document.sites
    shown = [
        index
        for index, text in enumerate(segments.texts)
        if segments.code[index] < 0
        and len(text) <= 2 * MAX_TITLE
        and (index <= first + 2 or heading_level(segments, index))
        and (
            (shown_as := letters_of(text)) == letters
            or index == above
            or (index <= max(first, at) and shown_as in others)
        )
    ]
    return title, shown if letters else []


def _numbered(
    segments: Segments, keep: Sequence[bool], headings: Sequence[tuple[int, int]], document: DocumentTitle
) -> int:
    """The first kept heading, if it begins with the section's number that the document's title ends in; else -1."""
    number = _NUMBERED.search(document.text)
    first = next((index for _, index in headings if keep[index]), -1)
    if number is None or first < 0:
        return -1
    told, _, rest = segments.texts[first].partition(" ")
    return first if told.rstrip(".") == number[1] and rest.strip() else -1


def _named(
    segments: Segments, keep: Sequence[bool], headings: Sequence[tuple[int, int]], document: DocumentTitle
) -> int:
    """The heading that the document's title names, -1 where none does."""
    whole, parts = letters_of(document.text), [letters_of(part) for part in document.parts]
    joined = {"".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 2, len(parts) + 1)}
    first = next((index for index, kept in enumerate(keep) if kept), 0)
    exact, partial, only_site = [], [], document.is_only_site
    tops = [letters_of(segments.texts[index]) for level, index in headings if level == 1]
    only = sum(not document.is_site(letters) for letters in tops) == 1

    def says_more(letters: str) -> bool:
        return whole in letters or (only and _begins(parts, letters))

    for level, index in headings:
        letters = letters_of(segments.texts[index])
        if level > 3 or len(letters) < MIN_NAME or not whole or (len(parts) > 1 and document.names_site(letters)):
            continue
        if only_site and letters != whole:
            continue
        if level > 1 and not keep[index] and index > first:
            continue
        if len(parts) > 1 and letters in joined:
            return index  # more than one part of the title
        if letters in parts or letters == whole:
            exact.append((level, index, parts.index(letters) if letters in parts else 0))
        elif level <= 2 and (letters in whole or (level == 1 and says_more(letters))):
            partial.append((level, index))
    if exact and len(parts) > 1:
        last = [(level, index) for level, index, part in exact if part == len(parts) - 1]
        other = [(level, index) for level, index, part in exact if part < len(parts) - 1]
        if last and (not other or (min(last) > min(other) and last[0][1] > other[0][1] and len(other) == 1)):
            # sites that put their name first show it in a higher heading; a lone match far from the text is theirs
            at = min(last)[1]
            if other or (abs(at - first) <= 1 and not _is_over_another(keep, headings, at)):
                return at
            partial = [(level, index) for level, index in partial if level == 1 and keep[index]]
        else:
            return min(other)[1]
    elif exact:
        return min(exact)[1]
    level, index = min(partial, default=(0, -1))
    return -1 if level > 1 and _is_under_title(segments, headings, index, document, keep[index]) else index


def _begins(parts: Sequence[str], letters: str) -> bool:
    """Whether a heading says the first of several parts of the document's title, and more."""
    return len(parts) > 1 and len(parts[0]) > MIN_NAME and parts[0] in letters


def _is_over_another(keep: Sequence[bool], headings: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether the next heading that is kept is as high, and no kept text stands between."""
    level, behind = next(((level, index) for level, index in headings if index > at and keep[index]), (7, -1))
    own = next(level for level, index in headings if index == at)
    return level <= own and not any(keep[at + 1 : behind])


def _is_under_title(
    segments: Segments, headings: Sequence[tuple[int, int]], index: int, document: DocumentTitle, kept: bool
) -> bool:
    """Whether the only `h1` stands over a heading and shares a word with the document's title, or says it all again."""
    tops = [at for level, at in headings if level == 1]
    top = segments.texts[tops[0]] if len(tops) == 1 else ""
    if not top or document.is_site(letters_of(top)):
        return False
    if tops[0] > index:
        return not kept and letters_of(segments.texts[index]) in letters_of(top)
    told = LETTERS.findall(document.text.lower())
    return any(len(word) > MIN_NAME and word in told for word in LETTERS.findall(top.lower()))


def _shown_above(segments: Segments, keep: Sequence[bool], document: DocumentTitle) -> int:
    """The text above the first kept paragraph that is a sentence of the document's title, -1 for none."""
    parts = {letters_of(part) for part in document.parts if len(part.split()) >= SENTENCE}
    parts -= {part for part in parts if document.is_site(part)}
    for index, text in enumerate(segments.texts):
        told = parts and segments.code[index] < 0 and len(text) <= MAX_TITLE and letters_of(text) in parts
        if told and segments.tags[segments.nodes[index]].name != "li":  # items lead through the site
            return index
        if not parts or (keep[index] and len(text) > MAX_LINE):
            break
    return -1


def _main(
    segments: Segments, keep: Sequence[bool], headings: Sequence[tuple[int, int]], document: DocumentTitle
) -> int:
    """The `h1` of the kept text, -1 where there is none or one for each of several parts."""
    first = next((index for index, kept in enumerate(keep) if kept), 0)
    tops = [
        index
        for level, index in headings
        if level == 1
        and (keep[index] or 0 <= first - index <= NEAR)
        and not document.is_site(letters_of(segments.texts[index]))
    ]
    leading = [index for index in tops if index <= first]
    if leading:
        at = len(leading) - 1
        while at and leading[at - 1] == leading[at] - 1:  # of headings in a row the first
            at -= 1
        return leading[at]
    if len(tops) != 1 or any(keep[index] and index < tops[0] for _, index in headings):
        return -1  # one of a section
    return tops[0]


def _best_part(segments: Segments, keep: Sequence[bool], document: DocumentTitle) -> tuple[str, float]:
    """The part of the document's title whose words the kept text has most of, and their share."""
    parts = document.parts
    if not parts:
        return "", 0.0
    texts = [text.lower() for text, kept in zip(segments.texts, keep, strict=True) if kept]
    seen = set(LETTERS.findall("\n".join(texts)[:_READ]))
    shares = [_share(part, seen) for part in parts]
    best = max(range(len(parts)), key=lambda at: (shares[at], len(letters_of(parts[at])) >= MIN_NAME, -at))
    return parts[best], shares[best]


def _share(part: str, seen: set[str]) -> float:
    words = LETTERS.findall(part.lower())
    return sum(word in seen for word in words) / len(words) if words else 0.0


def _share_a_word(left: str, right: str) -> bool:
    return not set(LETTERS.findall(left.lower())).isdisjoint(LETTERS.findall(right.lower()))


def _without_site(
    segments: Segments, keep: Sequence[bool], headings: Sequence[tuple[int, int]], document: DocumentTitle
) -> Sequence[bool]:
    """What is kept, without headings that name the site where the document's title does no more."""
    names = {index for _, index in headings if document.names_site(letters_of(segments.texts[index]))}
    return [kept and index not in names for index, kept in enumerate(keep)] if document.is_only_site else keep


def _leading(keep: Sequence[bool], headings: Sequence[tuple[int, int]]) -> int:
    """The highest heading in front of the first kept text, -1 where there is none or others are of its level."""
    levels = {index: level for level, index in headings}
    before: list[tuple[int, int]] = []
    for index, kept in enumerate(keep):
        if kept and index not in levels:
            break
        if kept:
            before.append((levels[index], index))
    level, index = min(before, default=(0, -1))
    return index if sum(bool(keep[other]) and levels[other] == level for other in levels) == 1 else -1


def _alone(
    segments: Segments, keep: Sequence[bool], headings: Sequence[tuple[int, int]], document: DocumentTitle
) -> int:
    """The only kept heading of the highest level, behind a line or two, that says other than the title; else -1.

    Such a document title is the site's name alone.
    """
    tops = [(level, index) for level, index in headings if keep[index]]
    level, index = min(tops, default=(0, -1))
    if index < 0 or sum(other == level for other, _ in tops) > 1:
        return -1
    before = [segments.texts[at] for at in range(index) if keep[at]]
    text = segments.texts[index]
    named = len(LETTERS.findall(text)) >= SENTENCE - 2 and not _share_a_word(text, document.text)
    return index if named and len(before) <= 2 and all(len(line) <= MAX_LINE for line in before) else -1
