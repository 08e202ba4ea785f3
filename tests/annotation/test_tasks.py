"""Tasks of a round: which pages and prefixes, what is shown of them, what is never offered."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation import tasks as tasks_module
from annotation.page_pool import over_shards
from annotation.tasks import EXAMPLES, PREFIXES, STRATA, TASKS, choose_prefixes, push, pushed, title_of
from recall.config import ClusterSection
from recall.errors import (
    AlreadyPublished,
    BadInput,
    Damaged,
    Incomplete,
    LeaseHeld,
    RecallError,
    Refused,
    ShardCorrupt,
    ShardUnreadable,
    StorageUnusable,
    Transient,
)
from recall.run.rounds import Round, Run
from recall.run.scanned import ScannedShard, scanned_shards
from recall.sites.prefixes import under
from recall.sites.urls import host_of
from recall.steps.domains import CANDIDATES

CODE_HOST = "docs{0}.example{0}.org"
FLOOR, THRESHOLD = 0.02, 0.6
HELD_OUT = "held.example.net"


def rows_of(round_: Round, file: str) -> list[dict[str, Any]]:
    return list(round_.run.store.read_table(round_.step("label").key(file)).to_pylist())


def label_bytes(round_: Round) -> dict[str, bytes]:
    store = round_.run.store
    return {key: store.read(key) for key in store.keys(round_.step("label").folder + "/")}


def test_a_round_gets_its_pages_with_lineage_and_what_people_see(loop: Any) -> None:
    push(loop.first)
    rows = rows_of(loop.first, TASKS)
    assert [row["use"] for row in rows].count("audit") == 12
    assert [row["use"] for row in rows].count("train") == 20
    assert [row["key"] for row in rows] == sorted({row["key"] for row in rows})
    code = {site.url: site.code for site in loop.sites}
    for row in rows:
        assert row["title"] == f"Page {row['url']}"
        assert ("def main(): return 0" if code[row["url"]] else "lovely shoes & socks") in row["text"]
        assert ("def main(): return 0" if code[row["url"]] else "lovely shoes & socks") in row["markdown"]
        assert (row["probability"] > 0) == (row["use"] == "audit")
        assert row["path"] == loop.run.shards[row["shard"]].path
    assert any(row["score"] < 0.02 for row in rows)


def test_held_out_and_labelled_seed_pages_are_never_offered(loop: Any) -> None:
    push(loop.first)
    urls = {row["url"]: row["use"] for row in rows_of(loop.first, TASKS)}
    assert not any(host_of(url) == HELD_OUT for url in urls)
    assert loop.sites[0].url not in urls
    assert urls.get(loop.sites[1].url) != "audit"
    assert not any(row["host"] == HELD_OUT for row in rows_of(loop.first, PREFIXES))
    strata = loop.run.store.read_json(loop.first.step("label").key(STRATA))
    assert strata["pages"] == {"asked": 1, "captured_again": 0, "held_out": 10, "learned": 1, "seen": 130}
    assert sum(stratum["pages"] for stratum in strata["strata"]) == 130 - 12


def test_prefixes_come_with_examples_that_are_no_audit_pages(loop: Any) -> None:
    push(loop.first)
    prefixes = rows_of(loop.first, PREFIXES)
    audit = {row["url"] for row in rows_of(loop.first, TASKS) if row["use"] == "audit"}
    assert [row["pages"] for row in prefixes] == [7, 7, 7, 7, 3]
    assert not any(row["prefix"].endswith("/blog/") for row in prefixes)
    examples = rows_of(loop.first, EXAMPLES)
    for row in prefixes:
        mine = [example for example in examples if example["key"] == row["key"]]
        assert [example["url"] for example in mine] == row["examples"]
        assert 0 < len(mine) <= 3
        assert all(under(row["prefix"], url) for url in row["examples"])
        assert not set(row["examples"]) & audit
        assert {example["score"] for example in mine} <= {site.score for site in loop.sites}


def test_pushing_again_changes_nothing(loop: Any) -> None:
    push(loop.first)
    before = label_bytes(loop.first)
    push(loop.first)
    assert label_bytes(loop.first) == before


@pytest.mark.parametrize("published", [0, 1, 2, 3])
def test_a_push_that_was_killed_ends_with_the_same_bytes(
    make_loop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, published: int
) -> None:
    whole, killed = make_loop(name="whole"), make_loop(name="killed")
    push(whole.first)
    store, left = killed.run.store, [published]
    publish = type(store).publish

    def die_after(self: Any, key: str, data: bytes, rows: int | None = None) -> Any:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return publish(self, key, data, rows)

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "publish", die_after)
        with pytest.raises(KeyboardInterrupt):
            push(killed.first)
    assert not pushed(killed.first)
    push(killed.first)
    assert label_bytes(killed.first) == label_bytes(whole.first)


def test_a_shard_that_cannot_be_read_leaves_no_tasks(loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("disk on fire")

    monkeypatch.setattr(tasks_module, "read_bodies", refuse)
    with pytest.raises(Incomplete, match=r"label: 3 failed .* first: part-0\.warc\.gz: .*disk on fire"):
        push(loop.first)
    assert not pushed(loop.first)


def test_prefixes_of_largest_gain_come_first(loop: Any) -> None:
    chosen = [(-one.gain, one.prefix) for one in choose_prefixes(loop.first)]
    assert len(chosen) == 5
    assert chosen == sorted(chosen)
    push(loop.first)
    assert [(-row["gain"], row["prefix"]) for row in rows_of(loop.first, PREFIXES)] == chosen


def propose_pattern(loop: Any, gain: float) -> None:
    """Have the round propose `*/docs/` as well."""
    store, key = loop.run.store, loop.first.step("domains").key("candidates.parquet")
    table = store.read_table(key)
    rows = [row for row in table.to_pylist() if row["prefix"] != "*/docs/"]
    columns = {name: [row[name] for row in rows] for name in CANDIDATES}
    for name, value in zip(CANDIDATES, ("*/docs/", "*", 40, 20, 9.0, 1.0, 18.0, gain), strict=True):
        columns[name].append(value)
    loop.run.discard([key])
    store.publish_table(key, columns, CANDIDATES)


def test_what_lies_under_a_pattern_waits_while_it_is_asked_about(loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    host = CODE_HOST.format
    propose_pattern(loop, 0.5)
    assert [one.prefix for one in choose_prefixes(loop.first)][3:] == [f"{host(3)}/docs/", "*/docs/"]
    propose_pattern(loop, 5.0)
    asked = [one.prefix for one in choose_prefixes(loop.first)]
    assert asked == ["*/docs/", f"{host(0)}/news/", f"{host(1)}/blog/"]
    push(loop.first)
    hosts = [host_of(row["url"]) for row in rows_of(loop.first, EXAMPLES) if row["prefix"] == "*/docs/"]
    assert len(hosts) == len(set(hosts)) > 1
    monkeypatch.setattr(tasks_module, "prefix_labels", lambda *_: {"*/docs/": "reject"})
    assert choose_prefixes(loop.first)[0].prefix == f"{host(0)}/docs/"
    monkeypatch.setattr(tasks_module, "prefix_labels", lambda *_: {"*/docs/": "accept"})
    assert [one.prefix for one in choose_prefixes(loop.first)] == asked[1:]


def test_only_prefixes_that_nobody_decided_are_asked_about_again(loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    host = CODE_HOST.format
    first = [one.prefix for one in choose_prefixes(loop.first)]
    assert first == [*(f"{host(number)}/docs/" for number in range(4)), f"{host(0)}/news/"]
    judged = {f"{host(0)}/": "accept", first[1]: "reject", first[2]: "unsure"}
    monkeypatch.setattr(tasks_module, "prefix_labels", lambda *_: judged)
    assert [one.prefix for one in choose_prefixes(loop.first)] == [first[2], first[3], f"{host(1)}/blog/"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>a\n  b</title>", "a b"),
        ("<TITLE lang=en>x &lt; y</TITLE ><title>z</title>", "x < y"),
        ("<p>none<titles>no</titles>", ""),
        ("<title>never closed", "never closed"),
        (f"{' ' * 200_000}<title>far away</title>", ""),
        ("<title " * 100_000, ""),
        (f"<title>{'x' * 999}</title>", "x" * 300),
    ],
)
def test_a_title_is_one_bounded_line(page: str, title: str) -> None:
    assert title_of(page) == title


PEOPLE = "overlap = 0.25\noverlap_votes = 3\ngold_share = 0.25\nsuspect_share = 0.2"


def test_suspected_errors_are_told_by_the_marks_that_a_scan_kept(make_loop: Callable[..., Any]) -> None:
    loop = make_loop(label=PEOPLE)
    push(loop.first)
    strata = {row["url"]: (row["stratum"], row["score"]) for row in rows_of(loop.first, TASKS)}
    code = {site.url: site.code for site in loop.sites}
    marked = {url for url in code if code[url] and not url.endswith(("0.html", "3.html", "6.html"))}
    high = {url for url, (stratum, _) in strata.items() if stratum == "suspect_high"}
    low = {url for url, (stratum, _) in strata.items() if stratum == "suspect_low"}
    assert high
    assert not high & marked
    assert low <= marked
    assert all(strata[url][1] < THRESHOLD for url in low)
    assert all(strata[url][1] >= THRESHOLD for url in high)


def test_gold_pages_look_like_others_and_come_from_file_and_seed(make_loop: Callable[..., Any], tmp_path: Path) -> None:
    held, absent = f"https://{HELD_OUT}/docs/1.html", "https://no.org/"
    known = {f"https://www.shop{number}.com/news/1.html": "N" for number in range(8)} | {held: "C", absent: "C"}
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps({"url": url, "label": known[url]}) + "\n" for url in known))
    loop = make_loop(label=f'{PEOPLE}\ngold = "{tmp_path}/gold.jsonl"')
    push(loop.first)
    rows = rows_of(loop.first, TASKS)
    gold = {row["url"]: row for row in rows if row["answer"]}
    audit = {row["url"] for row in rows if row["use"] == "audit"}
    assert len(rows) == len({row["url"] for row in rows}) == 12 + 20 + len(gold)
    assert len(gold) == min(8, 1 + len(set(known) - {held, absent} - audit)) > 4
    seed = loop.sites[0].url
    assert (gold[seed]["answer"], gold[seed]["use"]) == ("C", "gold")
    assert {(row["answer"], row["use"]) for url, row in gold.items() if url != seed} == {("N", "train")}
    assert set(gold) - {seed} <= set(known) - {held, absent} - audit
    assert all(row["votes"] == 5 for row in gold.values())
    assert all(row["blind"] for row in rows if row["use"] == "audit")
    assert not any(row["blind"] for row in rows if row["use"] == "train" and not row["answer"])


def test_a_share_of_audit_pages_of_others_and_of_prefixes_is_asked_several_times(make_loop: Callable[..., Any]) -> None:
    loop = make_loop(label=PEOPLE)
    push(loop.first)
    pages = [row for row in rows_of(loop.first, TASKS) if not row["answer"]]
    votes = {use: sorted(row["votes"] for row in pages if row["use"] == use) for use in ("audit", "train")}
    assert votes == {"audit": [1] * 9 + [3] * 3, "train": [1] * 15 + [3] * 5}
    assert sorted(row["votes"] for row in rows_of(loop.first, PREFIXES)) == [1, 1, 1, 3, 3]


def fail(error: RecallError, _scanned: ScannedShard) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        Refused("https://archive: the server refuses us (403)"),
        Damaged("rows-x.parquet: differs"),
        BadInput("s3_endpoint: expected http://"),
        StorageUnusable("/run: is not there"),
        LeaseHeld("/run: another one took over"),
        AlreadyPublished("/run/x: exists"),
        Transient("/run/x: away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_that_is_no_shard_s_own_is_raised_as_what_it_is(loop: Any, error: RecallError) -> None:
    """Refused is not "run again", which would only get us blocked."""
    first = Run.open(loop.run.store.root, cluster=ClusterSection(attempts=1)).round(1)
    with pytest.raises(type(error), match=re.escape(str(error))):
        list(over_shards(first, fail, error, scanned_shards(first)))


@pytest.mark.parametrize("error", [ShardUnreadable("gone"), ShardCorrupt("cut")], ids=repr)
def test_shards_that_cannot_be_read_are_all_listed(loop: Any, error: RecallError) -> None:
    with pytest.raises(Incomplete, match=rf"label: .*{error}; run again") as caught:
        list(over_shards(loop.first, fail, error, scanned_shards(loop.first)))
    assert len(caught.value.failures) == len(scanned_shards(loop.first))
