"""The corpus in figures: languages, categories, lengths, what was taken out as a duplicate, random rows.

In: a CorpusStatistics of the corpus and the build's own tables. Out: figures.
"""

import heapq
from collections import Counter
from collections.abc import Mapping

from recall.corpus import BINS_PER_DOUBLING, CorpusStatistics
from recall.records import BodyKind
from recall.report.contents import FigureData
from recall.report.funnel import dropped_of_round
from recall.run.rounds import Round

COUNTS = {"name": "string", "pages": "int64", "share": "float64"}
LENGTHS = {"low": "int64", "high": "int64", "pages": "int64"}
BARS = 15
REST = "all others"
UNKNOWN = "too little prose to tell"
NAMES = {
    "en": "English",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "uk": "Ukrainian",
    "es": "Spanish",
    "de": "German",
    "fr": "French",
    "pt": "Portuguese",
    "it": "Italian",
    "pl": "Polish",
    "nl": "Dutch",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "fi": "Finnish",
    "cs": "Czech",
    "sk": "Slovak",
    "hu": "Hungarian",
    "ro": "Romanian",
    "bg": "Bulgarian",
    "sr": "Serbian",
    "hr": "Croatian",
    "el": "Greek",
    "tr": "Turkish",
    "vi": "Vietnamese",
    "id": "Indonesian",
    "ar": "Arabic",
    "fa": "Persian",
    "he": "Hebrew",
    "hi": "Hindi",
    "th": "Thai",
}
MERGED = (
    (0, "no other"),
    (1, "1 other"),
    (2, "2"),
    (4, "3 to 4"),
    (9, "5 to 9"),
    (99, "10 to 99"),
    (2**63, "100 or more"),
)
EXCERPT = 600
"""Characters of a random row that are shown."""

RANDOM = {
    "url": "string",
    "score": "float64",
    "reason": "string",
    "round": "int32",
    "language": "string",
    "category": "string",
    "bytes": "int64",
    "text": "string",
}


def counted(counts: Mapping[str, int]) -> list[tuple[str, int, float]]:
    """Names by pages: the largest BARS of them, then the sum of the others."""
    total = sum(counts.values())
    ranked = sorted(((name, pages) for name, pages in counts.items() if pages), key=lambda item: (-item[1], item[0]))
    rows = ranked[:BARS] if len(ranked) > BARS + 1 else ranked
    rest = sum(pages for _, pages in ranked[len(rows) :])
    return [(name, pages, pages / total) for name, pages in [*rows, *([(REST, rest)] if rest else [])]]


def languages_of(survey: CorpusStatistics) -> FigureData:
    """Pages of the corpus by the language of their prose."""
    named: Counter[str] = Counter()
    for code, pages in survey.languages.items():
        named[NAMES.get(code, code) or UNKNOWN] += pages
    return FigureData(
        "languages",
        "Languages",
        "Pages of the corpus by the language of their prose, by a fast and rough detector.",
        COUNTS,
        counted(named),
    )


def categories_of(survey: CorpusStatistics) -> FigureData:
    """Pages of the corpus by category."""
    named = Counter({name or "not tagged": pages for name, pages in survey.categories.items()})
    return FigureData(
        "categories",
        "Categories",
        "Pages of the corpus by kind of site, from their URL.",
        COUNTS,
        counted(named),
    )


def bodies_of(survey: CorpusStatistics) -> FigureData | None:
    """Pages of the corpus by kind of response; None where all are HTML."""
    if set(+survey.bodies) <= {BodyKind.HTML.value}:
        return None
    return FigureData(
        "bodies",
        "Kinds of responses",
        "Pages of the corpus by what the server sent: HTML, or what [scan] types asks for.",
        COUNTS,
        counted(survey.bodies),
    )


def lengths_of(survey: CorpusStatistics) -> FigureData:
    """Pages of the corpus by the length of their text; bins without a page between others are rows too."""
    if not survey.lengths:
        return FigureData("lengths", "Lengths", "The corpus is empty.", LENGTHS, [])
    bins = range(min(survey.lengths), max(survey.lengths) + 1)
    rows = [(edge(index), edge(index + 1), survey.lengths[index]) for index in bins]
    return FigureData(
        "lengths",
        "Lengths",
        f"Pages of the corpus by the length of their text in UTF-8; {survey.bytes / 1e6:,.1f} MB in all, "
        f"{survey.bytes / max(1, survey.pages) / 1e3:,.1f} kB a page.",
        LENGTHS,
        rows,
    )


def qualities_of(survey: CorpusStatistics) -> FigureData:
    """Pages of the corpus by quality, the best first; without rows where no ranker gave one."""
    counts = sorted(survey.qualities.items(), reverse=True)
    total = max(1, survey.qualities.total())
    return FigureData(
        "qualities",
        "Quality",
        "Pages of the corpus by quality, 0 to 5: what the text is worth to who learns programming from it, as the "
        "ranker expects a labeller to score it.",
        COUNTS,
        [(f"{value} to {value + 1}", pages, pages / total) for value, pages in counts],
    )


def edge(index: int) -> int:
    """First number of bytes of a length bin."""
    low = int(2 ** (index / BINS_PER_DOUBLING))
    return low if low == 2 ** (index / BINS_PER_DOUBLING) else low + 1


def dropped_figure(round_: Round) -> FigureData:
    """Pages that the build took out, by reason."""
    dropped = dropped_of_round(round_)
    return FigureData(
        "left_out",
        "Left out by the build",
        "Recalled pages that did not enter the corpus: duplicates, judgements, filters.",
        COUNTS,
        counted(dropped),
    )


def duplicates_of(survey: CorpusStatistics) -> FigureData:
    """Pages of the corpus by the number of duplicates that were merged into them."""
    sizes: Counter[str] = Counter()
    for merged, pages in sorted(survey.merged.items()):
        sizes[next(name for limit, name in MERGED if merged <= limit)] += pages
    total = max(1, survey.merged.total())
    removed = sum(merged * pages for merged, pages in survey.merged.items())
    return FigureData(
        "duplicates",
        "Duplicates",
        f"Pages of the corpus by how many others were merged into them: same address, same text, or near-duplicates. "
        f"{removed:,} pages went this way.",
        COUNTS,
        [(name, pages, pages / total) for name, pages in sizes.items()],
    )


def random_rows(survey: CorpusStatistics, count: int = 20) -> FigureData:
    """Pages drawn by the run's seed, with the start of their text."""
    drawn = heapq.nsmallest(count, survey.sample)
    rows = [
        (page.url, page.score, page.reason, page.round, page.language, page.category, page.bytes, page.text[:EXCERPT])
        for page in drawn
    ]
    return FigureData(
        "random_rows",
        "Random rows",
        f"{len(rows)} pages of the corpus drawn by the run's seed, whatever they are.",
        RANDOM,
        rows,
    )
