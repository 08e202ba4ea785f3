"""docs/architecture.md follows a page, a label and a request: every file and name that it gives exists."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
STEP = re.compile(r"^\d+\. `([\w/]+\.py)`((?: `[\w.]+`,?)*)", re.MULTILINE)
LIMITS = {"scan": 30, "build": 35}
"""Files on a way, at most."""


def walks() -> dict[str, list[tuple[str, list[str]]]]:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    ways = text.partition("\n## Three ways through the code")[2].partition("\n## ")[0]
    sections = {heading.split("\n", 1)[0].partition(":")[0].strip(): heading for heading in ways.split("\n### ")[1:]}
    return {
        name: [(file, re.findall(r"`([\w.]+)`", names)) for file, names in STEP.findall(section)]
        for name, section in sections.items()
    }


def names_in(path: Path) -> set[str]:
    """Functions, classes and methods (Class.method) of a file."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names.update(
                f"{node.name}.{part.name}"
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            )
    return names


@pytest.mark.parametrize("way", ["scan", "build", "apply", "label", "request"])
def test_each_way_names_files_and_functions_that_exist(way: str) -> None:
    steps = walks()[way]
    assert len(steps) >= 5
    for file, names in steps:
        assert names, f"{file}: what happens there?"
        missing = set(names) - names_in(PROJECT / file)
        assert not missing, f"{file} has no {sorted(missing)}"


@pytest.mark.parametrize("way", ["scan", "build", "apply", "label", "request"])
def test_no_way_enters_a_file_twice(way: str) -> None:
    files = [file for file, _ in walks()[way]]
    assert len(files) == len(set(files))
    assert len(files) <= LIMITS.get(way, 40)
