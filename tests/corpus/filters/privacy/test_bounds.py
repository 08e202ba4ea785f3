"""Masking takes time that grows with the text, whatever the text repeats."""

import time

import pytest

from recall.corpus.filters import privacy

SIZE = 1 << 17
SECONDS = 8.0
"""For 128 KiB; the slowest takes under 4 on an idle core, anything quadratic takes minutes."""


PIECES = (
    *("a", "@", "a@b.", "1.", "1 ", "+1 ", "(1)", "192.168.", "eyJaaaaaaaa.", "sk-", "password=", "passwordx", "-p "),
    *(
        "api_key=",
        " at ",
        "a [at] b [dot] ",
        "tel: ",
        "phone 12 ",
        "http://a:",
        "-----BEGIN PRIVATE KEY-----",
        "2001:a:",
    ),
    *("curl -u a ", "``a", "<password>", "changeme" * 20 + "q ", "password=" + "changeme" * 12 + "q ", "电话", "İ"),
    *("user:pass@", "\\n"),
)


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_a_repeated_piece_takes_linear_time(piece: str) -> None:
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    start = time.process_time()
    privacy.mask(text)
    assert time.process_time() - start < SECONDS
