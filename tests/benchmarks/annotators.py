"""Runs the loop with simulated annotators of known error rates, and again with perfect labels.

    python tests/benchmarks/annotators.py --crawl DIR --folder DIR [--seeds 1,2,3] [--server URL] [--minutes 8]

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use); rows whose use is "measure" are never
shown to the annotators: what each round finds is measured on them. Five annotators call the wrong class as often as
ERRORS says; a sixth person decides what they disagree on, rightly. With --server they sign up at a Label Studio and
work through its API, all at once, each asking for the next task until there is none; an administrator's token stands in
RECALL_STUDIO_TOKEN, and "here" starts a server of its own. Without it their answers are written as a pull writes them.
Each seed is a run of its own, in which other people get the tasks and err on other ones.

Printed for each round: the measured error rate of each annotator, from gold tasks, and agreement, each with its
interval beside the truth, and who was left out; then what the runs find, and the mean over the seeds with its standard
deviation beside the run without error, also for the thresholds that come out if every label is believed, and the share
of the labels learned from that are wrong. The last line printed is one JSON object. Called again with the same folder
it goes on; with --minutes it begins no step after so many, and prints what is left as "todo".
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import krippendorff
import numpy as np

from annotation.agreement import alpha_of, vote_counts
from annotation.answers import Answer, Task, add_answers, prefix_value, read_history
from annotation.gold import same_for
from annotation.label_state import label_state_of
from annotation.label_step import conclude, talk
from annotation.studio import URL_VARIABLE
from annotation.studio.local import default_venv, serve
from annotation.studio.projects import find_projects, open_studio
from annotation.studio.pull import pseudonym
from annotation.studio.screens import labels_of
from annotation.summary import votes_of
from annotation.tasks import push
from recall.archive.manifest import resolve
from recall.config import Config, parse_config
from recall.labels.crawl_weights import labelled_weights
from recall.labels.decisions import page_labels
from recall.labels.examples import gather
from recall.loop import advance
from recall.records import Done
from recall.report.round_figures import measure
from recall.run.label_files import MEASURE, LabelledUrl, read_labels, usable
from recall.run.order import SEAL
from recall.run.progress_bar import silence
from recall.run.rounds import Round, Run
from recall.run.sampling import priority
from recall.run.scanned import read_rows, scanned_shards
from recall.sites.prefixes import PrefixSet
from recall.steps.train.operating_point import LabelledPages, choose_operating_point

ERRORS = {"ann": 0.05, "bob": 0.08, "cat": 0.10, "dan": 0.12, "eve": 0.25}
"""How often each calls a page of the wrong class, and accepts a prefix that is to be rejected, or the reverse."""

LEAD = "lead"
PATIENCE = 20
"""Requests of an annotator that may fail: the server's database is locked now and then while others write to it. And
times that everybody looks again for tasks that are left."""

LOCK_SECONDS = 10
"""How long a server of its own keeps a task from others that somebody opened, and gave no answer to."""

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
pages = {pages}
audit = {audit}
overlap = 0.2
gold_share = 0.1
gold_accuracy = 0.85
doubted_share = {doubted}
answers = "{answers}"
[studio]
key = "{key}"
"""
"""The key keeps runs apart that differ in their annotators only: their inputs have the same digest."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the right answers are. errors: how often each annotator errs, by the name that the run knows them by."""

    config: Config
    labels: Mapping[str, str] = field(repr=False)
    errors: Mapping[str, float]

    def prefixes(self, tasks: Sequence[Task]) -> dict[str, str]:
        """The right judgement of each prefix, by the labels of the pages under it."""
        prefixes = PrefixSet(task.target for task in tasks if task.kind == "prefix")
        under: dict[str, list[str]] = {task.target: [] for task in tasks if task.kind == "prefix"}
        for url, label in self.labels.items():
            for prefix in prefixes.matches(url):
                under[prefix].append(label)
        return {prefix: prefix_value(labels, self.config) for prefix, labels in under.items()}

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


def asked(task: Task, seed: int) -> list[str]:
    """Who answers a task: as many as are wanted, chosen by chance."""
    return sorted(ERRORS, key=lambda name: chance("who", seed, task.key, name))[: task.votes]


