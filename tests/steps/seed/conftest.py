"""A local language model that scores pages."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.judge_server import JudgeServer, serving


def yes_with(sure: Callable[[str], float]) -> Callable[[str], Mapping[str, float]]:
    """Answers YES with the probability that a prompt's function gives."""
    return lambda prompt: {"YES": sure(prompt), "NO": 1 - sure(prompt)}


@pytest.fixture
def stub() -> Iterator[JudgeServer]:
    with serving(JudgeServer(yes_with(lambda prompt: 0.9 if "return" in prompt else 0.05))) as server:
        yield server
