"""A Label Studio on this machine, on its embedded database: installed on first use, no questions asked.

It lives in a virtual environment of its own (1 GB; its dependencies are not ours) with exact versions, beside our
own. A folder holds one server's database, files and login. Only programs of this machine reach it.
"""

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from recall.errors import BadInput, Transient

VENV_VARIABLE = "RECALL_STUDIO_VENV"
"""Names another place for the virtual environment."""

STAMP, BLANK, LOGIN, LOG, TOKEN = "recall-installed", "recall-blank", "login.json", "server.log", "token"
EMAIL = "me@example.org"
START_SECONDS, STOP_SECONDS, LOOK_SECONDS = 120.0, 15.0, 0.25


@dataclass(frozen=True, slots=True)
class Login:
    """An account of a local server."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Local:
    """A running server."""

    url: str
    login: Login
    process: "subprocess.Popen[bytes]" = field(repr=False)


def default_venv() -> Path:
    """Where Label Studio is installed: RECALL_STUDIO_VENV, else `.venv-studio` beside our own virtual environment."""
    named = os.environ.get(VENV_VARIABLE, "")
    if named:
        return Path(named)
    here = Path(sys.prefix) if sys.prefix != sys.base_prefix else Path.cwd() / ".venv"
    return here.with_name(".venv-studio")


def _run(command: list[str], doing: str, **environment: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        command, env={**_clean(), **environment}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BadInput(f"Label Studio: {doing} failed: {' '.join(last)[:300]}")


def _clean() -> dict[str, str]:
    """Our environment without settings of other Label Studios and of our Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LABEL_STUDIO_", "PYTHON", "DJANGO_", "RECALL_"))
    }


def install(folder: Path) -> bool:
    """Install Label Studio into a virtual environment; False when it was there with the versions wanted.

    Several processes may call it at once. Raises BadInput when pip fails.
    """
    with as_file(files(__package__).joinpath("server.txt")) as constraints:
        wanted = constraints.read_text(encoding="utf-8")
        version = next(line for line in wanted.splitlines() if line.startswith("label-studio=="))
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "recall-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = folder / STAMP
            if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
                return False
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "-c", str(constraints), version], f"installing it into {folder}")
            _make_blank(folder)
            stamp.write_text(wanted, encoding="utf-8")
    return True


def _make_blank(folder: Path) -> None:
    """A database without users, made once: its migrations take a minute."""
    blank = folder / BLANK
    shutil.rmtree(blank, ignore_errors=True)
    blank.mkdir()
    command = [str(folder / "bin/label-studio"), "init", "-q"]
    _run(command, "making its database", LABEL_STUDIO_BASE_DATA_DIR=str(blank), **QUIET)
    (blank / ".env").unlink(missing_ok=True)  # a secret key: each server makes its own


QUIET = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
"""Nothing is sent home."""


def prepare(folder: Path, environment: Path) -> Login:
    """Make a server's folder, or find it; returns its login, which is made once and readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True)
    login = folder / LOGIN
    if not login.exists():
        shutil.copytree(environment / BLANK, folder, dirs_exist_ok=True)
        made = Login(EMAIL, secrets.token_urlsafe(9), secrets.token_hex(20))
        for name, text in (
            (TOKEN, made.token),
            (LOGIN, json.dumps(asdict(made))),
        ):  # the login last: it says it is whole
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:  # noqa: PTH123
                stream.write(text)
    try:
        return Login(**json.loads(login.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise BadInput(f"{login}: is no login of a local Label Studio; choose another folder") from None


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _busy(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serve(folder: Path, environment: Path, port: int = 0, settings: Mapping[str, str] | None = None) -> Iterator[Local]:
    """Run a server as long as the context lasts. port: 0 for a free one; settings: more environment variables of it.

    Raises BadInput for a port in use, Transient when it does not come up; its words are in server.log.
    """
    login = prepare(folder, environment)
    port = port or free_port()
    if _busy(port):
        raise BadInput(f"port {port} is in use; choose another one")
    known = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder.absolute()),
        "LABEL_STUDIO_USERNAME": login.email,
        "LABEL_STUDIO_PASSWORD": login.password,
        "LABEL_STUDIO_USER_TOKEN": login.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_AZURE_MOUNT_FIX": "true",  # write-ahead log: readers and a writer do not lock each other out
        "TASK_LOCK_TTL": "1800",  # s; a task that somebody opened and left keeps others from it for a day otherwise
        **QUIET,
        **(settings or {}),
    }
    command = [str(environment / "bin/label-studio"), "start", "--no-browser", "--internal-host", "127.0.0.1"]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--port", str(port)],
            env={**_clean(), **known},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await(f"http://127.0.0.1:{port}", process, folder / LOG)
        yield Local(f"http://127.0.0.1:{port}", login, process)
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()  # noqa: S310 - our own server
            return
        except (OSError, urllib.error.URLError):
            time.sleep(LOOK_SECONDS)
    raise Transient(f"Label Studio did not start at {url}; what it says is in {log}")
