"""recall inside other pipelines: the blocks of docs/pipelines.md run, and give what the doors give."""

import json
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from recall.apply.map_batches import ExtractPages, ScorePages
from recall.cli import verbs
from recall.config import ClusterSection
from recall.errors import BadInput
from recall.io.parquet import table_bytes, table_from
from recall.model.scorer import Scorer
from recall.page.markdown import markdown
from recall.page.text import scoring_bytes
from tests.apply.conftest import World

PROJECT = Path(__file__).resolve().parents[2]
DATATROVE = Path(os.environ.get("RECALL_DATATROVE", PROJECT / ".venv-datatrove"))
"""The environment that `make datatrove` makes."""


def block(heading: str) -> str:
    """The Python under a heading of docs/pipelines.md."""
    section = (PROJECT / "docs" / "pipelines.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    code = re.search(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert code is not None
    return code[1]


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """URL and HTML of pages, half of them about code, which lie as pages.parquet in the working directory."""
    monkeypatch.chdir(tmp_path)
    code = (
        "<h1>Sort a list</h1><p>Call the function with a list of integers; it returns a sorted copy of the array.</p>"
    )
    code += (
        "<pre><code>def sort(items):\n    import heapq\n    return heapq.nsmallest(len(items), items)</code></pre>" * 3
    )
    life = (
        f"<h1>Our garden</h1><p>{'The roses of this summer were lovely and we sat there with tea and cake. ' * 6}</p>"
    )
    rows = [
        (f"https://a.example/{n}", f"<html><body>{(code, life)[n % 2]}<p>Page {n}.</p></body></html>")
        for n in range(12)
    ]
    columns = {"url": [url for url, _ in rows], "html": [html for _, html in rows]}
    (tmp_path / "pages.parquet").write_bytes(table_bytes(columns, {"url": "string", "html": "string"}))
    return rows


def kept(pages: list[tuple[str, str]]) -> dict[str, tuple[float, str]]:
    """Score and Markdown of the pages that the shipped model keeps."""
    scorer = Scorer.load()
    scores = scorer.score([scoring_bytes(html.encode(), "utf-8") for _, html in pages]).tolist()
    found = {
        url: (score, markdown(html.encode(), url, "utf-8"))
        for (url, html), score in zip(pages, scores, strict=True)
        if score >= scorer.threshold
    }
    assert len(found) == 6
    return found


def written(path: Path) -> dict[str, tuple[float, str]]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    rows = [row for file in files for row in table_from(file.read_bytes()).to_pylist()]
    return {row["url"]: (row["score"], row["markdown"]) for row in rows}


def test_the_block_for_pandas_runs(pages: list[tuple[str, str]], tmp_path: Path) -> None:
    exec(block("pandas"), {})
    assert written(tmp_path / "code.parquet") == kept(pages)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
@pytest.mark.filterwarnings("ignore")  # of Ray Data itself
def test_the_block_for_ray_data_runs(pages: list[tuple[str, str]], tmp_path: Path) -> None:
    from recall.run.jobs import connect

    connect(ClusterSection(address="local", workers=2))
    paths = {name: repr(str(tmp_path / name.strip('"'))) for name in ('"pages.parquet"', '"code"')}
    script = block("Ray Data")
    for name, path in paths.items():
        script = script.replace(name, path)
    exec(script, {})
    assert written(tmp_path / "code") == kept(pages)


@pytest.fixture(scope="module")
def datatrove() -> Callable[[str, Path], None]:
    """Runs Python in datatrove's own environment."""
    python = DATATROVE / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"datatrove's environment is not at {DATATROVE}: make datatrove (or set RECALL_DATATROVE)")

    def run(script: str, folder: Path) -> None:
        (folder / "script.py").write_text(script)
        env = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
        done = subprocess.run(
            [python, "script.py"], cwd=folder, env=env, capture_output=True, text=True, timeout=250, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]

    return run


@pytest.mark.slow
def test_the_filter_and_the_extractor_run_in_datatrove(
    world: World, datatrove: Callable[[str, Path], None], tmp_path: Path
) -> None:
    (tmp_path / "warcs").mkdir()
    for path in world.warcs:
        shutil.copy(path, tmp_path / "warcs")
    script = block("datatrove").replace("CodeFilter()", f"CodeFilter({str(world.models[0])!r})")
    datatrove(script, tmp_path)
    rows = [
        json.loads(line) for path in sorted((tmp_path / "code").iterdir()) for line in path.read_text().splitlines()
    ]
    scorer = Scorer.load(world.models[0])
    wanted = {
        site.url: markdown(site.body, None, "utf-8")
        for site in world.sites
        if scorer.score([scoring_bytes(site.body, "utf-8")])[0] >= scorer.threshold
    }
    assert 0 < len(wanted) < len(world.sites)
    assert {row["metadata"]["url"]: row["text"] for row in rows} == wanted


