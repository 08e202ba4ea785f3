"""Every figure of the report against a query of its own over the run's files."""

import json
import math
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from recall.labels.audit_estimates import audit
from recall.labels.crawl_weights import labelled_weights
from recall.page.text.prose_language import language_of
from recall.report.corpus_figures import NAMES, UNKNOWN
from recall.run.label_files import read_labels
from recall.run.rounds import Run
from recall.sites.kinds import kind_of
from recall.sites.prefixes import under
from recall.sites.urls import url_key

ROUNDS = (1, 2)
LAST = ROUNDS[-1]


@pytest.fixture(
    scope="module",
    params=["tiny", pytest.param("shared", marks=[pytest.mark.realdata, pytest.mark.slow, pytest.mark.timeout(1800)])],
)
def run(request: pytest.FixtureRequest) -> Run:
    if request.param == "tiny":
        tiny: Run = request.getfixturevalue("reported")
        return tiny
    made: Run = request.getfixturevalue("shared_run")()
    return made


def ask(run: Run, query: str) -> Any:
    """A query in which RUN/ stands for the run's folder."""
    answer: Any = duckdb.sql(query.replace("RUN/", f"{run.store.root}/"))
    return answer.df()


def figure(run: Run, name: str) -> Any:
    return ask(run, f"SELECT * FROM 'RUN/report/data/{name}.parquet'")


def rows_of(run: Run, number: int) -> Any:
    """Every capture of a round's scan: url, score, kept, time, and whether an accepted prefix covers it."""
    files = ask(run, f"SELECT rows_file FROM 'RUN/rounds/{number}/scan/shards.parquet' ORDER BY shard")["rows_file"]
    parts = [ask(run, f"SELECT url, score, kept, time FROM 'RUN/{file}'") for file in files]
    frame = pd.concat(parts, ignore_index=True)
    prefixes = sorted(name for name, value in labelled_prefixes(run, number).items() if value == "accept")
    frame["covered"] = [any(under(prefix, url) for prefix in prefixes) for url in frame["url"]]
    return frame


def pages_of(run: Run, number: int) -> Any:
    """Every page of a round's scan, by its newest capture, the first of those."""
    frame = rows_of(run, number)
    frame["key"] = frame["url"].map(url_key)
    newest = frame.sort_values("time", ascending=False, kind="stable").drop_duplicates("key")
    return newest.sort_index()


def labelled_prefixes(run: Run, until: int) -> dict[str, str]:
    labelled: dict[str, str] = {}
    for number in range(1, until + 1):
        labels = ask(run, f"SELECT target, value FROM 'RUN/rounds/{number}/label/labels.parquet' WHERE kind = 'prefix'")
        for target, value in labels.itertuples(index=False):
            if value != "unsure" or target not in labelled:
                labelled[target] = value
    return labelled


def corpus_of(run: Run) -> Any:
    return ask(run, "SELECT url, text, score, reason, round FROM 'RUN/corpus/part-*.parquet'")


def labelled_pages(run: Run) -> dict[str, bool]:
    seed = ask(run, "SELECT url, label FROM 'RUN/seed/examples.parquet' WHERE source = 'label'")
    labelled = {url: label == "C" for url, label in seed.itertuples(index=False)}
    for number in ROUNDS:
        labels = ask(run, f"SELECT target, value FROM 'RUN/rounds/{number}/label/labels.parquet' WHERE kind = 'page'")
        labelled |= {url: value == "C" for url, value in labels.itertuples(index=False)}
    return labelled


def test_the_funnel_counts_every_page_once(run: Run) -> None:
    found = figure(run, "funnel")
    stages = {row.stage: row.pages for row in found.itertuples() if row.outcome == "in"}
    pages, labelled = rows_of(run, LAST), labelled_pages(run)
    wanted = np.array([labelled.get(url, False) for url in pages["url"]], dtype=bool)
    recalled = pages["kept"] | pages["covered"] | wanted
    corpus = corpus_of(run)
    ledger = ask(run, f"SELECT sum(read) AS read FROM 'RUN/rounds/{LAST}/scan/shards.parquet'")
    assert stages == {
        "responses read": ledger["read"][0],
        "pages scored": len(pages),
        "pages recalled": recalled.sum(),
        "pages in the corpus": len(corpus),
    }
    kept = {row.reason: row.pages for row in found.itertuples() if row.outcome == "kept by"}
    assert kept == corpus["reason"].value_counts().to_dict()
    for stage, after in zip(list(stages)[:-1], list(stages)[1:], strict=True):
        lost = found[(found["stage"] == stage) & (found["outcome"] == "out")]["pages"].sum()
        assert stages[stage] - lost == stages[after]


