"""The verbs that do steps of a run: `recall run`, `retry`, and each step by its own name."""

from typing import Any

import click

from recall import loop
from recall.cli import VERBS
from recall.cli.driving import RUN, on_cluster, open_run, say, to_the_end
from recall.retry import plan_retry
from recall.run.jobs import disconnect
from recall.run.rewind import go_back
from recall.run.rounds import Run


@click.command()
@RUN
@on_cluster
def run(run: str, **cluster: Any) -> None:
    """Do the next step again and again, until the corpus is built or people are needed."""
    to_the_end(open_run(run, **cluster))


def step_verb(name: str) -> click.Command:
    """Make the verb that does a single step, if that is the next step of the run."""

    @click.command(name, help=VERBS[name][1])
    @RUN
    @on_cluster
    def step(run: str, **cluster: Any) -> None:
        opened = open_run(run, **cluster)
        try:
            with opened.lease():
                done = loop.advance(opened, only=name)
        finally:
            disconnect()
        if done is None:
            click.echo(f"{name}: the run has ended; nothing to do")
        else:
            say(*done)

    return step


seed = step_verb("seed")
train = step_verb("train")
scan = step_verb("scan")
domains = step_verb("domains")
harvest = step_verb("harvest")
build = step_verb("build")


@click.command()
@RUN
@click.option(
    "--round",
    "number",
    type=click.IntRange(0),
    help="Go back to the failed shards of this round (0: of the seed); by default to those of the last one begun.",
)
@on_cluster
def retry(run: str, number: int | None, **cluster: Any) -> None:
    """Take the failed shards again, do again what followed from their absence, and go on to the end."""
    opened = open_run(run, **cluster)
    with opened.lease():
        _go_back(opened, number)
    to_the_end(open_run(run, **cluster))


def _go_back(run: Run, number: int | None) -> None:
    """Go back to the first step with failed shards of a round, and print what that means."""
    planned = plan_retry(run, number)
    for entry in planned.earlier:
        failed = sum(entry.shards.failed.values())
        click.echo(
            f"{entry.position.folder}: {failed} failed; `recall retry --round {entry.position.number}` goes back there"
        )
    if planned.gap is None:
        return
    account = planned.gap.shards
    failed = sum(account.failed.values())
    click.echo(f"{planned.gap.position.folder}: {failed} failed are taken again ({account.reasons()})")
    if planned.again:
        click.echo(f"done again: {', '.join(planned.again)}; what people answered stays")
    go_back(run, planned.gap.position)
