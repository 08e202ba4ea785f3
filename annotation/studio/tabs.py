"""The tabs of a project's list of tasks in Label Studio: what stands there is for people, not the columns of HTML.

In: a project. Out: two tabs where it has none of ours: tasks that nobody answered, the least confident first, as they
are asked, and all, newest round first. Columns: round, URL, host, score, why a task is asked, answers. A tab that
somebody changed stays as it is.
"""

from annotation.studio.api_records import Data
from annotation.studio.studio_api import Studio

SHOWN = ("round", "url", "host", "score", "reason")
"""Fields of a task's data that are columns, as `task_payloads` writes them; blind tasks have no score."""

_HIDDEN_DATA = ("key", "head", "page", "signals")
_HIDDEN = (
    "annotators",
    "avg_lead_time",
    "inner_id",
    "completed_at",
    "cancelled_annotations",
    "total_predictions",
    "annotations_results",
    "annotations_ids",
    "predictions_score",
    "predictions_model_versions",
    "predictions_results",
    "file_upload",
    "storage_filename",
    "created_at",
    "updated_at",
    "updated_by",
    "draft_exists",
)
"""Columns of Label Studio itself that are not shown; id and number of answers are."""

_HTML = tuple(f"tasks:data.{name}" for name in _HIDDEN_DATA)
_WIDTHS = {
    "tasks:id": 90,
    "tasks:total_annotations": 70,
    "tasks:data.round": 100,
    "tasks:data.url": 400,
    "tasks:data.host": 190,
    "tasks:data.score": 110,
    "tasks:data.reason": 230,
}
"""In px: all of them stand in a window of 1280."""


def tab(title: str, ordering: str, *, answered: bool) -> Data:
    """A tab as Label Studio keeps it. answered: with the tasks that have their answers."""
    hidden = [f"tasks:{name}" for name in _HIDDEN] + list(_HTML)
    condition = {"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0}
    return {
        "title": title,
        "type": "list",
        "target": "tasks",
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
        "columnsWidth": _WIDTHS,
        "ordering": [ordering],
        "filters": {"conjunction": "and", "items": [] if answered else [condition]},
    }


TABS = (
    tab("To answer", "tasks:predictions_score", answered=False),
    tab("All tasks", "-tasks:data.round", answered=True),
)


def add_tabs(studio: Studio, project: int) -> bool:
    """Add the tabs that a project does not have, by title; True when some were missing."""
    there = studio.tabs(project)
    missing = [one for one in TABS if one["title"] not in there]
    for one in missing:
        studio.add_tab(project, one)
    return bool(missing)
