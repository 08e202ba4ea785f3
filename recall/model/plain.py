"""A model for anybody's fastText: distilled from a scorer, it reads plain text as it comes, without our tokenizer.

In: scoring texts of pages, with labels or without, and the scorer. Out: a file that `fasttext.load_model` reads, with
two labels under any names. It learns from the labels, and from the scorer what pages and stretches of them say: a code
page's menus and comments say little. What it loses against the scorer: docs/model.md.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from recall.errors import BadInput
from recall.model.fasttext import LABEL, Recipe, fit_plain
from recall.model.scorer import Scorer
from recall.model.tokens import split_marks
from recall.records import OTHER_LABEL

RECIPE = Recipe(dim=2, epochs=3, learning_rate=2.0, min_count=20, shrinkage=0)
"""Chosen on held-out families, as the numbers below (docs/model.md). Each page counts several times in min_count."""

STRETCH, STEP, MOST = 1_500, 2_000, 10
"""Characters of a stretch, from one to the next, and stretches of a page."""

LONGEST = 12_000
"""Characters of a page as a whole: the beginnings of very long ones would outweigh all others."""

COPIES = 2
"""Lines of a page or a stretch: its score is the share of them that are positive."""


def plain_text(text: str) -> str:
    """A scoring text as one line of plain text: without code behind it, marks, and what fastText takes for a label."""
    return " ".join(split_marks(text)[0].replace(LABEL, " ").replace("</s>", " ").split())


def stretches(text: str) -> Iterator[str]:
    """The stretches of a plain text that are scored on their own; the first of a short one is all of it."""
    for start in range(0, max(1, min(len(text), STEP * MOST) - STRETCH // 2), STEP):
        yield text[start : start + STRETCH]


def label_names(text: str, positive: str) -> tuple[str, str]:
    """The names of the two labels, from `POSITIVE,OTHER`; the model's own without. Raises BadInput for other forms."""
    if not text:
        return positive, OTHER_LABEL
    names = tuple(name.strip().removeprefix(LABEL) for name in text.split(","))
    if len(names) != 2 or names[0] == names[1] or any(not name or len(name.split()) != 1 for name in names):
        raise BadInput(f"--labels {text}: expected two names, POSITIVE,OTHER, for example hq,cc")
    return names[0], names[1]


def distil(scorer: Scorer, texts: Sequence[str], labels: Sequence[str | None], path: Path) -> None:
    """Write the plain model of a scorer. labels: of the texts where they are known, None where the scorer decides.

    Its labels are the scorer's positive one, for all topics together, and OTHER_LABEL. A labelled page counts half by
    its label, half by its score. Raises BadInput where all is of one label.
    """
    lines = [plain_text(text) for text in texts]
    shares = scorer.score(texts).tolist()
    for row, label in enumerate(labels):
        if label is not None:
            shares[row] = (shares[row] + (label in scorer.topics)) / 2
    pieces = [piece for line in lines for piece in stretches(line)]
    wholes = [line[:LONGEST] for line in lines]
    examples = []
    for share, line in zip([*shares, *scorer.score(pieces).tolist()], [*wholes, *pieces], strict=True):
        positive = round(COPIES * share)
        examples += [(scorer.positive if copy < positive else OTHER_LABEL, line) for copy in range(COPIES)]
    if len({name for name, _ in examples}) < 2:
        raise BadInput("a plain model needs pages of both labels; there are only pages of one")
    mixed = np.random.default_rng(RECIPE.seed).permutation(len(examples))
    fit_plain([examples[row] for row in mixed], RECIPE, path)
