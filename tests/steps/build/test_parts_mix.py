import numpy as np
import pytest

from recall.config import MixSection
from recall.run.store import table_of
from recall.steps.build.parts import over_caps, weights


def test_caps_keep_the_lowest_priorities_of_each_value() -> None:
    rows = {
        "value": np.array([1, 1, 1, 2, 2, 3], np.uint64),
        "priority": np.array([30, 10, 20, 5, 4, 9], np.uint64),
        "id": np.arange(6, dtype=np.int64),
    }
    assert over_caps(rows, {1: 2}, None).tolist() == [0]
    assert sorted(over_caps(rows, {1: 2}, 1).tolist()) == [0, 3]
    assert over_caps(rows, {1: 0}, None).tolist() == [1, 2, 0]
    shuffled = {name: values[::-1] for name, values in rows.items()}
    assert over_caps(shuffled, {1: 2}, None).tolist() == [0]


def test_a_weight_is_the_product_of_those_of_host_language_and_category() -> None:
    columns = {"domain": ["a.org", "b.org"], "language": ["de", None], "category": ["forum", "docs"]}
    table = table_of(columns, dict.fromkeys(columns, "string"))
    settings = MixSection(weights=("language:de=2", "category:forum=0.5", "category=3", "host:b.org=0.1"))
    assert weights(settings, table).tolist() == pytest.approx([1.0, 0.3])
    assert weights(MixSection(enabled=False, weights=("host=9",)), table).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("entry", ["site=3", "host", "host:a.org=x", "language:en=-1"])
def test_what_is_no_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="expected for example"):
        MixSection(caps=(entry,))


def test_a_cap_is_a_whole_number() -> None:
    with pytest.raises(ValueError, match="a cap is a number of pages"):
        MixSection(caps=("host=0.5",))


def test_a_weight_by_quality_is_that_of_the_highest_value_reached() -> None:
    values = [0.0, 1.9999, 2.0, 3.4, 3.5, 5.0]
    table = table_of({"quality": values}, {"quality": "float64"})
    entries = ("quality:3.5=3", "quality=0.5", "quality:2=1")
    assert weights(MixSection(weights=entries), table).tolist() == [0.5, 0.5, 1.0, 1.0, 3.0, 3.0]
    assert weights(MixSection(weights=entries[:1]), table).tolist() == [1.0, 1.0, 1.0, 1.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"weights": ["quality:6=2"]}, "a quality is a number from 0 to 5"),
        ({"weights": ["quality:good=2"]}, "a quality is a number from 0 to 5"),
        ({"caps": ["quality:3=2"]}, "weights and no cap"),
    ],
)
def test_a_quality_that_is_none_and_a_cap_by_quality_are_refused(section: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MixSection.model_validate(section)
