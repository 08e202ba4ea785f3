"""Masking against a written collection: at least 300 places that must go, at least 300 texts that must stay.

Half of it (by CRC of the line) was developed on, the other half was looked at only at the end.
"""

import random
import re
import string
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recall.corpus.filters import privacy

HERE = Path(__file__).parent
HEX = "0123456789abcdef"
ALPHABETS = {
    "U": string.ascii_uppercase + string.digits,
    "L": string.ascii_lowercase + string.digits,
    "X": HEX,
    "B": string.ascii_letters + string.digits,
    "W": string.ascii_letters + string.digits + "_-",
    "D": string.digits,
}


@dataclass(frozen=True)
class Case:
    kind: str
    text: str
    marked: tuple[tuple[int, int], ...]
    held_back: bool


def cases(name: str) -> list[Case]:
    """Every line of a file: random words drawn from the line itself, marks taken out."""
    lines = [line for line in (HERE / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [case for line in lines for case in read(line)]


def read(line: str) -> Iterator[Case]:
    kind, _, raw = line.partition("\t")
    chance = random.Random(line)

    def draw(found: re.Match[str]) -> str:
        first = chance.choice("123456789" if found[1] == "D" else ALPHABETS[found[1]].strip("_-"))
        return first + "".join(chance.choices(ALPHABETS[found[1]], k=int(found[2]) - 1))

    filled = re.sub(r"\{([ULXBWD])(\d+)\}", draw, raw)
    filled = re.sub(r"(?<!\\)\\n", "\n", filled).replace("\\\\n", "\\n")
    text, marked = "", []
    for piece in re.split("([«»])", filled):
        if piece == "«":
            marked.append((len(text), len(text)))
        elif piece == "»":
            marked[-1] = (marked[-1][0], len(text))
        else:
            text += piece
    yield Case(kind, text, tuple(marked), bool(zlib.crc32(line.encode()) & 1))


@dataclass
class Outcome:
    found: int = 0
    marked: int = 0
    right: int = 0
    masked: int = 0


def examine(chosen: list[Case]) -> tuple[Outcome, list[str]]:
    """Count marked places that are masked, masked places that are marked; name what is wrong."""
    outcome, wrong = Outcome(), []
    for case in chosen:
        found = privacy.find(case.text)
        spans = [(one.start, one.end) for one in found]
        for start, end in case.marked:
            outcome.marked += 1
            covered = sum(max(0, min(end, b) - max(start, a)) for a, b in spans)
            if covered >= 0.9 * (end - start):
                outcome.found += 1
            else:
                wrong.append(f"missed {case.kind}: {case.text!r}")
        for one in found:
            outcome.masked += 1
            inside = any(a - 2 <= one.start and one.end <= b + 2 for a, b in case.marked)
            outcome.right += inside
            if not inside:
                wrong.append(f"{one.kind} in {case.kind}: {case.text[one.start : one.end]!r} of {case.text!r}")
    return outcome, wrong


POSITIVES, TRAPS = cases("positives.txt"), cases("traps.txt")


def test_the_collection_is_large() -> None:
    assert sum(len(case.marked) for case in POSITIVES) >= 300
    assert len(TRAPS) >= 300


@pytest.mark.parametrize("held_back", [False, True], ids=["developed on", "held back"])
def test_personal_data_is_found_and_nothing_else(held_back: bool) -> None:
    outcome, wrong = examine([case for case in (*POSITIVES, *TRAPS) if case.held_back == held_back])
    assert outcome.found >= 0.95 * outcome.marked, wrong
    assert outcome.right >= 0.95 * outcome.masked, wrong


@pytest.mark.parametrize("kind", privacy.KINDS)
def test_each_kind_is_found(kind: str) -> None:
    outcome, wrong = examine([case for case in POSITIVES if case.kind == kind])
    assert outcome.found >= 0.9 * outcome.marked, wrong


@pytest.mark.parametrize("kind", privacy.KINDS)
def test_what_looks_like_each_kind_stays(kind: str) -> None:
    chosen = [case for case in TRAPS if case.kind == kind]
    touched = [case.text for case in chosen if privacy.find(case.text)]
    assert len(touched) <= 0.05 * len(chosen), touched


def test_masking_a_masked_text_changes_nothing() -> None:
    for case in POSITIVES:
        once = privacy.mask(case.text).text
        assert privacy.mask(once).text == once, case.text
