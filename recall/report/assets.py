"""The report's static files: style, template and script, and the source by which a policy allows that script."""

import base64
import hashlib
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"


def read_asset(name: str) -> str:
    """A file of the folder static."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def script_source() -> str:
    """The script-src value of a Content-Security-Policy that allows this script only: its SHA-256."""
    digest = hashlib.sha256(read_asset("map.js").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
