"""`recall annotate`: push a round's tasks, answer them from a labels file, see what is open."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from annotation.answers import answer_from, concerns
from annotation.standing import standing_of
from annotation.step import conclude
from annotation.tasks import push, pushed
from recall.errors import BadInput, OutOfOrder
from recall.records import Done
from recall.run.jobs import disconnect
from recall.run.labels import read_labels
from recall.run.rounds import Round, Run


@contextmanager
def label_step(run: Run) -> Iterator[Round]:
    """Yield the round whose label step comes next, its tasks pushed, under the run's lease.

    Raises OutOfOrder when another step comes next, LeaseHeld when another driver is at work.
    """
    try:
        with run.lease():
            owner, name = run.next() or (run, "")
            if not isinstance(owner, Round) or name != "label":
                after = f"the next step is {name}" if name else "the run has ended"
                raise OutOfOrder(f"{run.store.root}: nothing to label now, {after}; see `recall status`")
            owner.begin("label")
            push(owner)
            yield owner
    finally:
        disconnect()


@click.group()
def annotate() -> None:
    """People in the loop: tasks out, answers in."""


@annotate.command("push")
@click.argument("run")
def push_tasks(run: str) -> None:
    """Write the tasks of the round that comes to its label step, once; called again it only counts them."""
    with label_step(Run.open(run)) as round_:
        click.echo(_line(round_))


@annotate.command("answer")
@click.argument("run")
@click.option("--from", "labels", required=True, metavar="LABELS", help="JSON lines or Parquet: url, label, use.")
def answer_tasks(run: str, labels: str) -> None:
    """Answer the round's tasks from a labels file and end the label step; pages it does not know stay unlabelled."""
    opened = Run.open(run)
    entries = read_labels(labels, opened.config.access)
    with label_step(opened) as round_:
        if not concerns(round_, entries):
            raise BadInput(f"{labels}: labels no page of this round's tasks and none under its prefixes; another file?")
        new = answer_from(round_, entries)
        ended = conclude(round_)
        click.echo(f"{new} new answers; {_line(round_)}")
    if isinstance(ended, Done):
        click.echo(", ".join(f"{name} {value}" for name, value in ended.counts.items()))


@annotate.command("status")
@click.argument("run")
def show_status(run: str) -> None:
    """Show how many tasks of each round are answered."""
    opened = Run.open(run)
    shown = 0
    for number in range(1, opened.config.run.rounds + 1):
        round_ = opened.round(number)
        if pushed(round_):
            click.echo(_line(round_))
            shown += 1
    if not shown:
        click.echo("no tasks yet: `recall annotate push` writes them when a round comes to its label step")


def _line(round_: Round) -> str:
    """State of a round's tasks on one line."""
    standing = standing_of(round_)
    tasks, left = standing.tasks, standing.open
    pages = sum(task.kind == "page" for task in left)
    state = "done" if round_.step("label").done else f"{pages} pages and {len(left) - pages} prefixes open"
    return f"round {round_.number}: {len(tasks) - len(left)} of {len(tasks)} tasks answered, {state}"
