"""The house: which room may import which, where each heavy library lives, how long a file or function may be."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
ROOMS = ("recall", "annotation", "service")
FILES = sorted(path for room in ROOMS for path in (PROJECT / room).rglob("*.py"))

VOCABULARY = {"recall.records", "recall.errors", "recall.config", "recall.hosts", "recall"}
ARROWS = {
    "recall.records": set[str](),
    "recall.errors": set[str](),
    "recall.config": {"recall.errors", "recall.config"},
    "recall.hosts": {"recall.errors"},
    "recall.archive": VOCABULARY | {"recall.archive"},
    "recall.page": VOCABULARY | {"recall.page"},
    "recall.model": VOCABULARY | {"recall.model"},
    "recall.run": VOCABULARY | {"recall.run", "recall.archive.transport", "recall.archive.parquet"},
    "recall.steps": VOCABULARY | {"recall.archive", "recall.page", "recall.model", "recall.run", "recall.steps"},
    "recall.report": VOCABULARY | {"recall.page", "recall.model", "recall.run", "recall.steps", "recall.report"},
    "recall.release": VOCABULARY
    | {"recall.archive", "recall.run", "recall.steps", "recall.release", "recall.report.tables", "recall.apply"},
    "recall.sample": VOCABULARY | {"recall.archive", "recall.sample"},
    "recall": {"recall"},
    "annotation": {"recall", "annotation"},
    "service": {"recall", "service"},
}
"""What each place may import of ours; the longest matching name counts."""

HOMES = {
    "boto3": "recall/archive/transport",
    "botocore": "recall/archive/transport",
    "httpx": "recall/archive/transport",
    "fastwarc": "recall/archive/warc",
    "warcio": "recall/archive/warc",
    "deflate": "recall/archive/warc",
    "duckdb": "recall/archive/index",
    "resiliparse": "recall/page/text",
    "trafilatura": "recall/page/markdown",
    "lxml": "recall/page/markdown",
    "tokenizers": "recall/model/tokens",
    "gigatoken": "recall/model/tokens",
    "fasttext": "recall/model/fasttext",
    "pyarrow": "recall/archive/parquet",
    "ray": "recall/run/jobs",
    "matplotlib": "recall/report/charts",
    "sklearn": "recall/report/projection",
    "scipy": "recall/report/projection",
    "jinja2": "recall/report/page",
    "tldextract": "recall/hosts",
    "phonenumbers": "recall/steps/build/privacy",
    "label_studio_sdk": "annotation/studio",
    "markdown_it": "annotation/studio/markup",
    "nh3": "annotation/studio/markup",
    "pygments": "annotation/studio/markup",
    "fastapi": "service",
    "starlette": "service",
    "uvicorn": "service",
    "prometheus_client": "service",
}
BORDERS = {"httpx": "annotation/studio/client"}
"""Where a library may be imported besides its home, because another one raises its errors."""

KERNELS = (
    "recall/model/lines",
    "recall/model/shapes",
    "recall/model/scorer",
    "recall/page/text",
    "recall/steps/build/minhash",  # a signature is 256 minima over every n-gram of a text
)

FILE_LINES, FUNCTION_LINES, PARAMETERS = 300, 60, 6


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def lies_in(name: str, places: set[str] | tuple[str, ...], separator: str = ".") -> bool:
    return any(name == place or name.startswith(place + separator) for place in places)


def place_of(name: str) -> str:
    return max((place for place in ARROWS if lies_in(name, (place,))), key=len)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    allowed = ARROWS[place_of(name_of(path))]
    ours = {name for name in imports_of(path) if name.partition(".")[0] in ROOMS}
    strangers = {name for name in ours if not lies_in(name, allowed - {"recall"}) and not _whole(name, allowed)}
    assert not strangers, f"{name_of(path)} must not import {sorted(strangers)}"


def _whole(name: str, allowed: set[str]) -> bool:
    """`recall` alone means the package itself, except where everything below it is allowed."""
    if allowed >= {"recall"} and not allowed & {"recall.records"}:
        return lies_in(name, ("recall",)) or lies_in(name, allowed)
    return name in allowed or name in {f"{place}" for place in allowed} or name == "recall.__version__"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_heavy_library_has_one_home(path: Path) -> None:
    where = str(path.relative_to(PROJECT).with_suffix(""))
    for library in {name.partition(".")[0] for name in imports_of(path)}:
        if library in HOMES:
            homes = (HOMES[library], BORDERS.get(library, HOMES[library]))
            assert lies_in(where, homes, "/"), f"{library} belongs in {HOMES[library]}"
        if library == "numba":
            assert lies_in(where, KERNELS, "/"), f"numba belongs in {KERNELS}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert sum(bool(line.strip()) for line in text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= FUNCTION_LINES, f"{node.name} is too long"
            given = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if path.name != "cli.py":
                assert len([arg for arg in given if arg not in {"self", "cls"}]) <= PARAMETERS, node.name


def catches_everything(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and (
        node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
    )


def test_only_jobs_and_cli_catch_everything() -> None:
    trees = {str(path.relative_to(PROJECT)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    broad = [name for name, tree in trees.items() for node in ast.walk(tree) if catches_everything(node)]
    assert sorted(broad) == ["recall/cli.py", "recall/run/jobs/attempts.py"]


def test_every_module_says_what_it_is() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name_of(path)} has no docstring"
