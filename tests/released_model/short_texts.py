"""From which length on a text says whether it is code: python -m tests.released_model.short_texts [--shared FOLDER].

Pages of use `seed` and `pool` are cut to their first characters, and their code, where they have some, to as many; each
is scored as bare text by a model that never saw its family. The last line is one JSON object: for each length the
shares of code pages, of their code alone and of other pages that are told right at the threshold for bare text.
"""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recall.model.scorer import collapse, score_with
from recall.model.tokens import split_marks
from tests.released_model.labelled_crawls import read_pages, to_learn_from
from tests.released_model.train_released import CRAWLS, card_of, learn, settings

LENGTHS = (20, 50, 100, 150, 200, 300, 400, 600, 1000, 2000, 5000)


def main() -> None:
    """Cut, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    options = parser.parse_args()
    pages = to_learn_from([page for crawl in CRAWLS for page in read_pages(options.shared / crawl)])
    learned = learn(pages, settings())
    material = learned.material
    threshold = card_of(learned, settings()).threshold_for(text=True)
    parts = [split_marks(page.text) for page in pages]
    texts, codes = [text for text, _, _ in parts], [code for _, code, _ in parts]
    tried = {("text", size): [text[:size] for text in texts] for size in LENGTHS}
    tried |= {("code", size): [code[:size] for code in codes] for size in LENGTHS}
    lines = {key: learned.tokenizer.lines(cut) for key, cut in tried.items()}
    scores = {key: np.zeros(len(pages)) for key in tried}
    for fold in range(settings().train.folds):
        held = np.flatnonzero(material.folds == fold)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model.bin"
            material.fit(np.flatnonzero(material.folds != fold).tolist(), path)
            weights = collapse(path, material.size, material.recipe, material.positive)
        for key, own in lines.items():
            scores[key][held] = score_with(weights, [own[row] for row in held])
    result = {}
    for size in LENGTHS:
        whole, coded = (np.array([len(text) >= size for text in which]) for which in (texts, codes))
        told = scores["text", size] >= threshold
        result[size] = {
            "code_pages": round(float(told[whole & learned.truth].mean()), 3),
            "code_alone": round(float((scores["code", size] >= threshold)[coded & learned.truth].mean()), 3),
            "other_pages": round(float((~told)[whole & ~learned.truth].mean()), 3),
        }
    print(json.dumps({"threshold": threshold, "lengths": result}))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
