"""The command `recall`: one verb per step and per question; verbs of other rooms come by entry points.

Errors are one line on stderr and a distinct exit code (see `recall.errors`). A wait for people is no error: exit 0.
"""

import json
import sys
import traceback
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

import recall
from recall import loop
from recall.apply.crawls import apply_run, origin_of
from recall.archive.manifest import resolve
from recall.archive.warc import captures
from recall.cli.driving import RUN, drive, on_cluster, open_run, say, to_the_end
from recall.cli.reporting import report
from recall.cli.sharing import diff, export, release
from recall.config import Config, dump_config, load_config, resolve_paths
from recall.corpus.lineage import check_lineage
from recall.demo import start_demo
from recall.errors import BadInput, Damaged, RecallError, Transient, of_the_machine
from recall.labels.audit import audit
from recall.labels.examples import OTHER_LABEL
from recall.model.scorer import Scorer
from recall.model.scorer.thresholds import threshold_for
from recall.page.text import scoring_text
from recall.plan import plan
from recall.report.ledger_table import ledger_json, print_failing, print_ledger
from recall.report.round_figures import counts_of, done_steps, measure
from recall.report.terminal_tables import print_audits, print_rounds, print_steps
from recall.retry import retry
from recall.run.jobs import disconnect
from recall.run.label_files import read_labels
from recall.run.last_failures import read_failing
from recall.run.ledger import ledger, unexplained
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from recall.run.sampling import batches

SCORE_BATCH = 64
COUNT, POSITIVE = click.IntRange(0), click.IntRange(1)
AUDIT_SHARDS = 1_000
"""Shards up to which `recall status` reads every row of every round to estimate from audit samples."""