def test_what_the_build_left_out_is_in_its_table(run: Run) -> None:
    pages = rows_of(run, LAST)
    recalled = set(pages[pages["kept"] | pages["covered"]]["url"])
    dropped = ask(
        run,
        "SELECT reason, url FROM 'RUN/corpus/dropped.parquet' WHERE reason NOT LIKE '%earlier round%' "
        "AND reason NOT LIKE '%could not be read%'",
    )
    stay = (dropped["reason"] != "judged not code") | dropped["url"].isin(recalled)
    expected = dropped[stay].groupby("reason").size().reset_index()
    if expected.empty:
        assert not (Path(run.store.root) / "report/data/left_out.parquet").exists()
        return
    found = figure(run, "left_out")
    assert dict(zip(found["name"], found["pages"], strict=True)) == dict(expected.itertuples(index=False))
    assert found["share"].sum() == pytest.approx(1)


def test_merged_duplicates_are_those_of_the_rows_and_of_what_was_dropped(run: Run) -> None:
    merged = ask(run, "SELECT duplicates FROM 'RUN/corpus/part-*.parquet'")["duplicates"]
    found = figure(run, "duplicates").set_index("name")["pages"].to_dict()
    assert sum(found.values()) == len(merged)
    assert found.get("no other", 0) == (merged == 0).sum()
    assert found.get("1 other", 0) == (merged == 1).sum()
    assert found.get("3 to 4", 0) == merged.between(3, 4).sum()
    gone = ask(run, "SELECT count(*) AS n FROM 'RUN/corpus/dropped.parquet' WHERE duplicate_of IS NOT NULL")["n"][0]
    assert merged.sum() <= gone


def test_rounds_did_what_their_steps_say(run: Run) -> None:
    found = figure(run, "round_counts").set_index("round")
    for number in ROUNDS:
        folder = Path(run.store.root) / f"rounds/{number}"
        counts = {step: json.loads((folder / step / "step.json").read_text())["counts"] for step in ("train", "scan")}
        examples = ask(run, f"SELECT count(*) AS n FROM 'RUN/rounds/{number}/train/out_of_fold.parquet'")["n"][0]
        assert found.loc[number, "examples"] == examples
        assert found.loc[number, "kept"] == rows_of(run, number)["kept"].sum() == counts["scan"]["kept"]


def test_saturation_is_the_share_of_pages_recalled_before(run: Run) -> None:
    found = figure(run, "saturation").set_index("round")
    before = None
    for number in ROUNDS:
        pages = pages_of(run, number)
        now = (pages["kept"] | pages["covered"]).to_numpy()
        again = int((now & before).sum()) if before is not None else 0
        assert (found.loc[number, "recalled"], found.loc[number, "again"]) == (now.sum(), again)
        assert found.loc[number, "saturation"] == pytest.approx(again / now.sum())
        before = now


def test_held_out_precision_and_share_found_are_those_of_the_labels(run: Run) -> None:
    found = figure(run, "rounds")
    labels = [one for one in read_labels(run.config.seed.labels) if run.holdout.covers(one.url)]
    for number in ROUNDS:
        first = pages_of(run, number).set_index("key")["kept"].to_dict()
        kept = np.array([bool(first.get(url_key(one.url), False)) for one in labels])
        truth = np.array([one.label == "C" for one in labels])
        for name, value in (("precision", truth[kept].mean()), ("recall", kept[truth].mean())):
            row = found[
                (found["round"] == number) & (found["measured_on"] == "held-out labels") & (found["figure"] == name)
            ]
            assert row["value"].item() == pytest.approx(value)
            assert row["low"].item() <= value <= row["high"].item()
            assert row["labels"].item() == len(labels)


