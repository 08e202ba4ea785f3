"""Fresh predictions for open tasks of earlier rounds when there is a new model, so that it decides their order.

Blind tasks stay as they are. A task that was refreshed before is known by its model version and stays too, so this may
be killed and repeated.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from annotation.studio.api_records import Project, StudioTask, TaskFilter
from annotation.studio.studio_api import NotOnServer, Studio
from annotation.studio.task_payloads import ModelView, signals_html
from annotation.tasks import TASKS, confidence
from recall.errors import Transient
from recall.run import Round, Run, batches

UNTOUCHED = (
    TaskFilter("total_annotations", "equal", "Number", 0),
    TaskFilter("cancelled_annotations", "equal", "Number", 0),
)


def refresh_pages(studio: Studio, project: Project, round_: Round, view: ModelView) -> int:
    """Give open page tasks of earlier rounds the score, n-grams and confidence of this round's model.

    Returns how many were refreshed. Prefix tasks are ordered by the pages they decide, which no model changes.
    """
    if round_.number == 1 or view.scorer is None:
        return 0
    earlier = TaskFilter("data.round", "less", "Number", round_.number)
    stale = (
        task
        for task in studio.tasks(project.id, earlier, *UNTOUCHED, annotations=True)
        if view.version not in task.versions
    )
    rows: dict[str, Mapping[str, Any]] | None = None
    refreshed = 0
    for batch in batches(stale, studio.batch):
        rows = _scored_rows(round_.run, round_.number) if rows is None else rows  # once, and only where any is stale
        refreshed += _refresh(studio, project, batch, rows, view)
    return refreshed


def _scored_rows(run: Run, before: int) -> dict[str, Mapping[str, Any]]:
    """Text of every page that earlier rounds asked about with its score shown, by task key."""
    rows: dict[str, Mapping[str, Any]] = {}
    for number in range(1, before):
        table = run.store.read_table(run.round(number).step("label").key(TASKS), ["key", "text", "blind"])
        rows.update({row["key"]: row for row in table.to_pylist() if not row["blind"]})
    return rows


def _refresh(
    studio: Studio,
    project: Project,
    tasks: Sequence[StudioTask],
    rows: Mapping[str, Mapping[str, Any]],
    view: ModelView,
) -> int:
    known = [task for task in tasks if str(task.data.get("key")) in rows]
    if not known or view.scorer is None:
        return 0
    texts = [str(rows[str(task.data["key"])]["text"]) for task in known]
    scores = [float(score) for score in view.scorer.score(texts)]
    changed: list[dict[str, Any]] = []
    for task, text, score in zip(known, texts, scores, strict=True):
        data = {**task.data, "signals": signals_html(score, view, text), "score": round(score, 3)}
        with suppress(NotOnServer):  # deleted meanwhile
            studio.change_task(task.id, data=data)
            sure = confidence(score, view.threshold)
            changed.append({"task": task.id, "model_version": view.version, "score": sure, "result": []})
    for failures in range(studio.attempts):
        wanted = {int(prediction["task"]) for prediction in changed}
        try:
            if changed:
                studio.import_predictions(project.id, changed)
            return len(known)
        except Transient:
            studio.pause(failures + 1)
            filters = (
                TaskFilter("id", "greater", "Number", min(wanted) - 1),
                TaskFilter("id", "less", "Number", max(wanted) + 1),
            )
            listed = studio.tasks(project.id, *filters, annotations=True)
            stale = {task.id for task in listed if view.version not in task.versions}
            changed = [prediction for prediction in changed if prediction["task"] in stale]
    raise Transient(f"{studio.url}: cannot refresh the predictions of project {project.id}; try again")
