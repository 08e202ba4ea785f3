"""Results of a run as tables that join with Common Crawl's indexes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from recall.archive.index import IndexRow, write_index
from recall.archive.index.row_sorter import RowSorter
from recall.cli import verbs
from recall.config import Config, CrawlSection
from recall.errors import ShardCorrupt, ShardUnreadable
from recall.io.parquet import table_of
from recall.records import WarcRef
from recall.release import annotations as annotations_module
from recall.release import page_table
from recall.release.annotations import ANNOTATED_HOSTS
from recall.release.page_table import PAGES
from recall.run.rounds import Run
from recall.run.scanned import ROWS, ScannedShard, read_rows, scanned_shards
from recall.sites.surt import surt_host, surt_key
from tests.conftest import Fresh, make_run
from tests.fault_server import FaultServer


def export(run: Run, kind: str, target: Path, *options: str) -> Path:
    answer = CliRunner().invoke(verbs, ["export", run.store.root, str(target), "--format", kind, *options])
    assert answer.exit_code == 0, (answer.output, answer.exception)
    return target


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def scanned(run: Run, number: int = 2) -> list[dict[str, Any]]:
    shards = scanned_shards(run.round(number))
    return [{**row, "path": shard.shard.path} for shard in shards for row in read_rows(run.store, shard).to_pylist()]


def test_every_page_of_the_scan_has_its_score(played: Run, tmp_path: Path) -> None:
    found = rows_of(export(played, "scores", tmp_path / "s.parquet"))
    told = [
        (
            surt_key(row["url"]),
            datetime.fromtimestamp(row["time"], UTC) if row["time"] else None,
            row["score"],
            row["kept"],
            (row["path"], row["offset"], row["length"]),
        )
        for row in scanned(played)
    ]
    places = ("warc_filename", "warc_record_offset", "warc_record_length")
    assert [
        (
            row["url_surtkey"],
            row["fetch_time"],
            row["recall_score"],
            row["recall_kept"],
            tuple(row[name] for name in places),
        )
        for row in found
    ] == sorted(told, key=lambda row: (row[0], row[1] or datetime.max.replace(tzinfo=UTC), row[4]))
    assert {row["crawl"] for row in found} == {""}
    assert any(row["recall_kept"] for row in found)


def test_the_same_round_gives_the_same_bytes(played: Run, tmp_path: Path) -> None:
    one, two = (export(played, "scores", tmp_path / name, "--round", "1") for name in ("a.parquet", "b.parquet"))
    assert one.read_bytes() == two.read_bytes()
    again, once = (export(played, "annotations", tmp_path / name) for name in ("a", "b"))
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in (again, once)]
    assert files[0] == files[1]


def test_keys_and_times_are_the_index_s_where_there_is_one(fresh: Fresh, tmp_path: Path) -> None:
    """An index may write keys otherwise than the rule says; pages join all the same."""
    run = fresh("scan", rounds=1)
    rows = scanned(run, 1)
    base = tmp_path / "base"
    part = base / "cc-index/table/cc-main/warc/crawl=CC-MAIN-2026-01/subset=warc/part-00000.parquet"
    part.parent.mkdir(parents=True)
    moment = 1_790_000_000
    found = [
        IndexRow(row["url"], WarcRef(row["path"], row["offset"], row["length"]), 200, "text/html", "", moment + number)
        for number, row in enumerate(rows[1:])
    ]
    write_index(found, part)
    with duckdb.connect() as connection:
        changed = f"SELECT * REPLACE (upper(url_surtkey) AS url_surtkey) FROM '{part}'"
        connection.execute(f"COPY ({changed}) TO '{tmp_path}/changed.parquet'")
    (tmp_path / "changed.parquet").replace(part)
    paths = base / "crawl-data/CC-MAIN-2026-01/cc-index-table.paths.gz"
    paths.parent.mkdir(parents=True)
    paths.write_text(f"{part.relative_to(base)}\n")
    crawl = CrawlSection.model_validate(
        {**run.config.crawl.model_dump(), "index": str(base), "ids": ("CC-MAIN-2026-01",)}
    )
    run.config = run.config.model_copy(update={"crawl": crawl})
    assert page_table.export_pages(run.round(1), tmp_path / "s.parquet") == len(rows)
    table = pq.read_table(tmp_path / "s.parquet")
    assert str(table.schema.field("fetch_time").type) == "timestamp[ms]"
    keys = {row["url"]: row["url_surtkey"] for row in table.to_pylist()}
    assert keys == {row["url"]: surt_key(row["url"]).upper() for row in rows[1:]} | {
        rows[0]["url"]: surt_key(rows[0]["url"])
    }
    with duckdb.connect() as connection:
        joined = connection.execute(
            f"SELECT count(*) FROM '{part}' i JOIN '{tmp_path}/s.parquet' s USING (url_surtkey, fetch_time)"
        ).fetchall()
    assert joined == [(len(rows) - 1,)]


def annotate(folder: Path, left: str, join: str, action: str) -> list[dict[str, Any]]:
    """What cc-index-annotations' annotate.py asks of three YAML files, over an index that the test gives."""
    right, asked = (yaml.safe_load((folder / name).read_text()) for name in (join, action))
    columns = ", ".join(right["right_columns"])
    keys = " AND ".join(f"left_db.{key} = right_db.{key}" for key in right["join_columns"])
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW left_db AS FROM '{left}'")
        connection.execute(f"CREATE VIEW right_db AS FROM '{folder / right['table']['local']}'")
        connection.execute(
            f"CREATE VIEW joined AS SELECT *, {columns} FROM left_db LEFT OUTER JOIN right_db ON ({keys})"
        )
        relation: Any = connection.sql(asked["sql"].format(columns=asked["columns"], where=asked["where"]))
        rows: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
        return rows


