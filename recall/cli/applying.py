"""The verbs `recall score` and `recall extract`: their inputs and options."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recall import kernels
from recall.cli.cluster_options import on_cluster

if TYPE_CHECKING:
    from recall.apply.extracts import Extraction
    from recall.apply.scores import Scoring
    from recall.config import AccessSection

_PLAIN_BYTES = 1_000_000
"""Bytes of HTML that are read without compiled code in the half a second that loading it takes."""

KINDS = ("html", "warc", "wet", "jsonl", "parquet")
"""Kinds of standard input."""


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
        click.option("--base", help="With --list: where WARC paths lie; else Common Crawl's own place."),
        click.option(
            "--as",
            "kind",
            type=click.Choice(KINDS),
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
    show_default=True,
    help="A model folder, for example RUN/rounds/3/train, or NAME=FOLDER; several give a column each.",
)
@click.option("--warc", "warcs", multiple=True, help="A WARC (path or URL), as it may also be given among the inputs.")
def score(models: tuple[str, ...], warcs: tuple[str, ...], inputs: tuple[str, ...], **options: Any) -> None:
    """Score pages: HTML files, folders, WARC, WET, Parquet, JSON lines, lists of URLs."""
    from recall.cli.page_verbs import Given, run_over_pages, settings_of  # noqa: PLC0415 - help needs no reader of pages

    def scoring(access: "AccessSection") -> "Scoring":
        from recall.apply.scores import Scoring, named_models  # noqa: PLC0415 - inputs are looked at first

        return Scoring(named_models(models, access), access)

    given = Given(inputs=(*inputs, *warcs), **options)
    with kernels.plainly() if _few_pages(given.inputs, options["lists"]) else nullcontext():
        run_over_pages("score", given, settings_of(given), scoring)


def _few_pages(inputs: tuple[str, ...], lists: tuple[str, ...]) -> bool:
    """Whether all is a few HTML files of this machine, which are scored before compiled code would be loaded."""
    files = [Path(name) for name in inputs]
    if lists or not all(file.suffix in {".html", ".htm"} and file.is_file() for file in files):
        return False
    return sum(file.stat().st_size for file in files) <= _PLAIN_BYTES


@click.command()
@over_pages
def extract(**options: Any) -> None:
    """Extract pages as Markdown with exact code: files, JSON lines, Parquet or a WARC of texts."""
    from recall.cli.page_verbs import Given, run_over_pages, settings_of  # noqa: PLC0415 - as above

    def extraction(_access: "AccessSection") -> "Extraction":
        from recall.apply.extracts import Extraction  # noqa: PLC0415 - as above

        return Extraction()

    given = Given(**options)
    run_over_pages("extract", given, settings_of(given), extraction)
