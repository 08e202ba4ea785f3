"""The README of a release: what it holds, how good its model is by its own card, how to start from it."""

from collections.abc import Mapping
from typing import Any


def notes(record: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    """Markdown from release.json and the model's card."""
    metrics, counts = card["metrics"], record["counts"]
    crawls = ", ".join(record["crawls"]) or "single WARC files"
    figures = [
        ("threshold", card["threshold"]),
        ("precision on held-out families", metrics.get("precision")),
        ("share found on held-out families", metrics.get("recall")),
        ("average precision on held-out families", metrics.get("average_precision")),
        ("calibration error", metrics.get("calibration_error")),
    ]
    lines = [
        "# A classifier of code-related web pages, with what it was made from",
        "",
        f"Round {record['round']} of a recall run on {crawls}. Start from it with",
        "",
        "```sh",
        "recall init runs/new --from THIS_FOLDER --crawl CC-MAIN-2025-30",
        "recall run runs/new",
        "```",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {name} | {value:.4f} |" for name, value in figures if value is not None),
        f"| judged pages behind them | {metrics.get('pages', 0):,.0f}, {metrics.get('positives', 0):,.0f} positive |",
        "",
        "| file | holds |",
        "|---|---|",
        "| model/ | tokenizer.json, model.bin (fastText), scorer.npz (one weight a row), model.json (the card) |",
        f"| seed.parquet | {counts['seed']:,} first examples: URL, family, source, label; no text |",
        f"| labels.parquet | {counts['labels']:,} judgements by round, with agreement; no names, no texts |",
        f"| hosts.parquet | {counts['hosts']:,} hosts: pages seen and kept, code domain or not, judgement |",
        f"| prefixes.parquet | {counts['prefixes']:,} judged URL prefixes, in columns of Common Crawl's index |",
        "| config.toml, manifests/ | settings and what each step did, without machines, paths and access |",
        "| SHA256SUMS | digests of all files: `sha256sum --check SHA256SUMS` |",
        "",
        "hosts.parquet and prefixes.parquet join with the columnar index on `url_host_name`; for prefixes keep",
        "what `regexp_matches(url_path, url_path_regex)` as well. Pages belong to their sites and are no part of this.",
        "",
    ]
    return "\n".join(lines)
