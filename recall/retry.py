"""recall retry: take a run's failed shards again, and do again what followed from their absence.

A step whose shards failed beyond [cluster] failed_share published nothing: it is simply gone on with. A step that was
published without some shards is gone back to (`run.retry`). Where nothing but derived steps followed, the run then ends
with the bytes of a run that never failed. Labels that people gave stay, and with them the pages they were asked about,
which were drawn while the shards were missing; and a shard that an earlier round could not read either is read by the
later round's model alone. `--round` goes back to the first round that missed it, which does the later ones again.
"""

import click

from recall.cli.driving import RUN, on_cluster, open_run, to_the_end
from recall.run.ledger import ledger
from recall.run.rewind import after, first_gap, go_back
from recall.run.rounds import Run


@click.command()
@RUN
@click.option(
    "--round",
    "number",
    type=click.IntRange(0),
    help="Go back to the failed shards of this round (0: of the seed); by default to those of the last one begun.",
)
@on_cluster
def retry(run: str, number: int | None, cluster: str | None, workers: int | None, failed_share: float | None) -> None:
    """Take the failed shards again, do again what followed from their absence, and go on to the end."""
    opened = open_run(run, cluster, workers, failed_share)
    with opened.lease():
        _go_back(opened, number)
    to_the_end(open_run(run, cluster, workers, failed_share))


def _go_back(run: Run, number: int | None) -> None:
    """Go back to the first gap of a round, and say what that means."""
    gaps = {entry.place: entry for entry in ledger(run) if entry.shards.failed and entry.place.verb != "build"}
    place = first_gap(run, list(gaps), number)
    for gap, entry in gaps.items():
        if place is None or run.order.index(gap) < run.order.index(place):
            failed = sum(entry.shards.failed.values())
            click.echo(f"{gap.folder}: {failed} failed; `recall retry --round {gap.number}` goes back there")
    if place is None:
        return
    account = gaps[place].shards
    again = [later.folder for later in after(run, place)]
    click.echo(f"{place.folder}: {sum(account.failed.values())} failed are taken again ({account.reasons()})")
    if again:
        click.echo(f"done again: {', '.join(again)}; what people answered stays")
    go_back(run, place)
