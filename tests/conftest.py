"""Fixtures that more than one room needs."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real crawl data beside the project; tests that need it are marked `realdata`."""
    folder = Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared"))
    if not (folder / "crawl").is_dir():
        pytest.skip(f"real crawl data not found at {folder} (set RECALL_SHARED)")
    return folder
