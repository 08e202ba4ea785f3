import json
import shutil
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from recall import loop
from recall.config import AccessSection
from recall.corpus import check_lineage
from recall.corpus.drops import EARLIER_ONLY, HELD_EARLIER, NOT_CODE, NOT_SCANNED
from recall.errors import BadInput
from recall.labels.decisions import page_labels
from recall.model.token_counts import TokenCounter
from recall.run import store as store_module
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.steps.build import build
from recall.steps.build.extract import reason_for


def corpus_of(run: Run) -> list[dict[str, Any]]:
    files = [output.file for output in run.step("corpus").outputs() if output.file.startswith("part-")]
    return [row for file in files for row in run.store.read_table(f"corpus/{file}").to_pylist()]


@pytest.mark.parametrize(
    ("by_model", "by_prefix", "judged", "reason"),
    [
        (True, False, None, "classifier"),
        (False, True, None, "prefix"),
        (True, True, None, "both"),
        (False, False, None, ""),
        (True, True, False, ""),
        (False, False, True, "label"),
        (False, True, True, "prefix"),
        (True, False, True, "classifier"),
    ],
)
def test_people_overrule_and_reasons_name_who_kept(
    by_model: bool, by_prefix: bool, judged: bool | None, reason: str
) -> None:
    assert reason_for(by_model, by_prefix, judged) == reason


def test_the_corpus_is_what_the_last_model_prefixes_and_people_say(played: Run) -> None:
    last = played.round(2)
    labels = {url: label.value == "C" for url, label in page_labels(played, [1, 2]).items()}
    rows = corpus_of(played)
    kept = {row["url"] for row in rows}
    dropped = {row["url"]: row["reason"] for row in played.store.read_table("corpus/dropped.parquet").to_pylist()}
    for scanned in scanned_shards(last):
        for row in read_rows(played.store, scanned).to_pylist():
            url, by_model = row["url"], row["kept"]
            if labels.get(url) is False:
                assert url not in kept
            elif by_model or labels.get(url):
                assert url in kept or dropped[url] in {"exact duplicate", "no text could be extracted"}
    assert kept
    assert not kept & {url for url, reason in dropped.items() if reason in {NOT_CODE, EARLIER_ONLY}}


def test_each_text_stands_once_and_has_its_lineage(played: Run, crawl: Any) -> None:
    rows = corpus_of(played)
    bodies = {site.url: site.body for site in crawl.sites}
    assert len({row["text"] for row in rows}) == len(rows)
    for row in rows:
        assert row["digest"] == f"sha256:{sha256(bodies[row['url']]).hexdigest()}"
        assert row["domain"] == row["url"].split("/")[2]
        assert row["tag"] == "code"
        assert row["round"] in {1, 2}


def test_code_stays_exact(played: Run) -> None:
    with_code = [row["text"] for row in corpus_of(played) if "return x" in row["text"]]
    assert with_code
    assert all("if x < 1:\n    return x" in text for text in with_code)


def test_rows_lead_back_to_their_records(played: Run) -> None:
    checked, damages = check_lineage(played, 25)
    assert (checked, damages) == (25, [])


