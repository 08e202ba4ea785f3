"""What `recall score` and `recall extract` do with their options: inputs found, work done, rows shown or files told of.

Apart from `applying`, so that their help needs no reader of pages.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from recall.apply.page_lists import read_list
from recall.apply.portions import ArchivePortion, Input, Lookup, inputs_named, portions_of
from recall.apply.results import ACCOUNT, PARTS, Collected, Job, collect, stream
from recall.apply.resumable import FATE, Order, Work
from recall.apply.standard_input import NAME, spool
from recall.apply.targets import check_target, json_line
from recall.archive.manifest import COMMON_CRAWL, join
from recall.cli.cluster_options import cluster_with
from recall.config import AccessSection, ClusterSection, Config, load_config
from recall.errors import BadInput, Incomplete, printable
from recall.io import pinned
from recall.run.jobs import disconnect
from recall.run.progress_bar import progress
from recall.run.store import Store

INDEX = "cc-index/table/cc-main/warc/"
PORTION_SECONDS = 6 * 3600.0
"""What an archive may take: 40,000 pages at half a second each."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options that both verbs have."""

    inputs: tuple[str, ...]
    lists: tuple[str, ...]
    target: Path | None
    kind: str | None
    base: str | None
    index: str | None
    crawls: tuple[str, ...]
    url_column: str | None
    html_column: str
    text_column: str
    parts: str | None
    config: Path | None
    cluster: str | None
    workers: int | None
    failed_share: float | None


def settings_of(given: Given) -> Config:
    """[access] and [cluster]; without a config no input may fail, and an archive may take PORTION_SECONDS."""
    alone = ClusterSection(failed_share=0.0, shard_seconds=PORTION_SECONDS)
    config = load_config(given.config) if given.config else Config(cluster=alone)
    cluster = cluster_with(config.cluster, given.cluster, given.workers, given.failed_share)
    return config.model_copy(update={"cluster": cluster})


def run_over_pages(verb: str, given: Given, settings: Config, make: Callable[[AccessSection], Work]) -> None:
    """Do a verb. make: the work, once the inputs are there. Raises BadInput for options that do not fit."""
    if not given.inputs and not given.lists:
        raise BadInput(f"{verb}: give files, folders, archives, - (standard input) or --list FILE")
    with _inputs(verb, given, settings.access) as (inputs, extra):
        base = given.base or COMMON_CRAWL
        lookup = Lookup(base, given.index or join(base, INDEX), given.crawls)
        portions = portions_of(inputs, (given.url_column, given.html_column, given.text_column), lookup)
        if not portions:
            raise BadInput(f"{verb}: the inputs hold no file and no row")
        work = make(settings.access)
        root = given.parts or f"{given.target}{PARTS}"
        job = Job(verb, Order(Store(root, settings.access), settings.access, work), portions, settings.cluster, extra)
        if given.target is None:
            _show(job)
            return
        check_target(given.target, work.schema)
        try:
            _tell(given.target, collect(job, given.target))
        finally:
            disconnect()


@contextmanager
def _inputs(verb: str, given: Given, access: AccessSection) -> Iterator[tuple[list[Input], tuple[str, ...]]]:
    """All inputs in order, and digests of what their names do not tell."""
    with TemporaryDirectory(prefix="recall-stdin-") as folder:
        inputs: list[Input] = []
        digests: list[str] = []
        if given.inputs.count(NAME) > 1 or (NAME in given.inputs and given.cluster not in (None, "here", "local")):
            raise BadInput(f"{verb}: standard input is read once, and on this machine only")
        for name in given.inputs:
            if name == NAME:
                spooled, digest = spool(sys.stdin.buffer, Path(folder), given.kind or "")
                inputs.append(spooled)
                digests.append(digest)
            else:
                inputs += inputs_named([pinned(name, access)], verb)
        for source in given.lists:
            inputs += read_list(pinned(source, access), access)
        yield inputs, tuple(digests)


def _show(job: Job) -> None:
    """Rows on standard output; what is no page, and why, on stderr. Raises Incomplete when an input failed."""
    if job.cluster.address != "here":
        raise BadInput(f"{job.verb}: --cluster needs --to FILE, where the results go")
    failed: list[tuple[str, str]] = []
    skipped: dict[str, Counter[str]] = {}
    pairs = stream(job, failed)
    shown = sys.stderr.isatty() and not sys.stdout.isatty()
    for portion, row in progress(pairs, None, job.verb, "pages") if shown else pairs:
        if row["skip"] and isinstance(portion, ArchivePortion):
            skipped.setdefault(portion.path, Counter()).update([row["skip"]])
        elif row["skip"]:
            click.echo(f"recall: {printable(row['listed'] or row['path'])}: skipped: {row['skip']}", err=True)
        elif not row["failure"]:
            line = {name: value for name, value in row.items() if name not in FATE}
            click.echo(json_line(line), nl=False)
    for name, counts in skipped.items():
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
        click.echo(f"recall: {printable(name)}: skipped records: {reasons}", err=True)
    for name, reason in failed:
        if len(failed) > 1:
            click.echo(f"recall: {reason if name in reason else f'{name}: {reason}'}", err=True)
    if failed:
        (name, reason), count = failed[0], "1 input" if len(failed) == 1 else f"{len(failed):,} inputs"
        raise Incomplete(f"{job.verb}: {count} failed; first: {name}: {reason.removeprefix(f'{name}: ')}")


def _tell(target: Path, done: Collected) -> None:
    """One line about what was written."""
    total = sum(done.inputs.values())
    fates = ", ".join(f"{count:,} {fate}" for fate, count in done.inputs.items())
    rate = "" if done.resumed or not done.seconds else f", {done.pages / done.seconds:,.1f} pages/s"
    account = target.with_name(target.name + ACCOUNT)
    click.echo(f"{target}: {done.pages:,} pages of {total:,} inputs ({fates}; {account}){rate}")
