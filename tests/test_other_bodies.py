"""A crawl with text, Markdown, source files and notebooks beside HTML, through the whole loop, asked for and not."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from recall.archive.warc import WarcWriter
from recall.config import ScanSection, parse_config
from recall.corpus import check_lineage
from recall.corpus.schema import FIRST_OTHER, ID_BITS
from recall.corpus.signals import blocks
from recall.errors import BadInput
from recall.records import OtherPages, ShardReport, Skip
from recall.release.corpus_pages import export_warc
from recall.release.page_table import export_pages
from recall.report.assemble import assemble
from recall.run.ledger import ledger, unexplained
from recall.run.rounds import Run
from recall.run.scanned import scanned_shards
from recall.run.verify import verify_run
from tests.conftest import CODE, LIFE, SHARED, Crawl, Fresh, make_run, play

TYPES = ("text", "markdown", "source", "notebook")
HOST = "https://files.example/"
DATE = "2026-01-31T00:00:00Z"


def words(kind: tuple[str, ...], chance: random.Random) -> str:
    return " ".join(chance.choice(kind if chance.random() < 0.6 else SHARED) for _ in range(120))


def bodies() -> dict[str, tuple[str, bytes]]:
    """Type and body by name: of each kind four of code and four of other things, and what is refused."""
    chance, found = random.Random(3), dict[str, tuple[str, bytes]]()
    for number in range(8):
        one, two, three, four = (words(CODE if number < 4 else LIFE, chance) for _ in TYPES)
        cells = [
            {"cell_type": "markdown", "source": f"# Part {number}\ud800\n\n{one}"},
            {
                "cell_type": "code",
                "source": f"x = {number}\ud83d\n",
                "outputs": [{"output_type": "stream", "text": "1\udc00\n"}],
            },
        ]
        found[f"{number}.txt"] = "text/plain", f"{two}\n\n   indented {number}\n\x0c\n".encode()
        found[f"{number}.md"] = "text/markdown", f"# Title {number}\n\n{three}\n".encode()
        found[f"{number}.py"] = "text/plain", f'"""{four}"""\nx = {number}\n\treturn  `"```"`\n'.encode()
        found[f"{number}.ipynb"] = "application/json", json.dumps({"cells": cells, "nbformat": 4}).encode()
    found["binary.txt"] = "text/plain", b"\x7fELF\x00\x01" + words(CODE, chance).encode()
    found["broken.ipynb"] = "application/json", b'{"cells": 3}'
    found["blank.py"] = "text/plain", b"\n \n"
    found["data.json"] = "application/json", b"{}"
    return found


BODIES = bodies()
REFUSED = {"binary": 1, "empty": 1, "not_html": 1}


@pytest.fixture(scope="module")
def mixed(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """The test's crawl, and a file with other bodies between its pages."""
    path = tmp_path_factory.mktemp("mixed") / "mixed.warc.gz"
    with path.open("wb") as stream:
        writer = WarcWriter(stream, path=path.name)
        for name, (kind, body) in BODIES.items():
            writer.page(HOST + name, body, kind, DATE)
    return Crawl(crawl.folder, [*crawl.warcs, path], crawl.sites)


