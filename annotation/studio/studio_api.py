"""The border to Label Studio's API: few requests, plain records out, every foreign error in one line of ours.

A request that may be repeated (reads, changes to a given value, removals) is tried again by the project's retry policy
when the server is away, restarting or says that its database is locked. Imports are never repeated here: an import that
timed out may have happened. Tasks are listed by ascending id, never by page number, so that none is missed while others
come and go.
"""

import json
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from pydantic import ValidationError

from annotation.studio import TOKEN_VARIABLE
from annotation.studio.api_records import (
    MAX_DETAIL,
    OF_ANSWERS,
    OF_TASKS,
    Data,
    Project,
    StudioTask,
    TaskFilter,
    detail_of,
    project_of,
    task_of,
)
from recall.config import StudioSection
from recall.errors import BadInput, RecallError, Refused, Transient
from recall.io import RetryPolicy

T = TypeVar("T")
FIRST_WAIT, LONGEST_WAIT, JITTER = 0.5, 20.0, 0.5
"""Waits in s between attempts: bound of the first, bound of all, and the random share of each."""

BATCH = 50
"""Tasks of one import: a larger one holds the server's database locked for longer."""

PAGE = 200
"""Tasks listed at a time, and held in memory with their pages."""

ATTEMPTS = 9
"""Attempts at a request that may be repeated; the waits between them add up to about a minute, enough for a restart."""

SETTLE_SECONDS = 3.0
"""Wait of a push for imports of the one before that was killed: they may still be under way."""

MAX_PAGES = 1_000


class NotOnServer(BadInput):
    """The object that a request names is not on the server (any more)."""


