"""A local Label Studio's folder and ports; that it runs is what the other tests of this room rest on."""

import json
import socket
import stat
from pathlib import Path

import pytest

from annotation.studio.local import BLANK, LOGIN, TOKEN, VENV_VARIABLE, default_venv, prepare, serve
from recall.errors import BadInput


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment in which only the blank database is there."""
    (tmp_path / "venv" / BLANK).mkdir(parents=True)
    (tmp_path / "venv" / BLANK / "label_studio.sqlite3").write_bytes(b"blank")
    return tmp_path / "venv"


def test_it_is_installed_beside_our_environment_or_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VENV_VARIABLE, raising=False)
    assert default_venv().name == ".venv-studio"
    monkeypatch.setenv(VENV_VARIABLE, "/elsewhere/ls")
    assert default_venv() == Path("/elsewhere/ls")


def test_the_login_is_made_once_and_only_its_owner_reads_it(environment: Path, tmp_path: Path) -> None:
    first = prepare(tmp_path / "server", environment)
    assert prepare(tmp_path / "server", environment) == first
    assert prepare(tmp_path / "other", environment).token != first.token
    for name in (LOGIN, TOKEN):
        assert stat.S_IMODE((tmp_path / "server" / name).stat().st_mode) == 0o600
    assert (tmp_path / "server" / TOKEN).read_text() == first.token
    assert first.token not in repr(first)
    assert (tmp_path / "server" / "label_studio.sqlite3").read_bytes() == b"blank"


def test_a_login_that_is_none_and_a_port_in_use_are_named(environment: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port} is in use"), serve(tmp_path / "a", environment, port):
            pass
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / LOGIN).write_text(json.dumps({"email": "x"}))
    with pytest.raises(BadInput, match="is no login of a local Label Studio"):
        prepare(tmp_path / "b", environment)
