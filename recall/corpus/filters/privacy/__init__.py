"""Personal data and secrets of a page, replaced by placeholders.

In: Markdown. Out: the text with each e-mail address, phone number, public IP address, key and password replaced, and
how many of each. In prose the placeholders are RefineCode's (`<email>`, `<password>`: arXiv 2411.04905, appendix); in
fenced and inline code they keep the shape of what they replace, so that no block parses differently (`shape`). Names,
postal addresses and identity numbers are not looked for. All patterns are bounded: time grows linearly with the text.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from recall.config.corpus import PrivacySection
from recall.corpus.fences import blocks, inline
from recall.corpus.filters.privacy.addresses import emails, ips
from recall.corpus.filters.privacy.keys import keys
from recall.corpus.filters.privacy.masks import in_code, in_prose
from recall.corpus.filters.privacy.passwords import passwords
from recall.corpus.filters.privacy.phones import phones
from recall.corpus.filters.privacy.spans import Found

__all__ = ["KINDS", "Found", "Masked", "find", "mask"]

KINDS = ("email", "phone", "ip", "key", "password")
_FINDERS = {"key": keys, "password": passwords, "email": emails, "ip": ips, "phone": phones}
"""The earlier ones win where two find the same characters."""

_DEFAULTS = PrivacySection()


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data. counts: replaced places by kind; found: what was replaced, by its place before."""

    text: str
    counts: Mapping[str, int]
    found: tuple[Found, ...] = field(default=(), repr=False)


def find(text: str, settings: PrivacySection = _DEFAULTS) -> list[Found]:
    """Places that `mask` replaces, in order, none overlapping another."""
    taken: list[Found] = []
    for kind, finder in _FINDERS.items():
        if kind in settings.kinds:
            taken = _merged(taken, finder(text))
    leave = settings.leave
    return [one for one in taken if not any(part in text[one.start : one.end] for part in leave)] if leave else taken


def _merged(taken: list[Found], more: Iterable[Found]) -> list[Found]:
    """Both in order, without those of `more` that overlap one of `taken` or one another."""
    merged, at, end = [], 0, 0
    for one in sorted(more, key=lambda found: (found.start, -found.end)):
        while at < len(taken) and taken[at].start < one.end:
            end = max(end, taken[at].end)
            merged.append(taken[at])
            at += 1
        if one.start >= end and one.end > one.start:
            merged.append(one)
            end = one.end
    merged += taken[at:]
    return sorted(merged, key=lambda found: found.start)


def mask(text: str, settings: PrivacySection = _DEFAULTS) -> Masked:
    """Replace all personal data that is found; a text that has none comes back as it is."""
    found = find(text, settings)
    if not found:
        return Masked(text, {})
    pieces: list[str] = []
    at = 0
    for one, code in zip(found, _inside_code(text, found), strict=True):
        place = in_code(one, text[one.start : one.end]) if code else in_prose(one)
        pieces += [text[at : one.start], place]
        at = one.end
    counts = Counter(one.kind for one in found)
    return Masked("".join([*pieces, text[at:]]), {kind: counts[kind] for kind in KINDS if kind in counts}, tuple(found))


def _inside_code(text: str, found: list[Found]) -> Iterator[bool]:
    """For each place, in order, whether it touches code."""
    spans = list(_code(text))
    at = 0
    for one in found:
        while at < len(spans) and spans[at][1] <= one.start:
            at += 1
        yield at < len(spans) and spans[at][0] < one.end


def _code(text: str) -> Iterator[tuple[int, int]]:
    """Places of fenced and inline code, in order."""
    start = 0
    for block in blocks(text):
        yield from inline(text, start, block.start)
        yield block.start, block.end
        start = block.end
    yield from inline(text, start, len(text))
