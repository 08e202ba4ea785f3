"""Pages of documentation tools: Sphinx, MkDocs, Jupyter nbconvert, Hugo (Chroma), pandoc, Asciidoctor.

Needs on the path: sphinx, mkdocs with mkdocs-material, nbconvert (Python), hugo, pandoc, asciidoctor.
"""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors
# ruff: noqa: E501 - markup reads better as one line

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import snippets as s
from case import Case, slim
from nbconvert import HTMLExporter


def module(*command: str, folder: str) -> None:
    """Run a Python module quietly."""
    subprocess.run([sys.executable, "-m", *command], cwd=folder, check=True, capture_output=True)


def indented(code: str, margin: str = "   ") -> str:
    """Code as the body of a directive."""
    return "\n".join(margin + line if line else "" for line in code.split("\n"))


def spaced(code: str) -> str:
    """Code without tabs: docutils expands them."""
    return code.replace("\t", "    ")


def sphinx() -> Iterator[Case]:
    """Directives, options and autodoc-like signatures in the default theme."""
    intro = f"How it fits\n===========\n\n{s.BEFORE}\n\n"
    pages = {
        "code-block": (f".. code-block:: python\n\n{indented(s.PYTHON)}\n", [("python", s.PYTHON)]),
        "linenos": (
            f".. code-block:: c\n   :linenos:\n   :emphasize-lines: 3\n\n{indented(spaced(s.C))}\n",
            [("c", spaced(s.C))],
        ),
        "caption": (
            f".. code-block:: sql\n   :caption: query.sql\n   :name: q\n\n{indented(s.SQL)}\n",
            [("sql", s.SQL)],
        ),
        "doctest": (f"{s.PROMPT}\n", [("", s.PROMPT)]),
        "console": (f".. code-block:: console\n\n{indented(s.SESSION)}\n", [("console", s.SESSION)]),
        "literal": (f"As text::\n\n{indented(spaced(s.MAKEFILE))}\n", [("", spaced(s.MAKEFILE))]),
        "diff": (f".. code-block:: diff\n\n{indented(spaced(s.DIFF))}\n", [("diff", spaced(s.DIFF))]),
        "in-list": (
            f"* First point:\n\n  .. code-block:: yaml\n\n{indented(s.YAML, '     ')}\n\n* Second point.\n",
            [("yaml", s.YAML)],
        ),
    }
    api = (
        ".. py:function:: total(prices, *, rate=0.19) -> float\n\n   Sum of the prices, see :py:func:`len`.\n\n"
        f"   Example:\n\n   .. code-block:: python\n\n{indented(s.PYTHON, '      ')}\n\n"
        f".. c:function:: int best(int argc, char **argv)\n\n   The best of them.\n\n{s.AFTER}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        (source / "conf.py").write_text("project = 'Demo'\nhtml_theme = 'alabaster'\n")
        for name, (body, _) in pages.items():
            (source / f"{name}.rst").write_text(f"{intro}{body}\n{s.AFTER}\n")
        (source / "api.rst").write_text(intro + api)
        (source / "index.rst").write_text("Demo\n====\n\n.. toctree::\n\n" + indented("\n".join([*pages, "api"])))
        module("sphinx", "-q", "-b", "html", ".", "out", folder=folder)
        for name, (_, blocks) in pages.items():
            html = slim((source / "out" / f"{name}.html").read_text())
            yield Case("sphinx", name, html, blocks, absent=("¶", "Powered by"), generator="Sphinx, alabaster")
        html = slim((source / "out" / "api.html").read_text())
        present = (
            s.BEFORE,
            s.AFTER,
            "`total(prices, *, rate=0.19) → float`",
            "`len()`",
            "`int best(int argc, char **argv)`",
        )
        yield Case("sphinx", "api", html, [("python", s.PYTHON)], present, ("¶",), "Sphinx, alabaster")


def mkdocs() -> Iterator[Case]:
    """Three themes, with line numbers and copy buttons."""
    text = (
        f"# How it fits\n\n{s.BEFORE}\n\n```python\n{s.PYTHON}\n```\n\nThen `x < 1` and:\n\n"
        f'```sql linenums="1"\n{s.SQL}\n```\n\n- a point with code:\n\n{indented("```c" + chr(10) + s.C + chr(10) + "```", "    ")}\n\n{s.AFTER}\n'
    )
    blocks = [("python", s.PYTHON), ("sql", s.SQL), ("c", s.C.replace("\t", "    "))]
    extra = {
        "readthedocs": "theme: readthedocs\nmarkdown_extensions: [pymdownx.superfences, pymdownx.highlight]\n",
        "mkdocs": "theme: mkdocs\nmarkdown_extensions: [pymdownx.superfences]\n",
        "material": "theme: {name: material, features: [content.code.copy]}\n"
        "markdown_extensions:\n- pymdownx.superfences\n- pymdownx.highlight: {anchor_linenums: true, line_spans: __span}\n",
        "material-inline": "theme: {name: material}\n"
        "markdown_extensions:\n- pymdownx.superfences\n- pymdownx.highlight: {linenums_style: pymdownx-inline, pygments_lang_class: true}\n",
    }
    for name, config in extra.items():
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder)
            (source / "docs").mkdir()
            (source / "docs" / "index.md").write_text(text)
            (source / "mkdocs.yml").write_text(f"site_name: Demo\n{config}")
            module("mkdocs", "build", "-q", folder=folder)
            told = blocks if name == "material-inline" else [("", code) for _, code in blocks]
            html = slim((source / "site" / "index.html").read_text())
            yield Case(
                "mkdocs", name, html, told, (s.BEFORE, s.AFTER, "`x < 1`"), ("¶", "Built with"), f"MkDocs, {name}"
            )


