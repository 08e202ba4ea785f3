"""The sample means something: the seed alone misses code on hosts it never saw, and what people answer finds it."""

from pathlib import Path

import numpy as np
import pytest

from recall.model.evaluate import choose_threshold
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import collapse, score_with
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text
from tests.sample_generator.world import PAGES, responses


@pytest.mark.slow
def test_seed_misses_code_of_unseen_hosts_and_the_pool_brings_it(tmp_path: Path) -> None:
    pages = [answer for answer in responses(0, PAGES) if answer.label]
    texts = [scoring_text(page.body, page.content_type.partition("charset=")[2] or None) for page in pages]
    learnable = [text for text, page in zip(texts, pages, strict=True) if page.use != "measure"]
    tokenizer = Tokenizer.train(learnable[::2], 32_768)
    lines = tokenizer.lines(texts)
    measured = [number for number, page in enumerate(pages) if page.use == "measure"]
    truth = np.array([pages[number].label == "C" for number in measured])

    def found(*uses: str) -> float:
        known = [number for number, page in enumerate(pages) if page.use in uses]
        labels = ["C" if pages[number].label == "C" else "other" for number in known]
        recipe = Recipe()
        fit([lines[number] for number in known], labels, recipe, tokenizer.size, tmp_path / "model.bin")
        weights = collapse(tmp_path / "model.bin", tokenizer.size, recipe, "C")
        scores = score_with(weights, [lines[number] for number in measured])
        return choose_threshold(scores, truth, "precision", 0.9).recall

    assert 0.50 <= found("seed") <= 0.85
    assert found("seed", "pool") >= 0.90
