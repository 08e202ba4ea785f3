"""The verbs that look at a run and change nothing: `recall status` and `recall verify`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from recall import loop
from recall.cli.stepping import RUN
from recall.corpus import check_lineage
from recall.errors import BadInput, Damaged
from recall.judge import account_of
from recall.labels.audit_estimates import Audited, audit
from recall.report.prefix_figures import open_prefixes, prefixes_json, print_open_prefixes, print_yields
from recall.report.round_figures import Counts, Measured, counts_of, done_steps, measure
from recall.report.run_summary import done_lines, failure_lines, next_lines
from recall.report.share_figures import code_share
from recall.report.terminal_tables import (
    ledger_json,
    print_audits,
    print_last_failures,
    print_ledger,
    print_notes,
    print_own_thresholds,
    print_rounds,
    print_steps,
)
from recall.run.failures import read_failures
from recall.run.label_files import read_labels
from recall.run.ledger import ledger, unexplained
from recall.run.own_threshold import own_thresholds
from recall.run.rounds import Run

COUNT = click.IntRange(0)
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
AUDIT_SHARDS = 1_000
"""Shards up to which `recall status` reads every row of every round to estimate from audit samples."""

PREFIXES = 3
"""Prefixes that wait for people which are shown without --verbose."""


@click.command()
@RUN
@click.option("--measure", "labels", help="Labels file (url, label): add what each round finds of its code pages.")
@click.option("--share", type=SHARE, help="With --measure: share of code pages; by default the crawl's, as estimated.")
@click.option("--audit", "audited", is_flag=True, help="Estimate from audit samples however many shards there are.")
@click.option("--verbose", is_flag=True, help="Add the ledger, every step's counts and all tables.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def status(run: str, labels: str | None, share: float | None, audited: bool, verbose: bool, as_json: bool) -> None:
    """Show what a run has done, what comes next and what to do."""
    opened = Run.open(run)
    if share is not None and not labels:
        raise BadInput("status: --share goes with --measure LABELS")
    rows = read_labels(labels, opened.config.access) if labels else None
    audited = audited or len(opened.shards) <= AUDIT_SHARDS
    sealed = [opened.round(number) for number in range(1, opened.config.run.rounds + 1)]
    sealed = [round_ for round_ in sealed if round_.sealed]
    audits = [(round_.number, audit(round_) if audited else None) for round_ in sealed]
    rounds = [
        (counts_of(round_), measure(round_, rows, code_share(round_, share, estimate)) if rows else None)
        for round_, (_, estimate) in zip(sealed, audits, strict=True)
        if opened.parent is None
    ]
    if as_json:
        click.echo(json.dumps(_status_json(opened, rounds, audits), sort_keys=True))
        return
    upcoming = opened.next()
    comes = loop.step_name(*upcoming) if upcoming else ""
    entries, failures = ledger(opened), read_failures(opened)
    if verbose:
        print_steps(done_steps(opened))
        print_ledger(entries)
        print_last_failures(failures)
    else:
        print_notes(done_lines(opened))
    if rounds:
        print_rounds(rounds, verbose)
    print_own_thresholds(own_thresholds(opened))
    print_audits(audits)
    if rounds and (verbose or not rows):
        print_yields([(counts.round, counts.won) for counts, _ in rounds])
    print_open_prefixes(open_prefixes(opened)[: None if verbose else PREFIXES])
    if not verbose:
        print_notes(failure_lines(entries, failures))
    print_notes(_judge_lines(opened))
    print_notes(next_lines(opened, comes))


def _judge_lines(run: Run) -> list[str]:
    """What the judge cost, and how it did by the last round that ended its label step; none without a judge."""
    account = account_of(run.store, run.config.judge)
    if account is None:
        return []
    lines = [account.line()]
    for number in range(run.config.run.rounds, 0, -1):
        step = run.round(number).step("label")
        if step.done:
            return [*lines, *(note for note in step.manifest.notes if note.startswith("judge: "))]
    return lines


def _status_json(
    opened: Run, rounds: Sequence[tuple[Counts, Measured | None]], audits: Sequence[tuple[int, Audited | None]]
) -> dict[str, Any]:
    upcoming = opened.next()
    return {
        "run": opened.store.root,
        "shards": len(opened.shards),
        "digest": opened.digest(),
        "next": None if upcoming is None else loop.step_name(*upcoming),
        "open_prefixes": prefixes_json(open_prefixes(opened)),
        "judge": _judge_lines(opened),
        "ledger": ledger_json(ledger(opened)),
        "thresholds": {number: own.record() for number, own in own_thresholds(opened)},
        "audits": {number: asdict(estimate) if estimate else None for number, estimate in audits},
        "steps": {folder: dict(done.counts) for folder, done in done_steps(opened)},
        "rounds": [
            {
                **asdict(counts),
                "measured": asdict(figures) if figures else None,
                "audit": asdict(estimate) if estimate else None,
            }
            for (counts, figures), (_, estimate) in zip(rounds, audits, strict=False)
        ],
    }


@click.command()
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
