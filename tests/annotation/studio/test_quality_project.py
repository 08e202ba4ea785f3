"""Pages scored from 0 to 5 in a real Label Studio: pushed once, without their use, and the scores brought back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from annotation.answers import Answer
from annotation.quality_scores import read_quality_tasks, synchronise_scores, write_scores
from annotation.studio import studio_api as api
from annotation.studio.local import Local
from annotation.studio.projects import QUALITY, find_projects, open_studio
from annotation.studio.screens import screen
from recall.corpus import QUALITY_DRAWN, QUALITY_PAGES
from recall.corpus.ranking.quality_judge import labels_of_run
from recall.errors import OutOfOrder
from recall.run.rounds import Run
from tests.conftest import Crawl, make_run

COUNT = 12


@pytest.fixture
def run(crawl: Crawl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with drawn pages; no step of it is needed."""
    monkeypatch.setattr(api, "SETTLE_SECONDS", 0.0)
    made = make_run(tmp_path / "run", crawl.config(label={"overlap": 0.5}, studio={"key": "quality-project"}))
    rows = [
        {
            "url": f"https://a{n}.example/page?x=1&y={n}",
            "use": "audit" if n < 4 else "train",
            "score": 0.9,
            "title": f"Title <{n}>",
            "text": f"# Title\n\nSome `code` and <script>alert({n})</script>\n\n```python\nx = {n}\n```\n",
        }
        for n in range(COUNT)
    ]
    columns = {name: [row[name] for row in rows] for name in QUALITY_PAGES}
    made.store.publish_table(QUALITY_DRAWN, columns, QUALITY_PAGES)
    return made


@pytest.fixture
def sdk(server: Local) -> Iterator[Any]:
    made: Any = LabelStudio
    with httpx.Client(timeout=60) as client:
        yield made(base_url=server.url, api_key=server.login.token, httpx_client=client)


def exchanged(run: Run) -> list[str]:
    with run.lease():
        return list(synchronise_scores(run))


def scored(choice: str) -> list[dict[str, Any]]:
    return [{"from_name": "verdict", "to_name": "page", "type": "choices", "value": {"choices": [choice]}}]


@pytest.mark.label_studio
@pytest.mark.slow
@pytest.mark.usefixtures("connected")
def test_pages_go_out_once_and_scores_come_back_as_they_are_now(run: Run, sdk: Any) -> None:
    first = exchanged(run)
    assert first[0].startswith("quality: made project ")
    assert f"quality: pushed {COUNT} tasks, 0 were there" in first
    assert f"quality: 0 of {COUNT} pages scored by 0 people" in first
    again = exchanged(run)
    assert not [line for line in again if "made" in line or "pushed" in line]
    studio = open_studio(run)
    project = find_projects(studio, run)[QUALITY]
    tasks = {task.data["url"]: task for task in studio.tasks(project.id)}
    assert len(tasks) == COUNT
    for task in tasks.values():
        assert "audit" not in str(task.data)
        assert "<script" not in str(task.data["page"])
        assert task.data["score"] is None
    assert sorted(task.votes for task in tasks.values()) == [1] * 6 + [run.config.label.overlap_votes] * 6
    urls = sorted(tasks)
    given = dict(zip(urls[:5], "01234", strict=True))
    made = {url: sdk.annotations.create(id=tasks[url].id, result=scored(given[url])).id for url in given}
    sdk.annotations.create(id=tasks[urls[0]].id, result=scored("1"))
    sdk.annotations.create(id=tasks[urls[6]].id, result=[], was_cancelled=True)
    assert f"quality: 5 of {COUNT} pages scored by 1 people" in exchanged(run)
    labels = {label.url: label for label in labels_of_run(run)}
    later = {urls[0]: 1.0}  # of two scores by one person the later counts
    assert {url: label.score for url, label in labels.items()} == {url: float(given[url]) for url in given} | later
    assert {label.use for label in labels.values()} <= {"audit", "train"}
    assert all("@" not in label.annotator for label in labels.values())
    sdk.annotations.delete(id=made[urls[4]])
    sdk.annotations.update(id=made[urls[3]], result=scored("5"))
    exchanged(run)
    labels = {label.url: label for label in labels_of_run(run)}
    assert urls[4] not in labels
    assert labels[urls[3]].score == 5.0
    assert len(run.store.keys("quality/people-")) == 1


def test_without_drawn_pages_it_says_what_comes_first(run: Run) -> None:
    run.store.remove(QUALITY_DRAWN)
    with pytest.raises(OutOfOrder, match="no pages are drawn to be scored: recall quality ask first"):
        exchanged(run)


def test_scores_stay_where_label_studio_has_none(run: Run) -> None:
    tasks = read_quality_tasks(run)
    answers = [Answer(task.key, task.target, "page", "3", "ann") for task in tasks[:5]]
    assert write_scores(run, tasks, []) == []
    assert write_scores(run, tasks, answers) == []
    (kept,) = run.store.keys("quality/people-")
    (said,) = write_scores(run, tasks, [])
    assert said == f"quality: Label Studio has no scores; those brought back before stay: {kept}"
    assert len(labels_of_run(run)) == 5
    assert write_scores(run, tasks, answers[:2]) == []
    assert len(labels_of_run(run)) == 2


def test_half_of_the_audit_pages_and_of_the_others_are_asked_about_twice(run: Run) -> None:
    several = [task for task in read_quality_tasks(run) if task.votes > 1]
    assert sorted(task.use for task in several) == ["audit"] * 2 + ["train"] * 4


def test_the_screen_has_the_guide_and_a_key_for_each_score(run: Run) -> None:
    shown = screen("quality", run.config)
    assert all(f'<Choice value="{score}" hotkey="{score}"' in shown for score in range(6))
    assert "0&lt;/kbd&gt; to &lt;kbd&gt;5&lt;/kbd&gt; score" in shown
    assert "nothing to learn: an error page" in shown
    assert "/*" not in shown.replace("/**", "")
