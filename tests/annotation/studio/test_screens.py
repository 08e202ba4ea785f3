"""The whole way of a label in a real Label Studio and a real Chromium: pushed, read, clicked, pulled, trained on.

RECALL_SCREENSHOTS names a folder that keeps what the screens looked like.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annotation.answers import Answer, add_answers, in_force, last_answers, read_tasks
from annotation.label_state import label_state_of
from annotation.label_step import conclude, talk
from annotation.studio.local import Local
from annotation.studio.projects import find_projects, open_studio
from annotation.studio.push import of_round
from annotation.tasks import push
from recall.labels.decisions import page_labels
from recall.records import Done
from recall.run.rounds import Run
from tests.chromium import started
from tests.conftest import Site, invent, make_run, play, write_crawl

pytestmark = [pytest.mark.label_studio, pytest.mark.browser, pytest.mark.slow]

BUTTONS = ("button:has-text('Submit')", "button:has-text('Skip')")
CODE = "class Stack:\n    def push(self, item):\n        if item is not None:\n            self.items.append(item)\n"
LONG = "total = " + " + ".join(f"value_{number}" for number in range(60)) + "\n"
RICH = (
    "<html><head><title>{title}</title></head><body><article><h1>Pushing to a stack</h1>"
    "<p>The function below returns the array that a parser module needs; the class keeps a pointer. {words}</p>"
    "<pre><code class='language-python'>{code}</code></pre>"
    "<h2>A table</h2><table><tr><th>Call</th><th>Cost</th></tr><tr><td>push</td><td>constant</td></tr></table>"
    "<ul><li>compile the module</li><li>import the class</li></ul>"
    "<p>See <a href='https://elsewhere.example/x'>the manual</a>. "
    "&lt;script&gt;window.broken = 1&lt;/script&gt; ![x](https://evil.example/pixel.png) "
    "&lt;img src=//evil.example/y onerror='window.broken = 2'&gt;</p>"
    "<script>window.broken = 3</script><img src='https://evil.example/z.png' onerror='window.broken = 4'>"
    "</article></body></html>"
)


def rich_site(site: Site, chance: random.Random) -> Site:
    """A code page with code, a table, a list, links and attacks."""
    words = " ".join(chance.choice("function return variable compile the a of module loop".split()) for _ in range(60))
    body = RICH.format(title=f"Pushing to a stack {site.url[-6:]}", words=words, code=CODE + LONG)
    return replace(site, body=body.encode())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run before its first label step; all code pages beyond the seed are rich."""
    chance = random.Random(1)
    sites = [rich_site(site, chance) if site.label == "C" and site.use == "pool" else site for site in invent()]
    crawl = write_crawl(tmp_path_factory.mktemp("screens"), sites)
    label = {"answers": "", "pages": 20, "audit": 6, "prefixes": 4, "overlap": 0.0, "gold_share": 0.0}
    made = make_run(crawl.folder / "run", crawl.config(2, label=label, studio={"key": "screens"}))
    play(made, "round 1 domains")
    return made


@pytest.fixture
def page(server: Local) -> Iterator[Any]:
    """A Chromium window of 1280 × 800, logged in; it must ask nothing of the pages' own hosts."""
    with started() as chromium:
        opened = chromium.new_page(viewport={"width": 1280, "height": 800})
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.set_default_timeout(60_000)
        opened.goto(f"{server.url}/user/login")
        opened.fill("input[name=email]", server.login.email)
        opened.fill("input[name=password]", server.login.password)
        opened.click("button[type=submit]")
        opened.wait_for_url(lambda url: "/user/login" not in url, wait_until="commit")
        yield opened
        assert not [url for url in asked if "evil.example" in url or "elsewhere.example" in url or ".org" in url]
        assert opened.evaluate("window.broken") is None


def rich_task(run: Run) -> int:
    """A task in Label Studio whose page has code, a table, a list, links and attacks."""
    studio = open_studio(run)
    tasks = studio.tasks(find_projects(studio, run)["pages"].id)
    return next(task.id for task in tasks if "Pushing to a stack" in str(task.data["head"]))


def keep(page: Any, name: str, tmp_path: Path) -> None:
    """Keep a screenshot."""
    folder = Path(os.environ.get("RECALL_SCREENSHOTS", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"{name}.png"))


def shown(page: Any, before: str = "") -> str:
    """Wait until another task than the one titled `before` is shown; returns its title and address."""
    page.wait_for_selector(".recall-page")
    page.wait_for_function(
        "before => (document.querySelector('.recall-head')?.innerText || before) !== before", arg=before
    )
    page.wait_for_timeout(300)
    return str(page.inner_text(".recall-head"))


