"""Keys of known formats: what is the shortest of a kind, and where a key ends."""

import time

import pytest

from recall.corpus.filters.privacy.secrets import keys, passwords

BODY = "q7Zk2mWv9XbT4cRj8LsN5pHd3GfY6aQe1UtKoVwCzMnBrDxSgJyP"


@pytest.mark.parametrize(
    "key",
    [
        "ghp_" + BODY[:30],
        "ghs_" + BODY[:40],
        "xoxb-" + BODY[:12],
        "sk_live_" + BODY[:16],
        f"SG.{BODY[:16]}.{BODY[:32]}",
        f"eyJ{BODY[:12]}.eyJ{BODY[:12]}.{BODY[:16]}",
    ],
)
def test_a_key_of_any_length_that_its_kind_has_is_masked_whole(key: str) -> None:
    text = f"token: {key} and more"
    assert [text[span.start : span.end] for span in keys(text)] == [key]


def test_what_stands_behind_a_key_is_no_part_of_it() -> None:
    key = "AKIA" + "Q7ZK2MWV9XBT4CRJ"
    text = f"bucket {key}-backup"
    assert [text[span.start : span.end] for span in keys(text)] == [key]


def test_two_words_with_a_dot_are_no_web_token() -> None:
    assert list(keys(f"see eyJ{BODY[:12]}.{BODY[:20]}")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git+ssh://me:s3cretWd@host/x", ["s3cretWd"]),
        ("a://b ftp://u:k7Qm2x@h http://v:w9Zt4y@g", ["k7Qm2x", "w9Zt4y"]),
        ("xhttp://u:k7Qm2x@hhttp://v:w9Zt4y@g", ["k7Qm2x", "w9Zt4y"]),
        ("://u:k7Qm2x@h and 1://u:k7Qm2x@h", []),
        ("é" + "a" * 30 + "://u:k7Qm2x@h", []),
        ("-" + "a" * 21 + "://u:k7Qm2x@h", ["k7Qm2x"]),
        ("http://uu://v:k7Qm2x@h", ["k7Qm2x"]),
    ],
)
def test_passwords_in_urls(text: str, expected: list[str]) -> None:
    assert [text[span.start : span.end] for span in passwords(text)] == expected


def test_a_hundred_thousand_schemes_take_linear_time() -> None:
    started = time.process_time()
    assert not list(passwords("a://b:" * 100_000 + "aaaaaaaaaaaaaaaaaaaaaaaaa" * 40_000))
    assert time.process_time() - started < 5


def test_a_key_behind_a_word_that_ends_as_another_format_begins_is_found() -> None:
    key = "ghp_" + BODY[:36]
    text = f"branch task-{key} was merged"
    assert [text[span.start : span.end] for span in keys(text)] == [key]


@pytest.mark.parametrize(
    "name",
    [
        "ENCRYPTION_ACCESS_KEY",
        "consumer-secret",
        "accountKey",
        "appid",
        "app_secret",
        "api_token",
        "token",
        "masterKey",
    ],
)
def test_a_name_is_looked_for_from_its_beginning_on(name: str) -> None:
    text = f"the app of this account: {name} = '{BODY[:32]}'"
    assert [text[span.start : span.end] for span in passwords(text)] == [BODY[:32]]
