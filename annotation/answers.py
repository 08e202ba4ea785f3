"""Answers to a round's tasks: a log that only grows, and answering from a labels file.

In: answers of annotators (from a labelling server, or any tool that writes the files), or labelled URLs. Out:
label/answers/NNNNNN-<digest>.jsonl, one Answer as a JSON object a line; keys that a line lacks have their defaults.
The last line of a task, an annotator and a part (vote or decision) counts, so an edit is a new line, and so is taking
an answer back. Held-out rows of a labels file are ignored, for pages and for prefixes. What answers come to is
`annotation.adjudication`' affair.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from annotation.tasks import PREFIXES, TASKS
from recall.config import Config
from recall.errors import Damaged
from recall.labels import ASKED_AGAIN
from recall.records import LabelKind, PrefixValue, TaskUse
from recall.run import LabelledUrl, Round, digest_of, usable
from recall.sites import PrefixSet

ANSWERS = "answers/"
NO_LABEL = ""
"""Value of an answer that decides nothing: the annotator, or the file, has no label for the task."""

FILE = "file"
"""Annotator of answers from a labels file."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked: a page (target: URL) or a prefix.

    votes: how many annotators are wanted, one answer each. gold: the known answer, "" where there is none; secret.
    again: the page was asked about in an earlier round; what was said there counts as well.
    """

    key: str
    target: str
    kind: LabelKind
    use: TaskUse
    votes: int = 1
    gold: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator said to one task.

    value: a label name (page) or a PrefixValue; NO_LABEL: skipped, or sent in empty. annotator: a name that stays the
    same from round to round (an e-mail address). time: when it was given or last changed, seconds: that were spent on
    it, "" and 0 where the source does not say; they decide nothing. source: where it comes from, such as an
    annotation's id on a labelling server; category, comment: what was added freely. adjudicates: it decides a
    disagreement of the others (`annotation.adjudication`): it overrules all votes, and the one that came last all
    others. withdrawn: the annotator took it back, and the task is open for them again.
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
    def place(self) -> tuple[str, str, bool]:
        """What there is one answer to: the task, by one annotator, as vote or as decision."""
        return self.key, self.annotator, self.adjudicates

    @property
    def says(self) -> tuple[str, str, str, bool]:
        """What is said, apart from when and how: an answer that says the same again is not new."""
        return self.value, self.category, self.comment, self.withdrawn


def read_tasks(round_: Round) -> list[Task]:
    """Tasks of a round, pages first."""
    store, step = round_.run.store, round_.step("label")
    pages = store.read_table(step.key(TASKS), ["key", "url", "use", "votes", "answer", "stratum"]).to_pylist()
    prefixes = store.read_table(step.key(PREFIXES), ["key", "prefix", "votes"]).to_pylist()
    return [
        *(
            Task(row["key"], row["url"], "page", row["use"], row["votes"], row["answer"], row["stratum"] == ASKED_AGAIN)
            for row in pages
        ),
        *(Task(row["key"], row["prefix"], "prefix", "train", row["votes"]) for row in prefixes),
    ]


def last_answers(round_: Round) -> list[Answer]:
    """The last answer at each place, withdrawn ones included, in the order of their tasks' keys.

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
            last.pop(answer.place, None)
            last[answer.place] = answer
    return sorted(last.values(), key=lambda one: (one.key, one.adjudicates, "" if one.adjudicates else one.annotator))


def read_answers(round_: Round) -> list[Answer]:
    """The answers that count: `last_answers` without withdrawn ones.

    Raises Damaged for a line that is no answer.
    """
    return [answer for answer in last_answers(round_) if not answer.withdrawn]


def add_answers(round_: Round, answers: Iterable[Answer]) -> int:
    """Append answers that say something new to a round's log, as one file; returns how many did.

    Call it with the run's lease held: the file's number is that of the last one plus 1.
    """
    known = {one.place: one.says for one in last_answers(round_)}
    fresh = [one for one in answers if known.get(one.place) != one.says]
    if not fresh:
        return 0
    store, step = round_.run.store, round_.step("label")
    lines = (json.dumps(asdict(answer), sort_keys=True, ensure_ascii=False) for answer in fresh)
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    number = len(store.keys(step.key(ANSWERS))) + 1
    store.publish(step.key(f"{ANSWERS}{number:06d}-{digest_of(data)[:16]}.jsonl"), data)
    return len(fresh)


def judge_prefix(values: Sequence[str], config: Config) -> PrefixValue:
    """Judge a prefix by the labels of pages under it: unsure with few of them, else by the share of positive ones."""
    if len(values) < config.label.prefix_min_labels:
        return "unsure"
    positive = sum(value == config.train.positive for value in values)
    return "accept" if positive >= config.label.prefix_min_share * len(values) else "reject"


def concerns(round_: Round, labels: Iterable[LabelledUrl]) -> bool:
    """Tell whether any labelled URL is a page of the round's tasks or lies under one of its prefixes."""
    tasks = read_tasks(round_)
    prefixes = PrefixSet(task.target for task in tasks if task.kind == "prefix")
    pages = {task.target for task in tasks if task.kind == "page"}
    return any(url in pages or prefixes.match(url) for url in usable(labels, round_.run.holdout))


def answer_from(round_: Round, labels: Iterable[LabelledUrl]) -> int:
    """Answer a round's tasks from labelled URLs; returns how many answers were new.

    Pages that have no label there, and no answer by anyone, are answered NO_LABEL.
    """
    config = round_.run.config
    known = usable(labels, round_.run.holdout)
    tasks = read_tasks(round_)
    prefixes = PrefixSet(task.target for task in tasks if task.kind == "prefix")
    under: dict[str, list[str]] = defaultdict(list)
    for url, label in known.items():
        for prefix in prefixes.matches(url):
            under[prefix].append(label)
    answered = {answer.key for answer in read_answers(round_)}
    answers: list[Answer] = []
    for task in tasks:
        value = judge_prefix(under[task.target], config) if task.kind == "prefix" else known.get(task.target, NO_LABEL)
        if value != NO_LABEL or task.key not in answered:
            answers.append(Answer(task.key, task.target, task.kind, value, FILE))
    return add_answers(round_, answers)