class Studio:
    """A server and our token for it."""

    def __init__(self, settings: StudioSection, token: str) -> None:
        self.url = settings.url.rstrip("/")
        self._settings = settings
        self._policy = RetryPolicy(ATTEMPTS, FIRST_WAIT, LONGEST_WAIT, JITTER)
        http = httpx.Client(timeout=settings.timeout_seconds, follow_redirects=True)
        weakref.finalize(self, http.close)  # connections live as long as we do
        self._sdk: Any = self._translate(
            "log in", lambda: _connect(base_url=self.url, api_key=token, httpx_client=http, max_retries=0)
        )

    @property
    def batch(self) -> int:
        """Tasks of one import."""
        return BATCH

    def settle(self) -> None:
        """Wait for requests of a push that was killed: they may still be under way."""
        time.sleep(SETTLE_SECONDS)

    @property
    def attempts(self) -> int:
        """Attempts in all at a request that may be repeated."""
        return ATTEMPTS

    def _translate(self, doing: str, request: Callable[[], T]) -> T:
        """Do a request; foreign errors become ours."""
        try:
            return request()
        except ApiError as error:
            raise self._named(doing, error) from None
        except httpx.TimeoutException:
            waited = f"no answer within {self._settings.timeout_seconds:g} s"
            raise Transient(f"{self.url}: cannot {doing}: {waited}; see [studio] timeout_seconds") from None
        except httpx.HTTPError as error:
            raise Transient(
                f"{self.url}: cannot {doing}: Label Studio does not answer ({error or type(error).__name__}); "
                "is it running, and is [studio] url right?"
            ) from None
        except (ValidationError, ValueError) as error:
            first = " ".join(str(error).split())[:MAX_DETAIL]
            raise BadInput(f"{self.url}: cannot {doing}: this is not an answer of Label Studio: {first}") from None

    def _named(self, doing: str, error: ApiError) -> RecallError:
        code, detail = error.status_code or 0, detail_of(error)
        if code == 401:
            return Refused(
                f"{self.url}: the token in {TOKEN_VARIABLE} is not valid or has expired ({detail}); take a new one "
                "from Label Studio's account page"
            )
        if code == 403:
            return Refused(f"{self.url}: may not {doing}: {detail}")
        if code >= 500 or code in {408, 409, 429}:
            return Transient(f"{self.url}: cannot {doing}: error {code}: {detail}")
        if code == 404:
            return NotOnServer(f"{self.url}: cannot {doing}: it is not there (any more): {detail}")
        return BadInput(f"{self.url}: cannot {doing}: Label Studio refuses: {detail}")

    def _again(self, doing: str, request: Callable[[], T]) -> T:
        """Do a request that may be repeated, ATTEMPTS times.

        Raises Transient when the last attempt failed too.
        """
        return self._policy.call(lambda: self._translate(doing, request), on=Transient)

    def pause(self, failures: int) -> None:
        """Wait before another attempt after so many failures, longer each time, with jitter."""
        time.sleep(self._policy.wait(failures))

    def projects(self) -> Iterator[Project]:
        """Every project that our token may see."""
        for number in range(1, MAX_PAGES):
            page = self._again("list the projects", partial(self._sdk.projects.list, page=number, page_size=100))
            yield from (project_of(project) for project in page.items or ())
            if not page.has_next or len(page.items or ()) < 100:
                return

    def project(self, number: int) -> Project:
        """One project with its counts.

        Raises NotOnServer when it is not there.
        """
        return project_of(self._again("read the project", lambda: self._sdk.projects.get(id=number)))

    def create_project(self, **settings: Any) -> int:
        """Make a project; returns its id. Never repeated."""
        made = self._translate("create a project", lambda: self._sdk.projects.create(**settings))
        return int(made.id or 0)

    def change_project(self, number: int, **settings: Any) -> None:
        """Set some of a project's settings."""
        self._again("change the project", lambda: self._sdk.projects.update(id=number, **settings))

    def remove_project(self, number: int) -> None:
        """Remove a project with all that is in it."""
        self._remove(lambda: self._sdk.projects.delete(id=number))

    def tasks(
        self, project: int, *filters: TaskFilter, annotations: bool = False, after: int = 0
    ) -> Iterator[StudioTask]:
        """A project's tasks that meet all filters, by ascending id, PAGE of them at a time in memory.

        after: an id; only later ones. Asked for by spans of ids, as the server counts all that a request selects:
        asking for all later tasks takes the longer the more there are. That is done where a span holds none.
        """
        size, last = PAGE, after
        while True:
            span = TaskFilter("id", "less", "Number", last + size + 1)
            listed = self._tasks_after(project, last, (span, *filters), annotations) if last else []
            yield from listed
            last += size if listed else 0
            if not listed:
                listed = self._tasks_after(project, last, filters, annotations)
                yield from listed
                if len(listed) < size:
                    return
                last = listed[-1].id

    def last_task(self, project: int) -> int:
        """The highest id of a project's tasks; 0 without any."""
        query = json.dumps({"ordering": ["-tasks:id"]})
        page = self._again(
            "list tasks",
            lambda: self._sdk.tasks.list(
                project=project, query=query, page_size=1, fields="task_only", include="id", resolve_uri=False
            ),
        )
        return max((int(task.id) for task in page.items or ()), default=0)

    def _tasks_after(
        self, project: int, last: int, filters: Sequence[TaskFilter], annotations: bool
    ) -> list[StudioTask]:
        conditions = [TaskFilter("id", "greater", "Number", last), *filters]
        items = [
            {"filter": f"filter:tasks:{each.column}", "operator": each.operator, "type": each.kind, "value": each.value}
            for each in conditions
        ]
        query = json.dumps({"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]})
        page = self._again(
            "list tasks",
            lambda: self._sdk.tasks.list(
                project=project,
                query=query,
                page_size=PAGE,
                fields="all" if annotations else "task_only",
                include=OF_ANSWERS if annotations else OF_TASKS,
                resolve_uri=False,
            ),
        )
        return [task_of(task) for task in page.items or ()]

    def import_tasks(self, project: int, tasks: Sequence[Data]) -> list[int]:
        """Import tasks; returns their ids in order.

        Never repeated: after a Transient they may be there, or come later.
        """
        made = self._translate(
            "import tasks",
            lambda: self._sdk.projects.import_tasks(id=project, request=list(tasks), return_task_ids=True),
        )
        return [int(number) for number in getattr(made, "task_ids", None) or ()]

    def change_task(self, number: int, **changes: Any) -> None:
        """Set a task's data, or its overlap (how many annotations complete it)."""
        self._again(
            "change a task",
            lambda: self._sdk.tasks.update(id=str(number), **changes),
        )

    def remove_task(self, number: int) -> None:
        """Remove a task; nothing happens when it is gone already."""
        self._remove(lambda: self._sdk.tasks.delete(id=str(number)))

    def _remove(self, request: Callable[[], None]) -> None:
        with suppress(NotOnServer):
            self._again("remove", request)

    def recount(self, task: StudioTask) -> None:
        """Let the server count a task's annotations again, as it does whenever one of them is saved."""
        last = {saved.cancelled: saved for saved in sorted(task.annotations, key=lambda saved: saved.time)}
        for saved in last.values():
            with suppress(NotOnServer):
                same = partial(self._sdk.annotations.update, id=saved.id, lead_time=saved.seconds)
                self._again("save an annotation as it is", same)

    def import_predictions(self, project: int, predictions: Sequence[Data]) -> None:
        """Add predictions (task, model_version, score, result). Never repeated."""
        self._translate(
            "import predictions",
            lambda: self._sdk.projects.import_predictions(id=project, request=list(predictions)),
        )

    def annotators(self) -> dict[int, str]:
        """E-mail addresses by user id."""
        users = self._again("list the people", lambda: list(self._sdk.users.list()))
        return {int(user.id): str(user.email) for user in users}

    def tabs(self, project: int) -> frozenset[str]:
        """Titles of the tabs of a project's list of tasks."""
        listed = self._again("list tabs", lambda: self._sdk.views.list(project=project))
        data = [_plain(view.data) for view in listed]
        return frozenset(str(each.get("title")) for each in data)

    def add_tab(self, project: int, data: Data) -> None:
        """Add a tab. Never repeated."""
        self._translate("add a tab", lambda: self._sdk.views.create(project=project, data=dict(data)))

    def webhooks(self, project: int) -> dict[int, str]:
        """URLs of a project's webhooks by id."""
        hooks = self._again("list webhooks", lambda: self._sdk.webhooks.list(project=project))
        return {int(hook.id or 0): str(hook.url) for hook in hooks}

    def add_webhook(self, project: int, url: str, actions: Sequence[str]) -> None:
        """Let the server tell a URL, without content, when annotations change. Never repeated."""
        self._translate(
            "add a webhook",
            lambda: self._sdk.webhooks.create(
                url=url, project=project, send_payload=False, send_for_all_actions=False, actions=list(actions)
            ),
        )


def _plain(value: Any) -> Data:
    """A record of the SDK, or a plain object, as one."""
    return value if isinstance(value, Mapping) else getattr(value, "model_dump", dict)()


def _connect(**settings: Any) -> Any:
    return LabelStudio(**settings)  # type: ignore[no-untyped-call]  # the library's own extension has no types
