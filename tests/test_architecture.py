"""The house: which room may import which, where each heavy library lives, how long a file or function may be."""

import ast
import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house import (
    ROOMS,
    banned_names,
    catches_everything,
    functions,
    imports_of,
    length_of,
    module_names,
    module_of,
    parameters_of,
    sources,
    used_twice,
)

PROJECT = Path(__file__).resolve().parent.parent
FILES = sources(PROJECT)
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

GROUND = {"recall", "recall.records", "recall.errors", "recall.config", "recall.sites", "recall.kernels"}
IO = GROUND | {"recall.io"}
STATE = IO | {"recall.archive", "recall.model", "recall.run"}
DATA = STATE | {"recall.page", "recall.labels", "recall.corpus", "recall.judge"}
LOOP = DATA | {
    "recall.steps",
    "recall.loop",
    "recall.apply",
    "recall.report",
    "recall.release",
}
ARROWS = {
    "recall.records": set[str](),
    "recall.errors": set[str](),
    "recall.kernels": {"recall.kernels"},
    "recall.config": {"recall.errors", "recall.config"},
    "recall.sites": {"recall.errors", "recall.sites"},
    "recall.io": IO,
    "recall.archive": IO | {"recall.archive"},
    "recall.page": GROUND | {"recall.page"},
    "recall.model": GROUND | {"recall.model"},
    "recall.run": STATE,
    "recall.labels": STATE | {"recall.labels"},
    "recall.corpus": DATA,
    "recall.judge": STATE | {"recall.judge"},
    "recall.steps": DATA,
    "recall.steps.seed": DATA | {"recall.steps.seed"},
    "recall.steps.train": DATA | {"recall.steps.train"},
    "recall.steps.scan": DATA | {"recall.steps.scan"},
    "recall.steps.domains": DATA | {"recall.steps.domains"},
    "recall.steps.harvest": DATA | {"recall.steps.harvest"},
    "recall.steps.build": DATA | {"recall.steps.build"},
    "recall.loop": DATA | {"recall.steps"},
    "recall.report": DATA | {"recall.report"},
    "recall.release": DATA | {"recall.release"},
    "recall.apply": DATA | {"recall.release", "recall.apply"},
    "recall.sample": IO | {"recall.archive", "recall.sample"},
    "recall.retry": LOOP,
    "recall.demo": LOOP | {"recall.sample"},
    "recall.plan": LOOP | {"recall.sample"},
    "recall.cli": LOOP | {"recall.sample", "recall.demo", "recall.plan", "recall.retry", "recall.cli"},
    "recall": set[str](),
    "annotation": {"annotation"},
    "service": {"service"},
    "service.api": {"service.api", "service.server", "service.limits", "service.problems"},
    "service.server": {"service.server", "service.limits", "service.problems"},
    "service.limits": set[str](),
    "service.problems": set[str](),
    "service.client": set[str](),  # one file that can be copied alone
}
"""What each room may import of ours; the longest matching name counts. A step imports no other step."""

DOORS = (
    "recall.archive.warc",  # the service reads WARCs that callers send
    "recall.config",
    "recall.corpus",
    "recall.errors",
    "recall.io",
    "recall.judge",
    "recall.labels",
    "recall.model",
    "recall.model.evaluate",
    "recall.model.scorer",
    "recall.page",
    "recall.page.markdown",
    "recall.page.text",
    "recall.records",
    "recall.report",  # the service shows reports, and lets them run recall's own script, known by its digest
    "recall.run",
    "recall.sites",
)
"""Rooms whose public names (`__all__`) annotation and service may import, and nothing else of recall."""

