"""The verb `recall report`: the run's page with plots; where a round errs, on a terminal or as one JSON object."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

import click
from rich.console import Console

from recall.corpus.text_sample import sample_corpus
from recall.errors import BadInput, OutOfOrder
from recall.report.mistakes import Mistake, Push, WorstErrors, shown, worst_errors
from recall.report.round_figures import Share
from recall.report.terminal_tables import print_table, share_text
from recall.run.jobs import disconnect
from recall.run.label_files import read_labels
from recall.run.rounds import Run

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
GROUPS = ("pages", "positive", "precision", "found")
DRAWS = ("matplotlib", "sklearn", "jinja2")


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--round", "number", type=int, help="The round; by default the last one that was trained.")
@click.option("--count", default=20, show_default=True, help="Worst pages of each kind.")
@click.option("--measure", "labels", help="Labels file (url, label): pages of held-out hosts measure each round.")
@click.option("--share", type=SHARE, help="With --measure: share of code pages; by default the crawl's, as estimated.")
@click.option("--beside", help="A corpus to compare with: a run, or a file or folder of Parquet, JSON lines, WET.")
@click.option("--text-column", default="text", show_default=True, help="With --beside: its column of texts.")
@click.option("--pages/--no-pages", default=True, show_default=True, help="Write RUN/report/, a page with plots.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def report(run: str, number: int | None, count: int, pages: bool, as_json: bool, **measured: Any) -> None:
    """Write RUN/report/index.html; show where a round errs on held-out hosts, by language, kind and page."""
    opened = Run.open(run)
    if measured["share"] is not None and not measured["labels"]:
        raise BadInput("report: --share goes with --measure LABELS")
    if measured["beside"] is not None and not pages:
        raise BadInput("report: --beside draws on the page with plots: leave --no-pages out")
    rounds = range(1, opened.config.run.rounds + 1)
    trained = [each for each in rounds if opened.round(each).step("train").done]
    applied = opened.parent is not None
    if not applied and not trained:
        raise OutOfOrder(f"{opened.store.root}: no round of this run was trained here; there are no errors to show")
    errors = None if applied else worst_errors(opened.round(number or trained[-1]), count)
    where, compared = _write(opened, errors, **measured) if pages else ("", {})
    if as_json:
        click.echo(json.dumps({**(asdict(errors) if errors else {}), **compared, "report": where}, sort_keys=True))
        return
    if errors is not None:
        print_groups("language", errors.languages)
        print_groups("place", errors.places)
        print_mistakes(errors)
    if where:
        click.echo(f"report: {where}")


def _write(
    run: Run,
    errors: WorstErrors | None,
    labels: str | None,
    share: float | None,
    beside: str | None,
    text_column: str,
) -> tuple[str, dict[str, object]]:
    """Write the report's folder; returns the URL of its page, and what --json says of a corpus beside the run's.

    Raises BadInput where a library that draws is missing, OutOfOrder where there is no corpus to compare.
    """
    if missing := [name for name in DRAWS if find_spec(name) is None]:
        raise BadInput(f"report: {missing[0]} is not installed: pip install 'recall[report]', or add --no-pages")
    from recall.report.assemble import assemble  # noqa: PLC0415 - other verbs need neither matplotlib nor scikit-learn
    from recall.report.comparison import OtherCorpus, summary  # noqa: PLC0415
    from recall.report.html_page import write_report  # noqa: PLC0415

    if beside is not None and not run.step("corpus").done:
        raise OutOfOrder(f"{run.store.root}: the corpus is not built yet, so --beside has nothing to compare")
    rows = read_labels(labels, run.config.access) if labels else []
    settings = run.config
    try:
        other = None
        if beside is not None:
            sample = sample_corpus(beside, text_column, settings.run.seed, settings.access, settings.cluster)
            other = OtherCorpus(beside, sample)
        written = assemble(run, rows, errors, share, other)
        return write_report(run.store, written), summary(written.figures)
    finally:
        disconnect()


def print_groups(name: str, groups: Mapping[str, Share]) -> None:
    """Print a table of groups, those with a positive page."""
    rows = [
        (group or "?", f"{share.pages:,}", f"{share.positive:,}", share_text(share.precision), share_text(share.found))
        for group, share in groups.items()
        if share.positive
    ]
    print_table(f"labelled held-out pages by {name}", (name, *GROUPS), rows)


def print_mistakes(errors: WorstErrors) -> None:
    """Print each page with what pushed its score up and down."""
    console = Console(markup=False, highlight=False, soft_wrap=True)
    console.print(f"round {errors.round}: {errors.pages:,} labelled pages, threshold {errors.threshold:.3f}\n")
    for mistake in errors.mistakes:
        console.print(_line(mistake))
        console.print(f"    + {_pushes(mistake.towards)}")
        console.print(f"    - {_pushes(mistake.against)}")


def _line(mistake: Mistake) -> str:
    doubt = ", label suspect" if mistake.suspect else ""
    return (
        f"{mistake.kind} {mistake.score:.3f} (labelled {shown(mistake.label)}{doubt}) {mistake.language or '?'} "
        f"{mistake.place} {shown(mistake.url)}"
    )


def _pushes(pushes: tuple[Push, ...]) -> str:
    return "  ".join(f"{shown(push.name).replace(' ', '_')} {push.contribution:+.2f}" for push in pushes) or "nothing"
