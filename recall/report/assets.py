"""The report's own files: its style, its template and the one script, which is allowed to run by its digest."""

import base64
import hashlib
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"


def read_asset(name: str) -> str:
    """A file of the folder static."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def script_source() -> str:
    """What a content security policy calls the script: its digest, so that no other one runs."""
    digest = hashlib.sha256(read_asset("map.js").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
