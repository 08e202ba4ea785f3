"""Personal data and secrets of a page, replaced by placeholders.

In: Markdown. Out: the text with each e-mail address, phone number, public IP address, key and password replaced, and
how many of each. In prose the placeholders are RefineCode's (`<email>`, `<password>`: arXiv 2411.04905, appendix); in
fenced and inline code they keep the shape of what they replace, so that no block parses differently (`spans`). Names,
postal addresses and identity numbers are not looked for. All patterns are bounded: time grows linearly with the text.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from recall.config.corpus_sections import PrivacySection
from recall.corpus.filters.privacy.contacts import emails, ips, phones
from recall.corpus.filters.privacy.secrets import keys, passwords
from recall.corpus.filters.privacy.spans import KINDS, PersonalSpan, in_code, in_prose
from recall.corpus.signals import blocks, inline

__all__ = ["KINDS", "Masked", "PersonalSpan", "find", "mask"]

_FINDERS = {"key": keys, "password": passwords, "email": emails, "ip": ips, "phone": phones}
"""The earlier ones win where two find the same characters."""

_DEFAULTS = PrivacySection()


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data. counts: masked spans by kind; spans: of the text as it was."""

    text: str
    counts: Mapping[str, int]
    spans: tuple[PersonalSpan, ...] = field(default=(), repr=False)


def find(text: str, settings: PrivacySection = _DEFAULTS) -> list[PersonalSpan]:
    """Spans that `mask` replaces, in order, none overlapping another."""
    taken: list[PersonalSpan] = []
    for kind, finder in _FINDERS.items():
        if kind in settings.kinds:
            taken = _merged(taken, finder(text))
    leave = settings.leave
    return [span for span in taken if not any(part in text[span.start : span.end] for part in leave)]


def _merged(taken: list[PersonalSpan], more: Iterable[PersonalSpan]) -> list[PersonalSpan]:
    """Both in order, without those of `more` that overlap one of `taken` or one another."""
    merged, at, end = [], 0, 0
    for span in sorted(more, key=lambda span: (span.start, -span.end)):
        while at < len(taken) and taken[at].start < span.end:
            end = max(end, taken[at].end)
            merged.append(taken[at])
            at += 1
        if span.start >= end and span.end > span.start:
            merged.append(span)
            end = span.end
    merged += taken[at:]
    return sorted(merged, key=lambda span: span.start)


def mask(text: str, settings: PrivacySection = _DEFAULTS) -> Masked:
    """Replace all personal data that is detected; a text that has none comes back as it is."""
    spans = find(text, settings)
    if not spans:
        return Masked(text, {})
    pieces: list[str] = []
    at = 0
    for span, code in zip(spans, _touch_code(text, spans), strict=True):
        pieces += [text[at : span.start], in_code(span, text[span.start : span.end]) if code else in_prose(span)]
        at = span.end
    counts = Counter(span.kind for span in spans)
    return Masked("".join([*pieces, text[at:]]), {kind: counts[kind] for kind in KINDS if kind in counts}, tuple(spans))


def _touch_code(text: str, spans: list[PersonalSpan]) -> Iterator[bool]:
    """For each span, in order, whether it touches code."""
    code = list(_code(text))
    at = 0
    for span in spans:
        while at < len(code) and code[at][1] <= span.start:
            at += 1
        yield at < len(code) and code[at][0] < span.end


def _code(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of fenced and inline code, in order."""
    start = 0
    for block in blocks(text):
        yield from inline(text, start, block.start)
        yield block.start, block.end
        start = block.end
    yield from inline(text, start, len(text))
