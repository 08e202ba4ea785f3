"""`recall annotate`: tasks out to annotators, answers back, from Label Studio or a labels file; see what is open."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from annotation.answers import answer_from, concerns, read_history
from annotation.judging import judge_tasks
from annotation.label_state import LabelState, label_state, label_state_of
from annotation.label_step import conclude, talk
from annotation.progress_lines import progress_lines, state_line
from annotation.studio import TOKEN_VARIABLE, URL_VARIABLE, studio_settings
from annotation.studio.local import default_venv, install, serve
from annotation.tasks import push, pushed
from recall.errors import BadInput, Incomplete, OutOfOrder
from recall.records import Done, Waiting
from recall.run import Round, Run, disconnect, read_labels

FOLDER = "The server's database, files and login."
POLL_SECONDS = 30.0
"""Time between two looks at a server that annotators are working on."""


@contextmanager
def open_label_step(run: Run) -> Iterator[Round]:
    """Yield the round whose label step comes next, its tasks pushed and judged, under the run's lease.

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
            judge_tasks(owner)
            yield owner
    finally:
        disconnect()


@click.group()
def annotate() -> None:
    """People in the loop: tasks out, answers in."""


@annotate.command("setup")
@click.argument("run")
def set_up_projects(run: str) -> None:
    """Make RUN's projects in Label Studio, or find them and put their screens right."""
    from annotation.studio.projects import address_of  # noqa: PLC0415
    from annotation.studio.sync import open_connection  # noqa: PLC0415 - the other verbs work without its library

    opened = Run.open(run)
    lines: list[str] = []
    with opened.lease():
        connection = open_connection(opened.round(1), lines)
    for line in lines:
        click.echo(line)
    for name, project in connection.projects.items():
        click.echo(f"{name}: {address_of(connection.studio, project)}")


@annotate.command("push")
@click.argument("run")
def push_tasks(run: str) -> None:
    """Write the tasks of the round that comes to its label step, and put those that are missing into Label Studio."""
    opened = Run.open(run)
    with open_label_step(opened) as round_:
        state = label_state_of(round_)
        if studio_settings(opened.config):
            state, url = talk(state, click.echo)
            click.echo(f"tasks are at {url}")
        click.echo(state_line(state))


@annotate.command("pull")
@click.argument("run")
def pull_answers(run: str) -> None:
    """Bring the answers from Label Studio, and end the label step when all is answered and decided."""
    with open_label_step(Run.open(run)) as round_:
        state, url = talk(label_state_of(round_), click.echo)
        _end(conclude(state, url))
        click.echo(state_line(state))


@annotate.command("wait")
@click.argument("run")
@click.option("--until", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="Share of tasks answered.")
@click.option("--minutes", type=click.FloatRange(0), help="Give up after so long; without it, never.")
def wait_for_answers(run: str, until: float, minutes: float | None) -> None:
    """Pull again and again until the label step ends, or the share of tasks is answered."""
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    for state, ended in _polls(run, "{line}"):
        if isinstance(ended, Done) or state.share_answered >= until:
            _end(ended)
            return
        if deadline is not None and time.monotonic() >= deadline:
            done = f"{state.share_answered:.0%} of the tasks answered after {minutes:g} minutes"
            raise Incomplete(f"{run}: {done}; wait again to go on")


def _polls(run: str, pattern: str) -> Iterator[tuple[LabelState, Done | Waiting]]:
    """Pull answers and end the label step where it can end, every POLL_SECONDS.

    pattern: what is printed when the state has changed, with {line} and {url}.
    """
    opened = Run.open(run)
    last = ""
    while True:
        with open_label_step(opened) as round_:
            state, url = talk(label_state_of(round_), click.echo)
            ended, line = conclude(state, url), state_line(state)
        if line != last:
            click.echo(pattern.format(line=line, url=url))
            last = line
        yield state, ended
        time.sleep(POLL_SECONDS)


