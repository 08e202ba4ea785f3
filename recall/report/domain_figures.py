"""Domains and saturation: what share of each host's pages is recalled, and how much of a round was recalled before.

In: the last round's domains.parquet, labels of prefixes, slim rows by shard. Out: figures. Hosts are
aggregated (hosts of equal counts and decision are one point), so a crawl of millions of hosts is a few thousand rows.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from recall.labels.decisions import prefix_labels
from recall.labels.saturation import recalled_again
from recall.report.contents import FigureData
from recall.run.rounds import Round
from recall.sites.urls import stored_host

DOMAINS = {"pages": "int64", "share": "float64", "decision": "string", "hosts": "int64"}
ACCEPTED, REJECTED = "code domain, a prefix accepted", "code domain, prefixes rejected"
OPEN, NOT_CODE = "code domain, no prefix labelled", "not a code domain"
DECISIONS = (ACCEPTED, REJECTED, OPEN, NOT_CODE)
SATURATION = {"round": "int32", "recalled": "int64", "again": "int64", "saturation": "float64"}
DIGITS = 2
SHARE_DIGITS = 3
TOP = 15
TOP_HOSTS = {
    "host": "string",
    "pages": "int64",
    "kept": "int64",
    "share": "float64",
    "low": "float64",
    "decision": "string",
}


def rounded(count: int) -> int:
    """A count rounded to two digits from 100 on: 12,345 is 12,000."""
    return round(count, DIGITS - len(str(count))) if count >= 100 else count


def labelled_hosts(round_: Round) -> dict[str, str]:
    """Hosts with labelled prefixes: ACCEPTED where any is accepted, else REJECTED."""
    decisions: dict[str, str] = {}
    for prefix, value in prefix_labels(round_.run, range(1, round_.number + 1)).items():
        host = prefix.partition("/")[0]
        if value == "accept" or (value == "reject" and host not in decisions):
            decisions[host] = ACCEPTED if value == "accept" else REJECTED
    return decisions


def domains_of(round_: Round) -> tuple[FigureData, FigureData]:
    """Hosts by pages, share recalled and decision; and the code domains with most recalled pages."""
    labelled = labelled_hosts(round_)
    points: Counter[tuple[int, float, str]] = Counter()
    top: list[tuple[Any, ...]] = []
    key = round_.step("domains").key("domains.parquet")
    for table in round_.run.store.read_batches(key):
        for row in table.to_pylist():
            decision = labelled.get(stored_host(row["host"]), OPEN) if row["code"] else NOT_CODE
            points[rounded(row["pages"]), round(row["share"], SHARE_DIGITS), decision] += 1
            if row["code"]:
                top.append((row["host"], row["pages"], row["kept"], row["share"], row["low"], decision))
        top = sorted(top, key=lambda row: (-row[2], row[0]))[:TOP]
    rows = [(*point, hosts) for point, hosts in sorted(points.items())]
    threshold = round_.run.config.domains.share
    chart = FigureData(
        "domains",
        "Domains",
        f"Hosts of the crawl by pages seen and share of them recalled in round {round_.number}; the larger the dot, "
        "the more hosts. "
        f"The line is the {threshold:.0%} above which a host becomes a code domain, given enough pages to be sure.",
        DOMAINS,
        rows,
        marks={"share": threshold},
    )
    table_of_hosts = FigureData(
        "top_domains",
        "Code domains with most recalled pages",
        "Share: of the pages seen that the model keeps; at least: the lower bound on the host's share of "
        "code pages, corrected for the model's errors.",
        TOP_HOSTS,
        top,
    )
    return chart, table_of_hosts


def saturation_figure(rounds: Sequence[Round]) -> FigureData:
    """Pages that each round's model and prefixes recall, and those of them that the round before recalled too."""
    rows: list[tuple[Any, ...]] = []
    for round_ in rounds:
        recalled, again = recalled_again(round_)
        rows.append((round_.number, recalled, again, again / recalled if recalled else 0.0))
    return FigureData(
        "saturation",
        "Saturation",
        "Pages that each round recalls, and the share of them that the round before had recalled already. "
        "DeepSeekMath stopped at 98 %.",
        SATURATION,
        rows,
    )
