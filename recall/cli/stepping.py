"""The verbs that do steps of a run: `recall run`, `retry`, and each step by its own name."""

from typing import Any

import click

from recall import loop
from recall.cli import VERBS
from recall.cli.cluster_options import cluster_with, on_cluster
from recall.errors import Damaged
from recall.records import Done, Waiting
from recall.report.terminal_tables import print_ledger
from recall.retry import gaps_of, plan_retry
from recall.run.jobs import disconnect
from recall.run.ledger import ledger, unexplained
from recall.run.rewind import go_back
from recall.run.rounds import Run

RUN = click.argument("run", metavar="RUN")


def open_run(
    root: str, cluster: str | None = None, workers: int | None = None, failed_share: float | None = None
) -> Run:
    """Open a run folder; options given here take the place of its [cluster] settings."""
    run = Run.open(root)
    settings = cluster_with(run.config.cluster, cluster, workers, failed_share)
    return run if settings == run.config.cluster else Run.open(root, run.config.access, settings)


def say(name: str, result: Done | Waiting) -> None:
    """Print the result of a step."""
    if isinstance(result, Waiting):
        click.echo(f"{name}: waiting for people: {result.count} open tasks at {result.url}")
    else:
        click.echo(f"{name}: " + ", ".join(f"{key} {value}" for key, value in result.counts.items()))


def drive(run: Run) -> bool:
    """Do step after step under the run's lease; False when it waits for people."""
    try:
        with run.lease():
            for name, result in loop.drive(run):
                say(name, result)
                if isinstance(result, Waiting):
                    return False
    finally:
        disconnect()
    return True


def to_the_end(run: Run) -> None:
    """Do step after step; at the end print the ledger of shards and pages.

    Raises Damaged when a shard or a page of the run is accounted for nowhere.
    """
    if not drive(run):
        return
    entries = ledger(run)
    print_ledger(entries)
    for damage in unexplained(entries):
        raise Damaged(f"{run.store.url(damage.file)}: {damage.what}")
    gaps = [entry.position for entry in gaps_of(entries)]
    if gaps:
        where = ", ".join(position.folder for position in gaps)
        click.echo(f"{where}: shards could not be read; `recall retry --round {gaps[0].number}` takes them again")
    click.echo(f"{run.store.root}: done, digest {run.digest()}")


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
