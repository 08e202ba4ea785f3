"""Commands that the documents name: where they are, how they are marked, and whether what they name exists.

A code block with commands has a mark on the line before it: `<!-- run -->`, `<!-- parse -->` or `<!-- cluster -->`; a
target of the Makefile has a line `#: run …` or `#: parse` before it (see there).
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from recall.cli import verbs

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
MARKS = ("run", "parse", "cluster")
PROGRAMS = ("recall", "make", "python", "pip", "docker", "kubectl", "ray", "curl", "cp")

_MARK = re.compile(r"<!-- (\w+) -->")
_TARGET = re.compile(r"^(?:#: (.*)\n)?([a-z][a-z-]*):(?!=)", re.M)
_ASIDE = re.compile(r"\s{2,}#.*$|\s+# .*$")


@dataclass(frozen=True)
class Block:
    """A code block. mark: as written on the line before it, "" for none; indented: not a fenced one."""

    document: Path
    line: int
    mark: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its lines that call a program, without the remarks behind them."""
        return [_ASIDE.sub("", line).strip() for line in self.lines if line.strip().partition(" ")[0] in PROGRAMS]


def blocks(document: Path) -> Iterator[Block]:
    """All code blocks of a document, fenced and indented, with a command in them."""
    lines = document.read_text(encoding="utf-8").splitlines()
    fence = 0
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if fence:
                block = _block(document, lines, fence, number)
                fence = 0
                if block.commands:
                    yield block
            else:
                fence = number + 1
        elif not fence and line.startswith("    ") and _block(document, lines, number, number + 1).commands:
            yield _block(document, lines, number, number + 1)


def _block(document: Path, lines: list[str], start: int, end: int) -> Block:
    before = start - 1 if lines[start - 1].startswith("```") else start
    found = _MARK.fullmatch(lines[before - 1]) if before else None
    return Block(document, start + 1, found[1] if found else "", tuple(lines[start:end]))


def inline_commands(document: Path) -> Iterator[str]:
    """Commands between backticks in a document's prose."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    yield from re.findall(r"`((?:recall|make|python) [^`\n]+)`", text)


def make_targets() -> dict[str, str]:
    """Targets of the Makefile, each with its mark ("" for none)."""
    return {name: mark for mark, name in _TARGET.findall(MAKEFILE)}


def fault_of(command: str) -> str:
    """What a command names that does not exist; "" when all of it does."""
    words = shlex.split(command.replace("…", "X"))
    name = words[0]
    if name == "recall":
        return _verb_fault(words[1:])
    if name == "make":
        return _make_fault(words[1:])
    if name == "python":
        return _script_fault(words[1:])
    if "recall" in words:  # behind `ray job submit … --`
        return _verb_fault(words[words.index("recall") + 1 :])
    inner = [word for word in words if word.startswith("recall ")]
    files = [word for word in words if re.fullmatch(r"docker/\S+", word) and not (PROJECT / word).is_file()]
    target = words[words.index("--target") + 1] if "--target" in words else ""
    stages = (PROJECT / "docker/Dockerfile").read_text(encoding="utf-8")
    if target and f" AS {target}\n" not in stages:
        return f"the Dockerfile has no stage {target}"
    return next((fault for one in inner if (fault := fault_of(one))), f"no file {files[0]}" if files else "")


def _verb_fault(words: list[str]) -> str:
    context = click.Context(verbs)
    command: click.Command = verbs
    words = [word for word in words if word != "--quiet"]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, words = words[0], words[1:]
        found = command.get_command(context, name)
        if found is None:
            return f"recall has no verb {name}"
        command = found
    known = {"--help", "-h", "--version", "-"}  # the last one is standard input
    known |= {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return next((f"{command.name} has no {word}" for word in words if word.startswith("-") and word not in known), "")


def _make_fault(words: list[str]) -> str:
    for word in words:
        name, setting, _ = word.partition("=")
        if setting and not re.search(rf"\$\([^)]*\b{name}\b", MAKEFILE):
            return f"the Makefile does not read {name}"
        if not setting and name not in make_targets():
            return f"the Makefile has no target {name}"
    return ""


def _script_fault(words: list[str]) -> str:
    module = words[0] == "-m"
    path = PROJECT / (words[1].replace(".", "/") + ".py" if module else words[0])
    path = path / "__main__.py" if path.is_dir() else path
    if not path.is_file():
        return f"no script {path.relative_to(PROJECT)}"
    source = path.read_text(encoding="utf-8")
    flags = [word for word in words[1:] if word.startswith("--")]
    return next((f"{path.name} has no {flag}" for flag in flags if f'"{flag.partition("=")[0]}"' not in source), "")