def answers_to(tasks: Sequence[Task], truth: Mapping[str, str], seed: int) -> Iterator[Answer]:
    """What the annotators say."""
    for task in tasks:
        for name in asked(task, seed):
            value = said(truth[task.key], ERRORS[name], chance("luck", seed, task.key, name))
            yield Answer(task.key, task.target, task.kind, value, name, seconds=10.0)


def answer_here(round_: Round, truth: Truth, seed: int) -> None:
    """Answer a round as a pull would write it, then decide what waits for a decision."""
    state = label_state_of(round_)
    right = truth.of(state.tasks)
    add_answers(round_, answers_to(state.tasks, right, seed))
    queue = label_state_of(round_).queue
    decided = [(ballot.task, right[ballot.task.key]) for ballot in queue]
    add_answers(
        round_, [Answer(task.key, task.target, task.kind, value, LEAD, adjudicates=True) for task, value in decided]
    )


class Crowd:
    """The annotators and the lead, signed up at a Label Studio."""

    def __init__(self, url: str, seed: int) -> None:
        self.url, self.seed = url.rstrip("/"), seed
        self.people = {name: self._sign_up(name) for name in (*ERRORS, LEAD)}

    def email(self, name: str) -> str:
        """What the server knows an annotator by."""
        return f"{name}@annotators.example.org"

    def _sign_up(self, name: str) -> httpx.Client:
        """A client with an annotator's own token; the account is made where it is missing."""
        secret = f"simulated-{name}"
        owner = {"Authorization": f"Token {os.environ['RECALL_STUDIO_TOKEN']}"}
        invited = httpx.get(f"{self.url}/api/invite", headers=owner).raise_for_status().json()["invite_url"]
        with httpx.Client(base_url=self.url, timeout=120, follow_redirects=True) as browser:
            for page in (invited, "/user/login/"):
                browser.get(page)
                form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "email": self.email(name)}
                browser.post(page, data={**form, "password": secret}, headers={"Referer": self.url + page})
                answer = browser.get("/api/current-user/token")
                if answer.status_code == 200:
                    break
            token = answer.raise_for_status().json()["token"]
        return httpx.Client(base_url=self.url, timeout=120, headers={"Authorization": f"Token {token}"})

    def work(self, name: str, project: int, choose: Callable[[str], str]) -> int:
        """Answer the tasks of a project, one after the other, until there is none; returns how many.

        Who gets no answer, or an error of the server, asks for the next task again, as often as PATIENCE says.
        """
        client, count, failures = self.people[name], 0, 0
        while failures <= PATIENCE:
            try:
                reply = client.get(f"/api/projects/{project}/next")
                if reply.status_code == 404:
                    return count
                self._answer(client, reply.raise_for_status().json(), choose)
                count += 1
            except (httpx.TimeoutException, httpx.HTTPStatusError):
                failures += 1
        raise SystemExit(f"{name}: {self.url} failed {failures} times")

    def _answer(self, client: httpx.Client, task: Mapping[str, Any], choose: Callable[[str], str]) -> None:
        choice = choose(str(task["data"]["key"]))
        value = {"from_name": "verdict", "to_name": "page", "type": "choices", "value": {"choices": [choice]}}
        body = {"result": [value] if choice else [], "was_cancelled": not choice, "lead_time": 10.0}
        client.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()

    def answer(self, round_: Round, truth: Truth) -> None:
        """Let everybody work on a round's tasks at once, then the lead on what needs a decision."""
        talk(label_state_of(round_))
        history = read_history(round_)
        right = truth.of([*history.earlier_tasks, *history.tasks])  # some of which are open still
        projects = find_projects(open_studio(round_.run), round_.run)

        both = {**labels_of("page", round_.run.config), **labels_of("prefix", round_.run.config)}
        choices = {value: choice for choice, value in both.items()}

        def choose(name: str, error: float) -> Callable[[str], str]:
            return lambda key: choices.get(said(right[key], error, chance("luck", self.seed, key, name)), "")

        with ThreadPoolExecutor(len(ERRORS)) as pool:
            for _ in range(PATIENCE):
                for number in (projects["pages"].id, projects["prefixes"].id):
                    work = [pool.submit(self.work, name, number, choose(name, error)) for name, error in ERRORS.items()]
                    for one in work:
                        one.result()
                state, _ = talk(label_state_of(round_))
                if not state.open:
                    break
                time.sleep(LOCK_SECONDS)  # who finds nothing but what others have open is told that nothing is left
        for number in (projects["decide-pages"].id, projects["decide-prefixes"].id):
            self.work(LEAD, number, choose(LEAD, 0.0))
        talk(label_state_of(round_))


