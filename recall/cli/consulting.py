"""The verb `recall judge`: what a run's judge was asked, and the answers to an offline batch."""

import click

from recall.cli.stepping import RUN
from recall.errors import BadInput
from recall.judge import account_of, take_answers
from recall.run.rounds import Run


@click.command()
@RUN
@click.argument("answers", nargs=-1)
@click.option("--give-up", is_flag=True, help="Do without the answers that are still missing.")
def judge(run: str, answers: tuple[str, ...], give_up: bool) -> None:
    """Show what a language model was asked and what it cost; take the answers to an offline batch into RUN."""
    opened = Run.open(run)
    if answers or give_up:
        with opened.lease():
            for line in take_answers(opened, answers, give_up=give_up).lines():
                click.echo(line)
    account = account_of(opened.store, opened.config.judge)
    if account is None:
        raise BadInput(f"{run}: no judge has answered yet; [judge] url names one")
    click.echo(account.line())
