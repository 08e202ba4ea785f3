"""The house in figures: `python -m tests.house [FOLDER] [--ways]` prints a line a figure and, last, one JSON object.

In: a checkout (this one unless FOLDER names another). Figures are of the source in `recall`, `annotation` and
`service`, lines counted raw. With `--ways` the files on the three ways are counted too (see `tests.ways`).
"""

import argparse
import ast
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOMS = ("recall", "annotation", "service")
BANNED = frozenset(
    "exchange office books desk lane gate flight weather standing doubt lowest found neighbours growth late chain"
    " ordinary wide bare ahead failing below".split()
)
RUN = 6
"""Lines that must be the same at two places to count as a duplicated run."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(folder: Path, rooms: Sequence[str] = ROOMS) -> list[Path]:
    """Python files of rooms, in order."""
    return sorted(path for room in rooms for path in (folder / room).rglob("*.py"))


def module_of(folder: Path, path: Path) -> str:
    """Dotted name of a file; that of the package for its `__init__`."""
    return ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


def imports_of(tree: ast.AST) -> set[str]:
    """Dotted names that a module imports, at any level; for `from a import b` both `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def functions(tree: ast.AST) -> list[Function]:
    """All functions and methods of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def length_of(function: Function) -> int:
    """Lines of a function from its `def` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters_of(function: Function) -> list[str]:
    """Names of a function's parameters without `self` and `cls`."""
    args = function.args
    return [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs) if arg.arg not in {"self", "cls"}]


def catches_everything(node: ast.AST) -> bool:
    """Tell whether a node is a bare `except` or one of Exception or BaseException."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or getattr(kind, "id", "") in {"Exception", "BaseException"} for kind in caught)


def words_of(name: str) -> list[str]:
    """Words of an identifier, split at `_`, `.` and capitals, in lower case."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+", name.replace("_", " ").replace(".", " "))
    return [part.lower() for word in words for part in word.split()]


def banned_names(folder: Path, trees: dict[Path, ast.Module]) -> list[str]:
    """Names of modules, classes and functions with a banned word in them, as `module` or `module:name`."""
    hits = []
    for path, tree in trees.items():
        module = module_of(folder, path)
        hits += [module] if BANNED & set(words_of(module.rpartition(".")[2])) else []
        named = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | Function)]
        hits += [f"{module}:{name}" for name in named if BANNED & set(words_of(name))]
    return hits


def used_twice(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Names that stand for more than one thing, with where each is."""
    return {name: sorted(where) for name, where in sorted(names.items()) if len(where) > 1}


def module_names(folder: Path, paths: Sequence[Path]) -> dict[str, list[str]]:
    """Modules and packages by their last name, entry points (`__main__`) aside."""
    names: dict[str, list[str]] = defaultdict(list)
    for module in (module_of(folder, path) for path in paths):
        names[module.rpartition(".")[2]].append(module)
    return {name: where for name, where in names.items() if name != "__main__"}


def class_names(folder: Path, trees: dict[Path, ast.Module]) -> dict[str, list[str]]:
    """Classes by name."""
    names: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names[node.name].append(module_of(folder, path))
    return names


def code_lines(text: str) -> list[tuple[int, str]]:
    """Lines that count for duplication: no blank lines, comments, imports or punctuation only; spaces made one."""
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = [(number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), 1)]
    return [line for line in lines if re.search(r"\w", line[1]) and line[1][0] != "#" and line[0] not in imports]


def duplicated_runs(paths: Sequence[Path]) -> list[tuple[Path, int, int]]:
    """Runs of RUN lines or more that are the same at another place: file, first and last line; every place counts."""
    lines = {path: code_lines(path.read_text(encoding="utf-8")) for path in paths}
    windows: Counter[tuple[str, ...]] = Counter()
    for kept in lines.values():
        windows.update(tuple(line for _, line in kept[start : start + RUN]) for start in range(len(kept) - RUN + 1))
    runs: list[tuple[Path, int, int]] = []
    for path, kept in lines.items():
        end = -1
        for start in range(len(kept) - RUN + 1):
            if windows[tuple(line for _, line in kept[start : start + RUN])] < 2:
                continue
            first = runs.pop()[1] if start <= end else kept[start][0]
            end = start + RUN - 1
            runs.append((path, first, kept[end][0]))
    return runs


def compiled_files(folder: Path) -> dict[str, set[str]]:
    """Modules with compiled functions and what each imports."""
    imports = {
        module_of(folder, path): imports_of(ast.parse(path.read_text(encoding="utf-8"))) for path in sources(folder)
    }
    return {
        module: names
        for module, names in imports.items()
        if module.startswith("recall.kernels") or {name.partition(".")[0] for name in names} & {"numba", "llvmlite"}
    }


def figures(folder: Path) -> dict[str, Any]:
    """Figures of a checkout's source that need no run."""
    paths = sources(folder)
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    sizes = [len(path.read_text(encoding="utf-8").splitlines()) for path in paths]
    defined = [function for tree in trees.values() for function in functions(tree)]
    tests = [len(path.read_text(encoding="utf-8").splitlines()) for path in sources(folder, ("tests",))]
    keys = re.findall(r"^(?:# ?)?\w+ = ", (folder / "config.example.toml").read_text(encoding="utf-8"), re.M)
    runs = duplicated_runs(paths)
    return {
        "files": len(paths),
        "lines": sum(sizes),
        "median_file": statistics.median(sizes),
        "files_under_50": sum(size < 50 for size in sizes),
        "files_over_300": sum(size > 300 for size in sizes),
        "longest_function": max(length_of(function) for function in defined),
        "functions_over_60": sum(length_of(function) > 60 for function in defined),
        "parameters_over_6": sum(len(parameters_of(function)) > 6 for function in defined),
        "broad_excepts": sum(catches_everything(node) for tree in trees.values() for node in ast.walk(tree)),
        "duplicated_runs": len(runs),
        "duplicated_lines": sum(last - first + 1 for _, first, last in runs),
        "test_lines": sum(tests),
        "test_lines_per_line": round(sum(tests) / sum(sizes), 2),
        "numba_homes": sorted({module.rpartition(".")[0] for module in compiled_files(folder)}),
        "config_keys": len(keys),
        "banned_names": banned_names(folder, trees),
        "module_names_twice": used_twice(module_names(folder, paths)),
        "class_names_twice": used_twice(class_names(folder, trees)),
    }


def lines_of(name: str, value: Any) -> list[str]:
    """A figure as lines: a list or a mapping by its length, then its items."""
    title = name.replace("_", " ")
    if isinstance(value, dict):
        return [f"{title}: {len(value)}", *(f"  {key} ({len(value[key])}): {', '.join(value[key])}" for key in value)]
    if isinstance(value, list):
        return [f"{title}: {len(value)}", *(f"  {item}" for item in value)]
    return [f"{title}: {value}"]


def main() -> None:
    """Print the figures of a checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--ways", action="store_true", help="also run the demo and count the files on each way")
    given = parser.parse_args()
    result = figures(given.folder.resolve())
    if given.ways:
        from tests.ways import ways  # which imports this module

        result["ways"] = ways(given.folder.resolve())
    for name, value in result.items():
        print("\n".join(lines_of(name, value)))  # noqa: T201 - that is what it is for
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
