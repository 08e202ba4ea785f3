"""The verbs `recall quality …`: what rules of quality would do, before they are switched on."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from recall.cli.stepping import RUN
from recall.config.quality_rules import PRESETS
from recall.corpus.rule_trial import RuleEffect, try_rules
from recall.report.terminal_tables import print_note, print_table
from recall.run.jobs import disconnect
from recall.run.rounds import Run

NAMES = [name for name in PRESETS if name != "none"]


@click.group()
def quality() -> None:
    """Look at rules of quality before they are switched on."""


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