def expected_alpha(round_: Round, truth: Truth) -> tuple[float, float]:
    """Alpha of the pages' votes that count, and what it is on average when the same people vote again and again."""
    state = label_state_of(round_)
    right = truth.of(state.tasks)
    pages = [ballot for ballot in state.ballots if ballot.task.kind == "page"]
    keys = [ballot.task.key for ballot in pages]
    votes = votes_of(pages, ignored=False)
    values = sorted({value for task in votes for value in task.values()})
    random = np.random.default_rng(0)
    found = []
    for _ in range(REPEATS):
        again = [
            {name: said(right[key], truth.errors[name], random.random()) for name in task}
            for key, task in zip(keys, votes, strict=True)
            if len(task) > 1
        ]
        found.append(krippendorff.alpha(value_counts=vote_counts(again, values), level_of_measurement="nominal"))
    measured = alpha_of(votes, values, round_.run.config.run.seed)
    return (measured.value if measured else float("nan")), float(np.mean(found))


class Unfinished(Exception):
    """The minutes are over; says what comes next."""


def drive(run: Run, answer: Callable[[Round], None] | None, end: float) -> None:
    """Do every step of a run; `answer` labels each round, a labels file does where it is None.

    Raises Unfinished where a step would begin after `end`.
    """
    while (upcoming := run.next()) is not None:
        owner, name = upcoming
        if name == "build":
            return
        if time.monotonic() > end:
            raise Unfinished(f"{run.store.root}: {name}")
        if isinstance(owner, Round) and name == SEAL:
            owner.seal()  # `advance` would build the corpus after the last one
        elif answer is not None and isinstance(owner, Round) and name == "label":
            owner.begin("label")
            push(owner)
            answer(owner)
            ended = conclude(label_state_of(owner))
            if not isinstance(ended, Done):
                raise SystemExit(f"round {owner.number}: {ended.count} tasks still wait")
        else:
            advance(run)


def report_round(round_: Round, truth: Truth) -> dict[str, Any]:
    """What a round's answers came to, beside the truth."""
    summary = round_.run.store.read_json(round_.step("label").key("agreement.json"))
    alpha, expected = expected_alpha(round_, truth)
    people = {}
    for name, error in truth.errors.items():
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


def make_run(folder: Path, crawl: Path, settings: Mapping[str, Any]) -> Run:
    """Make a run on the crawl, or open it."""
    if (folder / "run.json").exists():
        return Run.open(folder)
    name = json.loads((crawl / "collinfo.json").read_text())[0]["id"]
    text = CONFIG.format(name=name, key=folder.name, **settings)
    config = parse_config(text, "config")
    return Run.create(folder, config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))


def found_if_believed(round_: Round, labels: Sequence[LabelledUrl]) -> float:
    """What a round's model would find at the threshold that it gets where no label is doubted."""
    table = round_.run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url", "score"]).to_pylist()
    unseen = {row["url"]: row["score"] for row in table if row["score"] is not None}
    judged = [example for example in gather(round_) if example.url in unseen]
    scores = np.array([unseen[example.url] for example in judged])
    truth = np.array([example.label == round_.run.config.train.positive for example in judged])
    weights = labelled_weights(round_, [(example.url, example.source) for example in judged], truth)
    labelled = LabelledPages(truth, weights, np.zeros(len(judged)), [example.family for example in judged])
    threshold = choose_operating_point(scores, labelled, np.zeros(0), round_.run.config).threshold.value
    positive = {one.url for one in labels if one.use == MEASURE and one.label == round_.run.config.train.positive}
    kept: dict[str, bool] = {}
    for shard in scanned_shards(round_):
        for row in read_rows(round_.run.store, shard, ["url", "score"]).to_pylist():
            if row["url"] in positive:
                kept.setdefault(row["url"], row["score"] >= threshold)
    return sum(kept.values()) / len(kept)


