"""A sample of any corpus: which files it is read from, that it is the same however they are cut, what is refused."""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from recall.config import AccessSection, ClusterSection
from recall.corpus.published import TEXT
from recall.corpus.text_sample import TextSample, sample_corpus
from recall.errors import BadInput, RecallError
from recall.run.sampling import priority
from recall.run.store import Columns, table_bytes

ROWS = [(f"https://site{number}.org/page", f"text number {number}") for number in range(300)]


def parquet(path: Path, columns: Columns) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(table_bytes(columns, dict.fromkeys(columns, "string")))


def json_lines(path: Path, rows: Sequence[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def with_urls(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    parquet(path, {"url": [url for url, _ in rows], "text": [text for _, text in rows]})


def sampled(corpus: Path, size: int = 20, column: str = "text", seed: int = 1) -> TextSample:
    return sample_corpus(str(corpus), column, seed, AccessSection(), ClusterSection(), size)


def test_the_sample_is_the_same_however_the_corpus_is_cut(tmp_path: Path) -> None:
    with_urls(tmp_path / "one.parquet", ROWS)
    for number in range(3):
        with_urls(tmp_path / "three" / f"part-{2 - number:05d}.parquet", ROWS[100 * number : 100 * (number + 1)])
    json_lines(tmp_path / "lines" / "a.jsonl.gz", [{"text": text, "url": url} for url, text in reversed(ROWS)])
    first, *others = (sampled(tmp_path / name) for name in ("one.parquet", "three", "lines"))
    assert first.pages == 300
    assert len(first.texts) == 20
    for other in others:
        assert other.pages == 300
        assert [(text.url, text.text) for text in other.texts] == [(text.url, text.text) for text in first.texts]
    assert {text.url for text in sampled(tmp_path / "one.parquet", seed=2).texts} != {text.url for text in first.texts}


def test_it_does_not_draw_the_pages_that_the_runs_own_sample_draws(tmp_path: Path) -> None:
    with_urls(tmp_path / "one.parquet", ROWS)
    own = sorted(ROWS, key=lambda row: priority(1, row[0]))[:20]
    drawn = {text.url for text in sampled(tmp_path / "one.parquet").texts}
    assert len(drawn & {url for url, _ in own}) < 10


def test_texts_alone_are_named_by_file_and_record(tmp_path: Path) -> None:
    long = "x" * (TEXT + 5)
    parquet(tmp_path / "data" / "python" / "train-0.parquet", {"content": ["é = 1", "", long]})
    parquet(tmp_path / "data" / "rust" / "train-0.parquet", {"content": ["fn main() {}"]})
    (tmp_path / "README.md").write_text("about")
    sample = sampled(tmp_path / "data", column="content")
    assert sample.pages == 3
    assert {(text.place, text.url, text.bytes, len(text.text)) for text in sample.texts} == {
        ("python/train-0.parquet, record 0", "", 6, 5),
        ("python/train-0.parquet, record 2", "", TEXT + 5, TEXT),
        ("rust/train-0.parquet, record 0", "", 12, 12),
    }


@pytest.mark.parametrize("folder", ["", "corpus"])
def test_of_a_run_or_a_release_the_parts_of_its_corpus_are_read(folder: str, tmp_path: Path) -> None:
    with_urls(tmp_path / folder / "part-00000.parquet", ROWS[:9])
    with_urls(tmp_path / folder / "dropped.parquet", ROWS[9:])
    (tmp_path / "run.json").write_text("{}")
    assert sampled(tmp_path).pages == 9


def test_the_sample_is_bounded_however_many_rows_share_a_url(tmp_path: Path) -> None:
    with_urls(tmp_path / "same.parquet", [("https://a.org/", f"{number}") for number in range(2000)])
    sample = sampled(tmp_path / "same.parquet")
    assert sample.pages == 2000
    assert len(sample.texts) == 20


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nothing", "nothing: no such folder, or none with texts in it (.parquet, .jsonl"),
        ("none.parquet", "none.parquet: no such file"),
        ("empty", "empty: no such folder, or none with texts in it"),
        ("run", "run: this run has no corpus yet; see `recall status"),
        ("release", "release: a release holds no texts; name the corpus of its run"),
        ("hosts.parquet", "hosts.parquet: has no column 'text' of text, but host; name the right one"),
        ("rows.jsonl", "rows.jsonl: has no column 'text' of text, but body; name the right one"),
        ("numbers.parquet", "its column 'text' holds int64, not text"),
        ("broken.parquet", "broken.parquet"),
    ],
)
def test_what_is_no_corpus_is_refused_in_one_line(name: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    parquet(tmp_path / "release" / "hosts.parquet", {"host": ["a.org"]})
    (tmp_path / "release" / "release.json").write_text("{}")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    parquet(tmp_path / "hosts.parquet", {"host": ["a.org"]})
    json_lines(tmp_path / "rows.jsonl", [{"body": "x"}])
    (tmp_path / "numbers.parquet").write_bytes(table_bytes({"text": [1]}, {"text": "int64"}))
    with pytest.raises(RecallError, match=re.escape(line)) as caught:
        sampled(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, BadInput) or name == "broken.parquet"
