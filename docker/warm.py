"""Compiles what numba compiles, once, into the image: trains a model of forty pages and scores one page with it."""

import tempfile
from pathlib import Path

from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text

pages = [f"<p>{'def return class' if i % 2 else 'soup bread salt'} {i}</p><pre>x = {i}</pre>" for i in range(40)]
texts = [scoring_text(page.encode()) for page in pages]
labels = ["C" if i % 2 else "N" for i in range(len(texts))]
tokenizer = Tokenizer.train(texts, 400)
for ngrams, buckets in ((1, 0), (2, 100)):
    recipe = Recipe(epochs=2, min_count=1, shrinkage=5, ngrams=ngrams, buckets=buckets)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fit(list(tokenizer.lines(texts)), labels, recipe, tokenizer.size, folder / "trained")
        card = ModelCard(("C", "N"), "C", "html", recipe, threshold=0.5)
        scorer = write_model(folder / "model", tokenizer, folder / "trained", card)
        scorer.score(texts)
        scorer.explain(texts[0])
