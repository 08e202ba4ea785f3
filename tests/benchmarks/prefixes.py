"""What judging URL prefixes brings: the loop with and without them, and by two orders, on labelled crawls.

    python -m tests.benchmarks.prefixes --crawl DIR --web DIR --folder DIR [--seeds 5] [--platforms]

DIRs hold crawls in Common Crawl's layout and labels.jsonl (url, label, use, family); they become one crawl. Each
run starts from 60 pages of use "seed" (20 of code), so that its first model is weak; labels answer instead of people, a
prefix by the share of code among the labelled pages under it. Three ways at the same number of judgements a round:
without prefixes; those with most pages first, hosts' own only; those of largest gain first, patterns over hosts too.
First what the first round's judgements bring in each order, then with `--rounds` above 1 whole loops.
`--platforms`: pages of a kind of site (documentation, forum, …) lie on one large host, a folder for each site, as on
platforms that host them; of use "measure" none is moved. The last line is one JSON object: code pages harvested per
judgement, average precision and recall on the measured pages after the last round, by way and seed.
"""

import argparse
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import numpy as np

from annotation import tasks
from annotation.answers import prefix_value
from recall.archive.manifest import resolve
from recall.config import parse_config
from recall.labels import prefix_labels
from recall.labels.audit_estimates import scores_of_urls
from recall.labels.decisions import label_rows
from recall.loop import advance
from recall.model.evaluate import average_precision
from recall.records import Candidate
from recall.run.progress_bar import silence
from recall.run.rounds import Round, Run
from recall.sites import EVERY, PrefixSet, host_of, kind_of, url_key
from recall.sites.hosts import registered_domain
from tests.benchmarks.rare_crawl import MEASURE, POSITIVE, Row, merged, pages_of, read_rows, write_pages
from tests.benchmarks.rounds import found_at_90, scores_of

WAYS = ("none", "pages", "gain")
CONFIG = """
[run]
rounds = {rounds}
seed = {seed}
holdout = "{labels}"
[crawl]
warcs = {warcs}
[seed]
labels = "{start}"
[scan]
rescan = "all"
[label]
answers = "{labels}"
pages = {pages}
audit = 0
prefixes = {prefixes}
overlap = 0.0
gold_share = 0.0
"""
SEED_CODE, SEED_OTHERS = 20, 40
UNKNOWN_KIND = "other"


def on_platform(row: Row) -> Row:
    """A page's row on the host of its kind of site, in a folder of its own site."""
    kind = kind_of(row["url"])
    if row["use"] == MEASURE or kind == UNKNOWN_KIND:
        return row
    parts = urlsplit(row["url"])
    site = registered_domain(host_of(row["url"]))
    return {**row, "url": parts._replace(netloc=f"{kind}.platform.example", path=f"/{site}{parts.path}").geturl()}


def write_crawl(folders: list[Path], out: Path, platforms: bool) -> list[Row]:
    """Write the pages of the folders as one crawl with its labels; returns these."""
    rows = {row["url"]: on_platform(row) if platforms else row for row in merged([read_rows(f) for f in folders])}
    if not (out / "labels.jsonl").exists():
        write_pages(pages_of(folders, {url: [row] for url, row in rows.items()}), out)
        (out / "labels.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows.values()), encoding="utf-8")
    return list(rows.values())


def by_pages(round_: Round) -> list[Candidate]:
    """Prefixes to ask about by the order that was used before: of hosts' own those with most pages first."""
    table = round_.run.store.read_table(round_.step("domains").key("candidates.parquet"))
    labels = prefix_labels(round_.run, range(1, round_.number))
    decided = {prefix for prefix, value in labels.items() if value != "unsure"}
    fresh = [Candidate(**row) for row in table.to_pylist() if row["prefix"] not in decided and row["host"] != EVERY]
    return sorted(fresh, key=lambda each: (-each.pages, each.prefix))[: round_.run.config.label.prefixes]


def no_prefixes(_: Round) -> list[Candidate]:
    """Nothing to ask about."""
    return []


ORDERS: dict[str, Callable[[Round], list[Candidate]]] = {
    "none": no_prefixes,
    "pages": by_pages,
    "gain": tasks.choose_prefixes,
}


def first_domains(options: argparse.Namespace, crawl: Path, rows: list[Row], seed: int) -> Path:
    """The folder of a run whose first round has its candidates: what all ways have in common."""
    root = Path(options.folder) / f"first-{seed}"
    draw = random.Random(seed)
    seeds = [row for row in rows if row["use"] == "seed"]
    code = draw.sample([row for row in seeds if row["label"] == POSITIVE], SEED_CODE)
    others = draw.sample([row for row in seeds if row["label"] != POSITIVE], SEED_OTHERS)
    start = options.folder / f"seed-{seed}.jsonl"
    start.write_text("".join(f"{json.dumps(row)}\n" for row in [*code, *others]), encoding="utf-8")
    if (root / "run.json").exists():
        run = Run.open(str(root))
    else:
        text = CONFIG.format(
            rounds=options.rounds,
            seed=seed,
            labels=crawl / "labels.jsonl",
            start=start,
            warcs=json.dumps([str(path) for path in sorted(crawl.glob("crawl-data/**/*.warc.gz"))]),
            pages=options.pages,
            prefixes=options.judgements,
        )
        config = parse_config(text, "config")
        run = Run.create(str(root), config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))
    while not run.round(1).step("domains").done:
        advance(run)
    return root


