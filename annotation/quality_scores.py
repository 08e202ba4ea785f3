"""People's scores of kept pages, 0 to 5, by a project of its own in Label Studio.

In: `quality/pages.parquet`, which `recall quality ask` drew. Out: tasks there, each once, none of which says whether it
is an audit page; and `quality/people-….parquet`, all scores that are there now, in place of those before; where none
are there those before stay, as the project may have been lost. The share
[label] overlap of the pages is asked about several times, of audit pages as of others. May be killed and repeated at
any moment; it needs the run's lease.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from annotation.agreement import ordinal_alpha
from annotation.answers import NO_LABEL, Answer, Task
from annotation.studio.projects import QUALITY, address_of, find_projects, open_studio, set_up
from annotation.studio.pull import AnnotationReader, pseudonym, pull_answers
from annotation.studio.push import push_payloads, take_inventory
from annotation.studio.safe_html import encodable, page_html
from annotation.studio.screens import QUALITY_CHOICES, labels_of
from annotation.studio.task_payloads import TaskPayload, head_html
from recall.corpus import QUALITY_DRAWN, QUALITY_LABELS, QUALITY_PAGES, QUALITY_PEOPLE
from recall.errors import OutOfOrder
from recall.run import Run, priority
from recall.sites import host_of

ROUND = 0
"""The number by which these tasks are told from those of rounds."""

ROWS = 64
"""Pages read at a time."""


def synchronise_scores(run: Run) -> Iterator[str]:
    """Push what is missing, pull what was scored; yields what happened, a line each.

    Raises OutOfOrder before pages were drawn, and as Label Studio's requests.
    """
    if not run.store.exists(QUALITY_DRAWN):
        raise OutOfOrder(f"{run.store.root}: no pages are drawn to be scored: recall quality ask first")
    tasks = read_quality_tasks(run)
    studio = open_studio(run)
    there = find_projects(studio, run)
    projects, done = set_up(studio, run, there, (QUALITY,))
    yield from done
    project = projects[QUALITY]
    inventory = take_inventory(studio, project.id)
    if QUALITY in there and {task.key for task in tasks} - set(inventory.tasks):
        studio.settle()  # an import that was lost may still come
        inventory = take_inventory(studio, project.id, known=inventory)
    missing = {task.key for task in tasks} - set(inventory.tasks)
    if missing:
        counts = push_payloads(studio, project, _payloads(run, tasks, missing), inventory.tasks, "")
        yield f"quality: pushed {counts.new} tasks, {len(tasks) - len(missing)} were there"
    names = {user: pseudonym(run, email) for user, email in studio.annotators().items()}
    reader = AnnotationReader(studio, project.id, labels_of("quality", run.config), names)
    pulled = pull_answers(reader, ROUND, tasks, ())
    for what, count in sorted(pulled.counts.items()):
        yield f"quality: {count} answers {what}"
    scored = sorted((answer for answer in pulled.answers if answer.value != NO_LABEL), key=lambda each: each.slot)
    yield from write_scores(run, tasks, scored)
    yield scores_line(tasks, scored)
    yield f"pages are at {address_of(studio, project)}"


def read_quality_tasks(run: Run) -> list[Task]:
    """A task for each drawn page, with the number of annotators wanted."""
    rows = run.store.read_table(QUALITY_DRAWN, ["url", "use"]).to_pylist()
    settings, several = run.config.label, set[str]()
    for use in sorted({row["use"] for row in rows}):
        urls = [row["url"] for row in rows if row["use"] == use]
        urls.sort(key=lambda url: (priority(run.config.run.seed, f"quality overlap\0{url}"), url))
        several.update(urls[: math.ceil(settings.overlap * len(urls))])
    votes = {row["url"]: settings.overlap_votes if row["url"] in several else 1 for row in rows}
    return [Task(_key(row["url"]), row["url"], "page", row["use"], votes[row["url"]]) for row in rows]


def _key(url: str) -> str:
    return f"quality-{blake2b(url.encode('utf-8', 'replace'), digest_size=10).hexdigest()}"


def _payloads(run: Run, tasks: Sequence[Task], wanted: Collection[str]) -> Iterator[TaskPayload]:
    votes = {task.key: task.votes for task in tasks}
    for batch in run.store.read_batches(QUALITY_DRAWN, list(QUALITY_PAGES), ROWS):
        for row in batch.to_pylist():
            key = _key(row["url"])
            if key in wanted:
                yield TaskPayload(key, _data(key, row), votes[key], None)


def _data(key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a person sees of a page: no score, and nothing of its use."""
    return {
        "key": key,
        "round": ROUND,
        "url": encodable(row["url"]),
        "host": host_of(row["url"]),
        "score": None,
        "reason": "quality",
        "head": head_html(row["title"], row["url"]),
        "page": page_html(row["text"]),
        "signals": "",
    }


def write_scores(run: Run, tasks: Sequence[Task], scored: Sequence[Answer]) -> list[str]:
    """Publish the scores that are there now, and remove those before; without any those before stay.

    Out: a line where scores stay that are not there now.
    """
    use = {task.key: task.use for task in tasks}
    before = set(run.store.keys(QUALITY_PEOPLE))
    if not scored:
        stay = f"quality: Label Studio has no scores; those brought back before stay: {', '.join(sorted(before))}"
        return [stay] if before else []
    columns = {
        "url": [answer.target for answer in scored],
        "score": [float(answer.value) for answer in scored],
        "annotator": [answer.annotator for answer in scored],
        "use": [str(use[answer.key]) for answer in scored],
    }
    folder, _, stem = QUALITY_PEOPLE.rpartition("/")
    before.discard(f"{folder}/{run.store.publish_table_named(folder, stem, columns, QUALITY_LABELS).file}")
    run.discard(sorted(before))
    return []


def scores_line(tasks: Sequence[Task], scored: Sequence[Answer]) -> str:
    """How many pages are scored, by how many people, and how they agree."""
    votes: dict[str, dict[str, str]] = {}
    for answer in scored:
        votes.setdefault(answer.key, {})[answer.annotator] = answer.value
    people = {answer.annotator for answer in scored}
    alpha = ordinal_alpha(votes.values(), QUALITY_CHOICES)
    twice = sum(len(given) > 1 for given in votes.values())
    agree = "" if alpha is None else f"; Krippendorff's alpha (ordinal) {alpha:.3f} on {twice} pages scored twice"
    return f"quality: {len(votes)} of {len(tasks)} pages scored by {len(people)} people{agree}"
