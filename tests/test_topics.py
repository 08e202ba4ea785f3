"""Several positive labels in one run: from labels of documentation and of discussion to tags in the corpus."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall.apply.crawls import apply_run
from recall.apply.page_outcomes import ReadPage
from recall.apply.scores import Scoring, named_models
from recall.archive.warc import captures
from recall.config import AccessSection, Config
from recall.errors import BadInput
from recall.labels.examples import gather
from recall.model.fasttext import predict
from recall.model.scorer import Scorer
from recall.model.scorer.topics import joint_scores, shares_of
from recall.page.text import scoring_text
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Run
from recall.run.scanned import ROWS, read_rows, read_token_lines, scanned_shards
from recall.run.verify import verify_run
from recall.sites.urls import host_of
from recall.steps.train import train
from service.api.models import Version
from service.api.scoring import verdicts
from tests.conftest import LIFE, SHARED, Crawl, Site, make_run, play, write_crawl

TOPICS = {"C": "Docs", "D": "Discussion"}
DOCS = tuple("parameter returns default argument module method attribute signature deprecated constructor".split())
TALK = tuple("thanks reply posted wrote problem solved error anyone regards tried question".split())
WORDS = {"C": DOCS, "D": TALK, "N": LIFE}


def page_about(label: str, chance: random.Random) -> bytes:
    """A page of a topic's words; one in six of a topic has few of them."""
    hard = label != "N" and chance.random() < 1 / 6
    words = [
        chance.choice(WORDS["N" if hard else label] if chance.random() < 0.4 else SHARED)
        for _ in range(chance.randint(60, 160))
    ]
    block = "<pre><code>x = 1</code></pre>" if label != "N" and not hard else ""
    return f"<html><body><p>{' '.join(words)}</p>{block}</body></html>".encode()