def test_a_changed_record_is_found(fresh: Any, crawl: Any, tmp_path: Any) -> None:
    copies = []
    for warc in crawl.warcs:
        copies.append(tmp_path / f"copy-{warc.name}")
        copies[-1].write_bytes(warc.read_bytes())
    run = fresh(until="build", rounds=1, crawl={"warcs": [str(path) for path in copies]})
    for path in copies:
        data = bytearray(path.read_bytes())
        for row in corpus_of(run):
            if row["warc_path"] == str(path):
                data[row["offset"] + row["length"] // 2] ^= 0x55
        path.write_bytes(data)
    checked, damages = check_lineage(run, 10)
    assert checked == len(damages) == 10


def test_parts_hold_so_many_rows(fresh: Any) -> None:
    run = fresh("build", rounds=1, build={"rows_per_file": 7})
    parts = [output for output in run.step("corpus").outputs() if output.file.startswith("part-")]
    assert len(parts) > 1
    assert [part.rows for part in parts[:-1]] == [7] * (len(parts) - 1)


def test_the_folder_holds_only_what_its_outputs_name(played: Run) -> None:
    named = {output.file for output in played.step("corpus").outputs()} | {"step.json", "outputs.parquet"}
    assert {key.removeprefix("corpus/") for key in played.store.keys("corpus/")} == named


def test_the_card_tells_this_corpus_figures(played: Run) -> None:
    card = played.store.read("corpus/card.md").decode()
    assert f"{played.step('corpus').result.counts['pages']:,} pages, " in card


def test_a_shard_that_the_last_round_could_not_read_is_listed_with_its_pages(
    fresh: Any, crawl: Any, tmp_path: Any
) -> None:
    copy = tmp_path / "copy.warc.gz"
    copy.write_bytes(crawl.warcs[1].read_bytes())
    warcs = [str(crawl.warcs[0]), str(copy), str(crawl.warcs[2])]
    settings = {"crawl": {"warcs": warcs}, "scan": {"rescan": "all"}, "cluster": {"failed_share": 0.5}}
    run = fresh("round 2 train", **settings)
    kept_before = run.round(1).step("scan").result.counts["kept"]
    copy.write_bytes(copy.read_bytes()[:-2000])
    for name, _ in loop.drive(run):
        assert name
    ledger = run.store.read_table("corpus/shards.parquet").to_pylist()
    assert [row["failed"] for row in ledger] == [False, True, False]
    dropped = run.store.read_table("corpus/dropped.parquet").to_pylist()
    lost = [row for row in dropped if row["reason"] == NOT_SCANNED]
    assert 0 < len(lost) < kept_before
    assert {row["warc_path"] for row in lost} == {str(copy)}
    assert "2 of 3 WARC files could be read" in run.store.read("corpus/card.md").decode()


def test_a_seed_label_overrules_the_model(fresh: Any, crawl: Any, tmp_path: Any) -> None:
    """A seed page of shops is called code, one of code is not: the model disagrees with both."""
    rows = [json.loads(line) for line in (crawl.folder / "labels.jsonl").read_text().splitlines()]
    code = next(row for row in rows if row["label"] == "C" and row["use"] == "seed")
    other = next(row for row in rows if row["label"] == "N" and row["use"] == "seed")
    code["label"], other["label"] = "N", "C"
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = fresh("build", rounds=1, seed={"labels": str(labels)})
    reasons = {row["url"]: row["reason"] for row in corpus_of(run)}
    assert other["url"] in reasons
    assert code["url"] not in reasons


def test_a_build_killed_while_it_tidies_up_is_not_done_again(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh("round 1 harvest", rounds=1)
    run.round(1).seal()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(run.store), "remove", stop)
        with pytest.raises(KeyboardInterrupt):
            build(run)
    assert run.step("corpus").done
    assert build(run) == run.step("corpus").result


@pytest.mark.slow
def test_a_build_killed_at_any_file_of_its_end_ends_with_the_same_corpus(
    fresh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = fresh("round 1 harvest", rounds=1)
    sealed.round(1).seal()

    def copy(name: str) -> Run:
        return Run.open(shutil.copytree(sealed.store.root, tmp_path / name))

    calm = copy("calm")
    build(calm)
    for kill_at in range(1, 1000):
        run, left = copy(f"killed-{kill_at}"), kill_at

        def die(url: str, content: Any, access: AccessSection, *, whole: Any) -> bool:
            nonlocal left
            done: bool = whole(url, content, access)
            left -= "/corpus/" in url or "/write" in url
            if not left:
                raise KeyboardInterrupt
            return done

        with monkeypatch.context() as patch:
            for name in ("publish", "publish_file"):
                patch.setattr(store_module, name, partial(die, whole=getattr(store_module, name)))
            with suppress(KeyboardInterrupt):
                build(run)
        if left:
            break
        build(run)
        assert run.verify() == []
        assert run.digest() == calm.digest(), kill_at
    assert kill_at > 8


def test_checkpoints_of_an_older_version_are_not_read_and_go(fresh: Any, played: Run) -> None:
    run = fresh("round 2 harvest")
    run.round(2).seal()
    run.store.publish("build/extract/000000.json", b'{"pages": 0, "bytes": 0, "files": []}')
    build(run)
    assert run.store.read("corpus/part-00000.parquet") == played.store.read("corpus/part-00000.parquet")
    assert run.store.keys("build/") == []


def test_tokens_and_fences_are_those_of_the_final_text(played: Run) -> None:
    counter = TokenCounter(played.store.read("rounds/2/train/tokenizer.json").decode(), "tokenizer.json", ours=True)
    rows = corpus_of(played)
    assert [row["tokens"] for row in rows] == [counter.count(row["text"]) for row in rows]
    assert {row["named_tokens"] for row in rows} == {None}
    assert all(row["record_id"].startswith("<urn:uuid:") for row in rows)
    for row in rows:
        assert len(row["fences"]) == row["code_blocks"]
        for fence in row["fences"]:
            code = row["text"][fence["offset"] :][: fence["chars"]]
            assert code.count("\n") + 1 == fence["lines"]
            assert f"```{fence['language']}\n{code}\n```" in row["text"]


def test_texts_are_counted_by_the_tokenizer_that_is_named(fresh: Any, tmp_path: Any) -> None:
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    run = fresh("build", rounds=1, tags={"tokenizer": str(tmp_path / "tokenizer.json")})
    rows = corpus_of(run)
    assert [row["named_tokens"] for row in rows] == [len(row["text"].split()) for row in rows]
    card = run.store.read("corpus/card.md").decode()
    assert f"{sum(row['named_tokens'] for row in rows):,} tokens of the tokenizer that was named" in card


def test_a_tokenizer_that_is_none_ends_the_build_before_it_begins(fresh: Any, tmp_path: Any) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInput, match=r"\[tags\] tokenizer: .*tokenizer.json: no tokenizer.json: "):
        fresh("build", rounds=1, tags={"tokenizer": str(tmp_path / "tokenizer.json")})


def test_pages_of_an_earlier_corpus_stay_out_or_are_marked(played: Run, fresh: Any) -> None:
    held = {row["url"] for row in corpus_of(played)}
    again = fresh("build", rounds=1)
    kept = {row["url"] for row in corpus_of(again)}
    against = {"against": [played.store.url("corpus")]}
    run = fresh("build", rounds=1, duplicates=against)
    rows = {row["url"] for row in corpus_of(run)}
    assert rows < kept
    assert not rows & held
    drops = [row for row in run.store.read_table("corpus/dropped.parquet").to_pylist() if row["stage"] == "earlier"]
    assert {row["url"] for row in drops} >= kept & held
    assert {row["reason"] for row in drops} <= set(HELD_EARLIER.values())
    assert {row["duplicate_of"] for row in drops} == {None}
    assert all(row["detail"].startswith(played.store.url("corpus")) for row in drops)
    settings = run.step("corpus").manifest.settings
    parts = [output.file for output in played.step("corpus").outputs() if output.file.startswith("part-")]
    assert all(len(settings[played.store.url(f"corpus/{part}")]) == 32 for part in parts)
    marked = fresh("build", rounds=1, duplicates={**against, "earlier": "mark"})
    marks = {row["url"]: row["earlier"] for row in corpus_of(marked)}
    assert set(marks) == kept
    assert {url for url, mark in marks.items() if mark == "url"} == kept & held
    assert {url for url, mark in marks.items() if not mark} == rows


def test_an_earlier_corpus_that_is_none_ends_the_build_before_it_reads_a_page(fresh: Any, tmp_path: Any) -> None:
    with pytest.raises(BadInput, match=r"against: .* holds neither"):
        fresh("build", rounds=1, duplicates={"against": [str(tmp_path)]})
    assert (tmp_path / "run-0" / "rounds").exists()
    assert list((tmp_path / "run-0" / "build").rglob("extract")) == []
