"""The verbs `recall quality …`: what rules would do, before they are switched on; rankers from labels of people."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from recall.cli.stepping import RUN
from recall.config.quality_rules import PRESETS
from recall.corpus.ranking.corpus_features import features_of_pages, open_corpus
from recall.corpus.ranking.fitting import fit_ranker
from recall.corpus.ranking.quality_draw import QUALITY_DRAWN, draw_pages
from recall.corpus.ranking.quality_judge import judge_quality, labels_of_run
from recall.corpus.ranking.quality_labels import AUDIT, labelled_pages, read_quality_labels
from recall.corpus.ranking.ranker import FILE, PAGE, WORDS
from recall.corpus.ranking.ranker_card import figure_rows, labels_line, readme, threshold_line
from recall.corpus.rule_trial import RuleEffect, try_rules
from recall.errors import BadInput
from recall.judge import account_of
from recall.report.terminal_tables import print_note, print_table
from recall.run.jobs import disconnect
from recall.run.rounds import Run
from recall.run.store import Store

NAMES = [name for name in PRESETS if name != "none"]


@click.group()
def quality() -> None:
    """Look at rules of quality before they are switched on; rank kept pages by labels of people or a judge."""


@quality.command("try")
@RUN
@click.option("--preset", type=click.Choice(NAMES), help="The preset; by default each of them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def try_(run: str, preset: str | None, as_json: bool) -> None:
    """Show what each rule of a preset would drop or mark on the last corpus of RUN, with example pages."""
    try:
        effects = try_rules(Run.open(run), [preset] if preset else NAMES)
    finally:
        disconnect()
    if as_json:
        click.echo(json.dumps({"rules": [asdict(effect) for effect in effects]}, sort_keys=True))
        return
    for name in [preset] if preset else NAMES:
        _print([effect for effect in effects if effect.preset == name])


def _print(effects: Sequence[RuleEffect]) -> None:
    rows = [(each.name, each.rule, each.action, f"{each.pages:,}", f"{each.share:.2%}") for each in effects]
    title = f"{effects[0].preset} on {effects[0].of:,} pages; a page may break several rules"
    print_table(title, ("rule", "a page keeps", "action", "pages", "share"), rows)
    for effect in effects:
        for url in effect.examples:
            print_note(f"{effect.name}: {url}")


@quality.command()
@RUN
@click.option("--pages", type=click.IntRange(1), default=300, show_default=True, help="Pages to learn from.")
@click.option("--audit", type=click.IntRange(0), default=60, show_default=True, help="Random pages that measure.")
def ask(run: str, pages: int, audit: int) -> None:
    """Draw pages of the last corpus of RUN to be scored from 0 to 5; the judge scores them, if [judge] names one."""
    opened = Run.open(run)
    try:
        with opened.lease():
            before = opened.store.exists(QUALITY_DRAWN)
            drawn = draw_pages(opened, pages, audit)
            audited = sum(page["use"] == AUDIT for page in drawn)
            click.echo(f"{len(drawn) - audited:,} pages to learn from and {audited:,} audit pages: {QUALITY_DRAWN}")
            if before:
                click.echo("these were drawn before, once for this run; --pages and --audit change nothing")
            judged = judge_quality(opened, drawn)
    finally:
        disconnect()
    account = account_of(opened.store, opened.config.judge)
    if judged and account is not None:
        click.echo(account.line())
    click.echo(f"people score them in Label Studio: recall annotate quality {run}")
    if judged:
        click.echo(f"then, or now: recall quality train {run} --to DIR")


@quality.command()
@click.argument("source", metavar="[CORPUS]", required=False)
@click.option("--labels", "files", multiple=True, metavar="FILE", help="JSON lines or Parquet: url or text, score 0-5.")
@click.option("--to", "target", required=True, metavar="DIR", help="The folder that the ranker is written into.")
@click.option("--good", type=click.FloatRange(0, 5), default=3.0, show_default=True, help="Labels that count as good.")
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.8,
    show_default=True,
    help="Share of good pages that the threshold aims at.",
)
def train(source: str | None, files: tuple[str, ...], target: str, good: float, precision: float) -> None:
    """Fit a ranker to labels from 0 to 5 of pages of CORPUS: a run, or a folder with part-*.parquet.

    Of a run what people and the judge said of the drawn pages is learned from, too.
    """
    corpus = open_corpus(source) if source else None
    labels = labels_of_run(corpus.run) if corpus and corpus.run else []
    access = corpus.run.config.access if corpus and corpus.run else None
    store = Store(target, access)
    for name in (FILE, WORDS, PAGE):
        if store.exists(name):
            raise BadInput(f"{target}: holds {name} already, and published files never change: name another folder")
    labels += [label for file in files for label in read_quality_labels(file, access)]
    if not labels:
        raise BadInput("no labels of quality: give --labels FILE, or ask for some with `recall quality ask`")
    given = labelled_pages(labels, corpus.run.holdout if corpus and corpus.run else None)
    try:
        pages, features = features_of_pages(given, corpus)
    finally:
        disconnect()
    if len(pages) < len(given):
        click.echo(f"{len(given) - len(pages):,} of {len(given):,} pages with labels are not in the corpus")
    ranker = fit_ranker(pages, features, good, precision)
    for name, data in ((PAGE, readme(ranker).encode()), (WORDS, ranker.dump_words()), (FILE, ranker.dump())):
        store.publish(name, data)
    click.echo(labels_line(ranker))
    for heading, figures in figure_rows(ranker):
        print_table(heading, ("figure", "value, 95 % interval"), figures)
    click.echo(threshold_line(ranker))
    click.echo(f'{target}: ranker {ranker.digest[:8]}; [quality] ranker = "{target}" gives each page a quality')
