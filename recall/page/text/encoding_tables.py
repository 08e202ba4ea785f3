"""The encodings of the WHATWG Encoding standard (https://encoding.spec.whatwg.org): their labels, and what bytes mean.

The labels are those of the standard's table (data/encoding_labels.tsv). The tables (data/encodings.txt.xz) are what
Chromium's TextDecoder answers, written by tests/page/text/encoding_tables_generator.py, where their form is described;
they are read when the first page needs them.
"""

import lzma
from functools import cache
from importlib.resources import files

FILE = files("recall") / "data" / "encodings.txt.xz"
_LABELS = files("recall") / "data" / "encoding_labels.tsv"


@cache
def labels() -> dict[str, str]:
    """Label -> the standard's name of its encoding, all in lower case."""
    rows = (line.split("\t") for line in _LABELS.read_text(encoding="ascii").splitlines())
    return {label: name for name, listed in rows for label in listed.split(" ")}


def encoding_of(label: str) -> str | None:
    """The encoding that a label names, in any case and with ASCII white space around it; None where it names none."""
    return labels().get(label.strip(" \t\n\f\r").lower())


@cache
def rows() -> dict[str, str]:
    """Name of a table -> its characters."""
    text = lzma.decompress(FILE.read_bytes()).decode("utf-16-le")
    return dict(line.split("\t") for line in text.split("\n"))
