"""Pages drawn of a corpus of 100 sites, scored by a judge that knows what they are worth, and the ranker of that."""

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from recall import cli
from recall.config import JudgeSection
from recall.corpus.ranking import corpus_features, quality_draw
from recall.corpus.ranking.corpus_features import features_of_pages, open_corpus
from recall.corpus.ranking.quality_draw import QUALITY_DRAWN, QUALITY_PAGES, draw_pages
from recall.corpus.ranking.quality_judge import JUDGED, expected_score, judge_quality, labels_of_run
from recall.corpus.ranking.quality_labels import AUDIT, LabelledPage, labelled_pages
from recall.corpus.ranking.ranker import load_ranker
from recall.errors import OutOfOrder
from recall.judge import AnswersWanted, Completion, take_answers
from recall.model.evaluate import rank_correlation
from recall.records import JUDGE
from recall.run.jobs import Outcome, complete
from recall.run.rounds import Run
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of
from tests.corpus.ranking.conftest import invent
from tests.judge.test_batch_files import write
from tests.judge_server import JudgeServer, completion, serving

COUNT, WANTED, AUDITED = 700, 120, 20
COPIES = 40
"""Pages of one text, each on a site of its own."""

CORPUS = {"url": "string", "score": "float64", "title": "string", "text": "string"}


@pytest.fixture(scope="module")
def pages() -> dict[str, int]:
    """What each page of the corpus is worth, by URL."""
    return {page.url: page.worth for page in invent(COUNT, sites=100)}


@pytest.fixture
def run(played: Run, tmp_path: Path) -> Run:
    """A run whose corpus is ours: two parts, of which some pages are held out and many are of one text."""
    shutil.copytree(played.store.root, tmp_path / "run", ignore=shutil.ignore_patterns("corpus"))
    opened = Run.open(str(tmp_path / "run"))
    chance, invented = random.Random(3), invent(COUNT, sites=100)
    rows: list[dict[str, Any]] = [
        {"url": page.url, "score": chance.random(), "title": f"of {page.url}", "text": page.text} for page in invented
    ]
    copied = invented[0].text.replace("\n", "\n ")
    rows += [
        {"url": f"https://copy{n}.copied{n}.net/", "score": 0.5 + n / 1000, "title": "", "text": copied + f"\n\n{n}\n"}
        for n in range(COPIES)
    ]
    rows += [{"url": "https://site1.example1.org/docs/0.html", "score": 0.9, "title": "", "text": "held out"}]
    for number, part in enumerate((rows[::2], rows[1::2])):
        columns = {name: [row[name] for row in part] for name in CORPUS}
        opened.store.publish_table(f"corpus/part-{number:05d}.parquet", columns, CORPUS)
    return opened


def site(url: object) -> str:
    return registered_domain(host_of(str(url)))


def test_pages_are_drawn_by_the_rules(run: Run) -> None:
    drawn = draw_pages(run, WANTED, AUDITED)
    audit = [page for page in drawn if page["use"] == AUDIT]
    learned = [page for page in drawn if page["use"] != AUDIT]
    assert (len(audit), len(learned)) == (AUDITED, WANTED)
    assert not {site(page["url"]) for page in audit} & {site(page["url"]) for page in learned}
    assert max(Counter(site(page["url"]) for page in learned).values()) <= 3
    assert sum("copied" in str(page["url"]) for page in learned) <= 1
    assert not any(run.holdout.covers(str(page["url"])) for page in drawn)
    fifths = Counter(min(4, int(float(str(page["score"])) * 5)) for page in learned)
    assert min(fifths.values()) >= 0.7 * WANTED / 5
    uses = [page["use"] == AUDIT for page in drawn]
    assert uses != sorted(uses)
    assert uses != sorted(uses, reverse=True)


def test_the_draw_is_published_once_and_the_same_for_the_same_corpus(run: Run) -> None:
    first = draw_pages(run, WANTED, AUDITED)
    assert draw_pages(run, 5, 5) == first
    run.store.remove(QUALITY_DRAWN)
    assert draw_pages(run, WANTED, AUDITED) == first
    shown = run.store.read_table(QUALITY_DRAWN).to_pylist()
    assert set(shown[0]) == set(QUALITY_PAGES)
    assert {row["title"] for row in shown if "example" in row["url"]} == {
        f"of {row['url']}" for row in shown if "example" in row["url"]
    }


def reversed_parts(*arguments: Any) -> list[Outcome[str]]:
    """Tasks that end in the opposite order."""
    return list(complete(*arguments))[::-1]


