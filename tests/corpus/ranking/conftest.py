"""Invented pages whose quality is known: so much explained code, by a number from 0 to 5 that labels are drawn around.

Sites differ in length and in how much they repeat, which has nothing to do with the number.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from recall.corpus.ranking import fitting

PLAIN = "the page says what a call returns and why it may fail when its input is empty or old".split()


@dataclass(frozen=True)
class InventedPage:
    url: str
    text: str
    worth: int


def text_of(worth: int, chance: random.Random) -> str:
    """A page's text: for each point a paragraph with code spans and a block of its own; filler otherwise."""
    parts = ["# Page " + " ".join(chance.sample(PLAIN, 3))]
    for point in range(worth):
        words = " ".join(chance.choices(PLAIN, k=24))
        parts.append(f"{words} `call_{point}()` and `value_{chance.randint(0, 99)}` because of `{point}`.")
        lines = "\n".join(f"    value_{n} = call_{point}({chance.randint(0, 999)})" for n in range(4))
        parts.append(f"```python\ndef call_{point}():\n{lines}\n```")
    filler = " ".join(chance.choices(("news", "menu", "sale", "cookie", "login"), k=chance.randint(20, 400)))
    parts.append(filler)
    return "\n\n".join(parts) + "\n"


def invent(count: int, seed: int = 7, sites: int = 20) -> list[InventedPage]:
    """Pages of some sites."""
    chance = random.Random(seed)
    pages = []
    for number in range(count):
        worth = chance.randint(0, 5)
        url = f"https://www.site{number % sites}.example{number % sites}.org/{number}.html"
        pages.append(InventedPage(url, text_of(worth, chance), worth))
    return pages


@pytest.fixture(scope="session")
def invented() -> list[InventedPage]:
    return invent(120)


@pytest.fixture(scope="session", autouse=True)
def _fewer_draws() -> Iterator[None]:
    """Intervals and divisions of which tests need no thousand and no five."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "DRAWS", 200)
        patch.setattr(fitting, "SEEDS", 2)
        yield
