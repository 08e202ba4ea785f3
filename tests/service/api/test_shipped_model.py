"""The model that ships with recall, as the service serves it where none is named."""

import pytest

from recall.model.scorer import SHIPPED

pytest.importorskip("fastapi", reason="the service extra is not installed")

from service.api.models import load, resolve
from service.api.scoring import Scoring
from service.limits import Limits


def test_it_is_served_by_its_name_and_says_where_a_text_is_too_short() -> None:
    version = load(resolve(SHIPPED))
    texts = [b"def f(x): return x", b"A quiet garden by the sea. " * 20]
    short, life = Scoring(version, Limits()).verdicts(texts, [None, None], [True, True])
    assert version.name == SHIPPED
    assert (short["label"], short["least_characters"]) == ("too short", version.scorer.card.least_characters)
    assert (life["label"], "least_characters" in life) == ("other", False)
    assert short["threshold"] == version.scorer.card.text_threshold