def assert_readable(page: Any) -> None:
    """Everything that is used lies in the window, and nothing sticks out of it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    for selector in (".recall-head", ".recall-page", ".recall-right .lsf-choices", *BUTTONS):
        box = page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= 1280, selector
        assert box["y"] + box["height"] <= 800, selector
    assert page.locator(".recall-page").bounding_box()["width"] > 800
    assert page.locator(".recall-guide summary").is_visible()


def assert_code_is_exact(page: Any) -> None:
    """Code stands in monospace with its indentation, coloured, and long lines scroll inside their block."""
    block = page.locator(".recall-page pre code").first
    assert str(block.evaluate("node => node.textContent")).startswith(CODE)
    style = block.evaluate("node => [getComputedStyle(node).fontFamily, getComputedStyle(node).whiteSpace]")
    assert "monospace" in style[0]
    assert style[1] == "pre"
    word = page.locator(".recall-page pre .hl-k").first
    assert "monospace" in str(word.evaluate("node => getComputedStyle(node).fontFamily"))
    starts = page.locator(".recall-page pre .hl-k").evaluate_all("all => all.map(one => one.getBoundingClientRect().x)")
    width = word.evaluate("node => node.getBoundingClientRect().width") / len("class")
    assert [round((start - starts[0]) / width) for start in starts[:3]] == [0, 4, 8]
    widths = page.locator(".recall-page pre").first.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert widths[0] > widths[1]


def label_by_hand(page: Any, pages: str, prefixes: str, tmp_path: Path) -> tuple[dict[str, str], str]:
    """Label three pages and a prefix by clicking and by hot-key; returns what was said, and the prefix."""
    page.goto(f"{pages}?labeling=1")
    first = shown(page)
    assert "1 to 4 choose, Ctrl+Enter submits" in page.inner_text(".recall-keys")
    keep(page, "page-1", tmp_path)
    assert_readable(page)
    page.locator(".recall-right label", has_text="Code").first.click()
    page.locator("button", has_text="Submit").click()

    second = shown(page, first)
    page.keyboard.press("1")
    page.wait_for_selector(".recall-right input:checked", state="attached")
    keep(page, "page-2", tmp_path)
    page.keyboard.press("Control+Enter")

    third = shown(page, second)
    page.keyboard.press("3")
    page.fill(".recall-more textarea", "not about programming")
    keep(page, "page-3", tmp_path)
    page.locator("button", has_text="Submit").click()
    shown(page, third)

    page.goto(f"{prefixes}?labeling=1")
    title = shown(page)
    assert_readable(page)
    page.locator(".recall-page summary").first.click()
    keep(page, "prefix-1", tmp_path)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    shown(page, title)

    return {first: "C", second: "C", third: "N"}, title.split("\n")[0]


def assert_tabs_are_for_people(page: Any, address: str, tmp_path: Path) -> None:
    """The list of tasks shows round, URL, host, score and reason in words, and none of the columns of HTML."""
    page.goto(address)
    page.wait_for_selector("[class*='table'] >> text=near the threshold")
    page.wait_for_timeout(500)
    keep(page, "tasks", tmp_path)
    listed = page.inner_text("body")
    assert "To answer" in listed
    assert "All tasks" in listed
    heads = {line.strip().lower() for line in listed.splitlines()}
    assert {"round", "url", "host", "score", "reason"} <= heads
    assert not {"head", "page", "signals", "key"} & heads
    assert "<div" not in listed
    last = page.locator("[class*='table']").get_by_text("near the threshold").first.bounding_box()
    assert last["x"] + last["width"] <= 1280


def assert_open_tasks_are_refreshed(run: Run, open_before: int) -> None:
    """Tasks of round 1 that nobody answered in Label Studio get scores of round 2's model; blind ones stay blind."""
    round_, lines = run.round(2), list[str]()
    with run.lease():
        round_.begin("label")
        push(round_)
        talk(label_state_of(round_), lines.append)
        studio = open_studio(run)
        project = find_projects(studio, run)["pages"]
        assert project.model_version.startswith("round 2 (")
        earlier = [task for task in studio.tasks(project.id, of_round(1), annotations=True) if not task.annotated]
        fresh = [task for task in earlier if project.model_version in task.versions]
        assert f"pages: refreshed {len(fresh)} open tasks with the model of {project.model_version}" in lines
        assert all(("model score" in str(task.data["signals"])) == (task in fresh) for task in earlier)
        assert len(earlier) == open_before
        assert 0 < len(fresh) < len(earlier)
        again: list[str] = []
        talk(label_state_of(round_), again.append)
        assert not [line for line in again if "refreshed" in line]


def test_labels_go_from_the_screens_into_training(
    run: Run, connected: Any, page: Any, server: Local, tmp_path: Path
) -> None:
    round_ = run.round(1)
    with run.lease():
        round_.begin("label")
        push(round_)
        _, url = talk(label_state_of(round_))
        assert url.startswith(connected.url)
        pages = url.replace(connected.url, server.url)
        number = int(pages.split("/")[4])
        prefixes = pages.replace(f"/{number}/", f"/{number + 1}/")

        assert_tabs_are_for_people(page, pages, tmp_path)
        heads, prefix = label_by_hand(page, pages, prefixes, tmp_path)
        page.goto(f"{pages}?task={rich_task(run)}")
        shown(page)
        assert_code_is_exact(page)
        keep(page, "page-code", tmp_path)
        talk(label_state_of(round_))
        said = {answer.target: answer for answer in in_force(last_answers(round_))}
        assert sorted(one.value for one in said.values()) == ["C", "C", "N", "accept"]
        for head, value in heads.items():
            answer = next(one for target, one in said.items() if target in head.split("\n"))
            assert answer.value == value
            assert answer.seconds > 0
        assert next(one for one in said.values() if one.value == "N").comment == "not about programming"
        assert next(one for one in said.values() if one.kind == "prefix").target == prefix

        rest = [task for task in read_tasks(round_) if task.target not in said]
        filler = {"page": "N", "prefix": "reject"}
        add_answers(round_, [Answer(task.key, task.target, task.kind, filler[task.kind], "rest") for task in rest])
        assert isinstance(conclude(label_state_of(round_)), Done)
    labelled = page_labels(run, [1])
    assert {labelled[target].value for target, one in said.items() if one.value == "C"} == {"C"}
    play(run, "round 2 domains")
    assert_open_tasks_are_refreshed(run, 26 - len(heads))
    learned = run.store.read_table(run.round(2).step("train").key("out_of_fold.parquet"), ["url", "label"]).to_pylist()
    trained = {row["url"]: row["label"] for row in learned}
    ours = [target for target, one in said.items() if target in labelled and labelled[target].use == "train"]
    assert ours
    assert all((trained[target] == "C") == (said[target].value == "C") for target in ours)