class Verbs(click.Group):
    """The group of verbs, those of installed rooms included."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in alphabetical order."""
        return sorted({*super().list_commands(ctx), *(entry.name for entry in entry_points(group="recall.commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Look a verb up here, then among the entry points."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for entry in entry_points(group="recall.commands", name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(recall.__version__, prog_name="recall")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def verbs(quiet: bool) -> None:
    """Recall code-related web pages from Common Crawl, in rounds that people steer."""
    silence(quiet)


@verbs.command()
@RUN
@click.option("--config", type=click.Path(path_type=Path), help="Settings of the run (see config.example.toml).")
@click.option(
    "--from", "parent", help="RUN@ROUND or a release: its model and accepted prefixes are applied to other crawls."
)
@click.option("--crawl", "crawls", multiple=True, help="With --from: a crawl id; may be given several times.")
@click.option("--base", help="With --from: where the crawls lie (https, s3:// or a folder).")
@click.option("--limit", type=POSITIVE, help="With --from: only so many shards, a seeded sample.")
def init(
    run: str, config: Path | None, parent: str | None, crawls: tuple[str, ...], base: str | None, limit: int | None
) -> None:
    """Freeze the inputs of a new run into the folder RUN (a path or s3://bucket/key)."""
    if config is None and parent is None:
        raise BadInput(
            "init: give --config FILE, or --from RUN@ROUND or RELEASE to apply a trained round to other crawls"
        )
    if parent is None and (crawls or base or limit):
        raise BadInput("init: --crawl, --base and --limit go with --from; a new run's crawl stands in its config")
    settings = resolve_paths(load_config(config), config.absolute().parent) if config else None
    if parent is None:
        made = _new_run(run, settings or Config())
    else:
        origin = origin_of(parent)
        crawl = (settings or origin.config).crawl
        given = {"ids": crawls or None, "base": base, "limit": limit, "sample": True if limit else None}
        changed = {key: value for key, value in given.items() if value is not None}
        if crawls:
            changed |= {"paths": (), "warcs": ()}
        made = apply_run(run, origin, type(crawl).model_validate({**crawl.model_dump(), **changed}), settings)
    click.echo(f"{made.store.root}: {len(made.shards)} shards, {made.config.run.rounds} round(s)")


def _new_run(root: str, config: Config) -> Run:
    shards = resolve(config.crawl, config.access, config.run.seed, "wet" if config.scan.input == "text" else "warc")
    return Run.create(root, config, dump_config(config), shards)


@verbs.command()
@RUN
@on_cluster
def run(run: str, cluster: str | None, workers: int | None, failed_share: float | None) -> None:
    """Do the next step again and again, until the corpus is built or people are needed."""
    to_the_end(open_run(run, cluster, workers, failed_share))


def _step_verb(name: str, sentence: str) -> None:
    @verbs.command(name=name, help=sentence)
    @RUN
    @on_cluster
    def step(run: str, cluster: str | None, workers: int | None, failed_share: float | None) -> None:
        opened = open_run(run, cluster, workers, failed_share)
        try:
            with opened.lease():
                done = loop.advance(opened, only=name)
        finally:
            disconnect()
        if done is None:
            click.echo(f"{name}: the run has ended; nothing to do")
        else:
            say(*done)


for _name, _sentence in (
    ("seed", "Collect the first examples, if that is the next step of RUN."),
    ("train", "Train the next round's model, if that is the next step of RUN."),
    ("scan", "Score every page of every shard, if that is the next step of RUN."),
    ("domains", "Find code domains and propose URL prefixes, if that is the next step of RUN."),
    ("harvest", "Collect the pages that the model missed under accepted prefixes, if that is the next step of RUN."),
    ("build", "Extract and write the corpus, if that is the next step of RUN."),
):
    _step_verb(_name, _sentence)


@verbs.command()
@RUN
@click.option("--measure", "labels", help="Labels file (url, label): add what each round finds of its code pages.")
@click.option("--audit", "audited", is_flag=True, help="Estimate from audit samples however many shards there are.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def status(run: str, labels: str | None, audited: bool, as_json: bool) -> None:
    """Show rounds, steps, counts and what comes next."""
    opened = Run.open(run)
    rows = read_labels(labels, opened.config.access) if labels else None
    rounds = []
    for number in range(1, opened.config.run.rounds + 1):
        round_ = opened.round(number)
        if round_.sealed and opened.parent is None:
            rounds.append((counts_of(round_), measure(round_, rows) if rows else None))
    audited = audited or len(opened.shards) <= AUDIT_SHARDS
    audits = [(counts.round, audit(opened.round(counts.round)) if audited else None) for counts, _ in rounds]
    if as_json:
        record = _status_json(opened, rounds)
        for row, (_, estimate) in zip(record["rounds"], audits, strict=True):
            row["audit"] = asdict(estimate) if estimate else None
        click.echo(json.dumps(record, sort_keys=True))
        return
    upcoming = opened.next()
    print_steps(done_steps(opened), loop.where(*upcoming) if upcoming else "")
    print_ledger(ledger(opened))
    print_failing(read_failing(opened))
    if rounds:
        print_rounds(rounds)
        print_audits(audits)


def _status_json(opened: Run, rounds: list[Any]) -> dict[str, Any]:
    upcoming = opened.next()
    return {
        "run": opened.store.root,
        "shards": len(opened.shards),
        "digest": opened.digest(),
        "next": None if upcoming is None else loop.where(*upcoming),
        "ledger": ledger_json(ledger(opened)),
        "steps": {folder: dict(done.counts) for folder, done in done_steps(opened)},
        "rounds": [{**asdict(counts), "measured": asdict(figures) if figures else None} for counts, figures in rounds],
    }


@verbs.command()
@RUN
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of each step's files that are hashed again.",
)
@click.option(
    "--rows",
    type=COUNT,
    default=100,
    show_default=True,
    help="Corpus rows that are read back from their WARC files.",
)
def verify(run: str, share: float, rows: int) -> None:
    """Hash published files again and read corpus rows back by byte range; report every difference."""
    opened = Run.open(run)
    damages = opened.verify(share)
    damages = damages or list(unexplained(ledger(opened)))
    checked = 0
    if not damages and opened.next() is None:
        checked, damages = check_lineage(opened, rows)
    for damage in damages:
        click.echo(f"{damage.file}: {damage.what}")
    if damages:
        raise Damaged(f"{opened.store.root}: {len(damages)} files or rows are not what was published")
    click.echo(f"{opened.store.root}: all files as published, {checked} corpus rows read back from their WARC files")


@verbs.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--model", required=True, help="A model folder, for example RUN/rounds/3/train.")
@click.option("--warc", help="Score every page of this WARC (path or URL) instead of files.")
def score(files: tuple[str, ...], model: str, warc: str | None) -> None:
    """Score HTML files, or the pages of a WARC, as JSON lines."""
    if bool(files) == bool(warc):
        raise BadInput("score: give HTML files or --warc URL, one of the two")
    scorer = Scorer.load(model)
    if warc:
        _score_warc(scorer, warc)
        return
    for file in files:
        try:
            body = Path(file).read_bytes()
        except OSError as error:
            raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
        value = float(scorer.score([scoring_text(body)])[0])
        click.echo(json.dumps({"path": file, "score": value, "label": _label(scorer, value)}))


def _label(scorer: Scorer, value: float, url: str | None = None) -> str:
    return scorer.positive if value >= threshold_for(scorer.card, url) else OTHER_LABEL


def _score_warc(scorer: Scorer, url: str) -> None:
    for batch in batches(captures(url), SCORE_BATCH):
        texts = [scoring_text(page.body, page.charset, page.url) for page in batch]
        for page, value in zip(batch, scorer.score(texts).tolist(), strict=True):
            lineage = {"url": page.url, "offset": page.ref.offset, "length": page.ref.length}
            click.echo(json.dumps({"path": url, "score": value, "label": _label(scorer, value, page.url), **lineage}))


@verbs.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("runs/demo"), show_default=True)
@click.option("--crawl", default="", help="A real crawl, for example CC-MAIN-2025-30, instead of the sample.")
@click.option("--shards", type=POSITIVE, default=1, show_default=True, help="With --crawl: WARC files to scan.")
@click.option("--people", is_flag=True, hidden=True, help="Annotators answer: for `recall annotate serve --demo`.")
@on_cluster
def demo(folder: Path, crawl: str, shards: int, people: bool, **cluster: Any) -> None:
    """Run three rounds on a sample crawl that recall writes itself, and show what they found."""
    made = start_demo(folder, crawl, shards, people=people)
    opened = open_run(made.store.root, **cluster)
    if not drive(opened):
        return
    labels = opened.config.label.answers
    rows = read_labels(labels, opened.config.access) if labels else None
    rounds = [opened.round(number) for number in range(1, opened.config.run.rounds + 1)]
    print_rounds([(counts_of(round_), measure(round_, rows) if rows else None) for round_ in rounds])
    click.echo(f"corpus: {opened.store.url('corpus')}, digest {opened.digest()}")


for _verb in (diff, export, plan, report, retry, release):
    verbs.add_command(_verb)


def main() -> None:
    """Run the command; every error of recall is one line and its exit code."""
    try:
        verbs.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(BadInput.exit_code)
    except RecallError as error:
        click.echo(f"recall: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if not of_the_machine(error):
            traceback.print_exc()
            sys.exit(1)
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"recall: {where}{error.strerror}: make room on this machine and run again", err=True)
        sys.exit(Transient.exit_code)
    except Exception:  # noqa: BLE001 - what nobody expected: the whole trace, exit code 1
        traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    main()