def sites() -> list[Site]:
    """36 hosts of 10 pages: 9 of documentation, 9 of discussion, 18 others; a third each seed, pool, measure."""
    chance = random.Random(11)
    found = []
    for number in range(36):
        label, use = "CDNN"[number % 4], ("seed", "pool", "measure")[number // 4 % 3]
        for page in range(10):
            own = label if page < 8 else "N"
            url = f"https://site{number}.example{number}.org/{'main' if page < 8 else 'news'}/{page}.html"
            found.append(Site(url, own, use, page_about(own, chance)))
    return found


@pytest.fixture(scope="module")
def topical(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crawl, Run]:
    """A crawl with two topics, and a run of two rounds over it whose corpus is built."""
    folder = tmp_path_factory.mktemp("topical")
    crawl = write_crawl(folder, sites())
    run = make_run(folder / "run", crawl.config(train=settings(crawl)))
    play(run)
    return crawl, run


def settings(crawl: Crawl) -> dict[str, Any]:
    """[train] with topics, else as the small run has it."""
    return {**crawl.config().train.model_dump(), "labels": "all", "topics": TOPICS}


def truth_of(crawl: Crawl) -> dict[str, str]:
    return {site.url: site.label for site in crawl.sites}


def corpus(run: Run) -> list[dict[str, Any]]:
    return [row for key in run.store.keys("corpus/part-") for row in run.store.read_table(key).to_pylist()]


def rows(run: Run, number: int) -> list[dict[str, Any]]:
    return [
        row
        for one in scanned_shards(run.round(number))
        for row in read_rows(run.store, one, [*ROWS, "topic"]).to_pylist()
    ]


def scorer_of(run: Run, number: int) -> Scorer:
    return Scorer.load(run.store.local_folder(run.round(number).step("train").folder, MODEL_FILES))


def test_the_score_is_the_share_of_all_topics_together(topical: tuple[Crawl, Run]) -> None:
    run = topical[1]
    scorer = scorer_of(run, 2)
    folder = Path(run.store.local_folder(run.round(2).step("train").folder, MODEL_FILES))
    lines = [
        line for one in scanned_shards(run.round(2)) for _, lines in read_token_lines(run.store, one) for line in lines
    ]
    told = predict(folder / "model.bin", lines, scorer.card.recipe, scorer.tokenizer.size)
    scores, topics = scorer.score_topics(lines)
    np.testing.assert_allclose(scores, [shares["C"] + shares["D"] for shares in told], atol=1e-4)
    np.testing.assert_array_equal(scores, scorer.score_lines(lines))
    weights = {label: topic.weight for label, topic in scorer.card.topics.items()}
    assert topics == [max(TOPICS, key=lambda label: shares[label] * weights[label]) for shares in told]


def test_each_topic_has_a_threshold_and_figures_in_the_model_card(topical: tuple[Crawl, Run]) -> None:
    card = scorer_of(topical[1], 2).card
    assert {label: topic.tag for label, topic in card.topics.items()} == TOPICS
    for topic in card.topics.values():
        assert 0 < topic.threshold < 1
        assert topic.metrics["pages"] >= 20
        assert min(topic.metrics[name] for name in ("precision", "tag_precision", "recall")) > 0.6
    assert card.floor_for(text=False) <= min(topic.threshold for topic in card.topics.values())
    counts = {name: float(count) for name, count in topical[1].round(2).step("train").result.counts.items()}
    assert counts["positive"] == counts["positive_C"] + counts["positive_D"]
    assert counts["threshold_D"] == pytest.approx(card.topics["D"].threshold, abs=1e-6)


def test_a_page_is_kept_by_the_threshold_of_its_topic(topical: tuple[Crawl, Run]) -> None:
    crawl, run = topical
    truth = truth_of(crawl)
    for number in (1, 2):
        card = scorer_of(run, number).card
        found = rows(run, number)
        assert {row["topic"] for row in found} == set(TOPICS)
        for row in found:
            reached = row["candidate"] and row["score"] >= card.topics[row["topic"]].threshold
            assert row["kept"] == reached or row["model"] != scorer_of(run, number).digest
        kept = [row for row in found if row["kept"] and truth[row["url"]] in TOPICS]
        assert sum(row["topic"] == truth[row["url"]] for row in kept) > 0.9 * len(kept)


def test_the_corpus_says_what_each_page_was_recalled_as(topical: tuple[Crawl, Run]) -> None:
    crawl, run = topical
    truth = truth_of(crawl)
    found = corpus(run)
    assert {row["tag"] for row in found} == set(TOPICS.values())
    held = {site.url for site in crawl.sites if site.use == "measure"}
    for part in (held, set(truth) - held):
        known = [row for row in found if row["url"] in part and truth[row["url"]] in TOPICS]
        right = sum(row["tag"] == TOPICS[truth[row["url"]]] for row in known)
        assert right >= (0.9 if part is held else 0.95) * len(known) > 0
    topics = {row["url"]: row["topic"] for row in rows(run, 2)}
    seeded = run.store.read_table("seed/examples.parquet", ["url", "label"]).to_pylist()
    said = {row["url"]: row["label"] for row in seeded if row["label"] in TOPICS}
    for row in found:
        if row["reason"] != "label" and row["url"] in said:
            assert row["tag"] == TOPICS[said[row["url"]]]
        elif row["url"] in held:
            assert row["tag"] == TOPICS[topics[row["url"]]]
    counts = run.step("corpus").result.counts
    assert [counts[f"tag_{tag}"] for tag in sorted(TOPICS.values())] == [
        sum(row["tag"] == tag for row in found) for tag in sorted(TOPICS.values())
    ]


def test_what_the_model_missed_is_learned_as_the_topic_that_it_is_nearest_to(topical: tuple[Crawl, Run]) -> None:
    run = topical[1]
    table = run.store.read_table("rounds/1/harvest/pages.parquet").to_pylist()
    assert table
    assert {row["topic"] for row in table} <= set(TOPICS)
    learned = {example.url: example.label for example in gather(run.round(2)) if example.source == "harvest"}
    assert learned == {row["url"]: row["topic"] for row in table if row["url"] in learned}
    assert learned


def test_people_are_asked_about_pages_of_both_topics_at_once(topical: tuple[Crawl, Run]) -> None:
    run = topical[1]
    labels = run.store.read_table("rounds/1/label/labels.parquet").to_pylist()
    pages = [row for row in labels if row["kind"] == "page"]
    assert {row["value"] for row in pages} == {"C", "D", "N"}
    counts = run.round(1).step("label").result.counts
    assert counts["positive"] == sum(row["value"] in TOPICS for row in pages)
    accepted = {
        host_of(f"http://{row['target']}") for row in labels if row["kind"] == "prefix" and row["value"] == "accept"
    }
    assert {int(host.split(".")[0].removeprefix("site")) % 4 for host in accepted} == {0, 1}


def test_the_card_tells_the_topics_apart_and_what_they_share(topical: tuple[Crawl, Run]) -> None:
    card = topical[1].store.read("corpus/card.md").decode()
    assert "| Discussion | D |" in card
    assert "shared by all topics" in card
    assert list(verify_run(topical[1].store)) == []


def test_a_trained_round_tags_the_pages_of_another_crawl(topical: tuple[Crawl, Run], tmp_path: Path) -> None:
    crawl, run = topical
    other = apply_run(str(tmp_path / "run"), f"{run.store.root}@2", crawl.config().crawl)
    play(other)
    before = {row["url"]: row["tag"] for row in corpus(run)}
    topics = {row["url"]: row["topic"] for row in rows(other, 1)}
    found = corpus(other)
    assert len(found) > 0.8 * len(before)
    assert all(row["tag"] == TOPICS[topics[row["url"]]] for row in found)


def test_a_page_is_labelled_with_its_topic_by_score_and_by_the_service(
    topical: tuple[Crawl, Run],
) -> None:
    crawl, run = topical
    scorer = scorer_of(run, 2)
    expected = {
        row["url"]: row["topic"] if row["score"] >= scorer.card.topics[row["topic"]].threshold else "other"
        for row in rows(run, 2)
        if row["model"] == scorer.digest
    }
    folder = run.store.local_folder(run.round(2).step("train").folder, MODEL_FILES)
    scoring = Scoring(named_models([str(folder)], AccessSection()), AccessSection())
    pages = [ReadPage(page, page.url, False) for warc in crawl.warcs for page in captures(str(warc))]
    told = scoring.answers(pages)
    labels = {
        page.url: str(answer["label"]) for page, answer in zip(pages, told, strict=True) if isinstance(answer, dict)
    }
    assert {url: labels[url] for url in expected} == expected
    assert {"C", "D"} <= set(labels.values()) <= {"C", "D", "other", "too short"}
    texts = [scoring_text(site.body, "utf-8", site.url) for site in crawl.sites[:40]]
    version = Version("v", "n", scorer, (), "")
    said = verdicts(version, texts, *_pages(scorer.score_texts(texts), [site.url for site in crawl.sites[:40]]))
    assert [one["label"] for one in said] == [labels[site.url] for site in crawl.sites[:40]]
    assert version.described(default=True, reported=False).topics.keys() == TOPICS.keys()


def _pages(scored: tuple[Any, list[str]], urls: list[str]) -> tuple[Any, list[str], list[bool], list[str]]:
    """Arguments of `verdicts` for pages: scores, URLs, none of them bare text, topics."""
    scores, topics = scored
    return scores, urls, [False] * len(urls), topics


def test_an_explanation_adds_up_to_the_logit_of_all_topics(topical: tuple[Crawl, Run]) -> None:
    scorer = scorer_of(topical[1], 1)
    for text in ("parameter returns default", "thanks reply wrote", "garden river", ""):
        told = scorer.explain(text)
        assert told.score == pytest.approx(float(scorer.score([text])[0]), abs=1e-9)
        assert told.logit == pytest.approx(float(np.log(told.score / (1 - told.score))), abs=1e-9)
        assert told.base + sum(part.contribution for part in told.parts) == pytest.approx(told.logit, abs=1e-9)


def test_one_positive_label_leaves_no_trace_of_topics(played: Run) -> None:
    card = played.store.read_json("rounds/1/train/model.json")
    assert "topics" not in card
    for number in (1, 2):
        shard = scanned_shards(played.round(number))[0]
        assert played.store.read_table(shard.rows).column_names == list(ROWS)
        assert "topic" not in played.store.read_table(f"rounds/{number}/train/out_of_fold.parquet").column_names
    assert {row["tag"] for row in corpus(played)} == {"code"}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"topics": {"D": "Docs", "E": "More"}}, "'C' \\(positive\\) among them"),
        ({"topics": {"C": "Docs"}}, "two positive labels or more"),
        ({"topics": {"C": "Docs", "D": "Docs"}}, "a tag of its own"),
        ({"topics": {"C": "Docs", "D": ""}}, "a tag of its own"),
        ({"topics": TOPICS, "labels": "binary"}, 'need labels = "all"'),
        ({"topics": TOPICS, "thresholds": "kind"}, 'need labels = "all" and thresholds = "one"'),
    ],
)
def test_topics_that_do_not_fit_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Config.model_validate({"train": {"labels": "all", **changes}})


