"""The corpus card: what a reader of the data must know, with this corpus' own figures."""

from collections.abc import Mapping

from recall.run.rounds import Run
from recall.steps.build.schema import MEANINGS


def card(run: Run, counts: Mapping[str, int], kept: Mapping[str, int], dropped: Mapping[str, int]) -> str:
    """Return the card as Markdown. counts: pages and failed_shards; kept, dropped: pages by reason."""
    crawls = sorted({shard.crawl for shard in run.shards if shard.crawl}) or ["single WARC files"]
    lines = [
        "# Code-related web pages",
        "",
        f"{counts['pages']:,} pages recalled from {', '.join(crawls)} ({len(run.shards) - counts['failed_shards']:,} "
        f"of {len(run.shards):,} WARC files could be read) in {run.config.run.rounds} round(s).",
        "",
        "| reason | pages |",
        "|---|---|",
        *(f"| {reason} | {count:,} |" for reason, count in kept.items()),
        "",
        "| dropped because | pages |",
        "|---|---|",
        *(f"| {reason} | {count:,} |" for reason, count in sorted(dropped.items())),
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in MEANINGS.items()),
        "",
        "Page content belongs to its sites. Each row leads back to its record: read `length` bytes from `offset` of",
        "`warc_path`, and the decoded body has the row's `digest`.",
        "",
    ]
    return "\n".join(lines)
