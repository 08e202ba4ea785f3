"""The verb `recall report`: where a round errs, on a terminal or as one JSON object."""

import json
from collections.abc import Mapping
from dataclasses import asdict

import click
from rich.console import Console

from recall.errors import OutOfOrder
from recall.report.errors import Errors, Mistake, Push, errors_of_round, shown
from recall.report.rounds import Share
from recall.report.tables import print_table, share_text
from recall.run.rounds import Run

GROUPS = ("pages", "positive", "precision", "found")


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--round", "number", type=int, help="The round; the last one that was trained when left out.")
@click.option("--count", default=20, show_default=True, help="Worst pages of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def report(run: str, number: int | None, count: int, as_json: bool) -> None:
    """Show where a round errs on held-out hosts: by language and kind of place, and the worst pages with tokens."""
    opened = Run.open(run)
    trained = [one for one in range(1, opened.config.run.rounds + 1) if opened.round(one).step("train").done]
    if not trained or opened.parent is not None:
        raise OutOfOrder(f"{opened.store.root}: no round of this run was trained here; there are no errors to show")
    found = errors_of_round(opened.round(number or trained[-1]), count)
    if as_json:
        click.echo(json.dumps(asdict(found), sort_keys=True))
        return
    print_groups("language", found.languages)
    print_groups("place", found.places)
    print_mistakes(found)


def print_groups(name: str, groups: Mapping[str, Share]) -> None:
    """Print a table of groups, those with a positive page."""
    rows = [
        (group or "?", f"{one.pages:,}", f"{one.positive:,}", share_text(one.precision), share_text(one.found))
        for group, one in groups.items()
        if one.positive
    ]
    print_table(f"judged pages of held-out hosts by {name}", (name, *GROUPS), rows)


def print_mistakes(found: Errors) -> None:
    """Print each page with what pushed its score up and down."""
    console = Console(markup=False, highlight=False, soft_wrap=True)
    console.print(f"round {found.round}: {found.pages:,} judged pages, threshold {found.threshold:.3f}\n")
    for mistake in found.mistakes:
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