@annotate.command("serve")
@click.argument("run", required=False)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("runs/studio"), show_default=True, help=FOLDER)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="On this machine only.")
@click.option("--demo", is_flag=True, help="RUN is a demo run in runs/people, made where it is missing.")
@click.pass_context
def serve_studio(ctx: click.Context, run: str | None, folder: Path, port: int, demo: bool) -> None:
    """Run a Label Studio on this machine (installed on first use) and bring RUN's tasks there and the answers back."""
    if demo:
        run = _demo_run(ctx, Path("runs/people"))
    environment = default_venv()
    click.echo(f"Label Studio lives in {environment}; on first use it is installed: 1 GB, some minutes")
    if install(environment):
        click.echo("installed")
    signal.signal(signal.SIGTERM, _interrupted)  # the server would outlive this process
    with serve(folder, environment, port) as local:
        os.environ[URL_VARIABLE] = local.url
        os.environ[TOKEN_VARIABLE] = local.login.token
        click.echo(f"\n  {local.url}\n  e-mail {local.login.email}  password {local.login.password}\n")
        click.echo(f"other verbs reach it with {URL_VARIABLE}={local.url} {TOKEN_VARIABLE}=$(cat {folder}/token)")
        try:
            if run:
                _stay_with(run)
            local.process.wait()
        except KeyboardInterrupt:
            click.echo("stopped; the answers stay, start it again to go on")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _demo_run(ctx: click.Context, folder: Path) -> str:
    """Bring a run on the sample crawl to its first label step, by the verb `recall demo`; returns its folder."""
    root = ctx.find_root()
    demo = root.command.get_command(root, "demo") if isinstance(root.command, click.Group) else None
    if demo is None:
        raise BadInput("--demo: call it as `recall annotate serve --demo`")
    ctx.invoke(demo, folder=folder, people=True)
    return str(folder / "run")


def _stay_with(run: str) -> None:
    """Pull as long as a run's label step lasts."""
    for _, ended in _polls(run, "{line}; tasks at {url}"):
        if isinstance(ended, Done):
            _end(ended)
            click.echo(f"every task is answered: `recall run {run}` goes on; Ctrl-C stops the server")
            return


def _end(ended: Done | Waiting) -> None:
    if isinstance(ended, Done):
        click.echo(", ".join(f"{name} {value}" for name, value in ended.counts.items()))


@annotate.command("answer")
@click.argument("run")
@click.option("--from", "labels", required=True, metavar="LABELS", help="JSON lines or Parquet: url, label, use.")
def answer_tasks(run: str, labels: str) -> None:
    """Answer the round's tasks from a labels file and end the label step; pages it does not know stay unlabelled."""
    opened = Run.open(run)
    entries = read_labels(labels, opened.config.access)
    with open_label_step(opened) as round_:
        history = read_history(round_)
        if not concerns(history, entries):
            raise BadInput(f"{labels}: labels no page of this round's tasks and none under its prefixes; another file?")
        history, fresh = answer_from(history, entries)
        state = label_state(history)
        ended = conclude(state)
        click.echo(f"{len(fresh)} new answers; {state_line(state)}")
    _end(ended)


@annotate.command("end")
@click.argument("run")
def end_round(run: str) -> None:
    """End the label step with the answers that are there; tasks that are open or undecided get no label."""
    opened = Run.open(run)
    with open_label_step(opened) as round_:
        state = label_state_of(round_)
        if studio_settings(opened.config):
            state, _ = talk(state, click.echo)
        ended = conclude(state, now=True)
        click.echo(state_line(state))
    _end(ended)


@annotate.command("quality")
@click.argument("run")
def score_quality(run: str) -> None:
    """Put the pages that `recall quality ask` drew into Label Studio, and bring back the scores people gave so far."""
    from annotation.quality_scores import synchronise_scores  # noqa: PLC0415 - the other verbs work without its library

    opened = Run.open(run)
    with opened.lease():
        for line in synchronise_scores(opened):
            click.echo(line)


@annotate.command("status")
@click.argument("run")
def show_status(run: str) -> None:
    """Show what is answered and left in each round, at what pace, and how annotators agree."""
    opened = Run.open(run)
    rounds = [opened.round(number) for number in range(1, opened.config.run.rounds + 1)]
    asked = [round_ for round_ in rounds if pushed(round_)]
    if not asked:
        click.echo("no tasks yet: `recall annotate push` writes them when a round comes to its label step")
        return
    history = read_history(asked[-1])
    for round_ in asked:
        state = label_state(replace(history, round=round_))
        click.echo(state_line(state))
        for line in progress_lines(state):
            click.echo(line)
