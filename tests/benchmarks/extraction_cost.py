"""Measures what main-content extraction costs by stage and by size of page, beside peers on the same pages.

    python -m tests.benchmarks.extraction_cost --crawl DIR [--use seed,pool] [--pages N] [--runs N] [--peer-runs N]

DIR holds WARCs and labels.jsonl ({"url", "label", "use"}); its pages labelled C are read. A page's cost is the least
CPU time of this process among the runs, in milliseconds; a stage's the least among as many further runs, with its
functions timed. "First reading" is the first run alone, before which recall has seen the pages in front only. Pages
are measured one after another, each by everybody, so that other programs disturb all alike.
The language of fences that pages do not name is not part of the conversion. The last line is one JSON object.
"""

import argparse
import json
import logging
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml.html import document_fromstring

from recall.page.markdown import content_model, conversion
from recall.page.text import decode
from tests.benchmarks.extraction import by_resiliparse, by_trafilatura, pages

STAGES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "decode": (conversion, ("decode", "mark_holes", "without_templates")),
    "parse": (conversion, ("parse", "broken_bound", "flatten")),
    "threads": (conversion, ("mark_posts",)),
    "code and formulas": (conversion, ("mark",)),
    "segments": (conversion, ("segments_of",)),
    "features": (content_model, ("features",)),
    "trees": (content_model, ("leaf_sums",)),
    "choice": (conversion, ("choose", "post_of", "data_tables", "word_counts")),
    "title": (conversion, ("site_names", "find_title")),
    "Markdown": (conversion, ("write",)),
}
"""Functions of each stage, where they are called from. What is left of a conversion is "rest"."""

Costs = dict[str, float]


def cpu_ms(call: Callable[[], object], runs: int) -> float:
    """The least CPU time of a call among the runs."""
    least = float("inf")
    for _ in range(runs):
        started = time.process_time_ns()
        call()
        least = min(least, (time.process_time_ns() - started) / 1e6)
    return least


class StageTimers:
    """Takes the time of the functions of each stage while it is entered."""

    def __init__(self) -> None:
        self.spent: Costs = defaultdict(float)
        self._originals: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> "StageTimers":
        for stage, (module, names) in STAGES.items():
            for name in names:
                function = getattr(module, name)
                self._originals.append((module, name, function))
                setattr(module, name, self._timed(stage, function))
        return self

    def __exit__(self, *_: object) -> None:
        for module, name, function in self._originals:
            setattr(module, name, function)

    def _timed(self, stage: str, function: Callable[..., object]) -> Callable[..., object]:
        def timed(*args: object, **options: object) -> object:
            started = time.process_time_ns()
            try:
                return function(*args, **options)
            finally:
                self.spent[stage] += (time.process_time_ns() - started) / 1e6

        return timed


def stage_costs(convert: Callable[[], object], runs: int) -> Costs:
    """The least CPU time of each stage of a conversion among the runs."""
    least = dict.fromkeys((*STAGES, "rest"), float("inf"))
    for _ in range(runs):
        with StageTimers() as timers:
            spent = cpu_ms(convert, 1)
        timers.spent["rest"] = spent - sum(timers.spent.values())
        least = {stage: min(cost, timers.spent[stage]) for stage, cost in least.items()}
    return least


def page_costs(url: str, body: bytes, charset: str | None, runs: int, peer_runs: int) -> tuple[Costs, Costs]:
    """What a page costs recall and its peers, and each stage."""
    text = decode(body, charset)
    encoded = text.replace("\x00", "").encode("utf-8", "replace")

    def convert() -> object:
        return conversion.convert(body, url, charset)

    first = cpu_ms(convert, 1)
    costs = {
        "recall": min(first, cpu_ms(convert, runs - 1)),
        "recall, first reading": first,
        "trafilatura": cpu_ms(lambda: by_trafilatura(text, url), peer_runs),
        "Resiliparse": cpu_ms(lambda: by_resiliparse(text, url), runs),
        "lxml, parsing alone": cpu_ms(lambda: document_fromstring(encoded), runs) if encoded.strip() else 0.0,
    }
    return costs, stage_costs(convert, runs)


def spread(values: list[float]) -> Costs:
    """Mean, median, 90th percentile and maximum of costs."""
    ordered = sorted(values)
    return {
        "mean": round(statistics.fmean(ordered), 2),
        "median": round(statistics.median(ordered), 2),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 2),
        "most": round(ordered[-1], 1),
    }


def rows_of(sizes: list[int], costs: list[Costs]) -> dict[str, dict[str, Costs]]:
    """Spread of each cost over all pages, and over each quartile of their sizes in bytes."""
    order = sorted(range(len(sizes)), key=lambda page: (sizes[page], page))
    groups = {"all": order}
    for quarter in range(4):
        part = order[quarter * len(order) // 4 : (quarter + 1) * len(order) // 4]
        if part:
            groups[f"{sizes[part[0]] / 1e3:.0f} to {sizes[part[-1]] / 1e3:.0f} kB"] = part
    return {
        name: {group: spread([costs[page][name] for page in members]) for group, members in groups.items()}
        for name in costs[0]
    }


def show(rows: dict[str, dict[str, Costs]]) -> None:
    """Print a Markdown table of mean and median."""
    groups = list(next(iter(rows.values())))
    print("| ms a page: mean, median | " + " | ".join(groups) + " | p90, most |")  # noqa: T201 - the benchmark's output
    print("|---|" + "---|" * (len(groups) + 1))  # noqa: T201
    for name, row in rows.items():
        cells = [f"{row[group]['mean']:.2f}, {row[group]['median']:.2f}" for group in groups]
        print(f"| {name} | " + " | ".join(cells) + f" | {row['all']['p90']:.1f}, {row['all']['most']:.0f} |")  # noqa: T201


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--use", default="seed,pool")
    parser.add_argument("--pages", type=int, default=0)
    parser.add_argument("--runs", type=int, default=5, help="at least 2")
    parser.add_argument("--peer-runs", type=int, default=2, help="of trafilatura, which takes longest")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    sizes: list[int] = []
    costs: list[Costs] = []
    stages: list[Costs] = []
    conversion.convert(b"<p>compiles what is not compiled yet</p>")
    for url, body, charset in pages(options.crawl, set(options.use.split(",")), options.pages):
        whole, parts = page_costs(url, body, charset, options.runs, options.peer_runs)
        sizes.append(len(body))
        costs.append(whole)
        stages.append(parts)
    tables = {"costs": rows_of(sizes, costs), "stages": rows_of(sizes, stages)}
    for rows in tables.values():
        show(rows)
    medians = {
        name: round(statistics.median(cost["recall"] / max(cost[name], 1e-3) for cost in costs), 3)
        for name in costs[0]
        if name != "recall"
    }
    print(json.dumps({"pages": len(sizes), "runs": options.runs, "recall_to_peer_median": medians, **tables}))  # noqa: T201


if __name__ == "__main__":
    main()
