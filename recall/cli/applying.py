"""The verbs `recall score` and `recall extract`: a model, or the extractor, over pages wherever they lie."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from recall.apply.extracts import Extraction
from recall.apply.page_lists import read_list
from recall.apply.portions import ArchivePortion, Input, Lookup, inputs_named, portions_of
from recall.apply.results import ACCOUNT, PARTS, Collected, Job, collect, stream
from recall.apply.resumable import FATE, Order, Work
from recall.apply.scores import Scoring, named_models
from recall.apply.standard_input import KINDS, NAME, spool
from recall.apply.targets import check_target, json_line
from recall.archive.manifest import COMMON_CRAWL, join
from recall.cli.cluster_options import cluster_with, on_cluster
from recall.config import AccessSection, ClusterSection, Config, load_config
from recall.errors import BadInput, Incomplete, printable
from recall.run.jobs import disconnect
from recall.run.progress_bar import progress
from recall.run.store import Store

INDEX = "cc-index/table/cc-main/warc/"


@dataclass(frozen=True, slots=True)
class Given:
    """The options that both verbs have."""

    inputs: tuple[str, ...]
    lists: tuple[str, ...]
    target: Path | None
    kind: str | None
    base: str
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


def over_pages(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the inputs and options that say which pages, and where the results go."""
    text = click.Path(path_type=Path)
    for add in (
        click.option("--config", type=text, help="Take [access] and [cluster] from this config.toml."),
        click.option(
            "--parts", help="Where parts lie until --to is whole: on a cluster a folder or s3:// that all see."
        ),
        click.option("--text-column", default="text", show_default=True, help="Of text, in Parquet and JSON lines."),
        click.option("--html-column", default="html", show_default=True, help="Of HTML, which goes before text."),
        click.option("--url-column", help="Of URLs; by default `url`, where there is one."),
        click.option(
            "--crawl",
            "crawls",
            multiple=True,
            help="With --list: the crawl to look URLs up in; may be given several times.",
        ),
        click.option("--index", help="With --list: where the URL index lies, by default below --base."),
        click.option("--base", default=COMMON_CRAWL, show_default=True, help="With --list: where WARC paths lie."),
        click.option(
            "--as",
            "kind",
            type=click.Choice(list(KINDS)),
            help="What standard input (-) is; by default its first bytes say.",
        ),
        click.option(
            "--to",
            "target",
            type=text,
            help="A new file or folder for the results; its name says the format. A killed call goes on when repeated.",
        ),
        click.option(
            "--list",
            "lists",
            multiple=True,
            help="A list: a URL a line, `path offset length` a line, or rows of a URL index (.csv, .jsonl, .parquet).",
        ),
        click.argument("inputs", nargs=-1, metavar="[INPUT]..."),
    ):
        command = add(command)
    return on_cluster(command)


@click.command()
@over_pages
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("shipped",),
    help="A model folder, for example RUN/rounds/3/train, or NAME=FOLDER; several give a column each. Else recall's own.",
)
@click.option("--warc", "warcs", multiple=True, help="A WARC (path or URL), as it may also be given among the inputs.")
def score(models: tuple[str, ...], warcs: tuple[str, ...], inputs: tuple[str, ...], **options: Any) -> None:
    """Score pages: HTML files, folders, WARC, WET, Parquet, JSON lines, lists of URLs."""
    given = Given(inputs=(*inputs, *warcs), **options)
    settings = _settings(given)
    _run("score", given, settings, lambda: Scoring(named_models(models, settings.access), settings.access))


@click.command()
@over_pages
def extract(**options: Any) -> None:
    """Extract pages as Markdown with exact code: files, JSON lines, Parquet or a WARC of texts."""
    given = Given(**options)
    _run("extract", given, _settings(given), Extraction)


def _settings(given: Given) -> Config:
    """[access] and [cluster]; without a config no input may fail."""
    config = load_config(given.config) if given.config else Config(cluster=ClusterSection(failed_share=0.0))
    cluster = cluster_with(config.cluster, given.cluster, given.workers, given.failed_share)
    return config.model_copy(update={"cluster": cluster})


def _run(verb: str, given: Given, settings: Config, make: Callable[[], Work]) -> None:
    if not given.inputs and not given.lists:
        raise BadInput(f"{verb}: give files, folders, archives, - (standard input) or --list FILE")
    with _inputs(verb, given, settings.access) as (inputs, extra):
        lookup = Lookup(given.base, given.index or join(given.base, INDEX), given.crawls)
        portions = portions_of(inputs, (given.url_column, given.html_column, given.text_column), lookup)
        if not portions:
            raise BadInput(f"{verb}: the inputs hold no file and no row")
        work = make()
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
                inputs += inputs_named([name], verb)
        for source in given.lists:
            inputs += read_list(source, access)
        yield inputs, tuple(digests)


def _show(job: Job) -> None:
    """Rows on standard output; what is no page, and why, on stderr. Raises Incomplete when an input failed."""
    if job.cluster.address != "here":
        raise BadInput(f"{job.verb}: --cluster needs --to FILE, where the results go")
    failed: dict[str, str] = {}
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
    for name, reason in failed.items():
        if len(failed) > 1:
            click.echo(f"recall: {reason if name in reason else f'{name}: {reason}'}", err=True)
    if failed:
        name, reason = next(iter(failed.items()))
        raise Incomplete(f"{job.verb}: {len(failed)} inputs failed; first: {name}: {reason.removeprefix(f'{name}: ')}")


def _tell(target: Path, done: Collected) -> None:
    """One line about what was written."""
    total = sum(done.inputs.values())
    fates = ", ".join(f"{count:,} {fate}" for fate, count in done.inputs.items())
    rate = "" if done.resumed or not done.seconds else f", {done.pages / done.seconds:,.1f} pages/s"
    account = target.with_name(target.name + ACCOUNT)
    click.echo(f"{target}: {done.pages:,} pages of {total:,} inputs ({fates}; {account}){rate}")
