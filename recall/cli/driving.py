"""Shared by the verbs that do steps: options of the cluster, the loop under the run's lease, its output."""

from collections.abc import Callable
from typing import Any

import click

from recall import loop
from recall.errors import Damaged
from recall.records import Done, Waiting
from recall.report.terminal_tables import print_ledger
from recall.retry import gaps_of
from recall.run.jobs import disconnect
from recall.run.ledger import ledger, unexplained
from recall.run.rounds import Run

RUN = click.argument("run", metavar="RUN")


def on_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where work runs."""
    for option in (
        click.option(
            "--failed-share",
            type=click.FloatRange(0, 1, max_open=True),
            help="Share of shards that may fail before a step gives up.",
        ),
        click.option("--workers", type=click.IntRange(0), help="Processes at work; 0 means one per core."),
        click.option(
            "--cluster",
            "--ray-address",
            "cluster",
            help='"here" (this process), "local" (Ray on this machine) or a Ray address.',
        ),
    ):
        command = option(command)
    return command


def open_run(
    root: str, cluster: str | None = None, workers: int | None = None, failed_share: float | None = None
) -> Run:
    """Open a run folder; options given here take the place of its [cluster] settings."""
    run = Run.open(root)
    given = {"address": cluster, "workers": workers, "failed_share": failed_share}
    changed = {key: value for key, value in given.items() if value is not None}
    if not changed:
        return run
    settings = type(run.config.cluster).model_validate({**run.config.cluster.model_dump(), **changed})
    return Run.open(root, run.config.access, settings)


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
