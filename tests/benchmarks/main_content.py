"""Measures how well the main content of pages is chosen, beside trafilatura and Resiliparse.

    python tests/benchmarks/main_content.py SHARED [--folds N] [--jobs N]

SHARED holds the crawl `web` (the development half of WCXB), whose `truth.jsonl.gz` has each page's main content, and
the code pages that the model learns from besides. Two ways: cross-validated by registered domain over all pages, and
the shipped model, which is trained on the pages of use `pool`, on those of use `measure`. Two operating points: "f1"
is the model's choice at beta 1, "recall" what ships: beta 1.5, the rules, posts of threads. "oracle" is what the truth
chooses: all segments most of whose words stand in it; what it lacks is lost before the choice. Compared are the words
of what is shown, as multisets, and whether snippets stand in it that must and must not; signs of Markdown are no
words, list numbers and languages of fences are left out. The last line printed is one JSON object. Needs LightGBM
(make content-model).
"""

import argparse
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from recall.page.markdown.content import choose, expected_choice, post_of
from recall.page.markdown.content_model import ContentModel, content_model
from recall.page.markdown.document_title import DocumentTitle
from recall.page.markdown.page_title import find_title
from recall.page.markdown.segment_features import word_counts
from recall.page.markdown.table_writer import data_tables
from recall.page.text import decode
from recall.sites.urls import host_of
from tests.content_model.code_pages import code_examples
from tests.content_model.examples import Example, bodies, examples, words_of
from tests.content_model.fitting import Prepared, fit, fold_of, prepare

OURS = ("f1", "recall", "oracle")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a page: F1, precision and recall of its words; snippets that are there, of those that must and must not be."""

    f1: float
    precision: float
    recall: float
    there: tuple[int, int]
    stray: tuple[int, int]


def compare(shown: list[str], page: Example) -> Figures:
    """Hold the words that are shown against the truth."""
    ours, truth = Counter(shown), Counter(page.truth)
    both, total = sum((ours & truth).values()), len(shown) + len(page.truth)
    text = f" {' '.join(shown)} "
    there, stray = (
        (sum(f" {' '.join(words_of(snippet))} " in text for snippet in snippets), len(snippets))
        for snippets in page.snippets
    )
    if not total:
        return Figures(1, 1, 1, there, stray)
    return Figures(2 * both / total, both / max(len(shown), 1), both / max(len(page.truth), 1), there, stray)


def shown_words(page: Example, model: ContentModel) -> dict[str, list[str]]:
    """The words that are shown at each operating point."""
    segments = page.segments
    if not segments.texts:
        return {name: [] for name in OURS}
    probabilities, counts = model.probabilities(segments), word_counts(segments)
    posts = np.array(post_of(segments))
    keep = posts >= 0 if posts.max() >= 0 else choose(segments, probabilities, counts, data_tables(segments))
    title, at = find_title(segments, keep.tolist(), DocumentTitle(page.title, page.sites, host_of(page.url)))
    keep[at] = False
    chosen = {
        "f1": ("", expected_choice(probabilities, counts, 1.0)),
        "recall": (title, keep),
        "oracle": ("", page.labels >= 0.5),
    }
    return {
        name: [word for text in (head, *np.array(segments.texts, object)[mask]) for word in words_of(text)]
        for name, (head, mask) in chosen.items()
    }


_PAGES: list[Prepared] = []


def _measure(task: tuple[list[int], list[int]]) -> list[tuple[int, str, Figures]]:
    """Fit on some pages, or take the shipped model for none, and measure on others."""
    model = fit([_PAGES[number] for number in task[0]]) if task[0] else content_model()
    return [
        (number, name, compare(words, _PAGES[number].example))
        for number in task[1]
        for name, words in shown_words(_PAGES[number].example, model).items()
    ]


def tasks_of(pages: Sequence[Example], folds: int) -> list[tuple[list[int], list[int]]]:
    """Numbers of pages to train on and to measure on: the folds, then none and `measure`."""
    parts = [fold_of(page, folds) for page in pages]
    judged = [page.kind != "code" for page in pages]
    labelled = {page.url for page in pages if page.kind == "code"}
    learned = [number for number, page in enumerate(pages) if page.kind == "code" or page.url not in labelled]
    tasks = [
        (
            [number for number in learned if parts[number] != fold],
            [number for number, part in enumerate(parts) if part == fold and judged[number]],
        )
        for fold in range(folds)
    ]
    measured = [number for number, page in enumerate(pages) if page.use == "measure" and judged[number]]
    return [*tasks, ([], measured)]


def by_others(web: Path, pages: dict[str, Example]) -> list[tuple[str, str, Figures]]:
    """The figures of trafilatura and Resiliparse."""
    out = []
    for url, body, charset in bodies(web):
        page = pages.get(url)
        if page is not None:
            text = decode(body, charset)
            out.append((url, "trafilatura", compare(words_of(trafilatura.extract(text, url=url) or ""), page)))
            plain = extract_plain_text(text, main_content=True, alt_texts=False, links=False)
            out.append((url, "resiliparse", compare(words_of(plain), page)))
    return out


def summary(rows: Sequence[tuple[str, Figures]]) -> dict[str, object]:
    """Means over pages, by type and over all; snippets over all."""
    kinds: dict[str, list[Figures]] = defaultdict(list)
    for kind, figures in rows:
        kinds[kind].append(figures)
        kinds["all"].append(figures)
    out: dict[str, object] = {kind: round(float(np.mean([f.f1 for f in kinds[kind]])), 3) for kind in sorted(kinds)}
    every = kinds["all"]
    out["precision"] = round(float(np.mean([f.precision for f in every])), 3)
    out["recall"] = round(float(np.mean([f.recall for f in every])), 3)
    out["with"] = round(sum(f.there[0] for f in every) / max(sum(f.there[1] for f in every), 1), 3)
    out["without"] = round(sum(f.stray[0] for f in every) / max(sum(f.stray[1] for f in every), 1), 3)
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    judged = examples(options.shared / "web", frozenset({"pool", "measure"}))
    print(json.dumps(figures(judged, code_examples(options.shared), options)))  # noqa: T201 - the benchmark's output


def figures(judged: list[Example], code: list[Example], options: argparse.Namespace) -> dict[str, object]:
    """All figures; a table for each way of training is printed."""
    pages = judged + code
    _PAGES[:] = [prepare(page) for page in pages]
    tasks = tasks_of(pages, options.folds)
    with get_context("fork").Pool(options.jobs) as pool:
        measured = pool.map(_measure, tasks, chunksize=1)
    others = by_others(options.shared / "web", {page.url: page for page in judged})
    by_url = {page.url: page for page in judged}
    result: dict[str, object] = {}
    for way, parts in (("cross-validated", measured[:-1]), ("shipped, on measure", measured[-1:])):
        rows = [(pages[number], name, found) for part in parts for number, name, found in part]
        urls = {page.url for page, _, _ in rows}
        rows += [(by_url[url], name, found) for url, name, found in others if url in urls]
        table = {
            name: summary([(page.kind, found) for page, other, found in rows if other == name])
            for name in (*OURS, "trafilatura", "resiliparse")
        }
        columns = list(table["f1"])
        print(f"| {way}, {len(urls)} pages | {' | '.join(columns)} |")  # noqa: T201
        print("|---" * (len(columns) + 1) + "|")  # noqa: T201
        for name, row in table.items():
            print(f"| {name} | {' | '.join(str(row[column]) for column in columns)} |")  # noqa: T201
        result[way] = table
    return result


if __name__ == "__main__":
    main()
