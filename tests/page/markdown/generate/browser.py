"""Pages whose code is marked up by highlighters written in JavaScript (see browser.mjs).

Needs node, and the packages that browser.mjs names installed in the folder RECALL_NODE (default: here).
"""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import snippets as s
from case import Case

SCRIPT = Path(__file__).with_name("browser.mjs")
SAMPLES = {
    "python": s.PYTHON,
    "c": s.C,
    "java": s.JAVA,
    "javascript": s.JAVASCRIPT,
    "sql": s.SQL,
    "rust": s.RUST,
    "yaml": s.YAML,
    "ticks": s.TICKS,
}
TOLD = {
    "highlightjs/auto": ("", "sql"),
    "highlightjs/legacy": ("rust", "rust"),
    "highlightjs/line-numbers": ("javascript", "javascript"),
    "prism/toolbar": ("rust", "rust"),
    "prism/react": ("sql", "sql"),
    "prism/docusaurus": ("java", "java"),
    "prism/docusaurus-numbers": ("java", "java"),
    "shiki/vitepress": ("javascript", "javascript"),
    "shiki/grid": ("", "sql"),
    "shiki/astro": ("yaml", "yaml"),
    "hexo/prism": ("python", "python"),
}
INLINE = "Text with `a < b` in it."


def _case(key: str, body: str) -> Case:
    layout, name = key.split("/")
    if layout == "math":
        present = (s.BEFORE, s.AFTER, r"The sum $\sum_{i=1}^{n} i^2$ grows", "$$E = m c^2$$")
        return Case(layout, name, s.page(body), [], present, (*s.FRAME, "∑", "E=mc"), generator="KaTeX")
    if layout == "markdown":
        if name == "ticks":
            inline = (s.BEFORE, s.AFTER, "Inline ``a `tick` b`` too.")
            return Case(layout, name, s.page(body), [("markdown", s.TICKS)], inline, generator="markdown-it")
        blocks = [("python", s.PYTHON), ("sql", s.SQL)]
        return Case(layout, name, s.page(body), blocks, (s.BEFORE, s.AFTER, INLINE, "second"), generator=name)
    language, sample = TOLD.get(key, ("", ""))
    if not sample:
        sample = "java" if layout == "hexo" else name
        language = "" if layout == "shiki" else sample
    absent = (*s.FRAME, "Copy") if key != "prism/toolbar" else (*s.FRAME, "Copy", "\nRust\n")
    generator = {"highlightjs": "highlight.js", "prism": "Prism", "shiki": "Shiki", "hexo": "Hexo"}[layout]
    return Case(layout, name, s.page(body), [(language, SAMPLES[sample])], absent=absent, generator=generator)


def cases() -> Iterator[Case]:
    """All pages of this module."""
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(SAMPLES),
        capture_output=True,
        text=True,
        check=True,
        cwd=os.environ.get("RECALL_NODE", "."),
    )
    for key, body in json.loads(done.stdout).items():
        yield _case(key, body)