def notebooks() -> Iterator[Case]:
    """Inputs and outputs in nbconvert's templates."""
    v4 = nbformat.v4
    output = "total  2.98\nTrue"
    cells = [
        v4.new_markdown_cell(f"# How it fits\n\n{s.BEFORE}"),
        v4.new_code_cell(s.PYTHON, execution_count=1, outputs=[v4.new_output("stream", text=output + "\n")]),
        v4.new_markdown_cell("Powers $x^2$ of the *numbers*:"),
        v4.new_code_cell(
            "[x ** 2 for x in range(4)]",
            execution_count=2,
            outputs=[v4.new_output("execute_result", {"text/plain": "[0, 1,\n 4, 9]"}, execution_count=2)],
        ),
        v4.new_markdown_cell(f"```sh\n{s.SESSION}\n```\n\n{s.AFTER}"),
    ]
    book = v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}})
    blocks = [
        ("python", s.PYTHON),
        ("", output),
        ("python", "[x ** 2 for x in range(4)]"),
        ("", "[0, 1,\n 4, 9]"),
        ("", s.SESSION),
    ]
    for template in ("lab", "classic", "basic"):
        html, _ = HTMLExporter(template_name=template).from_notebook_node(book)
        html = slim(html)
        html = html if "<html" in html else f"<html><body>{html}</body></html>"
        yield Case(
            "notebook", template, html, blocks, absent=("In [", "In&nbsp;[", "Out["), generator=f"nbconvert, {template}"
        )


def hugo() -> Iterator[Case]:
    """Chroma inside Hugo: line numbers as a table and inline, highlighted lines, no classes."""
    flags = {
        "plain": "",
        "table": "{linenos=table}",
        "inline": "{linenos=inline,hl_lines=[2]}",
        "anchors": "{linenos=table,lineanchors=x,anchorlinenos=true}",
        "styled": "{noclasses=true,linenos=true}",
    }
    samples = {"python": s.PYTHON, "c": s.C, "java": s.JAVA, "sql": s.SQL, "rust": s.RUST}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        (source / "content").mkdir()
        (source / "layouts" / "_default").mkdir(parents=True)
        (source / "layouts" / "_default" / "single.html").write_text(s.page("{{ .Content }}"))
        (source / "config.toml").write_text('baseURL = "https://example.org/"\n[markup.highlight]\nnoClasses = false\n')
        for (name, flag), (language, code) in zip(flags.items(), samples.items(), strict=True):
            (source / "content" / f"{name}.md").write_text(f"---\ntitle: x\n---\n```{language} {flag}\n{code}\n```\n")
        subprocess.run(["hugo", "--quiet"], cwd=folder, check=True, capture_output=True)
        for name, (language, code) in zip(flags, samples.items(), strict=True):
            html = (source / "public" / name / "index.html").read_text()
            yield Case("chroma", name, html, [(language, code)], generator="Hugo with Chroma")


def converters() -> Iterator[Case]:
    """Pandoc and Asciidoctor."""
    for name, head in {
        "plain": "```python",
        "numbered": "```{.python .numberLines startFrom=7}",
        "anchors": "```{#a .python .lineAnchors}",
    }.items():
        body = subprocess.run(
            ["pandoc", "-f", "markdown", "-t", "html"],
            input=f"{head}\n{s.PYTHON}\n```\n",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        yield Case("pandoc", name, s.page(body), [("python", s.PYTHON)], generator="pandoc")
    sources = {
        "plain": f"[source,java]\n----\n{s.JAVA}\n----\n",
        "rouge": f":source-highlighter: rouge\n\n[source,java,linenums]\n----\n{s.JAVA}\n----\n",
        "inline": f":source-highlighter: rouge\n:rouge-linenums-mode: inline\n\n[source,java,linenums]\n----\n{s.JAVA}\n----\n",
        "literal": f"....\n{s.SESSION}\n....\n",
    }
    for name, text in sources.items():
        body = subprocess.run(
            ["asciidoctor", "-s", "-o", "-", "-"], input=text, capture_output=True, text=True, check=True
        ).stdout
        block = ("", s.SESSION) if name == "literal" else ("java", s.JAVA)
        yield Case("asciidoctor", name, s.page(body), [block], generator="Asciidoctor")


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from sphinx()
    yield from mkdocs()
    yield from notebooks()
    yield from hugo()
    yield from converters()
