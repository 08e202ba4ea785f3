"""Every stage does what its name says on a small page; the files beside this one examine each."""

import json
from pathlib import Path

import pytest

from recall.config import AccessSection, QualitySection
from recall.config.corpus_sections import SIGNALS
from recall.corpus.filters import contamination, optout, privacy
from recall.corpus.signals import broken_rule, signals, tags

PAGE = """# Sort a list

Call `sorted` with a key, and it returns the items in the order of their keys, the smallest first.

```python
def by_length(words):
    return sorted(words, key=len)
```
"""


def test_a_page_is_tagged() -> None:
    assert tags("https://stackoverflow.com/questions/1/x", PAGE) == {
        "language": "en",
        "category": "qa",
        "code_languages": ["python"],
    }


def test_a_page_has_every_signal() -> None:
    found = signals(PAGE)
    assert set(found) == set(SIGNALS)
    assert found["code_blocks"] == 1
    assert found["code_lines"] == 2


def test_a_rule_names_a_signal() -> None:
    assert broken_rule(("words >= 5",), signals(PAGE)) == ""
    assert broken_rule(("words >= 5", "words <= 6"), signals(PAGE)) == "words <= 6"
    with pytest.raises(ValueError, match="no signal"):
        QualitySection(keep=("wrods >= 5",))


def test_an_address_is_masked_by_where_it_stands() -> None:
    masked = privacy.mask("Ask ada@lovelace.org.\n\n```\nmail ada@lovelace.org\n```\n")
    assert masked.text == "Ask <email>.\n\n```\nmail email@example.com\n```\n"
    assert masked.counts == {"email": 2}


def test_an_item_is_found(tmp_path: Path) -> None:
    item = {"task_id": "Toy/1", "prompt": 'def total_width(boxes, gap):\n    """Width of all boxes side by side."""\n'}
    (tmp_path / "toy.jsonl").write_text(json.dumps(item))
    found = contamination.Benchmarks.load([str(tmp_path / "toy.jsonl")], AccessSection())
    (hit,) = found.hits("x\n\nDEF total_width(boxes,gap):   '''Width of  all boxes side by side'''")
    assert (hit.benchmark, hit.item) == ("toy", "Toy/1")
    assert found.hits(PAGE) == []


def test_a_page_opts_out() -> None:
    assert optout.noai(b'<html><head><META NAME="robots" content="noai, noimageai">') == "noai"
    assert optout.noai(b"<p>", "X-Robots-Tag: ccbot: noimageai") == "noimageai"
    assert optout.noai(b'<meta name="robots" content="noindex">') == ""
    assert optout.OptOut(optout.parse_hosts(["a.org"], "f"), ()).reason("https://b.a.org/x") == "a.org"
