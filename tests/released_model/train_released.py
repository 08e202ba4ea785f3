"""Trains the model that recall ships, and its plain twin, and writes them to recall/data/model: `make model`.

`python -m tests.released_model.train_released [--shared FOLDER] [--target FOLDER]`. FOLDER (../shared) holds the crawl
folders `crawl` and `web`. Trained by the code of the train step on pages of use `seed` and `pool`; thresholds and
calibration are chosen on out-of-fold scores. The same pages give the same
bytes. The last line is one JSON object.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from recall.config import Config
from recall.model.evaluate import choose_threshold, group_folds, precision_recall, weights_at
from recall.model.plain import distil
from recall.model.scorer import PLAIN_MODEL, SCORER_FILES, SHIPPED_MODEL, ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.records import OTHER_LABEL
from recall.steps.train import recipe_of
from recall.steps.train.cross_validation import Material, fit_fold, text_lines
from recall.steps.train.operating_point import LabelledPages, OperatingPoint, choose_operating_point
from recall.steps.train.vocabulary import vocabulary_texts
from tests.released_model.labelled_crawls import POSITIVE, LabelledPage, read_pages, to_learn_from

CRAWLS = ("crawl", "web")
VOCABULARY = 16_384
CODE_SHARE = 0.03
"""Of the open web's pages, as the thresholds assume."""
PRECISIONS = (0.5, 0.8, 0.9)
"""Precisions at that share whose thresholds the card holds; `metrics["threshold_0.5"]` and so on."""

Floats = NDArray[np.float64]


def settings() -> Config:
    """The defaults of a run, but for the vocabulary, half of which serves as well (docs/model.md)."""
    return Config.model_validate({"crawl": {"warcs": ["unused"]}, "train": {"vocabulary": VOCABULARY}})


@dataclass(frozen=True, slots=True)
class Learned:
    """What the training pages gave. scores, text_scores: out-of-fold, as a page and as its text alone."""

    tokenizer: Tokenizer
    material: Material
    scores: Floats
    text_scores: Floats
    truth: NDArray[np.bool_]


def learn(pages: Sequence[LabelledPage], config: Config) -> Learned:
    """Tokenizer, token lines and out-of-fold scores of the pages."""
    texts = [page.text for page in pages]
    tokenizer = Tokenizer.train(vocabulary_texts(texts, config.train.balance), config.train.vocabulary)
    labels = [POSITIVE if page.label == POSITIVE else OTHER_LABEL for page in pages]
    families = [page.family for page in pages]
    material = Material(
        lines=tokenizer.lines(texts),
        text_lines=text_lines(tokenizer, texts),
        labels=labels,
        families=families,
        folds=group_folds(families, labels, config.train.folds, config.run.seed),
        recipe=recipe_of(config.train, config.run.seed),
        size=tokenizer.size,
        positive=POSITIVE,
        min_families=config.train.min_families,
    )
    scores = np.zeros((2, len(pages)))
    for fold in range(config.train.folds):
        scores[:, material.folds == fold] = fit_fold(material, fold)[:2]
    return Learned(tokenizer, material, scores[0], scores[1], np.array([label == POSITIVE for label in labels]))


def balanced_recall(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """The recall at the threshold that tells as large a share of the positive pages right as of the others.

    Where both weigh the same, precision equals recall there.
    """
    curve = precision_recall(scores, truth, weights_at(truth, 0.5))
    return float(curve.recall[np.argmin(np.abs(curve.precision - curve.recall))])


def operating_point(scores: Floats, truth: NDArray[np.bool_], config: Config) -> OperatingPoint:
    """The balanced threshold; calibration and figures at the open web's share of code."""
    aim = {"target": "recall", "target_value": balanced_recall(scores, truth)}
    aimed = config.model_copy(update={"train": config.train.model_copy(update=aim)})
    labelled = LabelledPages(truth, weights_at(truth, CODE_SHARE), np.zeros(len(truth)), [""] * len(truth))
    return choose_operating_point(scores, labelled, np.zeros(0), aimed)


def card_of(learned: Learned, config: Config) -> ModelCard:
    """The card: thresholds, calibration and figures, chosen on out-of-fold scores."""
    weights = weights_at(learned.truth, CODE_SHARE)
    chosen = operating_point(learned.scores, learned.truth, config)
    text = operating_point(learned.text_scores, learned.truth, config)
    figures = {
        **chosen.metrics,
        **{
            f"threshold_{value}": choose_threshold(learned.scores, learned.truth, "precision", value, weights).value
            for value in PRECISIONS
        },
        "code_share": CODE_SHARE,
        "text_floor": text.metrics["floor"],
    }
    return ModelCard(
        labels=(POSITIVE, OTHER_LABEL),
        positive=POSITIVE,
        input="html",
        recipe=learned.material.recipe,
        threshold=chosen.threshold.value,
        text_threshold=text.threshold.value,
        calibration=chosen.calibration,
        metrics={name: round(figure, 9) for name, figure in figures.items()},
    )


def train_released(shared: Path, target: Path) -> dict[str, object]:
    """Train and write the files that scoring needs; returns what was learned from."""
    pages = to_learn_from([page for crawl in CRAWLS for page in read_pages(shared / crawl)])
    config = settings()
    learned = learn(pages, config)
    with TemporaryDirectory(prefix="recall-released-") as temporary:
        folder = Path(temporary)
        learned.material.fit(range(len(pages)), folder / "model.bin")
        scorer = write_model(folder, learned.tokenizer, folder / "model.bin", card_of(learned, config))
        target.mkdir(parents=True, exist_ok=True)
        for name in SCORER_FILES:
            (target / name).write_bytes((folder / name).read_bytes())
    distil(scorer, [page.text for page in pages], learned.material.labels, target / PLAIN_MODEL.name)
    return {"digest": scorer.digest, "pages": len(pages), "labels": dict(Counter(page.label for page in pages))}


def main() -> None:
    """Train, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    project = Path(__file__).resolve().parents[2]
    parser.add_argument("--shared", type=Path, default=project.parent / "shared")
    parser.add_argument("--target", type=Path, default=SHIPPED_MODEL)
    options = parser.parse_args()
    print(json.dumps(train_released(options.shared, options.target)))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