def test_a_topic_without_examples_is_refused_by_name(topical: tuple[Crawl, Run], tmp_path: Path) -> None:
    crawl = topical[0]
    topics = {**TOPICS, "M": "Math"}
    run = make_run(tmp_path / "run", crawl.config(train={**settings(crawl), "topics": topics}))
    play(run, "seed")
    with pytest.raises(BadInput, match=r"no example has the label 'M' of \[train\] topics"):
        train(run.round(1))


def test_a_topic_that_a_fold_never_saw_has_no_share_there() -> None:
    margins = np.array([[1.0, -2.0], [500.0, -500.0]])
    shares = shares_of(margins, ["C", "N", "A"], ["C", "D"])
    assert shares[:, 1].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(shares[:, 0], 1 / (1 + np.exp(-margins).sum(axis=1)))
    assert joint_scores(np.array([[0.6, 0.4 + 1e-15]])).tolist() == [1.0]


def test_the_tag_of_a_shipped_prefix_decides_its_label() -> None:
    def label(tag: str, topics: dict[str, str]) -> str | None:
        return Config.model_validate({"train": {"labels": "all", "topics": topics}}).train.label_of_tag(tag)

    assert [label(tag, {}) for tag in ("Code", "Math")] == ["C", None]
    assert [label(tag, TOPICS) for tag in ("Code", "Math")] == ["C", None]
    assert [label(tag, {"C": "Code", "M": "Math"}) for tag in ("Code", "Math")] == ["C", "M"]
    assert [label(tag, {"C": "Other", "M": "Code"}) for tag in ("Code", "Math")] == ["M", None]
