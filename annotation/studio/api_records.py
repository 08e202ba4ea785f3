"""Label Studio's records as ours: filters of tasks, tasks with their annotations, projects, and its error texts.

In: objects of its SDK, without useful types. Out: frozen records with the few fields that are used. Nothing here sends
a request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from label_studio_sdk.core.api_error import ApiError

Data = Mapping[str, Any]
"""JSON as Label Studio knows it: task data, project settings."""

MAX_DETAIL = 300
"""Characters of a server's complaint that an error shows."""

OF_TASKS = "id,data,overlap,total_annotations,cancelled_annotations"
"""Fields that are asked for of a task: making all of them takes the server several times as long."""

OF_ANSWERS = f"{OF_TASKS},annotations,result,completed_by,was_cancelled,lead_time,updated_at,predictions,model_version"
"""The same with its content; the server looks the fields of annotations and predictions up in the same list."""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A condition on tasks. column: `id`, `data.key`, `total_annotations` …; kind: Number or String."""

    column: str
    operator: str
    kind: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation. user: its author's id; result: as the editor made it; seconds: spent; time: of the last change."""

    id: int
    user: int
    result: Sequence[Data] = field(repr=False)
    cancelled: bool
    seconds: float
    time: str


@dataclass(frozen=True, slots=True)
class StudioTask:
    """A task on the server. annotations and versions (of its predictions) are only listed where asked for."""

    id: int
    data: Data = field(repr=False)
    votes: int
    annotated: int
    annotations: Sequence[Annotation] = ()
    versions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """A project. description: for people, with our key in it; tasks: how many it holds."""

    id: int
    title: str
    description: str
    label_config: str = field(repr=False)
    model_version: str
    tasks: int


def detail_of(error: ApiError) -> str:
    """The server's complaint on one bounded line; the first where it lists many."""
    body = error.body
    if isinstance(body, Mapping):
        complaints = body.get("validation_errors") or body.get("detail") or body
        while isinstance(complaints, Mapping | list) and complaints:
            complaints = next(iter(complaints.values())) if isinstance(complaints, Mapping) else complaints[0]
        body = complaints
    return " ".join(str(body).split())[:MAX_DETAIL]


def project_of(project: Any) -> Project:
    """A project of the SDK as ours."""
    return Project(
        int(project.id),
        str(project.title or ""),
        str(project.description or ""),
        str(project.label_config or ""),
        str(project.model_version or ""),
        int(project.task_number or 0),
    )


def task_of(task: Any) -> StudioTask:
    """A task of the SDK as ours."""
    annotations = [annotation_of(annotation) for annotation in task.annotations or ()]
    versions = [str(prediction.model_version) for prediction in task.predictions or ()]
    data = task.data if isinstance(task.data, Mapping) else {}
    annotated = int(task.total_annotations or 0) + int(task.cancelled_annotations or 0)
    return StudioTask(int(task.id), data, int(task.overlap or 1), annotated, annotations, versions)


def annotation_of(annotation: Mapping[str, Any]) -> Annotation:
    """An annotation of the SDK (a JSON object) as ours."""
    author = annotation.get("completed_by")
    if isinstance(author, Mapping):
        author = author.get("id")
    result = [part for part in annotation.get("result") or () if isinstance(part, Mapping)]
    seconds = float(annotation.get("lead_time") or 0.0)
    return Annotation(
        int(annotation["id"]),
        int(author or 0),
        result,
        bool(annotation.get("was_cancelled")),
        seconds,
        str(annotation["updated_at"]),
    )
