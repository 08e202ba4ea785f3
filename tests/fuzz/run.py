"""Starts a coverage fuzzer in the environment that has atheris, with recall's own packages beside it.

python -m tests.fuzz.run TARGET CORPUS [libFuzzer options]: ends as the fuzzer ends. What fails lies beside CORPUS.
"""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHON = Path(f"{sys.prefix}-fuzz") / "bin" / "python"
MEMORY = Path("/dev/shm")


@contextmanager
def fuzzing(target: str, corpus: Path, *options: str) -> "Iterator[subprocess.Popen[str]]":
    """The fuzzer as a process that writes to a pipe; it and its folder in memory are gone at the end.

    It leaves by os._exit, so it cannot remove what it wrote.
    """
    script = str(PROJECT / "tests" / "fuzz" / "coverage.py")
    corpus.parent.mkdir(parents=True, exist_ok=True)
    command = [str(PYTHON), script, target, str(corpus), f"-artifact_prefix={corpus}-", *options]
    with TemporaryDirectory(prefix=f"fuzz-{os.getpid()}-", dir=MEMORY) as folder:
        environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib"), "TMPDIR": folder}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def main() -> None:
    """Run it and show what it says."""
    if not PYTHON.exists():
        sys.exit(f"no coverage fuzzing: atheris is not installed at {PYTHON.parent.parent} (see the lines above)")
    with fuzzing(sys.argv[1], Path(sys.argv[2]).absolute(), *sys.argv[3:]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
        code = process.wait()
    sys.exit(code)


if __name__ == "__main__":
    main()
