"""Starts a coverage fuzzer in the environment that has atheris, with recall's own packages beside it.

python -m tests.fuzz.run TARGET CORPUS [libFuzzer options]: ends as the fuzzer ends. What fails lies beside CORPUS.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHON = Path(f"{sys.prefix}-fuzz") / "bin" / "python"


def start(target: str, corpus: Path, *options: str) -> "subprocess.Popen[str]":
    """The fuzzer as a process that writes to a pipe."""
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    script = str(PROJECT / "tests" / "fuzz" / "coverage.py")
    corpus.parent.mkdir(parents=True, exist_ok=True)
    command = [str(PYTHON), script, target, str(corpus), f"-artifact_prefix={corpus}-", *options]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )


def main() -> None:
    """Run it and show what it says."""
    if not PYTHON.exists():
        sys.exit(f"no coverage fuzzing: atheris is not installed at {PYTHON.parent.parent} (see the lines above)")
    process = start(sys.argv[1], Path(sys.argv[2]).absolute(), *sys.argv[3:])
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line)
    sys.exit(process.wait())


if __name__ == "__main__":
    main()
