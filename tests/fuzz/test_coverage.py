"""Each coverage fuzzer for some seconds; ten minutes of each: `make fuzz`."""

import os
import re
from pathlib import Path

import pytest

from tests.fuzz.run import MEMORY, PYTHON, fuzzing

SECONDS = 8


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason=f"no atheris at {PYTHON.parent.parent} (make fuzz)")
@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("target", ["warc", "readers", "text", "markdown", "tokens"])
def test_some_seconds_of_a_fuzzer_find_nothing(target: str, tmp_path: Path) -> None:
    with fuzzing(target, tmp_path / target, f"-max_total_time={SECONDS}", "-seed=1") as process:
        said, _ = process.communicate()
        assert list(MEMORY.glob(f"fuzz-{os.getpid()}-*"))
    assert not list(MEMORY.glob(f"fuzz-{os.getpid()}-*"))
    assert process.returncode == 0, said[-4000:]
    done = re.search(r"Done (\d+) runs", said)
    assert done, said[-4000:]
    assert int(done[1]) > 10
