"""The verbs that begin a run: `recall init` and `recall demo`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from recall.apply.crawls import apply_run, left_out, origin_of
from recall.archive.manifest import resolve
from recall.cli.cluster_options import on_cluster
from recall.cli.stepping import RUN, drive, open_run
from recall.config import Config, dump_config, load_config, resolve_paths
from recall.demo import start_demo
from recall.errors import BadInput
from recall.report.round_figures import counts_of, measure
from recall.report.terminal_tables import print_rounds
from recall.run.inputs import pin_inputs
from recall.run.label_files import read_labels
from recall.run.rounds import Run

POSITIVE = click.IntRange(1)


@click.command()
@RUN
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings of the run (see config.example.toml); with --from: of its corpus and of where work runs.",
)
@click.option(
    "--from",
    "parent",
    help="RUN@ROUND or a release (also hf://): its model and accepted prefixes are applied to other crawls.",
)
@click.option("--crawl", "crawls", multiple=True, help="With --from: a crawl id; may be given several times.")
@click.option("--base", help="With --from: where the crawls lie (https, s3:// or a folder).")
@click.option("--limit", type=POSITIVE, help="With --from: only so many shards, a seeded sample.")
@click.option(
    "--target", default="", help="With --from: precision=0.8, recall=0.9, pages=0.049 or tokens=30e9 instead of theirs."
)
@click.option(
    "--audit", type=POSITIVE, help="With --from: so many pages are judged by people; they correct the threshold."
)
@click.option("--again", is_flag=True, help="With --from: keep pages that the parent's corpus holds, too.")
def init(run: str, config: Path | None, parent: str | None, **applied: Any) -> None:
    """Freeze the inputs of a new run into the folder RUN (a path or s3://bucket/key)."""
    if config is None and parent is None:
        raise BadInput(
            "init: give --config FILE, or --from RUN@ROUND or RELEASE to apply a trained round to other crawls"
        )
    if parent is None and any(applied.values()):
        raise BadInput(
            "init: --crawl, --base, --limit, --target, --audit and --again go with --from; a new run has its config"
        )
    settings = resolve_paths(load_config(config), config.absolute().parent) if config else None
    made = _new_run(run, settings or Config()) if parent is None else _applied_run(run, parent, settings, applied)
    click.echo(f"{made.store.root}: {len(made.shards)} shards, {made.config.run.rounds} round(s)")


def _applied_run(root: str, parent: str, settings: Config | None, given: Mapping[str, Any]) -> Run:
    origin = origin_of(parent, with_corpus=not given["again"], access=settings.access if settings else None)
    crawl = (settings if settings and "crawl" in settings.model_fields_set else origin.config).crawl
    limit = given["limit"]
    wanted = {"ids": given["crawls"] or None, "base": given["base"], "limit": limit, "sample": True if limit else None}
    changed = {key: value for key, value in wanted.items() if value is not None}
    if given["crawls"]:
        changed |= {"paths": (), "warcs": ()}
    crawl = type(crawl).model_validate({**crawl.model_dump(), **changed})
    made = apply_run(root, origin, crawl, settings, given["audit"] or 0, given["target"])
    for line in left_out(settings, made.config) if settings else ():
        click.echo(line)
    return made


def _new_run(root: str, given: Config) -> Run:
    config = pin_inputs(given)
    shards = resolve(config.crawl, config.access, config.run.seed, "wet" if config.scan.input == "text" else "warc")
    return Run.create(root, config, dump_config(config), shards)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("runs/demo"), show_default=True)
@click.option("--crawl", default="", help="A real crawl, for example CC-MAIN-2025-30, instead of the sample.")
@click.option("--shards", type=POSITIVE, default=1, show_default=True, help="With --crawl: WARC files to scan.")
@click.option("--people", is_flag=True, hidden=True, help="Annotators answer: for `recall annotate serve --demo`.")
@on_cluster
def demo(folder: Path, crawl: str, shards: int, people: bool, **cluster: Any) -> None:
    """Run three rounds on a sample crawl that comes with recall, and show what they found."""
    made = start_demo(folder, crawl, shards, people=people)
    opened = open_run(made.store.root, **cluster)
    if not drive(opened):
        return
    labels = opened.config.label.answers
    rows = read_labels(labels, opened.config.access) if labels else None
    rounds = [opened.round(number) for number in range(1, opened.config.run.rounds + 1)]
    print_rounds([(counts_of(round_), measure(round_, rows) if rows else None) for round_ in rounds])
    click.echo(f"corpus: {opened.store.url('corpus')}, digest {opened.digest()}")
