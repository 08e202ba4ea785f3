"""A run's projects in Label Studio, found again by a key of ours in their description, made where they are missing.

`pages` and `prefixes` hold a run's tasks of all rounds; `decide-pages` and `decide-prefixes` those that annotators
disagreed on; `quality` its kept pages to be scored. Setting up is idempotent: screens, guideline and order that
somebody changed are put right again, and tabs that are missing are added.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Literal

from annotation.studio import TOKEN_VARIABLE, URL_VARIABLE, studio_settings
from annotation.studio.api_records import Project
from annotation.studio.screens import Kind, guideline, screen
from annotation.studio.studio_api import Studio
from annotation.studio.tabs import add_tabs
from recall.errors import BadInput, Transient
from recall.run import Run

ProjectName = Literal["pages", "prefixes", "decide-pages", "decide-prefixes", "quality"]
NAMES: tuple[ProjectName, ...] = ("pages", "prefixes", "decide-pages", "decide-prefixes")
"""Those of the rounds."""
QUALITY: ProjectName = "quality"
TITLES = {
    "pages": "pages",
    "prefixes": "URL prefixes",
    "decide-pages": "pages to decide",
    "decide-prefixes": "prefixes to decide",
    "quality": "quality of pages",
}
HOOKS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")
MAX_TITLE = 50
"""Label Studio's own limit."""

_KEY = re.compile(r"\[recall ([\w.-]+)/([a-z-]+)\]")


def kind_of(name: ProjectName) -> Kind:
    """The kind of screen that a project shows."""
    if name == QUALITY:
        return "quality"
    return "page" if name.endswith("pages") else "prefix"


def open_studio(run: Run) -> Studio:
    """Connect to the run's Label Studio.

    Raises BadInput when no server or token is named, Refused when the token is not valid (any more).
    """
    settings = studio_settings(run.config)
    if settings is None:
        raise BadInput(f"[studio] url: no Label Studio is named; set it, or {URL_VARIABLE}")
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise BadInput(f"{TOKEN_VARIABLE}: not set; put the access token of your Label Studio account there")
    return Studio(settings, token)


def project_key(run: Run) -> str:
    """The mark by which a run's projects are known."""
    return run.config.studio.key or run.inputs.digest[:20]


def _described(run: Run, name: ProjectName) -> str:
    mark = f"[recall {project_key(run)}/{name}]"
    return f"Tasks of {run.store.root}. Keep this mark, by which recall finds the project: {mark}"


def _title(run: Run, name: ProjectName) -> str:
    title = run.config.studio.title or PurePosixPath(run.store.root).name
    return f"{title[: MAX_TITLE - 3 - len(TITLES[name])]}: {TITLES[name]}"


def find_projects(studio: Studio, run: Run) -> dict[ProjectName, Project]:
    """The run's projects that are there.

    Of several with one key (an import of a project, a request that was lost and came later) the oldest counts; later
    ones that hold nothing are removed.
    """
    projects: dict[ProjectName, Project] = {}
    for name, project in _marked(studio, run):
        if name not in projects:
            projects[name] = project
        elif not project.tasks:
            studio.remove_project(project.id)
    return projects


def _marked(studio: Studio, run: Run) -> Iterator[tuple[ProjectName, Project]]:
    by_name = {str(name): name for name in (*NAMES, QUALITY)}
    for project in sorted(studio.projects(), key=lambda project: project.id):
        mark = _KEY.search(project.description)
        if mark and mark[1] == project_key(run) and mark[2] in by_name:
            yield by_name[mark[2]], project


def set_up(
    studio: Studio, run: Run, there: Mapping[ProjectName, Project], names: Iterable[ProjectName] = NAMES
) -> tuple[dict[ProjectName, Project], list[str]]:
    """Make those of the run's projects that are not there, put the others right; returns all and what was done.

    Raises BadInput when Label Studio does not take a screen back that somebody changed.
    """
    projects, lines = dict(there), list[str]()
    for name in names:
        if name not in projects:
            projects[name] = _make(studio, run, name)
            lines.append(f"{name}: made project {projects[name].id}")
        else:
            lines += _repair(studio, run, name, projects[name])
        lines += _hook(studio, run, name, projects[name])
        if add_tabs(studio, projects[name].id) and name in there:
            lines.append(f"{name}: added the tabs of project {projects[name].id}")
    return projects, lines


def _make(studio: Studio, run: Run, name: ProjectName) -> Project:
    kind = kind_of(name)
    settings = {
        "title": _title(run, name),
        "description": _described(run, name),
        "label_config": screen(kind, run.config),
        "expert_instruction": guideline(kind),
        "show_instruction": False,
        "show_skip_button": True,
        "enable_empty_annotation": False,
        "show_collab_predictions": False,
        "sampling": "Uncertainty sampling",
        "maximum_annotations": 1,
    }
    for failures in range(studio.attempts):
        with suppress(Transient):
            studio.create_project(**settings)
        made = find_projects(studio, run).get(name)  # also where the answer was lost
        if made is not None:
            return made
        studio.pause(failures + 1)
    raise Transient(f"{studio.url}: cannot create project {settings['title']!r}; try again")


def _repair(studio: Studio, run: Run, name: ProjectName, project: Project) -> list[str]:
    """Put the screen right where it is not ours (any more)."""
    wanted = screen(kind_of(name), run.config)
    if project.label_config.strip() == wanted.strip():
        return []
    try:
        studio.change_project(
            project.id, label_config=wanted, expert_instruction=guideline(kind_of(name)), show_collab_predictions=False
        )
    except BadInput as error:
        raise BadInput(
            f"{studio.url}/projects/{project.id}: its labelling screen was changed, and Label Studio does not take "
            f"ours back: {error}; export the answers that do not fit it and delete them there"
        ) from None
    return [f"{name}: put the labelling screen of project {project.id} right"]


def _hook(studio: Studio, run: Run, name: ProjectName, project: Project) -> list[str]:
    url = run.config.studio.webhook
    if not url or url in studio.webhooks(project.id).values():
        return []
    studio.add_webhook(project.id, url, HOOKS)
    return [f"{name}: added the webhook {url} to project {project.id}"]


def address_of(studio: Studio, project: Project) -> str:
    """URL of a project for people."""
    return f"{studio.url}/projects/{project.id}/data"