@pytest.fixture(scope="module")
def annotations(played: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(played, "annotations", tmp_path_factory.mktemp("annotations") / "made")


def test_the_folder_holds_tables_with_their_yaml(annotations: Path) -> None:
    assert sorted(path.name for path in annotations.iterdir()) == [
        "README.md",
        "action_code_domains.yaml",
        "action_code_pages.yaml",
        "hosts.parquet",
        "join_recall_hosts.yaml",
        "join_recall_pages.yaml",
        "left_host_index.yaml",
        "left_url_index.yaml",
        "pages.parquet",
    ]
    for name, key in (("host", "host-index-paths.gz"), ("url", "cc-index-table.paths.gz")):
        left = yaml.safe_load((annotations / f"left_{name}_index.yaml").read_text())
        assert left["table"] == {"web_prefix": "https://data.commoncrawl.org/", "paths": key}
    schema = pq.read_schema(annotations / "hosts.parquet")
    assert schema.names == list(ANNOTATED_HOSTS)
    assert pq.read_schema(annotations / "pages.parquet").names == list(PAGES)
    readme = (annotations / "README.md").read_text()
    assert all(name in readme for name in (*ANNOTATED_HOSTS, *PAGES))


def test_code_domains_are_found_in_a_host_index(played: Run, annotations: Path, tmp_path: Path) -> None:
    hosts = rows_of(annotations / "hosts.parquet")
    keys = [row["surt_host_name"] for row in hosts]
    assert keys == sorted(set(keys))
    assert sum(row["recall_pages"] for row in hosts) == sum(
        row["pages"] for row in rows_of(export(played, "hosts", tmp_path / "h.parquet"))
    )
    index = tmp_path / "index.parquet"
    with duckdb.connect() as connection:
        names = ", ".join(f"('{key}')" for key in [*keys, "zz,unknown"])
        table = f"SELECT col0 AS surt_host_name, 'CC-MAIN-2026-00' AS crawl FROM (VALUES {names})"
        connection.execute(f"COPY ({table}) TO '{index}'")
    found = annotate(annotations, str(index), "join_recall_hosts.yaml", "action_code_domains.yaml")
    assert {row["surt_host_name"] for row in found} == {
        row["surt_host_name"] for row in hosts if row["recall_code_domain"]
    }
    assert found


def test_kept_pages_are_found_in_a_url_index(annotations: Path, tmp_path: Path) -> None:
    pages = rows_of(annotations / "pages.parquet")
    index = tmp_path / "index.parquet"
    with duckdb.connect() as connection:
        columns = f"SELECT * EXCLUDE (recall_score, recall_kept) FROM '{annotations}/pages.parquet'"
        connection.execute(f"COPY ({columns}) TO '{index}'")
    found = annotate(annotations, str(index), "join_recall_pages.yaml", "action_code_pages.yaml")
    assert sorted(row["url"] for row in found) == sorted(row["url"] for row in pages if row["recall_kept"])


def test_a_round_that_is_not_scanned_is_refused(played: Run, tmp_path: Path) -> None:
    for arguments, line in (
        (["scores", "--round", "9"], "round 9 has not finished its scan step"),
        (["corpus", "--round", "1"], "--round is of hosts, prefixes, scores and annotations"),
    ):
        kind, *options = arguments
        answer = CliRunner().invoke(
            verbs, ["export", played.store.root, str(tmp_path / "x"), "--format", kind, *options]
        )
        assert line in str(answer.exception)
    answer = CliRunner().invoke(verbs, ["export", played.store.root, str(tmp_path / "x.csv"), "--format", "scores"])
    assert "scores of pages are written as .parquet" in str(answer.exception)


def test_hosts_that_differ_by_www_are_one(tmp_path: Path) -> None:
    class Stand:
        """A round whose hosts the test says."""

    listed = [
        {"url_host_name": "www.example.org", "pages": 30, "kept": 30, "share_at_least": 0.8, "code_domain": True},
        {"url_host_name": "example.org", "pages": 10, "kept": 2, "share_at_least": None, "code_domain": False},
        {"url_host_name": "165.22.100.0", "pages": 1, "kept": 0, "share_at_least": 0.0, "code_domain": False},
    ]
    rows = [{**row, "judgement": word} for row, word in zip(listed, ["reject", "accept", ""], strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotations_module, "host_rows", lambda _round: iter(rows))
        assert annotations_module.write_hosts(Stand(), tmp_path / "h.parquet") == 2  # type: ignore[arg-type]
    address, both = rows_of(tmp_path / "h.parquet")
    assert address["surt_host_name"] == surt_host("165.22.100.0") == "0,100,22,165"
    assert both == {
        "surt_host_name": "org,example",
        "recall_pages": 40,
        "recall_kept": 32,
        "recall_share": 0.8,
        "recall_share_at_least": pytest.approx(0.6),
        "recall_code_domain": True,
        "recall_judgement": "accept",
    }


def test_rows_come_back_in_pieces_of_one_size(tmp_path: Path) -> None:
    with RowSorter(tmp_path) as sorter:
        for start in range(0, 40_000, 1_000):
            numbers = [(start + index) * 7_919 % 40_000 for index in range(1_000)]
            sorter.add(table_of({"n": numbers}, {"n": "int64"}))
        pieces = list(sorter.rows("SELECT n FROM rows ORDER BY n"))
    assert [piece.num_rows for piece in pieces] == [16_384, 16_384, 40_000 - 2 * 16_384]
    assert [n for piece in pieces for n in piece.column("n").to_pylist()] == list(range(40_000))


@pytest.mark.parametrize(
    ("part", "error", "line"),
    [
        (b"PAR1 broken PAR1", ShardCorrupt, "rows cannot be sorted and joined"),
        (None, ShardUnreadable, "part-0.parquet"),
    ],
    ids=["broken", "missing"],
)
def test_an_index_that_cannot_be_read_is_named(
    fault_server: FaultServer, tmp_path: Path, part: bytes | None, error: type[Exception], line: str
) -> None:
    fault_server.files = {} if part is None else {"part-0.parquet": part}
    with RowSorter(tmp_path, [fault_server.url("part-0.parquet")]) as sorter:
        sorter.add(table_of({"n": [1]}, {"n": "int64"}))
        with pytest.raises(error, match=line) as caught:
            list(sorter.rows("SELECT n FROM rows JOIN read_parquet($index) ON true"))
    assert "\n" not in str(caught.value)


@pytest.mark.realdata
def test_every_page_of_a_real_crawl_joins_with_its_index(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those that a scan of the crawl's files has; that they are scored matters not."""
    (part,) = (shared / "crawl/cc-index").rglob("*.parquet")
    wanted = "url, warc_filename, warc_record_offset, warc_record_length, url_surtkey, epoch_ms(fetch_time)"
    with duckdb.connect() as connection:
        listed = connection.execute(
            f"SELECT {wanted} FROM read_parquet('{part}', hive_partitioning = false)"
        ).fetchall()
    by_path: dict[str, list[tuple[Any, ...]]] = {}
    for row in listed:
        by_path.setdefault(f"{shared}/crawl/{row[1]}", []).append(row)
    config = Config(crawl=CrawlSection(ids=("CC-MAIN-2026-00",), base=f"{shared}/crawl", index=f"{shared}/crawl"))
    run = make_run(tmp_path / "run", config)
    held = [ScannedShard(shard, 0, 0, {}, "", "") for shard in run.shards]

    def rows(_store: object, scanned: ScannedShard, columns: list[str]) -> Any:
        real = by_path[f"{shared}/crawl/{scanned.shard.path}"]
        known = {"url": 0, "offset": 2, "length": 3}
        filled = {"score": [0.5] * len(real), "kept": [True] * len(real), "time": [0] * len(real)}
        told = {name: [row[place] for row in real] for name, place in known.items()}
        return table_of({name: (told | filled)[name] for name in columns}, {name: ROWS[name] for name in columns})

    monkeypatch.setattr(page_table, "scanned_shards", lambda _round: held)
    monkeypatch.setattr(page_table, "read_rows", rows)
    assert page_table.export_pages(run.round(1), tmp_path / "s.parquet") == len(listed)
    found = pq.read_table(tmp_path / "s.parquet")
    assert found.schema.field("fetch_time").type == pq.read_schema(part).field("fetch_time").type
    places = ("url", "warc_filename", "warc_record_offset", "warc_record_length", "url_surtkey")
    told = [
        (*(row[name] for name in places), int(row["fetch_time"].replace(tzinfo=UTC).timestamp() * 1000))
        for row in found.to_pylist()
    ]
    assert sorted(told) == sorted(listed)
    assert {*found.column("crawl").to_pylist()} == {"CC-MAIN-2026-00"}
    assert [row[4] for row in told] == sorted(row[4] for row in told)
