"""Feature tokens have names of their own, and a page has those that its symbols and words say."""

from recall.model.features import FEATURES, features_of


def test_every_name_is_one_feature() -> None:
    assert len(set(FEATURES)) == len(FEATURES)


def test_a_page_of_code_has_the_features_of_its_symbols_and_words() -> None:
    names = {FEATURES[index] for index in features_of(b"int fooBar = call();\nsee my_file.py -v\n")}
    assert {"camel1", "pascal0", "snake1", "call1", "method0", "flag1", "file1", "ending1", "{0", "=9", ";9"} <= names
