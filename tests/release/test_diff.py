"""What two runs or rounds differ in."""

import json
from collections import Counter
from pathlib import Path

from click.testing import CliRunner

from recall.cli import verbs
from recall.labels.decisions import accepted_prefixes
from recall.release.diff import difference, side_of
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import host_of


def recalled(run: Run, number: int) -> set[str]:
    prefixes = PrefixSet(accepted_prefixes(run, range(1, number + 1)))
    rows = (row for scanned in scanned_shards(run.round(number)) for row in read_rows(run.store, scanned).to_pylist())
    return {row["url"] for row in rows if row["kept"] or prefixes.match(row["url"])}


def corpus(run: Run) -> set[str]:
    files = [output.file for output in run.step("corpus").outputs() if output.file.startswith("part-")]
    return {url for file in files for url in run.store.read_table(f"corpus/{file}").column("url").to_pylist()}


def test_pages_won_and_lost_are_those_of_the_sets(played: Run, tmp_path: Path) -> None:
    root = played.store.root
    command = ["diff", f"{root}@1", root, "--json", "--count", "3", "--pages", str(tmp_path / "p.jsonl")]
    answer = CliRunner().invoke(verbs, command)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    old, new = recalled(played, 1), corpus(played)
    assert (found["won"], found["lost"], found["both"]) == (len(new - old), len(old - new), len(old & new))
    assert (found["pages_first"], found["pages_second"]) == (len(old), len(new))
    hosts = Counter(host_of(url) for url in old ^ new)
    assert found["changed"] == len(hosts)
    ranked = sorted(hosts.values(), reverse=True)[:3]
    assert [one["won"] + one["lost"] for one in found["domains"]] == ranked
    for one in found["domains"]:
        own = {url for url in old | new if host_of(url) == one["domain"]}
        assert (one["won"], one["lost"], one["both"]) == (
            len(own & (new - old)),
            len(own & (old - new)),
            len(own & old & new),
        )
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert {line["url"] for line in lines if line["change"] == "won"} == new - old
    assert {line["url"] for line in lines if line["change"] == "lost"} == old - new


def test_a_side_has_no_difference_to_itself(played: Run) -> None:
    one = side_of(f"{played.store.root}@2")
    found = difference(one, one, 5)
    assert (found.won, found.lost, found.domains) == (0, 0, ())
    assert found.both == len(recalled(played, 2))


def test_the_direction_counts(played: Run) -> None:
    first, second = side_of(f"{played.store.root}@1"), side_of(played.store.root)
    there, back = difference(first, second, 50), difference(second, first, 50)
    assert (there.won, there.lost) == (back.lost, back.won)


def test_it_prints_a_table_and_refuses_what_is_not_there(played: Run) -> None:
    root = played.store.root
    answer = CliRunner().invoke(verbs, ["diff", f"{root}@1", f"{root}@2"])
    assert answer.exit_code == 0
    assert "domains changed" in answer.output
    assert CliRunner().invoke(verbs, ["diff", f"{root}@1", f"{root}@9"]).exit_code != 0