def run_loop(root: Path, way: str) -> Run:
    """Run the loop to its last round, or take it up, with prefixes chosen in one way. root: of `first_domains`."""
    folder = root.with_name(f"{way}-{root.name}")
    if not folder.exists():
        shutil.copytree(root, folder)
    run = Run.open(str(folder))
    with patch.object(tasks, "choose_prefixes", ORDERS[way]):
        while not run.round(run.config.run.rounds).sealed:
            advance(run)
    return run


def first_yield(run: Run, rows: list[Row], way: str) -> dict[str, float]:
    """What the first round's judgements bring in an order: pages that the model missed under what is accepted."""
    asked = ORDERS[way](run.round(1))
    labels = {row["url"]: row["label"] for row in rows if row["use"] != MEASURE}
    under: dict[str, list[str]] = {each.prefix: [] for each in asked}
    everything = PrefixSet(under)
    for url in labels:
        for prefix in everything.matches(url):
            under[prefix].append(url)
    values = {prefix: prefix_value([labels[url] for url in urls], run.config) for prefix, urls in under.items()}
    accepted = [prefix for prefix, value in values.items() if value == "accept"]
    covered = sorted({url for prefix in accepted for url in under[prefix]})
    scored = scores_of_urls(run.round(1), frozenset(covered))
    missed = [url for url in covered if url in scored and not scored[url][1]]
    code = sum(labels[url] == POSITIVE for url in missed)
    return {
        "judged": len(asked),
        "accepted": len(accepted),
        "patterns": sum(each.host == EVERY for each in asked),
        "patterns_accepted": sum(prefix.startswith(EVERY) for prefix in accepted),
        "missed": len(missed),
        "code": code,
        "code_per_judgement": round(code / max(len(asked), 1), 3),
    }


def figures_of(run: Run, rows: list[Row], rounds: int) -> dict[str, Any]:
    """Judgements, what they brought, and the last model on the measured pages."""
    truth = {url_key(row["url"]): row["label"] == POSITIVE for row in rows}
    asked: Counter[str] = Counter()
    harvested: set[str] = set()
    for number in range(1, rounds + 1):
        asked.update(row["value"] for row in label_rows(run, number, frozenset()) if row["kind"] == "prefix")
        table = run.store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url"])
        harvested.update(url_key(url) for url in table.column("url").to_pylist())
    measured = [row for row in rows if row["use"] == MEASURE]
    scores = scores_of(run.round(rounds), [row["url"] for row in measured])
    positive = np.array([row["label"] == POSITIVE for row in measured])
    code = sum(truth.get(key, False) for key in harvested)
    return {
        "judged": asked.total(),
        "accepted": asked["accept"],
        "harvested": len(harvested),
        "code_harvested": code,
        "code_per_judgement": round(code / max(asked.total(), 1), 3),
        "average_precision": round(average_precision(scores, positive), 4),
        "found_at_precision_0.90": round(found_at_90(scores, positive), 4),
    }


def main() -> None:
    """Write the crawl, run every way with every seed, print. With --rounds 1 no loop is run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--judgements", type=int, default=10, help="prefixes that are asked about in a round")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--platforms", action="store_true")
    options = parser.parse_args()
    silence()
    crawl = options.folder / "crawl"
    crawl.mkdir(parents=True, exist_ok=True)
    rows = write_crawl([options.crawl, options.web], crawl, options.platforms)
    first: dict[str, dict[int, dict[str, Any]]] = {way: {} for way in WAYS}
    last: dict[str, dict[int, dict[str, Any]]] = {way: {} for way in WAYS}
    roots = {seed: first_domains(options, crawl, rows, seed) for seed in range(1, options.seeds + 1)}
    for seed, root in roots.items():
        for way in WAYS[1:]:
            first[way][seed] = first_yield(Run.open(str(root)), rows, way)
            print(seed, way, first[way][seed], flush=True)  # noqa: T201 - progress
    for seed, root in roots.items() if options.rounds > 1 else ():
        for way in WAYS:
            last[way][seed] = figures_of(run_loop(root, way), rows, options.rounds)
            print(seed, way, last[way][seed], flush=True)  # noqa: T201 - progress
    report = {
        "first_round": {"means": means(first), "seeds": first},
        "last_round": {"means": means(last), "seeds": last},
    }
    print(json.dumps(report))  # noqa: T201 - the last line is the result


def means(found: dict[str, dict[int, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Means over seeds, by way."""
    return {
        way: {
            name: round(float(np.mean([one[name] for one in each.values()])), 4) for name in next(iter(each.values()))
        }
        for way, each in found.items()
        if each
    }


if __name__ == "__main__":
    main()