@pytest.mark.slow
def test_the_plain_model_is_one_for_the_filter_of_datatrove(
    datatrove: Callable[[str, Path], None], tmp_path: Path
) -> None:
    call = ["release", "shipped", str(tmp_path / "code.bin"), "--plain", "--labels", "hq,cc"]
    assert CliRunner().invoke(verbs, call).exit_code == 0
    code = "Call sort(items) in Python: def sort(items): import heapq; return heapq.nsmallest(len(items), items) " * 4
    garden = "The roses of this summer were lovely and we sat there with tea and cake. " * 12
    script = f"""{block("datatrove's own filter")}
from datatrove.data import Document

assert [code_filter.filter(Document(text=text, id="")) for text in ({code!r}, {garden!r})] == [True, False]
"""
    datatrove(script, tmp_path)


@pytest.mark.slow
def test_the_block_for_datasets_runs(
    pages: list[tuple[str, str]], datatrove: Callable[[str, Path], None], tmp_path: Path
) -> None:
    datatrove(block("datasets"), tmp_path)
    assert written(tmp_path / "code.parquet") == kept(pages)


@pytest.mark.parametrize("form", ["list", "numpy", "pandas"])
def test_every_form_of_a_batch_keeps_its_rows_and_columns(world: World, form: str) -> None:
    bodies: list[Any] = [world.sites[0].body, None, world.sites[1].body.decode(), " ", float("nan")]
    batch: Any = {"html": bodies, "mine": list(range(5)), "url": [None, "u", "https://a.example/", None, None]}
    if form == "numpy":
        batch = {name: np.array(values, dtype=object) for name, values in batch.items()}
    elif form == "pandas":
        batch = pytest.importorskip("pandas").DataFrame(batch)
    two = ScorePages([f"a={world.models[0]}", f"b={world.models[1]}"])
    out = ExtractPages()(two(batch))
    assert list(out["mine"]) == list(range(5))
    assert list(out["skip"]) == ["", "empty", "", "empty", "empty"]
    for name, model in zip("ab", world.models, strict=True):
        scores = np.asarray(out[f"score_{name}"], float)
        wanted = Scorer.load(model).score([scoring_bytes(world.sites[n].body, "utf-8") for n in (0, 1)])
        assert scores[[0, 2]].tolist() == wanted.tolist()
        assert np.isnan(scores[[1, 3, 4]]).all()
        assert out[f"label_{name}"][1] is None or form == "pandas"
    assert out["markdown"][0] == markdown(world.sites[0].body)


def test_text_is_scored_as_bare_text_and_bytes_with_their_charset(world: World) -> None:
    score = ScorePages(str(world.models[0]))
    scorer = Scorer.load(world.models[0])
    assert score({"text": ["def f(x): return x"]})["score"][0] == scorer.score(["def f(x): return x"])[0]
    raw = "<p>größe compile module</p>".encode("iso-8859-1")
    answer = score({"html": [raw], "charset": ["iso-8859-1"]})
    assert answer["score"][0] == scorer.score([scoring_bytes(raw, "iso-8859-1")])[0]


@pytest.mark.parametrize("null", [None, float("nan")], ids=["none", "nan"])
def test_a_row_without_html_is_read_by_its_text(null: Any) -> None:
    out = ExtractPages()({"html": ["<p>some page</p>", null, null, ""], "text": ["other", "bare <b>text", null, "x"]})
    assert list(out["markdown"]) == ["some page\n", "bare <b>text", None, None]
    assert list(out["skip"]) == ["", "", "empty", "empty"]


def test_a_batch_without_pages_is_refused_and_instances_travel_light(world: World) -> None:
    score = ScorePages(str(world.models[0]))
    with pytest.raises(BadInput, match="neither a column 'html' of HTML nor 'text' of text"):
        score({"body": ["x"]})
    assert len(pickle.dumps(score)) < 2000
    assert pickle.loads(pickle.dumps(score))({"text": ["x y"]})["skip"][0] == ""
