"""The script that prints the house in figures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import duplicated_runs, figures, words_of
from tests.ways import Ways

PROJECT = Path(__file__).resolve().parent.parent
SIX = "a = 1\n# a remark\nb = 2\nc = [\n]\nd = 4\ne = 5\n\nf  =  6\ng = 7\n"


def checkout(folder: Path, files: dict[str, str]) -> Path:
    """A small project with some source files."""
    for name, text in {"recall/__init__.py": "", "config.example.toml": "[a]\nb = 1\n# c = 2\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_script_prints_lines_and_one_object_about_this_checkout() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.house"], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120
    )
    told = json.loads(done.stdout.splitlines()[-1])
    files = [path for room in ("recall", "annotation", "service") for path in (PROJECT / room).rglob("*.py")]
    sizes = sorted(path.read_text(encoding="utf-8").count("\n") for path in files)
    assert (told["files"], told["lines"]) == (len(sizes), sum(sizes))
    assert sizes[0] <= told["median_file"] <= sizes[-1]
    assert told["files_under_50"] == sum(size < 50 for size in sizes)
    assert told["broad_excepts"] == 4
    assert f"files: {len(sizes)}" in done.stdout.splitlines()
    assert "ways" not in told


def test_figures_of_a_small_project(tmp_path: Path) -> None:
    long = "def long(a, b, c, d, e, f, g):\n" + "    a += 1\n" * 60
    guard = "def main():\n    try:\n        pass\n    except (OSError, Exception):\n        pass\n"
    told = figures(
        checkout(
            tmp_path,
            {
                "recall/text/lane.py": "import numba\n\n\nclass Page:\n    pass\n",
                "recall/text/page.py": "class Page:\n    def wide_page(self): ...\n",
                "service/text.py": long,
                "annotation/__main__.py": guard,
                "tests/test_lane.py": "\n" * 10,
            },
        )
    )
    assert (told["files"], told["lines"], told["test_lines"]) == (5, 5 + 2 + 61 + 5, 10)
    assert (told["longest_function"], told["functions_over_60"], told["parameters_over_6"]) == (61, 1, 1)
    assert told["broad_excepts"] == 1
    assert told["banned_names"] == ["recall.text.lane", "recall.text.page:wide_page"]
    assert told["module_names_twice"] == {}  # a folder without __init__.py is no module
    assert told["class_names_twice"] == {"Page": ["recall.text.lane", "recall.text.page"]}
    assert told["numba_homes"] == ["recall.text"]
    assert told["config_keys"] == 2


def test_a_run_is_the_same_lines_whatever_spaces_and_remarks_lie_between(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.py", "b.py", "c.py"))
    first.write_text("import x\n" + SIX)
    second.write_text("z = 0\n" + SIX.replace("# a remark\n", "\n"))
    third.write_text(SIX.replace("c = [", "other = [").replace("d = 4", "d = 3"))
    assert duplicated_runs([first, second, third]) == [(first, 2, 11), (second, 2, 11)]


@pytest.mark.parametrize(
    ("name", "words"),
    [("HttpSource", ["http", "source"]), ("_read_URL", ["read", "url"]), ("URLIndex", ["url", "index"]), ("x", ["x"])],
)
def test_names_are_split_at_underscores_and_capitals(name: str, words: list[str]) -> None:
    assert words_of(name) == words


def test_a_way_is_the_files_whose_functions_are_called_and_the_compiled_ones_they_import(tmp_path: Path) -> None:
    project = checkout(
        tmp_path / "project",
        {
            "recall/verb.py": "from recall import told\nfrom recall.kernels import twin\ndef run():\n    told.say()\n",
            "recall/told.py": "from recall import idle\ndef say():\n    pass\n",
            "recall/idle.py": "class Idle:\n    x = [str(n) for n in range(2)]\ndef rest():\n    pass\nrest()\n",
            "recall/kernels/twin.py": "def f():\n    pass\n",
        },
    )
    (tmp_path / "work").mkdir()
    way = Ways(project, tmp_path / "work")
    way.recall = sys.executable

    def work() -> None:
        code = f"import sys; sys.path.insert(0, {str(project)!r}); import recall.verb; recall.verb.run()"
        with way.start("-c", code) as process:
            process.communicate()

    assert way.recorded(work) == ["recall/kernels/twin.py", "recall/told.py", "recall/verb.py"]