@pytest.fixture(scope="module")
def asked(mixed: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of two rounds that asks for all kinds."""
    run = make_run(tmp_path_factory.mktemp("asked") / "run", mixed.config(2, scan={"types": TYPES}))
    play(run)
    return run


@pytest.fixture(scope="module")
def unasked(mixed: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = make_run(tmp_path_factory.mktemp("unasked") / "run", mixed.config(2))
    play(run)
    return run


def rows_of(run: Run) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = run.store.read_table("corpus/part-00000.parquet").to_pylist()
    return rows


def other_rows(run: Run) -> dict[str, dict[str, Any]]:
    return {row["url"].removeprefix(HOST): row for row in rows_of(run) if row["url"].startswith(HOST)}


def test_the_ledger_counts_each_kind_either_way(asked: Run, unasked: Run) -> None:
    unread = {"text": 8, "markdown": 8, "source": 8, "notebook": 9}  # of notebooks the broken one too
    assert scanned_shards(unasked.round(1))[3].skipped == {**REFUSED, **unread}
    assert scanned_shards(unasked.round(1))[3].others is None
    for number in (1, 2):
        scanned = scanned_shards(asked.round(number))[3]
        assert scanned.skipped == {**REFUSED, "broken_notebook": 1, **dict.fromkeys(TYPES, 8)}
        assert scanned.others is not None
        assert scanned.others.read == 32
        assert 8 <= scanned.others.kept <= 24
    for run in (asked, unasked):
        entries = ledger(run)
        assert not list(unexplained(entries))
        assert not [entry for entry in entries if entry.pages.lost or entry.shards.lost]
        assert not list(verify_run(run.store))
    (scan, *_) = [entry for entry in ledger(asked) if entry.position.verb == "scan"]
    assert scan.pages.apart == 32
    assert not set(TYPES) & set(scan.pages.failed)
    counts = asked.round(2).step("scan").result.counts
    assert [counts[f"{kind}_pages"] for kind in TYPES] == [8, 8, 8, 8]


def test_html_is_the_same_whether_others_are_asked_for_or_not(asked: Run, unasked: Run) -> None:
    for number in (1, 2):
        pairs = zip(scanned_shards(asked.round(number)), scanned_shards(unasked.round(number)), strict=True)
        for one, other in pairs:
            assert one.rows.rpartition("/")[2] == other.rows.rpartition("/")[2]
            assert one.candidates.rpartition("/")[2] == other.candidates.rpartition("/")[2]
        for file in ("domains.parquet", "candidates.parquet"):
            key = f"rounds/{number}/domains/{file}"
            assert asked.store.read_table(key).equals(unasked.store.read_table(key))
    hosts = {row["host"] for row in asked.store.read_table("rounds/1/domains/domains.parquet").to_pylist()}
    assert "files.example" not in hosts
    html = [row for row in rows_of(asked) if row["body"] == "html"]
    assert [(row["id"], row["text"]) for row in html] == [(row["id"], row["text"]) for row in rows_of(unasked)]
    assert {row["body"] for row in rows_of(unasked)} == {"html"}


def test_pages_of_each_kind_that_speak_of_code_are_in_the_corpus(asked: Run, unasked: Run) -> None:
    assert not other_rows(unasked)
    rows = other_rows(asked)
    kinds = Counter(row["body"] for row in rows.values())
    assert set(kinds) == set(TYPES)
    right = [name for name in rows if int(name[0]) < 4]
    assert len(right) >= 0.8 * len(rows)
    for row in rows.values():
        number, place = row["id"] >> ID_BITS, row["id"] & (1 << ID_BITS) - 1
        assert (number, place >= FIRST_OTHER) == (3, True)
        assert (row["reason"], row["license"], row["fallback"]) == ("classifier", "", "")
        assert row["tokens"] > 0
        assert row["model"] == asked.round(2).step("train").manifest.settings["model"]


def test_texts_are_exact(asked: Run) -> None:
    for name, row in other_rows(asked).items():
        body, text = BODIES[name][1].decode(), row["text"]
        if row["body"] in ("text", "markdown"):
            assert text == body
        elif row["body"] == "source":
            (block,) = blocks(text)
            assert text[block.start : block.end] == body.removesuffix("\n")
            assert row["code_languages"] == ["python"]
            assert row["fences"][0] | {"parses": None} == {
                "language": "python", "named": True, "offset": block.start, "chars": block.end - block.start,
                "lines": body.count("\n"), "parses": None,
            }  # fmt: skip
        else:
            number = name[0]
            assert text.startswith(f"# Part {number}\ufffd\n\n")
            assert text.endswith(f"\n\n```python\nx = {number}\ufffd\n```\n\n```output\n1\ufffd\n```\n")
            assert row["code_languages"] == ["python"]
        assert row["title"] == {"md": f"Title {name[0]}", "ipynb": f"Part {name[0]}\ufffd"}.get(
            name.partition(".")[2], ""
        )
        assert row["left_out"] == (0 if row["body"] == "notebook" else None)


def test_lineage_leads_back_to_each_record(asked: Run, tmp_path: Path) -> None:
    count, damages = check_lineage(asked, 1_000)
    assert (count, damages) == (len(rows_of(asked)), [])
    assert export_warc(asked, tmp_path / "corpus.warc.gz") == count


@pytest.mark.slow
def test_bodies_that_are_read_again_give_the_same_corpus(asked: Run, mixed: Crawl, tmp_path: Path) -> None:
    changes = {"types": TYPES, "keep": "reference", "rescan": "all"}
    again = make_run(tmp_path / "run", mixed.config(2, scan=changes))
    play(again)
    assert other_rows(again) == other_rows(asked)


def test_the_table_of_scores_holds_them(asked: Run, unasked: Run, tmp_path: Path) -> None:
    counts = [export_pages(run.round(2), tmp_path / f"{number}.parquet") for number, run in enumerate((asked, unasked))]
    assert counts[0] == counts[1] + 32


def test_card_report_and_status_count_them(asked: Run, unasked: Run) -> None:
    bodies_in = Counter(row["body"] for row in rows_of(asked))
    card = asked.store.read("corpus/card.md").decode()
    for kind, pages in bodies_in.items():
        assert f"| {kind} | {pages:,} |" in card
    assert "threshold for bare text" in card
    assert "kind of response" not in unasked.store.read("corpus/card.md").decode().partition("## Columns")[0]
    figures = {figure.name: figure for section in assemble(asked, (), None).sections for figure in section.figures}
    assert {name: pages for name, pages, _ in figures["bodies"].rows} == bodies_in
    stages = {(row[0], row[1], row[2]): row[3] for row in figures["funnel"].rows}
    assert stages["pages in the corpus", "in", ""] == len(rows_of(asked))
    assert ("responses read", "out", "text") not in stages
    without = {figure.name: figure for section in assemble(unasked, (), None).sections for figure in section.figures}
    assert "bodies" not in without
    assert ("responses read", "out", "source", 8) in without["funnel"].rows


@pytest.mark.slow
def test_a_header_that_opts_out_counts_and_markup_in_a_file_does_not(
    fresh: Fresh, crawl: Crawl, tmp_path: Path
) -> None:
    said = words(CODE, random.Random(1)).encode()
    path = tmp_path / "robots.warc.gz"
    with path.open("wb") as stream:
        writer = WarcWriter(stream, path=path.name)
        writer._record(
            "response", f"{HOST}no.txt", DATE, "application/http",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Robots-Tag: noai\r\n\r\n" + said,
        )  # fmt: skip
        markup = b"s = '<meta name=robots content=noai><a rel=license href=https://opensource.org/licenses/MIT>'\n# "
        writer.page(f"{HOST}yes.py", markup + said[::-1] + b" " + said, "text/plain", DATE)
    warcs = [str(each) for each in (*crawl.warcs, path)]
    run = fresh("build", rounds=1, crawl={"warcs": warcs}, scan={"types": ["text", "source"]})
    dropped = {row["url"]: row["detail"] for row in run.store.read_table("corpus/dropped.parquet").to_pylist()}
    assert dropped.get(f"{HOST}no.txt") == "noai"
    assert {name: row["license"] for name, row in other_rows(run).items()} == {"yes.py": ""}


def test_types_need_warcs_and_known_kinds() -> None:
    with pytest.raises(BadInput, match=r'config.toml: scan: .*types need input = "warc"'):
        parse_config('[scan]\ninput = "wet"\ntypes = ["text"]\n', "config.toml")
    with pytest.raises(BadInput, match=r"config.toml: scan.types.0: "):
        parse_config('[scan]\ntypes = ["html"]\n', "config.toml")
    assert ScanSection().types == ()


def test_a_report_whose_kinds_do_not_add_up_is_refused() -> None:
    def report(others: dict[str, OtherPages]) -> ShardReport:
        return ShardReport(0, "a.warc.gz", "m", 5, {Skip.TEXT: 2}, rejected=3, kept=0, candidates=0, others=others)

    assert report({"text": OtherPages(1, 1)}).read == 5
    with pytest.raises(ValueError, match="read 2 of text but accounted for 1"):
        report({"text": OtherPages(1, 0)})
