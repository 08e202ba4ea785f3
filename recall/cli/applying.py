"""The verb `recall score`: a model over files or a WARC, as JSON lines."""

import json

import click

from recall.errors import BadInput
from recall.records import TOO_SHORT


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--model", default="shipped", help="A model folder, for example RUN/rounds/3/train; else recall's own.")
@click.option("--warc", help="Score every page of this WARC (path or URL) instead of files.")
def score(files: tuple[str, ...], model: str, warc: str | None) -> None:
    """Score HTML files, or the pages of a WARC, as JSON lines."""
    from recall.apply.scores import score_files, score_warc  # noqa: PLC0415 - help needs no model
    from recall.model.scorer import Scorer  # noqa: PLC0415 - as above

    if bool(files) == bool(warc):
        raise BadInput("score: give HTML files or --warc URL, one of the two")
    scorer = Scorer.load(model)
    for scored in score_warc(scorer, warc) if warc else score_files(scorer, files):
        line = {"path": scored.path, "score": scored.score, "label": scored.label}
        if scored.label == TOO_SHORT:
            line["least_characters"] = scorer.card.least_characters
        if scored.page is not None:
            ref = scored.page.ref
            line |= {"url": scored.page.url, "offset": ref.offset, "length": ref.length}
        click.echo(json.dumps(line))
