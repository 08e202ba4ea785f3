"""Runs the loop with simulated annotators of known error rates, and again with perfect labels.

    python tests/benchmarks/annotators.py --crawl DIR [--folder DIR] [--server] [--rounds 3]

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use); rows whose use is "measure" are never
shown to the annotators: what each round finds is measured on them. Five annotators call the wrong class as often as
ERRORS says; a sixth person decides what they disagree on, rightly. With --server they work through the API of a real
Label Studio (RECALL_STUDIO_URL and a token of an administrator in the variable that [studio] names), otherwise their
answers are written as a pull would. Printed for each round: the measured error rate of each annotator, from gold tasks,
and agreement, each with its interval beside the truth; who was left out; and what both runs find. The last line printed
is one JSON object.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotation.agreement import alpha_of, krippendorff_alpha, vote_counts
from annotation.answers import Answer, Task, add_answers, judge_prefix
from annotation.gold import same_for
from annotation.standing import standing_of
from annotation.step import conclude
from annotation.summary import votes_of
from annotation.tasks import push
from recall.archive.manifest import resolve
from recall.config import Config, parse_config
from recall.hosts import PrefixSet
from recall.loop import advance
from recall.records import Done
from recall.report.rounds import measure
from recall.run.labels import LabelledUrl, read_labels, usable
from recall.run.progress import silence
from recall.run.rounds import Round, Run
from recall.steps.rows import priority

ERRORS = {"ann": 0.05, "bob": 0.08, "cat": 0.10, "dan": 0.12, "eve": 0.25}
"""How often each calls a page of the wrong class, and accepts a prefix that is to be rejected, or the reverse."""

LEAD = "lead"
REPEATS = 1000
"""Simulations of the same votes that say what agreement the error rates come to."""

CONFIG = """
[run]
rounds = {rounds}
seed = 1
holdout = "{crawl}/labels.jsonl"
[crawl]
ids = ["{name}"]
base = "{crawl}/"
[seed]
labels = "{crawl}/labels.jsonl"
[scan]
rescan = "all"
[label]
pages = 300
audit = 100
overlap = 0.2
gold_share = 0.1
gold_accuracy = 0.85
answers = "{answers}"
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the right answers are."""

    config: Config
    labels: Mapping[str, str]

    def prefixes(self, tasks: Sequence[Task]) -> dict[str, str]:
        """The right judgement of each prefix, by the labels of the pages under it."""
        prefixes = PrefixSet(task.target for task in tasks if task.kind == "prefix")
        under: dict[str, list[str]] = {task.target: [] for task in tasks if task.kind == "prefix"}
        for url, label in self.labels.items():
            for prefix in prefixes.matches(url):
                under[prefix].append(label)
        return {prefix: judge_prefix(labels, self.config) for prefix, labels in under.items()}

    def of(self, tasks: Sequence[Task]) -> dict[str, str]:
        """The right answer to each task, by key; "" where there is none."""
        judged = self.prefixes(tasks)
        return {
            task.key: judged[task.target] if task.kind == "prefix" else self.labels.get(task.target, "")
            for task in tasks
        }


def wrong(value: str) -> str:
    """What someone says who errs about the class."""
    return {"C": "A", "accept": "reject", "reject": "accept", "unsure": "accept"}.get(value, "C")


def said(value: str, error: float, luck: float) -> str:
    """What an annotator with an error rate says where `value` is right. luck: 0 to 1."""
    return wrong(value) if value and luck < error else value


def chance(*parts: object) -> float:
    """A number from 0 to 1 that depends on its parts only."""
    return priority(0, "\0".join(map(str, parts))) / 2**64


def asked(task: Task) -> list[str]:
    """Who answers a task: as many as are wanted, chosen by chance."""
    return sorted(ERRORS, key=lambda name: chance("who", task.key, name))[: task.votes]


def answers_to(tasks: Sequence[Task], truth: Mapping[str, str]) -> Iterator[Answer]:
    """What the annotators say."""
    for task in tasks:
        for name in asked(task):
            value = said(truth[task.key], ERRORS[name], chance("luck", task.key, name))
            yield Answer(task.key, task.target, task.kind, value, name, seconds=10.0)


def answer_here(round_: Round, truth: Truth) -> None:
    """Answer a round as a pull would write it, then decide what waits for a decision."""
    standing = standing_of(round_)
    right = truth.of(standing.tasks)
    add_answers(round_, answers_to(standing.tasks, right))
    queue = standing_of(round_).queue
    decided = [(ballot.task, right[ballot.task.key]) for ballot in queue]
    add_answers(
        round_, [Answer(task.key, task.target, task.kind, value, LEAD, adjudicates=True) for task, value in decided]
    )


def expected_alpha(round_: Round, truth: Truth) -> tuple[float, float]:
    """Alpha of the pages' votes that count, and what it is on average when the same people vote again and again."""
    standing = standing_of(round_)
    right = truth.of(standing.tasks)
    pages = [ballot for ballot in standing.ballots if ballot.task.kind == "page"]
    keys = [ballot.task.key for ballot in pages]
    votes = votes_of(pages, ignored=False)
    values = sorted({value for task in votes for value in task.values()})
    random = np.random.default_rng(0)
    found = []
    for _ in range(REPEATS):
        again = [
            {name: said(right[key], ERRORS.get(name, 0.0), random.random()) for name in task}
            for key, task in zip(keys, votes, strict=True)
            if len(task) > 1
        ]
        found.append(krippendorff_alpha(vote_counts(again, values)))
    measured = alpha_of(votes, values, round_.run.config.run.seed)
    return (measured.value if measured else float("nan")), float(np.mean(found))