def wrong_labels(run: Run, number: int, labels: Sequence[LabelledUrl]) -> float:
    """Share of the labels of all rounds up to one, those that train, that are wrong."""
    right, same = {one.url: one.label for one in labels}, same_for(run.config)
    learned = [label for label in page_labels(run, range(1, number + 1)).values() if label.use == "train"]
    return sum(not same(label.value, right[label.url]) for label in learned) / len(learned)


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
                "found_if_believed": round(found_if_believed(run.round(number), labels), 4),
                "labels_wrong": round(wrong_labels(run, number, labels), 4),
            }
        )
    return figures


def work(run: Run, known: Mapping[str, str], seed: int, server: str, end: float) -> list[dict[str, Any]]:
    """Let the annotators label a run's rounds; returns what each round's answers came to."""
    if server:
        os.environ[URL_VARIABLE] = server
        crowd = Crowd(server, seed)
        truth = Truth(run.config, known, {pseudonym(run, crowd.email(name)): error for name, error in ERRORS.items()})
        drive(run, lambda round_: crowd.answer(round_, truth), end)
    else:
        truth = Truth(run.config, known, ERRORS)
        drive(run, lambda round_: answer_here(round_, truth, seed), end)
    return [report_round(run.round(number), truth) for number in range(1, run.config.run.rounds + 1)]


def spread(runs: Sequence[Sequence[Mapping[str, float]]], perfect: Sequence[Mapping[str, float]]) -> list[Any]:
    """For each round and figure: without error, the mean of the seeds, and their standard deviation."""
    return [
        {name: [right[name], *mean_and_deviation([run[number][name] for run in runs])] for name in right}
        for number, right in enumerate(perfect)
    ]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Both rounded; the deviation is that of a sample."""
    return round(float(np.mean(values)), 4), round(float(np.std(values, ddof=min(1, len(values) - 1))), 4)


def compare(given: argparse.Namespace, end: float) -> dict[str, Any]:
    """Run the loop for each seed and without error."""
    crawl = given.crawl.resolve()
    labels = read_labels(crawl / "labels.jsonl")
    settings = {"crawl": crawl, "rounds": given.rounds, "pages": given.pages, "audit": given.pages // 3}
    settings["doubted"] = given.doubted
    perfect = make_run(given.folder / "perfect", crawl, {**settings, "answers": crawl / "labels.jsonl"})
    drive(perfect, None, end)
    known, found, rounds = usable(labels, perfect.holdout), [], []
    for seed in given.seeds:
        run = make_run(given.folder / f"people-{seed}", crawl, {**settings, "answers": ""})
        for one in work(run, known, seed, given.server, end):
            rounds.append({"seed": seed, **one})
            print(json.dumps(rounds[-1]), flush=True)  # noqa: T201
        found.append(found_by(run, labels, given.rounds))
    right = found_by(perfect, labels, given.rounds)
    intervals = [one["within"] for row in rounds for one in (*row["annotators"].values(), row["alpha"])]
    return {
        "perfect": right,
        "people": dict(zip(given.seeds, found, strict=True)),
        "spread": spread(found, right),
        "intervals": len(intervals),
        "within": sum(intervals),
    }


def main() -> None:
    """Run the loops and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="of the runs; made, or gone on with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--doubted", type=float, default=0.05, help="[label] doubted_share")
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[1])
    parser.add_argument("--server", default="", metavar="URL")
    parser.add_argument("--minutes", type=float, default=1e9)
    given = parser.parse_args()
    silence()
    with ExitStack() as stack:
        if given.server == "here":
            locks = {"TASK_LOCK_TTL": str(LOCK_SECONDS)}
            local = stack.enter_context(serve(given.folder / "server", default_venv(), settings=locks))
            given.server, os.environ["RECALL_STUDIO_TOKEN"] = local.url, local.login.token
        try:
            print(json.dumps(compare(given, time.monotonic() + 60 * given.minutes)))  # noqa: T201
        except Unfinished as left:
            print(json.dumps({"todo": str(left)}))  # noqa: T201


if __name__ == "__main__":
    main()
