"""Counts of tokens, by recall's own vocabulary and by any tokenizer.json."""

import json

import pytest
import tokenizers

from recall.errors import BadInput
from recall.model.token_counts import TokenCounter
from recall.model.tokens import Tokenizer

TEXTS = ["def f(x):\n    return x + 1\n" * 3, "The quick brown fox. The lazy dog." * 3]


@pytest.fixture(scope="module")
def other() -> str:
    """A tokenizer.json as others write them: whole words, truncated and padded for a model."""
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.train_from_iterator(TEXTS, tokenizers.trainers.WordLevelTrainer(special_tokens=["?", "[CLS]"]))
    words.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 1)])
    words.enable_truncation(4)
    words.enable_padding(length=64)
    document: str = words.to_str()
    return document


def test_our_own_counts_every_token_of_the_lower_cased_text() -> None:
    ours = Tokenizer.train(TEXTS, 300)
    counter = TokenCounter(ours.document, "tokenizer.json", ours=True)
    assert counter.count(TEXTS[0]) == counter.count(TEXTS[0].upper()) == len(ours.encode([TEXTS[0]])[0])
    assert counter.count("") == 0


def test_any_other_counts_the_whole_text_without_special_tokens(other: str) -> None:
    counter = TokenCounter(other, "tokenizer.json")
    assert counter.count("The quick brown fox") == 4
    assert counter.count("The " * 100) == 100
    assert counter.count("\ud800 fox") == 2
    assert counter.count("") == 0


@pytest.mark.parametrize(
    "document", ["", "{}", "[]", '{"model": null}', '{"version": "1.0", "model": {"type": "BPE"}}']
)
def test_what_is_no_tokenizer_is_refused_by_name(document: str) -> None:
    with pytest.raises(BadInput, match=r"^\[tags\] tokenizer: a.json: no tokenizer.json: "):
        TokenCounter(document, "[tags] tokenizer: a.json")


def test_our_own_must_be_ours(other: str) -> None:
    with pytest.raises(BadInput, match="not a byte-level BPE"):
        TokenCounter(other, "rounds/1/train/tokenizer.json", ours=True)
    assert json.loads(other)["truncation"] is not None
