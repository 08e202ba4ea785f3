"""A run's report behind the service: its own script runs, nothing else does."""

import shutil
from typing import Any

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.report import script_source
from recall.run.rounds import Run
from service.api.static_pages import REPORT_POLICY
from tests.chromium import started


@pytest.fixture(scope="module")
def reported(played: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of the run with its report."""
    folder = tmp_path_factory.mktemp("served") / "run"
    shutil.copytree(played.store.root, folder)
    answer = CliRunner().invoke(verbs, ["report", str(folder)])
    assert answer.exit_code == 0, answer.output
    return str(folder)


def test_the_policy_lets_the_maps_script_run_and_no_other() -> None:
    assert f"script-src {script_source()};" in REPORT_POLICY
    assert "sandbox allow-scripts" in REPORT_POLICY
    assert "allow-same-origin" not in REPORT_POLICY


@pytest.mark.browser
@pytest.mark.slow
def test_it_is_served_whole_under_its_policy(reported: str, start: Any) -> None:
    running = start("--model", reported, workers=1)
    with started() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        models = page.request.get(f"{running.url}v1/models").json()
        where = models["models"][0]["report"]
        assert where
        page.goto(running.url.rstrip("/") + where)
        page.locator("#map circle").nth(3).hover()
        assert page.locator("#card .url").inner_text().startswith("http")
        for kind in ("png", "parquet"):
            link = page.locator(f'a[href$=".{kind}"]').first.get_attribute("href")
            answer = page.request.get(running.url.rstrip("/") + where.replace("index.html", link))
            assert answer.status == 200
            assert len(answer.body()) > 500
        assert not wrong, wrong
