"""Runs the loop with a language model of known errors as a judge, and 0, 50 or 300 human labels a round.

    python tests/benchmarks/judge.py --crawl DIR --folder DIR [--errors 0.05,0.15,0.30,1] [--people 0,50,300]

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use); rows whose use is "measure" are never
shown, and what each round finds is measured on them. The judge is a server on loopback that speaks the chat completions
protocol and calls a page of the wrong class as often as --errors says, the same page always the same way; 1 stands for
one that says yes to every page, "none" for no judge. People label --people of a round's 300 pages, rightly, and decide
where the votes leave it open; there is no audit, there are no prefixes, and 10 % of the tasks are gold, which the judge
alone answers. Printed for each round: what it finds; the judge's error as the loop estimates it, beside that on all
pages it was shown; labels, how many are the judge's alone, how many are wrong. The last line is one JSON object. Called
again with the same folder it goes on; with --minutes it begins no step after so many.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annotation.answers import Answer, add_answers, read_tasks
from annotation.gold import same_for
from annotation.judging import judge_tasks
from annotation.label_state import label_state_of
from annotation.label_step import conclude
from annotation.tasks import push
from recall.archive.manifest import resolve
from recall.config import parse_config
from recall.judge import account_of
from recall.labels.decisions import page_labels
from recall.loop import advance
from recall.records import JUDGE
from recall.report.round_figures import measure
from recall.run.label_files import LabelledUrl, read_labels, usable
from recall.run.order import SEAL
from recall.run.progress_bar import silence
from recall.run.rounds import Round, Run
from tests.judge_server import JudgeServer, annotator, serving

PAGES = 300
CONFIG = """
[run]
rounds = {rounds}
seed = {seed}
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
audit = 0
prefixes = 0
overlap = 0.0
gold_share = 0.1
[judge]
url = "{url}"
model = "simulated-{error}"
people = {people}
pages = 0
"""
ALWAYS = 1.0


class Unfinished(Exception):
    """The minutes are over; says what comes next."""


def make_run(folder: Path, crawl: Path, settings: Mapping[str, Any]) -> Run:
    """Make a run on the crawl, or open it."""
    if (folder / "run.json").exists():
        return Run.open(folder)
    name = json.loads((crawl / "collinfo.json").read_text())[0]["id"]
    text = CONFIG.format(name=name, crawl=crawl, **settings)
    config = parse_config(text, "config")
    return Run.create(folder, config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))


def label(round_: Round, known: Mapping[str, str], judged: bool) -> int:
    """Do a round's label step; returns the number of human answers, decisions among them."""
    round_.begin("label")
    push(round_)
    if judged:
        judge_tasks(round_)
    given = 0
    for _ in range(2):
        state = label_state_of(round_)
        pages = [task for task in state.open if not task.gold]
        if not judged:
            pages = pages[: round_.run.config.judge.people]
        votes = [Answer(task.key, task.target, "page", known[task.target], "ann") for task in pages]
        queue = [ballot.task for ballot in state.queue]
        votes += [Answer(task.key, task.target, "page", known[task.target], "ann", adjudicates=True) for task in queue]
        given += len(add_answers(round_, votes))
    conclude(label_state_of(round_), now=True)
    return given


def report(round_: Round, labels: list[LabelledUrl], known: Mapping[str, str]) -> dict[str, Any]:
    """A round's figures."""
    run, number = round_.run, round_.number
    measured = measure(round_, labels)
    same = same_for(run.config)
    learned = [one for one in page_labels(run, [number]).values() if one.use == "train"]
    tasks = {task.key: task for task in read_tasks(round_)}
    answers = label_state_of(round_).answers
    people = [one for one in answers if one.annotator != JUDGE]
    judged = [one for one in answers if one.annotator == JUDGE and not tasks[one.key].gold]
    positives = run.config.train.positives
    sides: dict[bool, list[bool]] = {True: [], False: []}
    for one in judged:
        truth = known[one.target] in positives
        sides[truth].append((one.value in positives) != truth)
    summary = run.store.read_json(round_.step("label").key("agreement.json"))
    return {
        "round": number,
        "average_precision": round(measured.average_precision, 4),
        "precision": round(measured.held_out.precision, 4),
        "recall": round(measured.held_out.found, 4),
        "recall_at_90": round(measured.found_at_90, 4),
        "human": len(people),
        "labels": len(learned),
        "positive": sum(one.value in positives for one in learned),
        "alone": sum(one.annotators == (JUDGE,) for one in learned),
        "wrong": sum(not same(one.value, known[one.url]) for one in learned),
        "judge": summary.get("judge"),
        "true_error": {str(side): round(sum(wrong) / len(wrong), 4) for side, wrong in sides.items() if wrong},
        "left_out": JUDGE in summary["left_out"],
    }


def drive(run: Run, known: Mapping[str, str], judged: bool, end: float) -> None:
    """Do every step of a run but build. Raises Unfinished where a step would begin after `end`."""
    while (upcoming := run.next()) is not None:
        owner, name = upcoming
        if name == "build":
            return
        if time.monotonic() > end:
            raise Unfinished(f"{run.store.root}: {name}")
        if isinstance(owner, Round) and name == SEAL:
            owner.seal()  # `advance` would build the corpus after the last one
        elif isinstance(owner, Round) and name == "label":
            label(owner, known, judged)
        else:
            advance(run)


def compare(given: argparse.Namespace, end: float) -> list[dict[str, Any]]:
    """Run the loop for each error and number of human labels; prints a line for each round."""
    crawl = given.crawl.resolve()
    labels = read_labels(crawl / "labels.jsonl")
    rows: list[dict[str, Any]] = []
    for people in given.people:
        for error in given.errors:
            judged = error != "none"
            rate = float(error) if judged else 0.0
            with serving(JudgeServer(lambda _: {})) as server:
                settings = {"rounds": given.rounds, "seed": given.seed, "pages": PAGES, "error": error}
                folder = given.folder / f"{error}-{people}-{given.seed}"
                run = make_run(folder, crawl, {**settings, "people": people, "url": server.url})
                run = with_url(run, server.url)
                known = usable(labels, run.holdout)
                truth = {url: value in run.config.train.positives for url, value in known.items()}
                server.say = annotator(truth, rate, given.seed)
                drive(run, known, judged, end)
            for number in range(1, given.rounds + 1):
                rows.append({"error": error, "people": people, **report(run.round(number), labels, known)})
                print(json.dumps(rows[-1]), flush=True)  # noqa: T201
            account = account_of(run.store, run.config.judge)
            print(account.line() if account else "no judge", flush=True)  # noqa: T201
    return rows


def with_url(run: Run, url: str) -> Run:
    """The run with the judge at another URL: a run that goes on has another server."""
    run.config = run.config.model_copy(update={"judge": run.config.judge.model_copy(update={"url": url})})
    return run


def main() -> None:
    """Run the loops."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="of the runs; made, or gone on with")
    parser.add_argument("--errors", type=lambda text: text.split(","), default=["0.05", "0.15", "0.30", "1"])
    parser.add_argument("--people", type=lambda text: [int(one) for one in text.split(",")], default=[0, 50, 300])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    given = parser.parse_args()
    silence()
    try:
        print(json.dumps({"rounds": compare(given, time.monotonic() + 60 * given.minutes)}))  # noqa: T201
    except Unfinished as left:
        print(json.dumps({"todo": str(left)}))  # noqa: T201


if __name__ == "__main__":
    main()
