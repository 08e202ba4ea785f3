"""Compiled code is kept for other processes, compiled again when a kernel changes, and needs no folder to write."""

import os
import subprocess
import sys
from pathlib import Path

MODULE = """
from recall.kernels.native import compiled, inlined

@inlined
def half(number):
    return number // 2

@compiled
def halves(numbers):
    total = 0
    for number in numbers:
        total += half(number)
    return total
"""

CALL = """
import sys
import numpy as np
from recall.kernels import native
native.sources_digest = lambda: int(sys.argv[1])
import kernel_under_test
assert kernel_under_test.halves(np.arange(5)) == 4
print(sum(kernel_under_test.halves.stats.cache_hits.values()))
"""

WITHOUT_FOLDERS = """
from pathlib import Path

import recall.cli
from recall.corpus.dedup.signatures import signature
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text

texts = [scoring_text(f"<p>{'d\u00e9f' if i % 2 else 'soup'} {i}</p><pre>x = {i}</pre>".encode()) for i in range(20)]
tokenizer = Tokenizer.train(texts, 300)
recipe = Recipe(epochs=2, min_count=1, shrinkage=5)
fit(tokenizer.lines(texts), ["C" if i % 2 else "N" for i in range(20)], recipe, tokenizer.size, Path("trained"))
card = ModelCard(("C", "N"), "C", "html", recipe, threshold=0.5)
scorer = write_model(Path("model"), tokenizer, Path("trained"), card)
assert all(0 < score < 1 for score in scorer.score(texts))
assert len(signature(texts[0], 5, 16)) == 16
from recall.kernels.html_text import _read_page
assert _read_page.stats.cache_path is None
"""


def run(program: str, folder: Path, *arguments: str, **settings: str) -> str:
    """What a program in a fresh process prints."""
    command = [sys.executable, "-c", program, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"} | settings
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_compiled_code_is_kept_until_a_kernel_changes(tmp_path: Path) -> None:
    (tmp_path / "kernel_under_test.py").write_text(MODULE)
    hits = [run(CALL, tmp_path, digest, NUMBA_CACHE_DIR=str(tmp_path / "cache")).strip() for digest in "1122"]
    assert hits == ["0", "1", "0", "1"]


def test_verbs_run_and_pages_are_scored_without_a_folder_to_write(tmp_path: Path) -> None:
    """numba is left with one way to find a folder, that of notebooks: root may write to any other."""
    run(WITHOUT_FOLDERS, tmp_path, NUMBA_CACHE_LOCATOR_CLASSES="IPythonCacheLocator")
