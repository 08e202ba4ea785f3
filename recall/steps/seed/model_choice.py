"""Seed pages that a trained model chooses on a new crawl: recall's own, or that of a model folder.

In: [seed] model, and scoring texts of sampled pages. Out: examples of source `model`, positive from the score at which
nine of ten kept pages are code, negative where hardly any code page scores as low. Pages between are left to people.
A page's score does not depend on its shard, so the same crawl gives the same choice on any number of workers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from recall.config import AccessSection, Config
from recall.model.scorer import ModelCard
from recall.records import OTHER_LABEL
from recall.run.loaded_model import load_model
from recall.run.sampling import batches
from recall.steps.seed.collect import SeedPage

SOURCE = "model"
SURE = "threshold_0.9"
"""Figure of the shipped model's card: the threshold of precision 0.9 at the open web's share of code."""

_PAGES = 64
"""Pages that are scored at a time."""


def accepts(card: ModelCard) -> float:
    """The score from which a page is a positive example; the model's threshold where its card has no SURE."""
    return card.metrics.get(SURE, card.threshold)


def is_positive(name: str, access: AccessSection, text: str) -> bool:
    """True when the model is sure that a scoring text is of a code page. Raises as `Scorer.load`."""
    scorer = load_model(name, access)
    return bool(scorer.score([text])[0] >= accepts(scorer.card))


def negatives(sample: Iterable[SeedPage], config: Config) -> Iterator[SeedPage]:
    """The pages of the random sample that score below the model's floor, as negative examples; a stream."""
    if not config.seed.model:
        return
    scorer = load_model(config.seed.model, config.access)
    floor = scorer.card.floor_for(text=False)
    for pages in batches(sample, _PAGES):
        for page, score in zip(pages, scorer.score([page.text for page in pages]).tolist(), strict=True):
            if score < floor:
                yield replace(page, label=OTHER_LABEL, source=SOURCE)
