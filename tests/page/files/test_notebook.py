"""Notebooks of nbformat 2 to 4 as cells, and hostile ones."""

import json
import time
from typing import Any

import pytest

from recall.page.files.file_markdown import file_markdown
from recall.page.files.notebook import MAX_OUTPUT, BrokenNotebook, read_notebook
from recall.records import BodyKind

PNG = "iVBORw0KGgoAAAANSUhEUgAA" * 40


def notebook(*cells: dict[str, Any], **metadata: Any) -> bytes:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def code(source: Any, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": 1, "metadata": {}}


def prose(source: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def result(**data: Any) -> dict[str, Any]:
    names = {"plain": "text/plain", "html": "text/html", "png": "image/png", "latex": "text/latex"}
    return {"output_type": "execute_result", "data": {names[name]: value for name, value in data.items()}}


def text_of(body: bytes) -> str:
    return file_markdown(body, None, BodyKind.NOTEBOOK).text


def test_cells_come_in_order_code_in_its_language_output_behind_it() -> None:
    body = notebook(
        prose(["# Fitting\n", "\n", "Some *words*."]),
        code(
            ["def f(x):\n", "    return `x` ```\n", "\n"],
            {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
        ),
        code("f(1)", result(plain=["array([1,\n", "       2])"])),
        prose("End."),
        language_info={"name": "python"},
    )
    assert text_of(body) == (
        "# Fitting\n\nSome *words*.\n\n````python\ndef f(x):\n    return `x` ```\n\n````\n\n```output\na\nb\n```\n\n"
        "```python\nf(1)\n```\n\n```output\narray([1,\n       2])\n```\n\nEnd.\n"
    )


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ({"language_info": {"name": "R"}}, "r"),
        ({"kernelspec": {"language": "julia", "name": "julia-1.9"}}, "julia"),
        ({"language_info": {"name": "C++17"}}, "cpp"),
        ({"language_info": {"name": "scala"}, "kernelspec": {"language": "python"}}, "scala"),
        ({}, "python"),
        ({"language_info": {"name": "``` no language"}}, ""),
        ({"language_info": {"name": ["x"]}, "kernelspec": 3}, "python"),
    ],
)
def test_code_has_the_word_of_its_kernels_language(metadata: dict[str, Any], word: str) -> None:
    assert text_of(notebook(code("x"), **metadata)) == f"```{word}\nx\n```\n"


@pytest.mark.parametrize(
    ("magic", "word"), [("%%bash", "bash"), ("%%html", "html"), ("%%time", "python"), ("%%R", "r")]
)
def test_a_cells_magic_names_its_own_language(magic: str, word: str) -> None:
    assert text_of(notebook(code(f"{magic}\nx"))).startswith(f"```{word}\n{magic}\nx\n")


def test_images_are_left_out_and_counted() -> None:
    body = notebook(
        prose(f"before ![plot](data:image/png;base64,{PNG}) after <img src='data:image/png;base64,{PNG}'>"),
        code("plot()", result(png=PNG, plain="<Figure size 640x480 with 1 Axes>")),
        code("plot()", result(png=PNG)),
        code("table()", result(html="<table></table>", plain="  a\n0 1")),
        code("formula()", result(latex="$x^2$", png=PNG)),
    )
    kept = file_markdown(body, None, BodyKind.NOTEBOOK)
    assert kept.left_out == 4
    assert "base64" not in kept.text
    assert "Figure" not in kept.text
    assert "before ![plot]() after <img src=''>" in kept.text
    assert "```output\n  a\n0 1\n```" in kept.text
    assert "```output\n$x^2$\n```" in kept.text


def test_tracebacks_lose_their_colours() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE\x1b[0m", "line: v"]}
    assert "```output\nE\nline: v\n```" in text_of(notebook(code("x", error)))
    assert "```output\nE: v\n```" in text_of(notebook(code("x", {**error, "traceback": []})))


def test_a_long_output_is_cut_at_the_end_of_a_line_and_counted() -> None:
    lines = "".join(f"epoch {number}\n" for number in range(10_000))
    kept = file_markdown(notebook(code("x", {"output_type": "stream", "text": lines})), None, BodyKind.NOTEBOOK)
    shown = kept.text.partition("```output\n")[2].removesuffix("\n```\n")
    assert lines.startswith(f"{shown}\n")
    assert MAX_OUTPUT - 20 < len(shown) <= MAX_OUTPUT
    assert kept.left_out == 1


@pytest.mark.parametrize(
    ("cells", "metadata", "title"),
    [
        ([prose("words"), prose("## Part\n# Whole")], {}, "Part"),
        ([code("# no title")], {}, ""),
        ([code("x")], {"title": "Of the *file*"}, "Of the *file*"),
        ([prose("Set\n===\n")], {"title": "other"}, "Set"),
    ],
)
def test_the_title_is_the_first_heading_or_the_files(cells: Any, metadata: dict[str, Any], title: str) -> None:
    assert file_markdown(notebook(*cells, **metadata), None, BodyKind.NOTEBOOK).title == title


def test_version_3_has_worksheets_headings_inputs_and_outputs_of_its_own() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old\n", "times"]},
        {
            "cell_type": "code", "language": "ruby", "input": ["puts 1\n", "puts 2"],
            "outputs": [
                {"output_type": "stream", "stream": "stdout", "text": ["1\n2\n"]},
                {"output_type": "pyout", "text": ["nil"]},
                {"output_type": "display_data", "png": PNG},
                {"output_type": "pyerr", "ename": "Oops", "evalue": "no", "traceback": []},
            ],
        },
    ]  # fmt: skip
    body = {"metadata": {"name": "old"}, "nbformat": 3, "worksheets": [{"cells": cells[:1]}, {"cells": cells[1:]}]}
    kept = file_markdown(json.dumps(body).encode(), None, BodyKind.NOTEBOOK)
    assert kept.text == "## Old times\n\n```ruby\nputs 1\nputs 2\n```\n\n```output\n1\n2\nnil\nOops: no\n```\n"
    assert (kept.title, kept.left_out) == ("Old times", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"cells": 3}',
        "{",
        '{"cells": [',
        "[" * 200_000,
        '{"cells":' * 100_000,
        "1" * 100_000,
        "\ud800",
    ],
    ids=range(11),
)
def test_what_is_no_notebook_is_broken(text: str) -> None:
    with pytest.raises(BrokenNotebook):
        read_notebook(text)


