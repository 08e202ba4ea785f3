"""A machine that stood still, by its clocks."""

import time

import pytest


def stop_for(monkeypatch: pytest.MonkeyPatch, steady: float, wall: float) -> None:
    """Let the clocks say that so much time has passed."""
    gettime, seconds = time.clock_gettime, time.time
    monkeypatch.setattr(time, "clock_gettime", lambda clock: gettime(clock) + steady)
    monkeypatch.setattr(time, "time", lambda: seconds() + wall)
