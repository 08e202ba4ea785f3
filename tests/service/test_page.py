"""The page for people in a real Chromium at 1280 × 800: what it shows, how it is used, what hostile pages may do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.model.scorer import Scorer
from recall.page.text import scoring_text
from tests.chromium import started

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PAGE = (
    "<html><body><h1>Loops</h1><p>The 🎉 function returns an array from the größe module. "
    + "return class import " * 20
    + '</p><pre><code class="language-python">def f(x):\n    return "1"  # one\n</code></pre></body></html>'
)
HOSTILE = (
    "<html><body><script>window.broken = 1</script><img src=x onerror='window.broken = 2'>"
    "<svg onload='window.broken = 3'></svg><p>&lt;script&gt;window.broken = 4&lt;/script&gt; "
    "&lt;img src=x onerror=window.broken=5&gt; </p><a href='javascript:window.broken=6'>return class</a>"
    "<iframe srcdoc='&lt;script&gt;top.broken=7&lt;/script&gt;'></iframe>"
    "<pre><code>&lt;/code&gt;&lt;script&gt;window.broken = 8&lt;/script&gt;\n```\n&lt;img src=//evil.example/x&gt;"
    "</code></pre>"
    "<link rel=stylesheet href=//evil.example/y><meta http-equiv=refresh content='0;url=//evil.example/'>"
    + "<p>\u202e\u2066"
    + "word " * 60
    + "</body></html>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started(*FLAGS) as chromium:
        yield chromium


@pytest.fixture
def page(browser: Any, running: Any) -> Iterator[Any]:
    """The page, loaded; nothing may be asked of any other host, nor go wrong in the console."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    asked: list[str] = []
    wrong: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.goto(running.url)
    opened.wait_for_selector("#model option", state="attached")
    yield opened
    assert all(url.startswith(running.url) for url in asked), asked
    assert not wrong, wrong
    opened.close()


def scored(page: Any, source: str) -> None:
    page.fill("#source", source)
    page.keyboard.press("Control+Enter")
    page.locator("#status", has_text="score").wait_for()


def test_a_page_is_scored_explained_and_extracted(page: Any, folders: list[Path]) -> None:
    scored(page, PAGE)
    score = float(Scorer.load(folders[0]).score([scoring_text(PAGE.encode())])[0])
    assert f"{score:.4f}" in page.inner_text("#status")
    assert page.get_attribute(".bar", "role") == "img"
    assert f"{score:.4f}" in page.get_attribute(".bar", "aria-label")
    assert page.inner_text(".text").startswith("Loops\nThe 🎉 function")
    tinted = page.locator(".text span").all_inner_texts()
    assert any("return" in word for word in tinted)
    assert page.locator("table tbody tr").count() >= 5
    assert 'return "1"' in page.inner_text("#markdown pre")
    assert page.locator("#markdown .k").all_inner_texts()[:2] == ["def", "return"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_text_that_is_too_short_is_said_to_be(page: Any) -> None:
    scored(page, "<p>A day at the sea.")
    assert page.inner_text("#status").endswith("too short to tell.")
    assert "from 150 characters on" in page.inner_text(".verdict")


def test_two_versions_stand_side_by_side(page: Any) -> None:
    page.select_option("#other", index=2)
    scored(page, PAGE)
    boxes = [one.bounding_box() for one in page.locator("#columns > section").all()]
    assert len(boxes) == 2
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_a_dropped_file_is_scored_by_its_bytes(page: Any, folders: list[Path], tmp_path: Path) -> None:
    latin = "<meta charset=iso-8859-1><title>größe</title><p>return the größe".encode("latin-1")
    (tmp_path / "page.html").write_bytes(latin)
    page.set_input_files("#file", tmp_path / "page.html")
    page.locator("#status", has_text="score").wait_for()
    score = float(Scorer.load(folders[0]).score([scoring_text(latin)])[0])
    assert f"{score:.4f}" in page.inner_text("#status")
    assert "größe" in page.inner_text(".text")


def test_it_is_used_by_keyboard_alone(page: Any) -> None:
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.name"
            )
        )
    assert reached[0] == "skip"
    for name in ("kind", "model", "other", "source", "go", "clear", "file"):
        assert name in reached, reached
    page.focus("#source")
    page.keyboard.type("return class")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#status", has_text="score").wait_for()
    assert page.evaluate("document.activeElement.id") == "results"


def test_a_screen_reader_finds_names_and_hears_the_outcome(page: Any) -> None:
    scored(page, PAGE)
    tree = page.locator("body").aria_snapshot()
    for part in (
        'textbox "Page',
        'combobox "Model"',
        'button "Score"',
        "status",
        'heading "recall"',
        "table",
        'img "Score',
    ):
        assert part in tree, tree
    assert page.get_attribute("#status", "aria-live") == "polite"


@pytest.mark.parametrize("kind", ["html", "text"])
def test_a_hostile_page_runs_nothing_and_fetches_nothing(page: Any, kind: str) -> None:
    page.check(f"input[value={kind}]")
    scored(page, HOSTILE)
    page.wait_for_timeout(300)
    assert page.evaluate("window.broken") is None
    assert (
        page.locator("#results script, #results img, #results iframe, #results a, #results link, #results meta").count()
        == 0
    )
    assert "<script>" in page.inner_text("#results")


def test_script_that_gets_into_the_page_is_still_barred(browser: Any, running: Any) -> None:
    opened = browser.new_page()
    opened.goto(running.url)
    opened.evaluate(
        "() => { const s = document.createElement('div');"
        " try { s.innerHTML = '<img src=x onerror=\"window.broken=1\">'; }"
        " catch (e) { window.stopped = true; } document.body.append(s); }"
    )
    opened.wait_for_timeout(200)
    assert opened.evaluate("window.broken") is None
    assert opened.evaluate("window.stopped") is True
    opened.close()


def test_errors_are_said_where_they_are_heard(page: Any) -> None:
    page.click("#go")
    assert "Paste a page" in page.inner_text("#status")
    assert page.get_attribute("#status", "class") == "bad"
