from pathlib import Path

import pytest
import tomli_w

from recall.config import Config, dump_config, load_config, parse_config, resolve_paths
from recall.config.retired import RETIRED
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
    with pytest.raises(BadInput, match=r"latin\.toml: not UTF-8 at byte 17"):
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
    assert resolved.model_fields_set == {"crawl", "seed"}
    assert resolved.crawl.model_fields_set == {"paths"}


def test_a_dumped_config_reads_back_the_same() -> None:
    config = parse_config('[seed]\nlabels = "a\\"b\\\\c\\né"\n[crawl]\nids = ["X"]\n[scan]\nrescan = "all"\n', "x.toml")
    assert parse_config(dump_config(config), "again") == config


@pytest.mark.parametrize(("setting", "value"), RETIRED.items())
def test_a_retired_setting_is_ignored_at_its_old_default_and_refused_otherwise(
    setting: tuple[str, str], value: object
) -> None:
    section, key = setting
    assert key not in getattr(Config(), section).model_dump()
    assert parse_config(tomli_w.dumps({section: {key: value}}), "old.toml") == Config()
    with pytest.raises(
        BadInput, match=rf"^old\.toml: {section}\.{key}: is always .* in this version, not 'x': "
    ) as caught:
        parse_config(tomli_w.dumps({section: {key: "x"}}), "old.toml")
    assert "\n" not in str(caught.value)


def test_a_config_that_names_all_settings_of_an_older_version_is_read() -> None:
    sections = Config().model_dump(mode="json")
    for (section, key), value in RETIRED.items():
        sections[section][key] = value
    assert parse_config(tomli_w.dumps(sections), "run/config.toml") == Config()