HOMES = {
    "boto3": "recall/io",
    "botocore": "recall/io",
    "httpx": "recall/io",
    "httpx2": "recall/io",
    "huggingface_hub": "recall/io",
    "stamina": "recall/io",
    "fastwarc": "recall/archive/warc",
    "warcio": "recall/archive/warc",
    "deflate": "recall/archive/warc",
    "brotli": "recall/archive/warc",
    "duckdb": "recall/archive/index",
    "numba": "recall/kernels",
    "llvmlite": "recall/kernels",
    "resiliparse": "recall/page/text",
    "trafilatura": "recall/page/markdown",
    "lxml": "recall/page/markdown",
    "tokenizers": "recall/model",
    "tree_sitter": "recall/corpus/syntax",
    "gigatoken": "recall/model/tokens",
    "fasttext": "recall/model/fasttext",
    "pyarrow": "recall/io/parquet",
    "ray": "recall/run/jobs",
    "matplotlib": "recall/report/charts",
    "sklearn": "recall/report/projection",
    "scipy": "recall/report/projection",
    "jinja2": "recall/report/html_page",
    "tldextract": "recall/sites/hosts",
    "can_ada": "recall/sites/urls",
    "phonenumbers": "recall/corpus/filters/privacy",
    "detect_secrets": "recall/corpus/filters/privacy/secrets",
    "krippendorff": "annotation/agreement",
    "label_studio_sdk": "annotation/studio",
    "markdown_it": "annotation/studio/safe_html",
    "nh3": "annotation/studio/safe_html",
    "pygments": "annotation/studio/safe_html",
    "fastapi": "service",
    "starlette": "service",
    "uvicorn": "service/server",
    "prometheus_client": "service",
}
BORDERS = {"httpx": "annotation/studio/studio_api"}
"""Where a library may be imported besides its home, because another one raises its errors."""

FILE_LINES, FUNCTION_LINES, PARAMETERS = 300, 60, 6


def name_of(path: Path) -> str:
    return module_of(PROJECT, path)


def lies_in(name: str, places: Iterable[str], separator: str = ".") -> bool:
    return any(name == place or name.startswith(place + separator) for place in places)


def room_of(name: str) -> str:
    return max((room for room in ARROWS if lies_in(name, (room,))), key=len)


def allowed_by(allowed: set[str], name: str) -> bool:
    """`recall` alone means the package itself, not all that lies in it."""
    return lies_in(name, allowed - {"recall"}) or name in {"recall", "recall.__version__"}


def public_names(door: str) -> set[str]:
    return set(importlib.import_module(door).__all__)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = room_of(name_of(path))
    ours = {name for name in imports_of(TREES[path]) if name.partition(".")[0] in ROOMS}
    if room.partition(".")[0] in {"annotation", "service"}:
        ours -= {f"{door}.{name}" for door in DOORS for name in public_names(door)} | set(DOORS)
    strangers = {name for name in ours if not allowed_by(ARROWS[room], name)}
    assert not strangers, f"{name_of(path)} must not import {sorted(strangers)}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_heavy_library_has_one_home(path: Path) -> None:
    where = str(path.relative_to(PROJECT).with_suffix(""))
    for library in {name.partition(".")[0] for name in imports_of(TREES[path])}:
        if library in HOMES:
            homes = (HOMES[library], BORDERS.get(library, HOMES[library]))
            assert lies_in(where, homes, "/"), f"{library} belongs in {HOMES[library]}"


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether click calls a function with its options as parameters."""
    return any("command" in ast.unparse(decorator) for decorator in function.decorator_list)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES
    for function in functions(TREES[path]):
        assert length_of(function) <= FUNCTION_LINES, f"{function.name} is too long"
        assert len(parameters_of(function)) <= PARAMETERS or is_command(function), function.name


def test_only_jobs_and_cli_and_the_thread_of_the_lease_catch_everything() -> None:
    """A thread that dies in silence would leave a driver without a lease; it notes that the lease is lost.

    The library `tokenizers` raises Exception itself for a file that it cannot read.
    """
    nodes = [(path, node) for path, tree in TREES.items() for node in ast.walk(tree)]
    broad = [str(path.relative_to(PROJECT)) for path, node in nodes if catches_everything(node)]
    assert sorted(broad) == [
        "recall/cli/__init__.py",
        "recall/model/token_counts.py",
        "recall/run/jobs/deadline.py",
        "recall/run/lease.py",
    ]


def test_every_module_says_what_it_is() -> None:
    for path, tree in TREES.items():
        assert ast.get_docstring(tree), f"{name_of(path)} has no docstring"


def test_names_are_words_of_the_field() -> None:
    assert banned_names(PROJECT, TREES) == []


def test_no_module_name_stands_for_two_things() -> None:
    assert set(used_twice(module_names(PROJECT, FILES))) == set()
