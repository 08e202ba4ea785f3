"""Keys and screens per judgement, and seconds until the next page stands, in a real Label Studio and Chromium.

    python -m tests.benchmarks.judging [--judgements 30]

Judges by keys alone in a window of 1280 × 800: a digit, then Ctrl+Enter. A page stands when its title and text are
drawn. No claim on people's seconds. The last line is one JSON object.
"""

import argparse
import json
import os
import random
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from annotation.label_state import label_state_of
from annotation.label_step import talk
from annotation.studio import TOKEN_VARIABLE, URL_VARIABLE
from annotation.studio.local import Local, default_venv, install, serve
from annotation.tasks import push
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from tests.annotation.studio.test_screens import rich_site
from tests.chromium import started
from tests.conftest import invent, make_run, play, write_crawl

NEXT = """before => {
    const head = document.querySelector('.recall-head'), page = document.querySelector('.recall-page');
    return head && page && page.innerText.length > 20 && head.innerText.length > 0 && head.innerText !== before;
}"""


def label_step_of(folder: Path, pages: int) -> Run:
    """A run before its first label step, some of whose pages have code, tables and lists."""
    chance = random.Random(1)
    crawl = write_crawl(folder, [rich_site(site, chance) if site.label == "C" else site for site in invent()])
    label = {"answers": "", "pages": pages, "audit": 10, "prefixes": 0, "overlap": 0.0, "gold_share": 0.0}
    run = make_run(folder / "run", crawl.config(1, label=label, studio={"key": "judging"}))
    play(run, "round 1 domains")
    return run


def judge(page: Any, address: str, judgements: int) -> list[float]:
    """Seconds from the last key of a judgement until the next page stands, for each."""
    page.goto(f"{address}?labeling=1")
    seconds, head = [], ""
    for number in range(judgements + 1):
        if number:
            page.keyboard.press(str(1 + number % 2 * 2))
            page.wait_for_selector(".recall-right input:checked", state="attached")
            started_at = time.perf_counter()
            page.keyboard.press("Control+Enter")
        page.wait_for_function(NEXT, arg=head)
        if number:
            seconds.append(time.perf_counter() - started_at)
        head = str(page.inner_text(".recall-head"))
    return seconds


def measured(server: Local, run: Run, judgements: int) -> list[float]:
    """Push the tasks and judge them in a window of its own."""
    os.environ |= {URL_VARIABLE: server.url, TOKEN_VARIABLE: server.login.token}
    with run.lease():
        round_ = run.round(1)
        round_.begin("label")
        push(round_)
        _, address = talk(label_state_of(round_))
    with started() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        page.goto(f"{server.url}/user/login")
        page.fill("input[name=email]", server.login.email)
        page.fill("input[name=password]", server.login.password)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/user/login" not in url, wait_until="commit")
        return judge(page, address, judgements)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgements", type=int, default=30)
    judgements = parser.parse_args().judgements
    silence()
    install(default_venv())
    with TemporaryDirectory(prefix="recall-judging-") as name:
        folder = Path(name)
        run = label_step_of(folder, judgements + 5)
        with serve(folder / "studio", default_venv()) as server:
            seconds = sorted(measured(server, run, judgements))
    figures = {
        "judgements": len(seconds),
        "keys_per_judgement": 2,
        "screens_per_judgement": 1,
        "seconds_median": round(median(seconds), 2),
        "seconds_p90": round(seconds[int(0.9 * len(seconds))], 2),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(figures))  # noqa: T201 - a benchmark reports to the terminal


if __name__ == "__main__":
    main()
