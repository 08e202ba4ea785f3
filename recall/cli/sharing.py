"""The verbs `recall export`, `recall diff` and `recall release`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from recall.apply.crawls import last_sealed, parse_parent
from recall.errors import BadInput
from recall.model.scorer import SHIPPED
from recall.release.corpus_pages import export_jsonl, export_warc
from recall.release.diff import difference, side_of
from recall.release.export_files import export_rows, new_file
from recall.release.lists import HOSTS, PREFIXES, host_rows, prefix_rows
from recall.release.pack import pack
from recall.release.plain_model import release_plain, release_shipped
from recall.report.terminal_tables import print_note, print_table
from recall.run.rounds import Round, Run

FORMATS = ("jsonl", "warc", "hosts", "prefixes")
COUNT = click.IntRange(0)


def _last(run: Run, step: str) -> Round:
    done = [number for number in range(1, run.config.run.rounds + 1) if run.round(number).step(step).done]
    if not done:
        raise BadInput(f"{run.store.root}: no round has finished its {step} step yet; see `recall status`")
    return run.round(done[-1])


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("target", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="What is written.")
def export(run: str, target: Path, kind: str) -> None:
    """Write the corpus as JSON lines (.jsonl, .gz, .zst) or WARC (.warc.gz); hosts or prefixes (.parquet, .csv)."""
    opened = Run.open(run)
    if kind == "jsonl":
        count = export_jsonl(opened, target)
    elif kind == "warc":
        count = export_warc(opened, target)
    elif kind == "hosts":
        count = export_rows(host_rows(_last(opened, "domains")), HOSTS, target)
    else:
        count = export_rows(prefix_rows(_last(opened, "label")), PREFIXES, target)
    click.echo(f"{target}: {count} {'pages' if kind in {'jsonl', 'warc'} else kind}")


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
@click.argument("target", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--plain", is_flag=True, help="Write one file instead, a model for anybody's fastText on plain text.")
@click.option("--labels", default="", help="With --plain: names of its two labels, POSITIVE,OTHER, for example hq,cc.")
@click.option("--signatures", is_flag=True, help="With signatures of the corpus: later ones leave its pages out.")
def release(run: str, target: Path, plain: bool, labels: str, signatures: bool) -> None:
    """Pack a round's model, seed, labels, hosts, prefixes and settings, without texts, paths or secrets.

    With --plain RUN may be `shipped`, the model that comes with recall.
    """
    if labels and not plain:
        raise BadInput("release: --labels names the labels of --plain; give both")
    if signatures and plain:
        raise BadInput("release: --signatures are of a corpus, --plain writes a model alone; give one of them")
    if plain and run == SHIPPED:
        names = release_shipped(target, labels)
        click.echo(f"{target}: labels {', '.join(names)}")
        return
    root, number = parse_parent(run)
    opened = Run.open(root)
    round_ = opened.round(number or last_sealed(opened))
    if plain:
        click.echo(f"{target}: labels {', '.join(release_plain(round_, target, labels))}")
        return
    counts = pack(round_, target, signatures=signatures)
    click.echo(f"{target}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