def drive(run: Run, answer: Callable[[Round], None] | None) -> None:
    """Do every step of a run; `answer` labels each round, a labels file does where it is None."""
    while (upcoming := run.next()) is not None:
        owner, name = upcoming
        if name == "build":
            return
        if answer is not None and isinstance(owner, Round) and name == "label":
            owner.begin("label")
            push(owner)
            answer(owner)
            ended = conclude(owner)
            if not isinstance(ended, Done):
                raise SystemExit(f"round {owner.number}: {ended.count} tasks still wait")
        else:
            advance(run)


def report_round(round_: Round, truth: Truth) -> dict[str, Any]:
    """What a round's answers came to, beside the truth."""
    summary = round_.run.store.read_json(round_.step("label").key("agreement.json"))
    alpha, expected = expected_alpha(round_, truth)
    people = {}
    for name, error in ERRORS.items():
        gold = summary["annotators"][name]["gold"]
        low, high = 1 - gold["high"], 1 - gold["low"]
        people[name] = {
            "error": error,
            "measured": round(1 - gold["value"], 4),
            "interval": [round(low, 4), round(high, 4)],
            "gold": gold["asked"],
            "within": low <= error <= high,
            "left_out": name in summary["left_out"],
            "kappa": summary["annotators"][name]["kappa"]["pages"],
        }
    pages = summary["pages"]["alpha"]
    same = same_for(round_.run.config)
    labels = round_.run.store.read_table(round_.step("label").key("labels.parquet")).to_pylist()
    judged = [row for row in labels if row["kind"] == "page" and row["target"] in truth.labels]
    right = sum(same(row["value"], truth.labels[row["target"]]) for row in judged)
    return {
        "round": round_.number,
        "alpha": pages | {"expected": round(expected, 4), "within": pages["low"] <= expected <= pages["high"]},
        "annotators": people,
        "decided": summary["pages"]["decided"] + summary["prefixes"]["decided"],
        "labels": len(judged),
        "labels_right": round(right / len(judged), 4),
        "alpha_again": round(alpha, 4),
    }


def make_run(folder: Path, crawl: Path, rounds: int, answers: str) -> Run:
    """Make a run on the crawl, or open it."""
    if (folder / "run.json").exists():
        return Run.open(folder)
    name = json.loads((crawl / "collinfo.json").read_text())[0]["id"]
    text = CONFIG.format(crawl=crawl, rounds=rounds, answers=answers, name=name)
    config = parse_config(text, "config")
    return Run.create(folder, config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))


def found_by(run: Run, labels: Sequence[LabelledUrl], rounds: int) -> list[dict[str, float]]:
    """What each round's model finds on the pages that nobody was asked about."""
    figures = []
    for number in range(1, rounds + 1):
        measured = measure(run.round(number), labels)
        figures.append(
            {
                "precision": round(measured.held_out.precision, 4),
                "found": round(measured.held_out.found, 4),
                "found_at_90": round(measured.found_at_90, 4),
                "average_precision": round(measured.average_precision, 4),
            }
        )
    return figures


def main() -> None:
    """Run both loops and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the two run folders are made, or gone on with"
    )
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    silence()
    crawl = given.crawl.resolve()
    labels = read_labels(crawl / "labels.jsonl")
    perfect = make_run(given.folder / "perfect", crawl, given.rounds, str(crawl / "labels.jsonl"))
    drive(perfect, None)
    people = make_run(given.folder / "people", crawl, given.rounds, "")
    truth = Truth(people.config, usable(labels, people.holdout))
    drive(people, lambda round_: answer_here(round_, truth))
    rounds = [report_round(people.round(number), truth) for number in range(1, given.rounds + 1)]
    for one in rounds:
        print(json.dumps(one))  # noqa: T201
    result = {
        "rounds": rounds,
        "perfect": found_by(perfect, labels, given.rounds),
        "people": found_by(people, labels, given.rounds),
    }
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
