"""Limits that processes share: real processes that ask one server, die with tokens, and meet broken files."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recall.io import ratelimit_files
from recall.io.ratelimit_files import FileBackend, parse, shared_folder
from recall.io.token_bucket import CUT, FINE, FORGET_SECONDS, REFUSED, SLOW

ASKS = """
import sys, time
from recall.io.ratelimit import limiter_of
from recall.config import AccessSection
access = AccessSection(requests_per_second=40, connections=int(sys.argv[2]))
end, count = time.monotonic() + float(sys.argv[1]), 0
while time.monotonic() < end:
    token = limiter_of(access).acquire("https://one.example", access)
    count += 1
    if sys.argv[3] == "hold":
        print("holds", flush=True)
        time.sleep(60)
    token.release()
print(count)
"""


def ask(folder: Path, seconds: float, connections: int = 100, how: str = "ask") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", ASKS, str(seconds), str(connections), how]
    return subprocess.Popen(
        command, env={**os.environ, "XDG_RUNTIME_DIR": str(folder)}, stdout=subprocess.PIPE, text=True
    )


def test_processes_that_know_nothing_of_each_other_keep_one_rate(tmp_path: Path) -> None:
    began = time.monotonic()
    asking = [ask(tmp_path, 4.0) for _ in range(3)]
    counts = [int(process.communicate(timeout=60)[0]) for process in asking]
    seconds = time.monotonic() - began
    assert all(counts)
    assert 30 < sum(counts) <= 40 * (seconds + 1.3), "together no more than one of them may"
    (file,) = (tmp_path / f"recall-{os.getuid()}").iterdir()
    assert json.loads(file.read_bytes())["asked"] == sum(counts)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_token_of_a_killed_process_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holding = ask(tmp_path, 1.0, 1, "hold")
    assert holding.stdout is not None
    assert holding.stdout.readline() == "holds\n"
    holding.send_signal(signal.SIGKILL)
    holding.communicate(timeout=60)
    backend = FileBackend(tmp_path / f"recall-{os.getuid()}")
    assert backend.acquire("https://one.example", 40, 1).token == 0
    late = time.monotonic() + FORGET_SECONDS + 31
    monkeypatch.setattr(time, "monotonic", lambda: late)
    assert backend.acquire("https://one.example", 40, 1).token > 0


def test_signals_of_one_process_are_seen_by_the_others(tmp_path: Path) -> None:
    here, there = FileBackend(tmp_path), FileBackend(tmp_path)
    grant = here.acquire("https://one.example", 100, 50)
    here.release("https://one.example", grant.token, SLOW)
    grant = there.acquire("https://one.example", 100, 50)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_bytes())["requests"]["now"] == pytest.approx(100 * CUT, rel=0.1)
    there.release("https://one.example", grant.token, REFUSED)
    assert here.acquire("https://one.example", 100, 50).refused > 50
    assert here.acquire("https://two.example", 100, 50).token


def test_the_lowest_ceiling_of_those_who_ask_holds(tmp_path: Path) -> None:
    here, there = FileBackend(tmp_path), FileBackend(tmp_path)
    for _ in range(20):
        for backend, ceiling in ((here, 100.0), (there, 5.0)):
            grant = backend.acquire("https://one.example", ceiling, 0)
            backend.release("https://one.example", grant.token, FINE)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_bytes())["requests"]["now"] < 6


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff" * 100, b'{"requests": 1}', b'{"requests": {"ceiling": "x"}}', b"0" * (2 << 20)]
)
def test_a_file_that_is_not_whole_counts_as_none(tmp_path: Path, data: bytes) -> None:
    backend = FileBackend(tmp_path)
    backend.release("https://one.example", backend.acquire("https://one.example", 10, 10).token, FINE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(data)
    assert backend.acquire("https://one.example", 10, 10).token
    assert json.loads(file.read_bytes())["asked"] == 1


def test_limits_from_before_the_machine_was_started_count_as_none(tmp_path: Path) -> None:
    backend = FileBackend(tmp_path)
    backend.acquire("https://one.example", 10, 10)
    (file,) = tmp_path.iterdir()
    assert parse(file.read_bytes(), time.monotonic()).asked == 1
    assert parse(file.read_bytes(), 0.0).asked == 0


def test_a_folder_that_others_can_reach_or_none_leaves_a_process_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / f"recall-{os.getuid()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="not a folder of this user alone"):
        shared_folder()
    backend = FileBackend()
    tokens = [backend.acquire("https://one.example", 0, 2).token for _ in range(3)]
    assert tokens == [1, 2, 0]
    backend.release("https://one.example", 1, FINE)
    assert backend.acquire("https://one.example", 0, 2).token
    assert not list(folder.iterdir())
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        shared_folder()


def test_a_process_stopped_with_the_lock_holds_nobody_up_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit_files, "LOCK_SECONDS", 0.1)
    backend = FileBackend(tmp_path)
    backend.acquire("https://one.example", 0, 0)
    (file,) = tmp_path.iterdir()
    with file.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert backend.acquire("https://one.example", 0, 0).token
    assert json.loads(file.read_bytes())["asked"] == 1


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit_files, "FILES", 3)
    backend = FileBackend(tmp_path)
    for number in range(5):
        assert backend.acquire(f"https://{number}.example", 0, 0).token
    assert len(list(tmp_path.iterdir())) == 3
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    assert backend.acquire("https://6.example", 0, 0).token
    assert len(list(tmp_path.iterdir())) == 1
