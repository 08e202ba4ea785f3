"""One whole sample for all tests of the room."""

from pathlib import Path

import pytest

from recall.sample.crawl import SampleInfo, write_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleInfo:
    folder: Path = tmp_path_factory.mktemp("sample")
    return write_sample(folder)