@pytest.mark.parametrize(
    ("string", "kept"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("a\udc00", "a\ufffd"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        (["\ud83d", "\ude00!"], "\U0001f600!"),
    ],
)
def test_halves_of_surrogate_pairs_that_json_can_hold_are_joined_or_replaced(string: Any, kept: str) -> None:
    printed = {"output_type": "stream", "text": string}
    error = {"output_type": "error", "ename": "E", "evalue": "".join(string), "traceback": []}
    body = notebook(prose(["# ", *string]), code(string, printed, error, result(plain=string)))
    found = file_markdown(body, None, BodyKind.NOTEBOOK)
    assert found.text == f"# {kept}\n\n```python\n{kept}\n```\n\n```output\n{kept}\nE: {kept}\n{kept}\n```\n"
    assert found.title == kept
    assert file_markdown(notebook(title="".join(string)), None, BodyKind.NOTEBOOK).title == kept


WRONG: tuple[Any, ...] = (None, 3, "x", [], {}, [None, 3, {"text": 1}], {"a": {"b": []}}, True, 1e308)


def test_wrong_types_anywhere_are_passed_over() -> None:
    for wrong in WRONG:
        for key in ("cell_type", "source", "outputs", "metadata", "language", "input", "level"):
            read_notebook(json.dumps({"cells": [{**code("x = 1"), key: wrong}, wrong], "metadata": wrong}))
        for key in ("output_type", "text", "data", "ename", "traceback"):
            for kind in ("stream", "error", "execute_result"):
                output = {"output_type": kind, "data": {"text/plain": "x"}, "traceback": [1, "x"], key: wrong}
                read_notebook(json.dumps({"cells": [code("x = 1", output)]}))
        read_notebook(json.dumps({"worksheets": [wrong, {"cells": wrong}]}))


@pytest.mark.parametrize(
    "cell",
    [
        prose("(data:image/png;base64," * 100_000),
        prose("(data:" + "a" * 2_000_000),
        code("x", {"output_type": "stream", "text": "\x1b[" + "1;" * 1_000_000}),
        code("x", *[{"output_type": "stream", "text": "a\n"}] * 20_000),
        code("`" * 2_000_000),
        prose("# " * 1_000_000),
        prose("---\n" * 300_000),
    ],
    ids=range(7),
)
def test_time_is_linear_in_the_size(cell: dict[str, Any]) -> None:
    began = time.process_time()
    text_of(notebook(cell))
    assert time.process_time() - began < 5  # a hundredth of it here; what is quadratic takes minutes
