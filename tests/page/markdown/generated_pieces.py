"""Pieces of the markup of generators of documentation, each with the Markdown that it comes out as.

Each stands for a kind of fault; the words are our own.
"""

GENERATED: dict[str, tuple[str, str]] = {
    "spans-as-paragraphs": (
        '<span data-as="p">The lexer cuts the text.</span><span data-as="p">The parser joins it.</span>',
        "The lexer cuts the text.\n\nThe parser joins it.",
    ),
    "label-of-a-note": (
        '<p>As shown<a href="#f">[1]</a>.</p><aside class="footnote brackets" id="f" role="doc-footnote">'
        '<span class="label"><span>[</span><a href="#r">1</a><span>]</span></span><p>By the lexer.</p></aside>',
        "As shown[1].\n\n[1] By the lexer.",
    ),
    "row-of-a-name": (
        "<p>It takes:</p><div><table border=0><tr><td><span class=term><tt>depth</tt>:</span></td>"
        "<td>how deep it goes</td></tr></table></div>",
        "It takes:\n\n`depth`: how deep it goes",
    ),
    "row-of-a-parameter": (
        "<p>It takes:</p><div><table><tr><td class=parameter_name><p>depth</p></td><td><p>how deep it goes</p></td>"
        "<td></td></tr></table></div>",
        "It takes:\n\ndepth how deep it goes",
    ),
    "row-of-a-command": (
        "<p>It is called so:</p><table class=Nm><tr><td><code class=Nm>lexer</code></td><td>[<code>-v</code>] "
        "<var>name ...</var></td></tr></table><table class=Nm><tr><td><code class=Nm>lexer</code></td>"
        "<td><code>-h</code></td></tr></table>",
        "It is called so:\n\n`lexer` [`-v`] name ...\n\n`lexer` `-h`",
    ),
    "lines-of-a-block": (
        '<div class="line-block"><div class="line">The lexer cuts</div>'
        '<div class="line">the <em>text</em> in two.</div></div>',
        "The lexer cuts\nthe *text* in two.",
    ),
    "link-to-copy": (
        '<h4><span>2.1 How it cuts<a class="copiable-link" href="#c"> &para;</a></span></h4><dl><dt><code>cut</code>'
        '<a class="copiable-link" href="#d"> &para;</a></dt><dd><p>By signs.</p></dd></dl>',
        "#### 2.1 How it cuts\n\n`cut`\n: By signs.",
    ),
    "zero-width-in-heading": (
        '<h3><div><a href="#a" aria-label="Go to it">&#8203;</a></div><span>How it cuts</span></h3><p>By signs.</p>',
        "### How it cuts\n\nBy signs.",
    ),
    "separator-of-a-source-link": (
        '<h3>How it cuts</h3><div><span>1.2.0</span> · <a class="src" href="/s">Source</a></div><p>By signs.</p>',
        "### How it cuts\n\n1.2.0\n\nBy signs.",
    ),
    "opener-of-a-description": (
        '<details class="toggle" open><summary><span>Expand description</span></summary><p>By signs.</p></details>',
        "By signs.",
    ),
}
