"""The verb `recall score`: a model over files or a WARC, as JSON lines."""

import json

import click

from recall.apply.scores import score_files, score_warc
from recall.errors import BadInput
from recall.model.scorer import Scorer


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--model", required=True, help="A model folder, for example RUN/rounds/3/train.")
@click.option("--warc", help="Score every page of this WARC (path or URL) instead of files.")
def score(files: tuple[str, ...], model: str, warc: str | None) -> None:
    """Score HTML files, or the pages of a WARC, as JSON lines."""
    if bool(files) == bool(warc):
        raise BadInput("score: give HTML files or --warc URL, one of the two")
    scorer = Scorer.load(model)
    for scored in score_warc(scorer, warc) if warc else score_files(scorer, files):
        line = {"path": scored.path, "score": scored.score, "label": scored.label}
        if scored.page is not None:
            ref = scored.page.ref
            line |= {"url": scored.page.url, "offset": ref.offset, "length": ref.length}
        click.echo(json.dumps(line))
