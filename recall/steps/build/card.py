"""The corpus card: what a reader of the data must know, with this corpus' own figures."""

from collections.abc import Mapping

from recall.run.rounds import Run

COLUMNS = {
    "url": "address the crawler asked for",
    "text": "the page's main content as Markdown, code in fenced blocks",
    "tag": "what the page was recalled as",
    "score": "the last model's score, 0 to 1",
    "reason": "classifier, prefix, both, or label (only a person called it code)",
    "round": "first round that kept it",
    "domain": "host of the URL",
    "crawl": "crawl it came from",
    "warc_path, offset, length": "byte range of its record in the crawl",
    "digest": "SHA-256 of the response body as the server sent it, transfer and content encodings undone",
    "model": "digest of the model that gave the score",
}


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
        *(f"| {name} | {meaning} |" for name, meaning in COLUMNS.items()),
        "",
        "Page content belongs to its sites. Each row leads back to its record: read `length` bytes from `offset` of",
        "`warc_path`, and the decoded body has the row's `digest`.",
        "",
    ]
    return "\n".join(lines)
