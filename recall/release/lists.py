"""Hosts and URL prefixes as tables that join with Common Crawl's columnar index.

In: a scanned round's domains.parquet and labels of prefixes. Out: rows with the index' own column names
(https://commoncrawl.org/columnar-index): join on url_host_name, and for prefixes also keep what
`regexp_matches(url_path, url_path_regex)`. A prefix whose url_host_name starts with `*.` is for every host that ends
with what follows the star, `*` alone for every host. The registered domain is that of the public suffix list's ICANN
part.
"""

import re
from collections.abc import Iterator

from recall.labels.decisions import prefix_labels
from recall.release.export_files import PIECE, Row
from recall.run.rounds import Round
from recall.run.store import Schema
from recall.sites.hosts import icann_registered_domain
from recall.sites.prefixes import ANY, EVERY, INT, PATTERN_DEPTH, SLUG, SUBDOMAINS, YEAR, parse_prefix
from recall.sites.surt import surt_host
from recall.sites.urls import stored_host

HOSTS: Schema = {
    "url_host_name": "string",
    "url_host_registered_domain": "string",
    "url_host_tld": "string",
    "pages": "int64",
    "kept": "int64",
    "share": "float64",
    "share_at_least": "float64",
    "code_domain": "bool",
    "judgement": "string",
}
PREFIXES: Schema = {
    "prefix": "string",
    "url_host_name": "string",
    "url_host_registered_domain": "string",
    "url_host_tld": "string",
    "url_path_prefix": "string",
    "url_path_regex": "string",
    "url_surtkey_prefix": "string",
    "judgement": "string",
    "round": "int32",
    "pages": "int64",
    "kept": "int64",
}
_PLACEHOLDERS = {YEAR: "(?:19|20)[0-9]{2}", INT: "[0-9]+", SLUG: "[^/]+"}


def host_labels(round_: Round) -> dict[str, str]:
    """Label of each host with labelled prefixes: accept where any prefix is accepted, else reject."""
    labels: dict[str, str] = {}
    for prefix, value in sorted(prefix_labels(round_.run, range(1, round_.number + 1)).items()):
        host = prefix.partition("/")[0]
        if value == "accept" or labels.get(host) != "accept":
            labels[host] = value
    return labels


def host_rows(round_: Round) -> Iterator[Row]:
    """Every host that a round's scan has seen, in order."""
    labelled = host_labels(round_) if round_.step("label").done else {}
    key = round_.step("domains").key("domains.parquet")
    for table in round_.run.store.read_batches(key, rows=PIECE):
        for row in table.to_pylist():
            yield {
                **_host(stored_host(row["host"])),
                "pages": row["pages"],
                "kept": row["kept"],
                "share": row["share"],
                "share_at_least": row["low"],
                "code_domain": row["code"],
                "judgement": labelled.get(stored_host(row["host"]), ""),
            }


def _host(host: str) -> Row:
    return {
        "url_host_name": host,
        "url_host_registered_domain": icann_registered_domain(host),
        "url_host_tld": host.rpartition(".")[2],
    }


def prefix_rows(round_: Round) -> Iterator[Row]:
    """Every prefix that people labelled up to a round, with the counts of the round that first asked about it."""
    run = round_.run
    labelled = prefix_labels(run, range(1, round_.number + 1))
    asked: dict[str, tuple[int | None, int | None, int | None]] = {}
    for number in range(1, round_.number + 1):
        key = run.round(number).step("label").key("prefixes.parquet")
        for row in run.store.read_table(key, ["prefix", "pages", "kept"]).to_pylist():
            asked.setdefault(parse_prefix(row["prefix"]), (number, row["pages"], row["kept"]))
    for prefix, value in sorted(labelled.items()):
        host, _, path = prefix.partition("/")
        first, pages, kept = asked.get(prefix, (None, None, None))
        literal = path.partition("{")[0]
        yield {
            "prefix": prefix,
            **_host(host),
            "url_path_prefix": f"/{literal}",
            "url_path_regex": path_regex(prefix),
            "url_surtkey_prefix": surt_prefix(host, literal),
            "judgement": value,
            "round": first,
            "pages": pages,
            "kept": kept,
        }


def path_regex(prefix: str) -> str:
    """RE2 over url_path that holds exactly where a page of the host lies under the prefix or template."""
    host, slash, path = prefix.partition("/")
    if not slash or not path:
        return "^"
    start = f"^(?:/[^/]*){{0,{PATTERN_DEPTH - 1}}}/" if host == EVERY else "^/"
    parts = [_PLACEHOLDERS.get(part) or _part_regex(part) for part in path.removesuffix("/").split("/")]
    return f"{start}{'/'.join(parts)}{'/' if path.endswith('/') else '(?:/|$)'}"


def _part_regex(part: str) -> str:
    return "[^/]*".join(map(re.escape, part.split(ANY)))


def surt_prefix(host: str, path: str) -> str:
    """Start of url_surtkey of every page below a host's path: it prunes row groups, as the index is sorted by it.

    A slash at the end is no part of a key, and arguments are sorted there: both are left out. Of hosts below a name it
    is the name alone, as their labels follow it; of a pattern over hosts nothing.
    """
    if host == EVERY:
        return ""
    if host.startswith(SUBDOMAINS):
        return ",".join(reversed(host.removeprefix(SUBDOMAINS).split("."))).lower()
    name = path.partition("?")[0].rstrip("/")
    return f"{surt_host(host)})/{name}".lower()