def test_neither_texts_nor_features_depend_on_which_part_is_read_first(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, text in enumerate(("of the first part `x`\n", "of the second, longer part `x` `y`\n")):
        rows = {"url": ["https://twice.net/"], "score": [0.99], "title": [f"{number}"], "text": [text]}
        run.store.publish_table(f"corpus/part-{number + 7:05d}.parquet", rows, CORPUS)
    labels = [LabelledPage("https://twice.net/", "", "twice.net", False, {"ann": 3.0})]
    drawn, (_, features) = draw_pages(run, 2_000, 0), features_of_pages(labels, open_corpus(run.store.root))
    assert [page["title"] for page in drawn if page["url"] == "https://twice.net/"] == ["1"]
    monkeypatch.setattr(quality_draw, "complete", reversed_parts)
    monkeypatch.setattr(corpus_features, "complete", reversed_parts)
    run.store.remove(QUALITY_DRAWN)
    assert draw_pages(run, 2_000, 0) == drawn
    assert np.array_equal(features_of_pages(labels, open_corpus(run.store.root))[1].rows, features.rows, equal_nan=True)


def test_more_audit_pages_do_not_change_those_that_were_drawn(run: Run) -> None:
    few = {page["url"] for page in draw_pages(run, 10, 5) if page["use"] == AUDIT}
    run.store.remove(QUALITY_DRAWN)
    assert few < {page["url"] for page in draw_pages(run, 10, AUDITED) if page["use"] == AUDIT}


def test_without_a_corpus_nothing_is_drawn(run: Run) -> None:
    for key in run.store.keys("corpus/"):
        run.store.remove(key)
    with pytest.raises(OutOfOrder, match="there is no corpus to draw pages of: recall build first"):
        draw_pages(run, 5, 5)


def say_worth(pages: Mapping[str, int], prompt: str) -> Mapping[str, float]:
    """The shares of a judge that knows what a page is worth and is somewhat unsure."""
    found = re.search(r"^URL: (\S+)$", prompt, re.MULTILINE)
    worth = pages.get(found[1] if found else "", 2)
    return {str(score): 0.8 if score == worth else 0.04 for score in range(6)}


@pytest.fixture
def server(pages: dict[str, int]) -> Iterator[JudgeServer]:
    with serving(JudgeServer(partial(say_worth, pages))) as one:
        yield one


def test_a_judge_scores_every_drawn_page_once_and_a_ranker_learns_it(
    run: Run, server: JudgeServer, pages: dict[str, int], tmp_path: Path
) -> None:
    run.config = run.config.model_copy(update={"judge": JudgeSection(url=server.url, model="small")})
    with run.lease():
        drawn = draw_pages(run, WANTED, AUDITED)
        assert judge_quality(run, drawn)
        asked = len(server.requests)
        assert judge_quality(run, drawn)
    assert asked == len(server.requests) == WANTED + AUDITED
    prompt = server.requests[0]["messages"][0]["content"]
    assert prompt.startswith("What is the kept text of this page worth")
    assert prompt.endswith("Which score, from 0 to 5? Answer with the number alone.\nAnswer:")
    labels = labels_of_run(run)
    assert {label.annotator for label in labels} == {JUDGE}
    assert Counter(label.use for label in labels)[AUDIT] == AUDITED
    assert rank_correlation([pages.get(label.url, 2) for label in labels], [label.score for label in labels]) > 0.99
    done = CliRunner().invoke(cli.verbs, ["quality", "train", run.store.root, "--to", str(tmp_path / "ranker")])
    assert done.exit_code == 0, done.output
    assert f"learned from {WANTED} pages of" in done.output
    assert f"audited by {AUDITED} pages" in done.output
    assert f"{WANTED + AUDITED} pages scored by the judge alone" in done.output
    figures = load_ranker(str(tmp_path / "ranker")).figures
    assert figures["audit_rank_correlation"].value > 0.8


def test_a_judge_that_answers_in_files_scores_the_same(run: Run, pages: dict[str, int], tmp_path: Path) -> None:
    judge = JudgeSection(url="http://127.0.0.1:9/v1", model="small", batch=True)
    run.config = run.config.model_copy(update={"judge": judge})
    drawn = draw_pages(run, 20, 4)
    with pytest.raises(AnswersWanted, match="24 questions to the judge lie in"):
        judge_quality(run, drawn)
    lines = [json.loads(line) for key in run.store.keys("judge/") for line in run.store.read(key).splitlines()]
    bodies = {line["custom_id"]: say_worth(pages, line["body"]["messages"][0]["content"]) for line in lines}
    answers = [
        {"custom_id": key, "response": {"status_code": 200, "body": completion(shares)}}
        for key, shares in bodies.items()
    ]
    take_answers(run, [write(tmp_path / "answers", answers)])
    assert judge_quality(run, drawn)
    labels = labels_of_run(run)
    assert len(labels) == 24
    assert rank_correlation([pages.get(label.url, 2) for label in labels], [label.score for label in labels]) > 0.99


def test_people_overrule_the_judge(run: Run) -> None:
    labels = {"url": ["https://a.org/"], "score": [1.0], "annotator": [JUDGE], "use": [""]}
    schema = dict.fromkeys(labels, "string") | {"score": "float64"}
    run.store.publish_table(JUDGED, labels, schema)
    people = {**labels, "score": [4.0], "annotator": ["annotator-1"]}
    run.store.publish_table_named("quality", "people-", people, schema)
    assert [page.label for page in labelled_pages(labels_of_run(run))] == [4.0]


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (Completion("3"), 3.0),
        (Completion(" The answer is 4."), 4.0),
        (Completion("7"), None),
        (Completion("good"), None),
        (Completion(problem="no JSON"), None),
        (Completion("4", {f" {n}": float(np.log(0.9 if n == 4 else 0.02)) for n in range(6)}), 3.82),
    ],
)
def test_a_score_is_the_mean_of_the_options_by_their_shares(answer: Completion, score: float | None) -> None:
    assert expected_score(answer) == (None if score is None else pytest.approx(score, abs=1e-3))


def test_asking_without_a_judge_draws_and_says_what_people_do(run: Run) -> None:
    done = CliRunner().invoke(cli.verbs, ["quality", "ask", run.store.root, "--pages", "30", "--audit", "6"])
    assert done.exit_code == 0, done.output
    assert f"30 pages to learn from and 6 audit pages: {QUALITY_DRAWN}" in done.output
    assert f"recall annotate quality {run.store.root}" in done.output
    assert "drawn before" not in done.output
    assert len(run.store.read_table(QUALITY_DRAWN).to_pylist()) == 36
    again = CliRunner().invoke(cli.verbs, ["quality", "ask", run.store.root, "--pages", "90"])
    assert again.exit_code == 0, again.output
    assert "these were drawn before, once for this run; --pages and --audit change nothing" in again.output
