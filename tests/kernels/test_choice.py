import subprocess
import sys

import numpy as np
import pytest

from recall import kernels
from recall.model.scorer import Scorer
from recall.page.text import scoring_text

PAGES = [
    b"",
    b"<p>Gr\xc3\xb6\xc3\x9fe \xe4\xb8\xad\xe6\x96\x87 \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82</p>",
    b"<title>How to</title><pre><code>def fooBar(self, x_y):\n    return a[1]; // --all main.py\n</code></pre>" * 9,
    b"<meta charset=shift_jis><p>\x83e\x83X\x83g",
    b"<script>x</script><p>a &amp; b<br>c &#x4e2d;" * 50,
]


def scores() -> list[float]:
    texts = [scoring_text(page) for page in PAGES]
    return [float(score) for score in Scorer.load().score(texts)]


def test_without_compiled_code_pages_have_the_same_texts_lines_and_scores() -> None:
    compiled = [scoring_text(page) for page in PAGES], scores()
    tokenizer = Scorer.load().tokenizer
    lines = tokenizer.lines(compiled[0])
    with kernels.plainly():
        assert not kernels.compiled_code_runs()
        assert ([scoring_text(page) for page in PAGES], scores()) == compiled
        for line, plain in zip(lines, tokenizer.lines(compiled[0]), strict=True):
            np.testing.assert_array_equal(line, plain)
    assert kernels.compiled_code_runs()


@pytest.mark.parametrize("name", ["score", "score_lines"])
def test_a_block_without_compiled_code_does_not_load_it(name: str) -> None:
    program = f"""
import sys
from recall import kernels
from recall.model.scorer import Scorer
from recall.page.text import scoring_text
with kernels.plainly():
    scorer = Scorer.load()
    text = scoring_text(b"<pre>return 1</pre><p>Gr\\xc3\\xb6")
    scorer.{name}([text] if "{name}" == "score" else scorer.tokenizer.lines([text]))
assert "numba" not in sys.modules, "numba was loaded"
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
