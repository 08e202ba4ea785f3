"""The ranker on the pages of real crawls that were read by the guide (tests/benchmarks/quality_labels.jsonl)."""

from pathlib import Path

import pytest

from recall.corpus.ranking.corpus_features import features_of
from recall.corpus.ranking.fitting import fit_ranker
from recall.corpus.ranking.quality_labels import labelled_pages, read_quality_labels
from tests.benchmarks.quality_ranker import LABELS, texts_of


@pytest.mark.realdata
@pytest.mark.slow
def test_the_order_of_unseen_sites_is_nearer_to_the_readers_than_length(shared: Path) -> None:
    pages = labelled_pages(read_quality_labels(str(LABELS)))
    texts_of(shared, pages)
    read = [page for page in pages if page.text]
    assert len(read) > 290
    ranker = fit_ranker(read, features_of([page.text for page in read]), 3, 0.8)
    figures = {name: figure.value for name, figure in ranker.figures.items()}
    assert figures["rank_correlation"] > 0.75
    assert figures["rank_correlation_of_length"] < 0.6
    assert figures["best_fifth_right"] > 0.75
    assert figures["worst_fifth_right"] > 0.8
    assert figures["rank_correlation_of_readers"] > 0.9
