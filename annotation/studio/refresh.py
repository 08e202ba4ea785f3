"""Fresh predictions for open tasks of earlier rounds when a new model is there, so that it decides their order.

Blind tasks stay as they are. Whatever was refreshed before is found by its model version and left alone, so this may be
killed and repeated.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from annotation.studio.client import Filter, Project, Studio, StudioTask, Unknown
from annotation.studio.push import batches
from annotation.studio.task_payloads import Lens, confidence, signals_html
from annotation.tasks import TASKS
from recall.errors import Transient
from recall.run import Round, Run

UNTOUCHED = (Filter("total_annotations", "equal", "Number", 0), Filter("cancelled_annotations", "equal", "Number", 0))


def refresh_pages(studio: Studio, project: Project, round_: Round, lens: Lens) -> int:
    """Give open page tasks of earlier rounds the score, n-grams and confidence of this round's model.

    Returns how many were refreshed. Prefix tasks are ordered by the pages they decide, which no model changes.
    """
    if round_.number == 1 or lens.scorer is None:
        return 0
    earlier = Filter("data.round", "less", "Number", round_.number)
    stale = (
        task
        for task in studio.tasks(project.id, earlier, *UNTOUCHED, annotations=True)
        if lens.version not in task.versions
    )
    rows = _open_rows(round_.run, round_.number)
    return sum(_refresh(studio, project, batch, rows, lens) for batch in batches(stale, studio.batch))


def _open_rows(run: Run, before: int) -> dict[str, Mapping[str, Any]]:
    """Text of every page that was asked about with its score, by task key."""
    rows: dict[str, Mapping[str, Any]] = {}
    for number in range(1, before):
        table = run.store.read_table(run.round(number).step("label").key(TASKS), ["key", "text", "blind"])
        rows.update({row["key"]: row for row in table.to_pylist() if not row["blind"]})
    return rows


def _refresh(
    studio: Studio, project: Project, tasks: Sequence[StudioTask], rows: Mapping[str, Mapping[str, Any]], lens: Lens
) -> int:
    known = [task for task in tasks if str(task.data.get("key")) in rows]
    if not known or lens.scorer is None:
        return 0
    texts = [str(rows[str(task.data["key"])]["text"]) for task in known]
    scores = [float(score) for score in lens.scorer.score(texts)]
    changed: list[dict[str, Any]] = []
    for task, text, score in zip(known, texts, scores, strict=True):
        with suppress(Unknown):  # deleted meanwhile
            studio.change_task(task.id, data={**task.data, "signals": signals_html(score, lens, text)})
            sure = confidence(score, lens.threshold)
            changed.append({"task": task.id, "model_version": lens.version, "score": sure, "result": []})
    for tries in range(studio.attempts):
        wanted = {int(one["task"]) for one in changed}
        try:
            if changed:
                studio.import_predictions(project.id, changed)
            return len(known)
        except Transient:
            studio.pause(tries)
            filters = (
                Filter("id", "greater", "Number", min(wanted) - 1),
                Filter("id", "less", "Number", max(wanted) + 1),
            )
            listed = studio.tasks(project.id, *filters, annotations=True)
            stale = {task.id for task in listed if lens.version not in task.versions}
            changed = [one for one in changed if one["task"] in stale]
    raise Transient(f"{studio.url}: cannot refresh the predictions of project {project.id}; try again")