def test_audit_figures_are_those_of_the_status(run: Run) -> None:
    found = figure(run, "rounds")
    for number in ROUNDS:
        audited = audit(run.round(number))
        assert audited is not None
        for source, estimate in (("model alone", audited.model), ("with prefixes", audited.with_prefixes)):
            for name, interval in (("precision", estimate.precision), ("recall", estimate.recall)):
                rows = found[(found["round"] == number) & (found["figure"] == name)]
                row = rows[rows["measured_on"].str.endswith(source)].iloc[0]
                assert (row["value"], row["low"], row["high"]) == (interval.value, interval.low, interval.high)


def labelled_scores(run: Run, number: int) -> tuple[Any, Any]:
    """Out-of-fold scores of a round, and what each labelled page weighs."""
    frame = ask(run, f"SELECT * FROM 'RUN/rounds/{number}/train/out_of_fold.parquet' WHERE score IS NOT NULL")
    truth = (frame["label"] == "C").to_numpy()
    pages, sketches = list(zip(frame["url"], frame["source"], strict=True)), frame["sketch"].to_numpy(np.uint64)
    weights = labelled_weights(run.round(number), pages, truth, sketches)
    return frame, np.ones(len(frame)) if weights is None else weights


def test_curves_are_those_of_the_published_scores(run: Run) -> None:
    found = figure(run, "precision_recall")
    for number in ROUNDS:
        frame, weights = labelled_scores(run, number)
        truth, score = (frame["label"] == "C").to_numpy(), frame["score"].to_numpy()
        curve = found[(found["round"] == number) & (found["measured_on"] == "out-of-fold scores")]
        assert set(curve["threshold"]) == set(score)
        for row in curve.iloc[:: max(1, len(curve) // 25)].itertuples():
            kept = score >= row.threshold
            hits = weights[kept & truth].sum()
            assert row.found == pytest.approx(hits / weights[truth].sum())
            if weights[kept].sum() > 0:
                assert row.precision == pytest.approx(hits / weights[kept].sum())
        card = json.loads((Path(run.store.root) / f"rounds/{number}/train/model.json").read_text())
        assert curve[curve["chosen"]]["threshold"].item() == min(score[score >= card["threshold"]])


def test_calibration_groups_are_those_of_the_published_scores(run: Run) -> None:
    found = figure(run, "calibration")
    found = found[found["measured_on"] == "out-of-fold scores"]
    frame, weights = labelled_scores(run, LAST)
    card = json.loads((Path(run.store.root) / f"rounds/{LAST}/train/model.json").read_text())["calibration"]
    score = frame["score"].to_numpy()
    logit = card["rise"] * np.log(score) - card["fall"] * np.log1p(-score) + card["offset"]
    frame = frame.assign(probability=1 / (1 + np.exp(-logit)), weight=weights, truth=frame["label"] == "C")
    frame = frame[frame["weight"] > 0].sort_values("probability", kind="stable").reset_index(drop=True)
    frame["group"] = np.repeat(range(len(found)), found["pages"])
    for row, (_, group) in zip(found.itertuples(), frame.groupby("group"), strict=True):
        assert row.probability == pytest.approx(np.average(group["probability"], weights=group["weight"]))
        assert row.positive == pytest.approx(np.average(group["truth"], weights=group["weight"]))
        assert row.low <= row.positive <= row.high
    assert found["pages"].max() - found["pages"].min() <= 1


def test_score_histograms_hold_every_page(run: Run) -> None:
    found = figure(run, "scores")
    frame, _ = labelled_scores(run, LAST)
    edges = np.linspace(0, 1, 41)
    groups = {
        "C": frame[frame["label"] == "C"]["score"],
        "not C": frame[frame["label"] != "C"]["score"],
        "every page of the crawl": pages_of(run, LAST)["score"],
    }
    for name, scores in groups.items():
        counts = found[found["group"] == name]
        assert counts["low"].to_numpy() == pytest.approx(edges[:-1])
        assert counts["pages"].tolist() == np.histogram(scores, edges)[0].tolist()


def test_domains_are_hosts_by_pages_share_and_decision(run: Run) -> None:
    hosts = ask(run, f"SELECT host, pages, kept, share, code FROM 'RUN/rounds/{LAST}/domains/domains.parquet'")
    values: dict[str, set[str]] = {}
    for prefix, value in labelled_prefixes(run, LAST).items():
        values.setdefault(prefix.split("/")[0], set()).add(value)
    expected: Counter[tuple[int, float, str]] = Counter()
    for row in hosts.itertuples():
        said = values.get(row.host, set())
        decision = "code domain, no prefix labelled"
        if not row.code:
            decision = "not a code domain"
        elif "accept" in said:
            decision = "code domain, a prefix accepted"
        elif "reject" in said:
            decision = "code domain, prefixes rejected"
        expected[row.pages, round(row.share, 3), decision] += 1
    found = figure(run, "domains")
    assert Counter({(row.pages, row.share, row.decision): row.hosts for row in found.itertuples()}) == expected
    top = figure(run, "top_domains")
    best = hosts[hosts["code"]].sort_values(["kept", "host"], ascending=[False, True]).head(15)
    assert top["host"].tolist() == best["host"].tolist()
    pages = pages_of(run, LAST)
    for row in top.itertuples():
        own = pages[[url.split("/")[2].lower() == row.host for url in pages["url"]]]
        assert (row.pages, row.kept) == (len(own), own["kept"].sum())


def test_languages_and_categories_are_those_of_the_rows(run: Run) -> None:
    corpus = ask(run, "SELECT * FROM 'RUN/corpus/part-*.parquet'")
    known = corpus.to_dict("records")
    languages = [language_of(row["text"]) if pd.isna(row.get("language")) else row["language"] for row in known]
    kinds = [kind_of(row["url"]) if pd.isna(row.get("category")) else row["category"] for row in known]
    for name, values in (
        ("languages", [NAMES.get(one, one) or UNKNOWN for one in languages]),
        ("categories", list(kinds)),
    ):
        found, counts = figure(run, name), Counter(values)
        assert found["pages"].sum() == len(corpus)
        for row in found.itertuples():
            if row.name in counts:
                assert row.pages == counts[row.name]
                assert row.share == pytest.approx(row.pages / len(corpus))
        assert max(counts.values()) == found["pages"].max()


def test_lengths_are_those_of_the_texts(run: Run) -> None:
    sizes = np.array([len(text.encode()) for text in corpus_of(run)["text"]])
    found = figure(run, "lengths")
    assert found["pages"].sum() == len(sizes)
    for row in found.itertuples():
        assert row.pages == ((sizes >= row.low) & (sizes < row.high)).sum()
        assert math.log2(row.low) * 2 == pytest.approx(round(math.log2(row.low) * 2), abs=0.2)


def test_the_map_shows_pages_of_the_corpus(run: Run) -> None:
    found, corpus = figure(run, "map"), corpus_of(run).set_index("url")
    assert len(found) == min(1500, len(corpus))
    assert found[["x", "y"]].abs().max().max() == 1
    for row in found.itertuples():
        one = corpus.loc[row.url]
        assert (row.score, row.reason, row.round) == (one["score"], one["reason"], one["round"])
        assert row.bytes == len(one["text"].encode())


def test_random_rows_are_drawn_by_the_seed(run: Run) -> None:
    def chance(url: str) -> int:
        return int.from_bytes(blake2b(f"{run.config.run.seed}\0{url}".encode(), digest_size=8).digest(), "big")

    corpus = corpus_of(run)
    expected = sorted(corpus["url"], key=chance)[:20]
    found = figure(run, "random_rows")
    assert found["url"].tolist() == expected
    texts = corpus.set_index("url")["text"]
    assert found["text"].tolist() == [texts[url][:600] for url in expected]


def test_worst_errors_are_the_published_scores_furthest_from_their_label(run: Run) -> None:
    frame, _ = labelled_scores(run, LAST)
    card = json.loads((Path(run.store.root) / f"rounds/{LAST}/train/model.json").read_text())
    false = frame[(frame["label"] != "C") & (frame["score"] >= card["threshold"])]
    missed = frame[(frame["label"] == "C") & (frame["score"] < card["threshold"])]
    found = figure(run, "errors")
    for kind, expected, order in (("false positive", false, False), ("miss", missed, True)):
        scores = expected.sort_values("score", ascending=order)["score"].head(20)
        assert found[found["kind"] == kind]["score"].tolist() == pytest.approx(scores.tolist())
        assert set(found[found["kind"] == kind]["url"]) <= set(expected["url"])
