"""What browsers hold after scripts ran: editors, highlighters that draw in place, MathJax; dumped by real Chromium.

Needs chromium on the path, and in the folder RECALL_NODE (default: here) the npm packages codemirror@5, ace-builds,
monaco-editor@0.34, @codemirror/view, esbuild, mathjax@3, code-prettify, enlighterjs, prismjs,
@highlightjs/cdn-assets and highlightjs-line-numbers.js.
"""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import snippets as s
from case import Case, escape, slim

NODE = Path(os.environ.get("RECALL_NODE", ".")).resolve() / "node_modules"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--window-size=1200,1600")


def dump(body: str, scripts: tuple[str, ...], code: str, head: str = "") -> str:
    """The part of a page between its marks after its scripts ran."""
    loads = "".join(f'<script src="file://{NODE}/{script}"></script>' for script in scripts)
    page = f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body><!--begin-->{body}<!--end-->{loads}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(f"{page}<script>{code}</script></body></html>", encoding="utf-8")
        command = ("chromium", *FLAGS, "--virtual-time-budget=8000", "--dump-dom", f"file://{path}")
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = re.search(r"(?s)<!--begin-->(.*)<!--end-->", done.stdout)
    if found is None:
        raise ValueError("the page lost its marks")
    return re.sub(r' src="data:[^"]*"', "", slim(found[1]))


def sheet(path: str) -> str:
    return f'<link rel="stylesheet" href="file://{NODE}/{path}">'


def editors() -> Iterator[Case]:
    """CodeMirror 5 and 6, Ace, Monaco."""
    place = '<div id="here" style="width:900px;height:600px"></div>'
    for numbers in ("true", "false"):
        code = f"CodeMirror(here, {{value: {json.dumps(s.JAVA)}, mode: 'text/x-java', lineNumbers: {numbers}}})"
        scripts = ("codemirror/lib/codemirror.js", "codemirror/mode/clike/clike.js")
        body = dump(place, scripts, code, sheet("codemirror/lib/codemirror.css"))
        yield Case("codemirror", f"five-{numbers}", s.page(body), [("", s.JAVA)], generator="CodeMirror 5 in Chromium")
    code = (
        f"const e = ace.edit('here'); e.setValue({json.dumps(s.JAVASCRIPT)}, -1); e.renderer.$renderChanges(-1, true)"
    )
    body = dump(place, ("ace-builds/src-min-noconflict/ace.js",), code)
    yield Case("ace", "plain", s.page(body), [("", s.JAVASCRIPT)], generator="Ace in Chromium")
    code = (
        f"require.config({{paths: {{vs: 'file://{NODE}/monaco-editor/min/vs'}}}});"
        "require(['vs/editor/editor.main'], () => monaco.editor.create(here, "
        f"{{value: {json.dumps(s.PYTHON)}, language: 'python', minimap: {{enabled: false}}}}))"
    )
    body = dump(place, ("monaco-editor/min/vs/loader.js",), code)
    yield Case("monaco", "plain", s.page(body), [("python", s.PYTHON)], generator="Monaco in Chromium")
    with tempfile.TemporaryDirectory() as folder:
        entry = Path(folder) / "six.js"
        entry.write_text(
            f"import {{EditorView, lineNumbers}} from '@codemirror/view';"
            f"new EditorView({{doc: {json.dumps(s.SQL)}, extensions: [lineNumbers()], parent: here}})"
        )
        bundle = subprocess.run(
            [str(NODE / ".bin" / "esbuild"), str(entry), "--bundle", "--minify", "--format=iife"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NODE_PATH": str(NODE)},
        ).stdout
    body = dump(place, (), bundle.replace("</script", "<\\/script"))
    yield Case("codemirror", "six", s.page(body), [("", s.SQL)], generator="CodeMirror 6 in Chromium")


def drawn() -> Iterator[Case]:
    """Highlighters that rewrite a <pre>."""
    plain = f'<pre class="prettyprint NUMBERS lang-java">{escape(s.JAVA)}</pre>'
    for name in ("", "linenums", "linenums:7"):
        body = dump(plain.replace("NUMBERS", name), ("code-prettify/src/prettify.js",), "PR.prettyPrint()")
        case = name.replace(":", "-") or "plain"
        yield Case("prettify", case, s.page(body), [("java", s.JAVA)], generator="code-prettify in Chromium")
    pre = f'<pre class="language-sql line-numbers" data-start="5"><code>{escape(s.SQL)}</code></pre>'
    scripts = (
        "prismjs/prism.js",
        "prismjs/components/prism-sql.js",
        "prismjs/plugins/line-numbers/prism-line-numbers.js",
    )
    toolbar = ("prismjs/plugins/toolbar/prism-toolbar.js", "prismjs/plugins/show-language/prism-show-language.js")
    copy = "prismjs/plugins/copy-to-clipboard/prism-copy-to-clipboard.js"
    body = dump(pre, (*scripts, *toolbar, copy), "", sheet("prismjs/plugins/line-numbers/prism-line-numbers.css"))
    absent = (*s.FRAME, "Copy", "\nSQL\n")
    yield Case("prism", "plugins", s.page(body), [("sql", s.SQL)], absent=absent, generator="Prism in Chromium")
    pre = f'<pre><code class="language-python">{escape(s.PYTHON)}</code></pre>'
    scripts = (
        "@highlightjs/cdn-assets/highlight.min.js",
        "highlightjs-line-numbers.js/dist/highlightjs-line-numbers.min.js",
    )
    body = dump(pre, scripts, "hljs.highlightAll(); hljs.initLineNumbersOnLoad()")
    yield Case(
        "highlightjs", "line-numbers-plugin", s.page(body), [("python", s.PYTHON)], generator="highlight.js in Chromium"
    )
    pre = f'<pre data-enlighter-language="c">{escape(s.C)}</pre>'
    code = "EnlighterJS.init('pre', 'code', {theme: 'enlighter', indent: -1})"
    body = dump(pre, ("enlighterjs/dist/enlighterjs.min.js",), code, sheet("enlighterjs/dist/enlighterjs.min.css"))
    yield Case("enlighter", "plain", s.page(body), [("c", s.C)], generator="EnlighterJS in Chromium")


def formulas() -> Iterator[Case]:
    """MathJax 3 keeps the LaTeX nowhere but in its menu; MathML is drawn, so only the page's text can stay."""
    body = r"<p>Cost is \(O(n \log n)\) here, and</p><p>\[ E = m c^2 \]</p>"
    yield Case(
        "math", "tex-in-text", s.page(body), [], (s.BEFORE, s.AFTER, r"\(O(n \log n)\)"), generator="MathJax source"
    )
    script = (
        '<p>Cost is <span class="MathJax_Preview">O(n)</span><script type="math/tex">O(n \\log n)</script> here.</p>'
    )
    yield Case(
        "math", "mathjax2", s.page(script), [], (s.BEFORE, "Cost is $O(n \\log n)$ here."), generator="MathJax 2 markup"
    )


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from editors()
    yield from drawn()
    yield from formulas()
