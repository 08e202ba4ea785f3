"""Answers to a round's tasks: a log that only grows, the logs of all rounds read once, answers from a labels file.

In: answers of annotators (from a labelling server, or any tool that writes the files), or labelled URLs. Out:
label/answers/NNNNNN-<digest>.jsonl, one Answer as a JSON object a line; keys that a line lacks have their defaults.
The last line of a slot (a task, an annotator, vote or decision) counts, so an edit is a new line, and so is taking an
answer back. Held-out rows of a labels file are ignored, for pages and for prefixes. Labels are made of answers by
`annotation.adjudication`. Refuses (Damaged) a line that is no answer.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from annotation.tasks import JUDGED, PREFIXES, TASKS
from recall.config import Config
from recall.errors import Damaged
from recall.labels import ASKED_AGAIN
from recall.records import JUDGE, LabelKind, PrefixValue, TaskUse
from recall.run import LabelledUrl, Round, digest_of, usable
from recall.sites import PrefixSet, url_key

ANSWERS = "answers/"
NO_LABEL = ""
"""Value of an answer that decides nothing: the annotator, or the file, has no label for the task."""

FILE = "file"
"""Annotator of answers from a labels file."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked: a page (target: URL) or a prefix.

    votes: how many annotators are wanted, one answer each. gold: the known answer, "" where there is none; secret.
    again: the page was asked about in an earlier round; the votes given there count as well. stratum: for what it was
    chosen. judged: the judge's share of probability for wanted labels, None where it has no answer; checked: people
    are asked whatever it said, so that it is measured on their answers.
    """

    key: str
    target: str
    kind: LabelKind
    use: TaskUse
    votes: int = 1
    gold: str = ""
    again: bool = False
    stratum: str = ""
    judged: float | None = None
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an annotator to a task.

    value: a label name (page) or a PrefixValue; NO_LABEL: skipped, or sent in empty. annotator: a name that stays
    the same from round to round (a pseudonym, where it comes from Label Studio). time: when it was given or last
    changed, seconds: that were spent on it, "" and 0 where the source does not say; they decide nothing. source:
    where it comes from, such as an annotation's id on a labelling server; category, comment: what was added freely.
    adjudicates: it decides a disagreement (`annotation.adjudication`): it overrules all votes, and the decision
    that came last all others. withdrawn: the annotator took it back, and the task is open for them again.
    """

    key: str
    target: str
    kind: LabelKind
    value: str
    annotator: str
    time: str = ""
    seconds: float = 0.0
    source: str = ""
    category: str = ""
    comment: str = ""
    adjudicates: bool = False
    withdrawn: bool = False

    @property
    def slot(self) -> tuple[str, str, bool]:
        """The slot that it fills, one answer each: the task, by one annotator, as vote or as decision."""
        return self.key, self.annotator, self.adjudicates

    @property
    def content(self) -> tuple[str, str, str, bool]:
        """Its content apart from when and how it was given: an answer that repeats it is not new."""
        return self.value, self.category, self.comment, self.withdrawn


def read_tasks(round_: Round) -> list[Task]:
    """Tasks of a round, pages first."""
    store, step = round_.run.store, round_.step("label")
    pages = store.read_table(step.key(TASKS), ["key", "url", "use", "votes", "answer", "stratum"]).to_pylist()
    prefixes = store.read_table(step.key(PREFIXES), ["key", "prefix", "votes"]).to_pylist()
    judged: dict[str, dict[str, Any]] = {}
    if store.exists(step.key(JUDGED)):
        judged = {row["key"]: row for row in store.read_table(step.key(JUDGED)).to_pylist()}
    return [
        *(_page_task(row, judged.get(row["key"])) for row in pages),
        *(Task(row["key"], row["prefix"], "prefix", "train", row["votes"]) for row in prefixes),
    ]


def _page_task(row: Mapping[str, Any], judged: Mapping[str, Any] | None) -> Task:
    """A row of TASKS as a task. judged: its row of JUDGED."""
    votes, again = row["votes"], row["stratum"] == ASKED_AGAIN
    task = Task(row["key"], row["url"], "page", row["use"], votes, row["answer"], again, row["stratum"])
    if judged is None:
        return task
    votes = votes if judged["people"] else 0
    return replace(task, votes=votes, judged=judged["positive"], checked=judged["checked"])


def last_answers(round_: Round) -> list[Answer]:
    """The last answer of each slot, withdrawn ones included, in the order of their tasks' keys.

    Of one task votes come first, by annotator, then decisions in the order in which they came. Raises Damaged for a
    line that is no answer.
    """
    store = round_.run.store
    last: dict[tuple[str, str, bool], Answer] = {}
    for key in store.keys(round_.step("label").key(ANSWERS)):
        for number, line in enumerate(store.read(key).splitlines(), 1):
            try:
                answer = Answer(**json.loads(line))
            except (ValueError, TypeError):
                raise Damaged(f"{store.url(key)}:{number}: not an answer") from None
            last.pop(answer.slot, None)
            last[answer.slot] = answer
    return _in_order(last)


def _in_order(last: Mapping[tuple[str, str, bool], Answer]) -> list[Answer]:
    return sorted(
        last.values(),
        key=lambda answer: (answer.key, answer.adjudicates, "" if answer.adjudicates else answer.annotator),
    )


