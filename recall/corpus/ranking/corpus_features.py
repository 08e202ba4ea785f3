"""What a ranker reads of labelled pages: their texts come with the labels, or lie in a corpus.

In: pages with labels; a run, or a folder with part-*.parquet (url, text). Out: their features; pages that the corpus
does not hold are left out and counted. Parts are read in pieces, each by a task; of a text only its features are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from recall.config import ClusterSection
from recall.corpus.code_signals import code_signals, measured_blocks
from recall.corpus.published import PART, ROWS, part_keys
from recall.corpus.ranking.quality_labels import LabelledPage
from recall.corpus.ranking.ranker import NAMES, row_of, words_of
from recall.corpus.ranking.ridge import PageFeatures
from recall.corpus.signals import signals
from recall.errors import BadInput
from recall.run.inputs import RUN
from recall.run.jobs import complete
from recall.run.rounds import Run
from recall.run.store import Store, by_number
from recall.sites.urls import url_key


@dataclass(frozen=True, slots=True)
class TextsOfCorpus:
    """Part files of a corpus. run: the one that made it, None for a folder of its own."""

    store: Store
    keys: tuple[str, ...]
    run: Run | None = None

    @property
    def cluster(self) -> ClusterSection:
        """Where parts are read."""
        return ClusterSection() if self.run is None else self.run.config.cluster


def open_corpus(source: str) -> TextsOfCorpus:
    """The corpus of a run, or that in a folder. Raises BadInput where there is none."""
    store = Store(source)
    if store.exists(RUN):
        run = Run.open(source)
        corpus = TextsOfCorpus(run.store, tuple(part_keys(run)), run)
    else:
        keys = [key for key in store.keys("") if PART.fullmatch(key) and "/" not in key]
        corpus = TextsOfCorpus(store, tuple(sorted(keys, key=by_number)))
    if not corpus.keys:
        raise BadInput(f"{source}: holds no corpus: neither a run that was built nor a folder with part-*.parquet")
    return corpus


@dataclass(frozen=True, slots=True)
class FeatureInputs:
    """What reading a part needs. wanted: URL keys of pages."""

    store: Store
    wanted: frozenset[str] = field(repr=False)


def features_in_part(inputs: FeatureInputs, key: str) -> dict[str, PageFeatures]:
    """Features of the wanted pages in a part, by URL key."""
    found: dict[str, PageFeatures] = {}
    for table in inputs.store.read_batches(key, ["url", "text"], ROWS):
        for at, url in enumerate(table.column("url").to_pylist()):
            if (page := url_key(url)) in inputs.wanted:
                found[page] = features_of([table.column("text")[at].as_py()])
    return found


def features_of(texts: Sequence[str]) -> PageFeatures:
    """Features of some texts, their signals measured here."""
    rows = [row_of(text, {**signals(text), **code_signals(measured_blocks(text))}) for text in texts]
    return PageFeatures(np.reshape(rows, (len(texts), len(NAMES))), tuple(map(words_of, texts)))


def features_of_pages(
    pages: Sequence[LabelledPage], corpus: TextsOfCorpus | None
) -> tuple[list[LabelledPage], PageFeatures]:
    """The pages whose text is known, and their features.

    Raises BadInput where a label needs a corpus and none is given, and where the corpus holds none of the pages.
    """
    named = frozenset(url_key(page.url) for page in pages if not page.text)
    if named and corpus is None:
        raise BadInput("labels that name pages by URL need the corpus that they are of: give RUN or its folder")
    held: dict[str, PageFeatures] = {}
    if named and corpus is not None:
        inputs = FeatureInputs(corpus.store, named)
        done = complete(features_in_part, inputs, corpus.keys, corpus.cluster, "quality")
        by_part = {outcome.item: outcome.result for outcome in done}
        for key in corpus.keys:  # of a page in several parts the last one's text counts, whichever task ended last
            held.update(by_part[key])
        if not held and not any(page.text for page in pages):
            raise BadInput(f"{corpus.store.root}: its corpus holds none of the {len(named):,} pages with labels")
    known = [page for page in pages if page.text or url_key(page.url) in held]
    found = [features_of([page.text]) if page.text else held[url_key(page.url)] for page in known]
    rows = np.concatenate([np.zeros((0, len(NAMES))), *(features.rows for features in found)])
    return known, PageFeatures(rows, tuple(words for features in found for words in features.words))
