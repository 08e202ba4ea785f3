from pathlib import Path

import pytest

from recall.config import Config, dump_config, load_config, parse_config, resolve_paths
from recall.errors import BadInput


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse_config("", "x.toml") == Config()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[run]\nround = 2\n", "x.toml: run.round: Extra inputs are not permitted"),
        ("[run]\nrounds = 'many'\n", "x.toml: run.rounds: "),
        ("[run]\nrounds = 0\n", "x.toml: run.rounds: "),
        ("[train]\nngrams = 2\n", "x.toml: train: Value error, ngrams above 1 need buckets"),
        ("[run\n", "x.toml: not TOML: "),
        ("[weather]\n", "x.toml: weather: "),
    ],
)
def test_what_cannot_be_used_is_one_line_with_file_and_key(text: str, line: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_config(text, "x.toml")
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such config file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"[run]\nholdout = '\xe9'\n")
    with pytest.raises(BadInput, match=r"latin\.toml: cannot be read"):
        load_config(tmp_path / "latin.toml")


def test_paths_are_seen_from_the_config_file_and_urls_stay() -> None:
    config = parse_config(
        '[crawl]\npaths = ["a.paths", "https://x.org/b.paths.gz"]\n[seed]\nlabels = "labels.jsonl"\n', "x.toml"
    )
    resolved = resolve_paths(config, Path("/data/set"))
    assert resolved.crawl.paths == ("/data/set/a.paths", "https://x.org/b.paths.gz")
    assert resolved.seed.labels == "/data/set/labels.jsonl"
    assert resolved.crawl.base == config.crawl.base
    assert resolved.run.holdout == ""


def test_a_dumped_config_reads_back_the_same() -> None:
    config = parse_config('[seed]\nlabels = "a\\"b\\\\c\\né"\n[crawl]\nids = ["X"]\n[scan]\nrescan = "all"\n', "x.toml")
    assert parse_config(dump_config(config), "again") == config