def in_force(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that were not withdrawn."""
    return [answer for answer in answers if not answer.withdrawn]


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """Of answers in the order of their rounds, the last one of each slot."""
    return list({answer.slot: answer for answer in answers}.values())


def add_answers(round_: Round, answers: Iterable[Answer], logged: Iterable[Answer] | None = None) -> list[Answer]:
    """Append answers that say something new to a round's log, as one file; returns them.

    logged: the round's `last_answers` where they have been read. Call it with the run's lease held: the file's number
    is that of the last one plus 1.
    """
    known = {answer.slot: answer.content for answer in (last_answers(round_) if logged is None else logged)}
    fresh = [answer for answer in answers if known.get(answer.slot) != answer.content]
    if not fresh:
        return []
    store, step = round_.run.store, round_.step("label")
    lines = (json.dumps(asdict(answer), sort_keys=True, ensure_ascii=False) for answer in fresh)
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    round_.run.confirm_lease()
    number = len(store.keys(step.key(ANSWERS))) + 1
    store.publish(step.key(f"{ANSWERS}{number:06d}-{digest_of(data)[:16]}.jsonl"), data)
    return fresh


@dataclass(frozen=True, slots=True)
class LabelHistory:
    """Tasks and answers of a round and of those before it, each file read once.

    tasks_of, logged_of: by round number; logged are the `last_answers`, withdrawn ones included.
    """

    round: Round
    tasks_of: Mapping[int, Sequence[Task]] = field(repr=False)
    logged_of: Mapping[int, Sequence[Answer]] = field(repr=False)

    @property
    def tasks(self) -> Sequence[Task]:
        """The round's own tasks."""
        return self.tasks_of[self.round.number]

    @property
    def earlier_tasks(self) -> list[Task]:
        """Tasks of the rounds before."""
        return [task for number in range(1, self.round.number) for task in self.tasks_of[number]]

    @property
    def logged(self) -> Sequence[Answer]:
        """The answers in the round's own log."""
        return self.logged_of[self.round.number]

    @property
    def earlier_answers(self) -> list[Answer]:
        """Answers in force in the logs of the rounds before, in their order."""
        return [answer for number in range(1, self.round.number) for answer in in_force(self.logged_of[number])]

    def add(self, answers: Iterable[Answer]) -> tuple["LabelHistory", list[Answer]]:
        """Append answers to the round's log; returns the history with those that were new, and these.

        The same history where none was new.
        """
        fresh = add_answers(self.round, answers, self.logged)
        if not fresh:
            return self, fresh
        last = {answer.slot: answer for answer in self.logged}
        for answer in fresh:
            last.pop(answer.slot, None)
            last[answer.slot] = answer
        return replace(self, logged_of={**self.logged_of, self.round.number: _in_order(last)}), fresh


def read_history(round_: Round) -> LabelHistory:
    """Read the tasks and answers of all rounds up to this one.

    Raises Damaged for a line of a log that is no answer.
    """
    rounds = {number: round_.run.round(number) for number in range(1, round_.number + 1)}
    tasks = {number: read_tasks(owner) for number, owner in rounds.items()}
    return LabelHistory(round_, tasks, {number: last_answers(owner) for number, owner in rounds.items()})


def prefix_value(values: Sequence[str], config: Config) -> PrefixValue:
    """Value of a prefix by labels of pages under it: unsure with few of them, else by the share of positive ones."""
    if len(values) < config.label.prefix_min_labels:
        return "unsure"
    positive = sum(value in config.train.positives for value in values)
    return "accept" if positive >= config.label.prefix_min_share * len(values) else "reject"


def concerns(history: LabelHistory, labels: Iterable[LabelledUrl]) -> bool:
    """Tell whether any labelled URL is a page of the round's tasks or lies under one of its prefixes."""
    prefixes = PrefixSet(task.target for task in history.tasks if task.kind == "prefix")
    pages = {url_key(task.target) for task in history.tasks if task.kind == "page"}
    return any(url_key(url) in pages or prefixes.match(url) for url in usable(labels, history.round.run.holdout))


def answer_from(history: LabelHistory, labels: Iterable[LabelledUrl]) -> tuple[LabelHistory, list[Answer]]:
    """Answer a round's tasks from labelled URLs; returns the history with the new answers, and these.

    Pages are found by their URL key. Those that have no label there, and no answer by a person, are answered NO_LABEL.
    """
    config = history.round.run.config
    known = usable(labels, history.round.run.holdout)
    by_key = {url_key(url): label for url, label in known.items()}
    prefixes = PrefixSet(task.target for task in history.tasks if task.kind == "prefix")
    under: dict[str, list[str]] = defaultdict(list)
    for url, label in known.items():
        for prefix in prefixes.matches(url):
            under[prefix].append(label)
    answered = {answer.key for answer in in_force(history.logged) if answer.annotator != JUDGE}
    answers: list[Answer] = []
    for task in history.tasks:
        if task.kind == "prefix":
            value: str = prefix_value(under[task.target], config)
        else:
            value = by_key.get(url_key(task.target), NO_LABEL)
        if value != NO_LABEL or task.key not in answered:
            answers.append(Answer(task.key, task.target, task.kind, value, FILE))
    return history.add(answers)
