"""The shipped model of main content: its form, what it says of made pages, and how good it is on pages it learned from.

Figures on pages that it did not learn from are in docs/performance.md (`tests/benchmarks/main_content.py`).
"""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from recall.page.markdown import markdown
from recall.page.markdown.content_model import FILE, content_model
from recall.page.markdown.conversion import cut_page
from recall.page.markdown.opening_tags import TABLE_BITS
from recall.page.markdown.segment_features import columns_of
from recall.page.markdown.segments import Segments
from tests.content_model.code_pages import FILE as CODE_PAGES
from tests.content_model.code_pages import parse_line
from tests.content_model.examples import bodies, truths, words_of

PARAGRAPH = "<p>The queue holds what was read and not yet written; it never grows past its limit, so readers wait.</p>"
PAGE = (
    '<body><header class="site-header"><nav class="main-menu"><ul>'
    + "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("Home", "Products", "Pricing", "Contact", "Login"))
    + '</ul></nav></header><main><article class="post-content"><h1>Queues</h1>'
    + PARAGRAPH * 4
    + '</article></main><aside class="sidebar"><h3>Related posts</h3><a href="/a">Ten tips</a></aside>'
    + '<footer class="footer"><p>© 2024 Example Ltd. All rights reserved. Privacy policy</p></footer></body>'
)
FLOORS = {"article": 0.91, "documentation": 0.91, "forum": 0.7, "service": 0.82, "listing": 0.68, "product": 0.56}


def test_the_file_is_small_and_whole() -> None:
    assert len(files("recall").joinpath(FILE).read_bytes()) < 300_000
    model = content_model()
    trees = model.trees
    for weights in (model.markup, model.words):
        assert weights.shape == (1 << TABLE_BITS,)
        assert abs(weights).max() < 1 << 15
    assert len(trees.columns) == len(trees.thresholds) == len(trees.children)
    assert np.isfinite(trees.leaves).all()
    assert np.isfinite(trees.thresholds).all()


def test_splits_point_to_columns_and_nodes_that_exist() -> None:
    trees = content_model().trees
    cut = cut_page(PAGE.encode())
    assert cut is not None
    columns = columns_of(cut.segments, content_model().markup, content_model().words)
    assert 0 <= trees.columns.min() <= trees.columns.max() < len(columns)
    used = np.concatenate([trees.roots, trees.children.ravel()])
    assert sorted(used[used >= 0].tolist()) == list(range(len(trees.columns)))
    assert sorted((~used[used < 0]).tolist()) == list(range(len(trees.leaves)))


def test_a_page_without_segments_has_no_probabilities() -> None:
    assert content_model().probabilities(Segments()).shape == (0,)


def test_probabilities_lie_between_nought_and_one_with_few_decimals() -> None:
    cut = cut_page(PAGE.encode())
    assert cut is not None
    probabilities = content_model().probabilities(cut.segments)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert (probabilities == np.round(probabilities, 6)).all()


def test_prose_is_more_probable_than_the_frame() -> None:
    cut = cut_page(PAGE.encode())
    assert cut is not None
    probabilities = content_model().probabilities(cut.segments).tolist()
    prose = [p for text, p in zip(cut.segments.texts, probabilities, strict=True) if text.startswith("The queue")]
    frame = [p for text, p in zip(cut.segments.texts, probabilities, strict=True) if text in ("Home", "Pricing")]
    assert min(prose) > max(frame)


@pytest.mark.realdata
def test_no_page_for_measuring_was_labelled_for_training(shared: Path) -> None:
    pages = [parse_line(line, 0) for line in CODE_PAGES.read_text(encoding="utf-8").splitlines()]
    for crawl in {page.crawl for page in pages}:
        rows = map(json.loads, (shared / crawl / "labels.jsonl").read_text(encoding="utf-8").splitlines())
        measured = {row["url"] for row in rows if row["use"] == "measure"}
        assert measured.isdisjoint(page.url for page in pages if page.crawl == crawl)


@pytest.mark.realdata
@pytest.mark.slow
def test_the_model_still_fits_the_cut_of_the_pages(shared: Path) -> None:
    """On pages that it learned from: fails when the cut into segments changes and the model is not fitted again."""
    known = {url: row for url, row in truths(shared / "web").items() if row["use"] == "pool"}
    wanted = {url for kind in FLOORS for url in sorted(u for u, row in known.items() if row["type"] == kind)[:40]}
    scores: dict[str, list[float]] = {}
    for url, body, charset in bodies(shared / "web"):
        if url in wanted:
            wanted.discard(url)
            shown, truth = words_of(markdown(body, url, charset)), words_of(known[url]["main_content"])
            both = sum(min(shown.count(word), truth.count(word)) for word in set(shown))
            scores.setdefault(known[url]["type"], []).append(2 * both / max(len(shown) + len(truth), 1))
    means = {kind: round(float(np.mean(values)), 3) for kind, values in scores.items()}
    assert {kind: mean for kind, mean in means.items() if mean < FLOORS[kind]} == {}, means
