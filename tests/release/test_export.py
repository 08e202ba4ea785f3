"""The corpus in other forms, and lists that join with Common Crawl's index."""

import gzip
import io
import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from click.testing import CliRunner
from fastwarc.warc import ArchiveIterator, WarcRecordType

from recall.archive.index import IndexRow, write_index
from recall.archive.warc import captures
from recall.cli import verbs
from recall.labels.decisions import prefix_labels
from recall.records import WarcRef
from recall.release.export_files import export_rows
from recall.release.lists import path_regex, surt_prefix
from recall.run.rounds import Run
from recall.sites.prefixes import PrefixSet, under
from recall.sites.shipped import shipped_prefixes

JOIN = (
    "SELECT i.url, p.prefix FROM read_parquet('INDEX', hive_partitioning = false) i JOIN 'LIST' p "
    "ON (i.url_host_name = p.url_host_name "
    "OR starts_with(p.url_host_name, '*.') AND ends_with(i.url_host_name, substr(p.url_host_name, 2))) "
    "AND starts_with(i.url_surtkey, p.url_surtkey_prefix) "
    "WHERE regexp_matches(i.url_path, p.url_path_regex)"
)


def ask(query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query, values).fetchall()
        return rows


def records(query: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        relation: Any = connection.sql(query)
        rows: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
        return rows


def export(run: Run, kind: str, target: Path) -> Path:
    answer = CliRunner().invoke(verbs, ["export", run.store.root, str(target), "--format", kind])
    assert answer.exit_code == 0, answer.output
    return target


def corpus_of(run: Run) -> list[dict[str, Any]]:
    return records(f"SELECT * FROM '{run.store.root}/corpus/part-*.parquet'")


def test_json_lines_hold_every_row(played: Run, tmp_path: Path) -> None:
    plain = export(played, "jsonl", tmp_path / "a.jsonl").read_bytes()
    found = [json.loads(line) for line in plain.splitlines()]
    assert found == json.loads(json.dumps(corpus_of(played)))
    assert gzip.decompress(export(played, "jsonl", tmp_path / "a.jsonl.gz").read_bytes()) == plain
    packed = export(played, "jsonl", tmp_path / "a.jsonl.zst").read_bytes()
    assert zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read() == plain
    again = export(played, "jsonl", tmp_path / "b.jsonl.gz").read_bytes()
    assert again == (tmp_path / "a.jsonl.gz").read_bytes()


def test_a_name_that_is_taken_is_refused(played: Run, tmp_path: Path) -> None:
    export(played, "jsonl", tmp_path / "a.jsonl")
    answer = CliRunner().invoke(verbs, ["export", played.store.root, str(tmp_path / "a.jsonl"), "--format", "jsonl"])
    assert "exists already" in str(answer.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_the_warc_holds_the_original_records(played: Run, tmp_path: Path) -> None:
    target = export(played, "warc", tmp_path / "c.warc.gz")
    rows = corpus_of(played)
    check = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", str(target)], check=False, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout
    assert "digest failed" not in check.stdout
    with target.open("rb") as stream:
        records = list(ArchiveIterator(stream, verify_digests=True))
        kinds = [record.record_type for record in records]
    assert kinds == [WarcRecordType.warcinfo] + [WarcRecordType.response] * len(rows)
    found = {page.url: f"sha256:{sha256(page.body).hexdigest()}" for page in captures(str(target))}
    assert found == {row["url"]: row["digest"] for row in rows}
    stored = target.read_bytes()
    for row in rows:
        path = next(shard.url for shard in played.shards if shard.path == row["warc_path"])
        original = Path(path).read_bytes()[row["offset"] : row["offset"] + row["length"]]
        assert original in stored


@pytest.mark.parametrize(
    "prefix", ["a.org", "a.org/", "a.org/docs", "a.org/docs/", "a.org/x.y/", "a.org/{year}/{slug}", "a.org/q/{int}/"]
)
def test_the_path_expression_says_what_lies_under_a_prefix(prefix: str) -> None:
    paths = "/ /docs /docs/ /docs/a /docsets /x.y/z /xay/z /2024/post /2024/ /2024/a/b /1850/a /q/1/ /q/1 /q/12/x /q/a/"
    for path in paths.split():
        ((found,),) = ask("SELECT regexp_matches($1, $2)", [path, path_regex(prefix)])
        assert found == under(prefix, f"http://a.org{path}"), (prefix, path)


def test_surt_prefixes_are_written_as_the_index_sorts() -> None:
    assert surt_prefix("www2.Docs.example.org", "Path/") == "org,example,docs)/path"
    assert surt_prefix("*.Docs.example.org", "Path/") == "org,example,docs"


def test_hosts_are_those_of_the_last_round(played: Run, tmp_path: Path) -> None:
    listed = export(played, "hosts", tmp_path / "h.parquet")
    hosts = records(f"SELECT * FROM '{listed}'")
    seen = ask(f"SELECT host, pages, kept FROM '{played.store.root}/rounds/2/domains/domains.parquet'")
    assert [(one["url_host_name"], one["pages"], one["kept"]) for one in hosts] == seen
    assert {one["judgement"] for one in hosts} <= {"", "accept", "reject", "unsure"}
    assert all(one["url_host_registered_domain"].count(".") == 1 for one in hosts)
    lines = export(played, "hosts", tmp_path / "h.csv").read_text().splitlines()
    assert len(lines) == len(hosts) + 1


def test_prefixes_join_with_an_index_of_the_crawl(played: Run, tmp_path: Path) -> None:
    root = played.store.root
    files = ask(f"SELECT rows_file FROM '{root}/rounds/2/scan/shards.parquet'")
    urls = [url for (file,) in files for (url,) in ask(f"SELECT url FROM '{root}/{file}'")]
    write_index([IndexRow(url, WarcRef("w", 0, 1), 200, "text/html", "") for url in urls], tmp_path / "index.parquet")
    listed = export(played, "prefixes", tmp_path / "p.parquet")
    judged = prefix_labels(played, [1, 2])
    assert judged
    joined = ask(JOIN.replace("INDEX", str(tmp_path / "index.parquet")).replace("LIST", str(listed)))
    expected = {(url, prefix) for url in urls for prefix in judged if under(prefix, url)}
    assert set(joined) == expected
    assert dict(ask(f"SELECT prefix, judgement FROM '{listed}'")) == judged


@pytest.mark.realdata
def test_prefixes_join_with_common_crawls_own_columns(shared: Path, tmp_path: Path) -> None:
    index = f"{shared}/crawl/cc-index/table/cc-main/warc/*/*/*.parquet"
    hosts = ask(f"SELECT DISTINCT url_host_name, url_path FROM '{index}' WHERE fetch_status = 200 ORDER BY ALL")
    prefixes = sorted({f"{host}{path[: path.rfind('/') + 1]}" for host, path in hosts[::7]})
    prefixes += [known.prefix for known in shipped_prefixes()]
    rows = [{"prefix": one, **_columns(one)} for one in prefixes]
    export_rows(rows, dict.fromkeys(rows[0], "string"), tmp_path / "p.parquet")
    joined = ask(JOIN.replace("INDEX", index).replace("LIST", str(tmp_path / "p.parquet")))
    wanted = PrefixSet(prefixes)
    urls = [url for (url,) in ask(f"SELECT url FROM '{index}'")]
    assert set(joined) == {(url, prefix) for url in urls for prefix in wanted.matches(url)}
    assert len(joined) > 400


def _columns(prefix: str) -> dict[str, str]:
    host, _, path = prefix.partition("/")
    surt = surt_prefix(host, path.partition("{")[0])
    return {"url_host_name": host, "url_path_regex": path_regex(prefix), "url_surtkey_prefix": surt}


@pytest.mark.parametrize(
    ("prefix", "path", "covered"),
    [
        ("*/viewtopic.php", "/forum/viewtopic.php", True),
        ("*/viewtopic.php", "/viewtopic.php", True),
        ("*/viewtopic.php", "/xviewtopic.php", False),
        ("*/questions/{int}/", "/a/b/questions/7/x", True),
        ("*/questions/{int}/", "/questions/7", False),
    ],
)
def test_a_pattern_s_expression_covers_what_the_pattern_covers(prefix: str, path: str, covered: bool) -> None:
    assert (re.search(path_regex(prefix), path) is not None) is covered is under(prefix, f"http://a.org{path}")
    assert surt_prefix("*", prefix.partition("/")[2]) == ""
