"""Counts, for each prefix that recall ships, the labelled pages of the shared crawls that lie under it.

`python -m tests.sites.shipped_counts` writes the counts into recall/data/code_prefixes.tsv. In: labels.jsonl of both
crawls; rows whose use is `measure` are not looked at. A page counts for every prefix that covers it.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

from recall.sites.prefixes import PrefixSet
from recall.sites.shipped import COLUMNS, FILE, UNSEEN, shipped_prefixes

PROJECT = Path(__file__).parents[2]
CRAWLS = ("crawl", "web")
USES = ("seed", "pool")
CHECKED = 4
"""Column of the counts."""


def count_shipped(shared: Path) -> dict[str, str]:
    """What the column `checked` must say of each shipped prefix: code pages/pages, or UNSEEN."""
    prefixes = PrefixSet(known.prefix for known in shipped_prefixes())
    code: dict[str, list[bool]] = defaultdict(list)
    for crawl in CRAWLS:
        with (shared / crawl / "labels.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                if row["use"] in USES:
                    for prefix in prefixes.matches(row["url"]):
                        code[prefix].append(row["label"] == "C")
    return {prefix: f"{sum(code[prefix])}/{len(code[prefix])}" if code[prefix] else UNSEEN for prefix in prefixes}


def write_counts(shared: Path, table: Path) -> None:
    """Write the counts into the table; other columns and comments stay."""
    counts = count_shipped(shared)
    lines = table.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        parts = line.split("\t")
        if not line.startswith("#") and len(parts) == COLUMNS:
            parts[CHECKED] = counts[parts[5]]
            lines[number] = "\t".join(parts)
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_counts(Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared")), PROJECT / "recall" / FILE)
