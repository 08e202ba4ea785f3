"""The verbs `recall export`, `recall diff` and `recall release`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from recall.apply.crawls import last_sealed, parse_parent
from recall.config import AccessSection
from recall.errors import BadInput
from recall.model.scorer import SHIPPED
from recall.release.annotations import export_annotations
from recall.release.corpus_pages import export_jsonl, export_warc
from recall.release.destination import HUB, copy_corpus, destination
from recall.release.diff import difference, side_of
from recall.release.export_files import export_rows, new_file
from recall.release.lists import HOSTS, PREFIXES, host_rows, prefix_rows
from recall.release.pack import pack
from recall.release.page_table import export_pages
from recall.release.plain_model import release_plain, release_shipped
from recall.report.terminal_tables import print_note, print_table
from recall.run.rounds import Round, Run

FORMATS = ("corpus", "jsonl", "warc", "hosts", "prefixes", "scores", "annotations")
UNITS = {"corpus": "parts and the card", "jsonl": "pages", "warc": "pages", "scores": "pages", "annotations": "hosts"}
COUNT = click.IntRange(0)


def _round(run: Run, step: str, wanted: int | None) -> Round:
    if wanted is not None:
        if wanted > run.config.run.rounds or not run.round(wanted).step(step).done:
            raise BadInput(f"{run.store.root}: round {wanted} has not finished its {step} step; see `recall status`")
        return run.round(wanted)
    done = [number for number in range(1, run.config.run.rounds + 1) if run.round(number).step(step).done]
    if not done:
        raise BadInput(f"{run.store.root}: no round has finished its {step} step yet; see `recall status`")
    return run.round(done[-1])


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("target", metavar="DEST")
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="What is written.")
@click.option(
    "--round", "number", type=click.IntRange(1), help="Of hosts, prefixes, scores, annotations: the last one."
)
def export(run: str, target: str, kind: str, number: int | None) -> None:
    """Write the corpus (Parquet and card), or its pages as JSON lines (.jsonl, .gz, .zst) or WARC (.warc.gz).

    Or hosts or prefixes (.parquet, .csv), scores of all pages by url_surtkey (.parquet), or both hosts and scores as
    cc-index-annotations reads them (a folder). DEST may be hf://datasets/OWNER/NAME/PATH.
    """
    if number is not None and kind in UNITS and kind not in {"scores", "annotations"}:
        raise BadInput(
            f"export: --round is of hosts, prefixes, scores and annotations; --format {kind} is of the corpus"
        )
    opened = Run.open(run)
    with destination(target, opened.config.access, f"Add {kind} of the recall run {opened.digest()}") as path:
        if kind == "corpus":
            count = copy_corpus(opened, path, linked=target.startswith(HUB))
        else:
            count = _export(opened, kind, path, number)
    click.echo(f"{target}: {count} {UNITS.get(kind, kind)}")


def _export(run: Run, kind: str, path: Path, number: int | None) -> int:
    if kind == "jsonl":
        return export_jsonl(run, path)
    if kind == "warc":
        return export_warc(run, path)
    if kind == "prefixes":
        return export_rows(prefix_rows(_round(run, "label", number)), PREFIXES, path)
    if kind == "scores":
        return export_pages(_round(run, "scan", number), path)
    round_ = _round(run, "domains", number)
    return export_rows(host_rows(round_), HOSTS, path) if kind == "hosts" else export_annotations(round_, path)


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--count", type=COUNT, default=20, show_default=True, help="Domains that are listed.")
@click.option("--pages", type=click.Path(path_type=Path), help="File for every page won or lost, as JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def diff(first: str, second: str, count: int, pages: Path | None, as_json: bool) -> None:
    """Compare two runs (their corpora) or rounds (RUN@N): pages won and lost, by domain."""
    sides = side_of(first), side_of(second)
    if pages is None:
        change = difference(*sides, count)
    else:
        with new_file(pages) as stream:
            change = difference(*sides, count, stream)
    if as_json:
        click.echo(json.dumps(asdict(change), sort_keys=True))
        return
    rows = [(row.domain or "?", f"{row.won:,}", f"{row.lost:,}", f"{row.both:,}") for row in change.domains]
    title = f"{first} ({change.pages_first:,} pages) and {second} ({change.pages_second:,} pages)"
    print_table(title, ("domain", "won", "lost", "both"), rows)
    print_note(f"won {change.won:,}, lost {change.lost:,}, in both {change.both:,}; {change.changed:,} domains changed")


@click.command()
@click.argument("run", metavar="RUN[@ROUND]")
@click.argument("target", metavar="DEST")
@click.option("--plain", is_flag=True, help="Write one file instead, a model for anybody's fastText on plain text.")
@click.option("--labels", default="", help="With --plain: names of its two labels, POSITIVE,OTHER, for example hq,cc.")
@click.option("--signatures", is_flag=True, help="With signatures of the corpus: later ones leave its pages out.")
def release(run: str, target: str, plain: bool, labels: str, signatures: bool) -> None:
    """Pack a round's model, seed, labels, hosts, prefixes and settings, without texts, paths or secrets.

    With --plain RUN may be `shipped`, the model that comes with recall. DEST may be hf://datasets/OWNER/NAME/PATH.
    """
    if labels and not plain:
        raise BadInput("release: --labels names the labels of --plain; give both")
    if signatures and plain:
        raise BadInput("release: --signatures are of a corpus, --plain writes a model alone; give one of them")
    if plain and run == SHIPPED:
        with destination(target, AccessSection(), "Add recall's own model as one file of fastText") as path:
            names = release_shipped(path, labels)
        click.echo(f"{target}: labels {', '.join(names)}")
        return
    root, number = parse_parent(run)
    opened = Run.open(root)
    round_ = opened.round(number or last_sealed(opened))
    message = f"Add a release of round {round_.number} of the recall run {opened.inputs.digest}"
    with destination(target, opened.config.access, message) as path:
        if plain:
            told = f"labels {', '.join(release_plain(round_, path, labels))}"
        else:
            counts = pack(round_, path, signatures=signatures)
            told = ", ".join(f"{name} {count}" for name, count in counts.items())
    click.echo(f"{target}: {told}")
