"""Code a line each, pairs of a name and what it means, headings of tables, what is hidden: with the Markdown of each.

Each stands for a kind of layout. `WRITTEN`: what comes out. `FRAME`: a line that is no part of an article.
"""

WRITTEN: dict[str, dict[str, tuple[str, str]]] = {
    "code-a-line": {
        "targets-between": (
            '<p><a name="l1"></a><code>x = load(1)</code><br><a name="l2"></a><code>y = save(x)</code><br>\n'
            '<a name="l3"></a><code>print(y)</code></p>',
            "```\nx = load(1)\ny = save(x)\nprint(y)\n```",
        ),
        "targets-around": (
            '<p><a name="l1"><code>x = load(1)</code></a><br><a name="l2"><code>y = save(x)</code></a></p>',
            "```\nx = load(1)\ny = save(x)\n```",
        ),
        "target-before-a-paragraph": (
            '<p><a id="l1"></a><code>x = load(1)</code></p><p><a id="l2"></a><code>y = save(x)</code></p>',
            "```\nx = load(1)\ny = save(x)\n```",
        ),
        "typewriter-in-a-box": (
            '<div><tt>ls -l</tt><br /><span id="z"></span>\n<tt>cd /tmp</tt><br /></div>',
            "```\nls -l\ncd /tmp\n```",
        ),
        "empty-line-with-a-target": (
            '<div><code>first();</code><br><a id="l2"></a><br><code>second();</code></div>',
            "```\nfirst();\n\nsecond();\n```",
        ),
        "behind-a-sentence": (
            '<p>Then type:<br><a name="l1"></a><code>x = load(1)</code><br><a name="l2"></a><code>save(x)</code></p>',
            "Then type:\n\n```\nx = load(1)\nsave(x)\n```",
        ),
        "in-a-sentence": (
            '<p>Use <a name="l1"></a><code>load</code><br><code>save</code> in this order.</p>',
            "Use `load`\n`save` in this order.",
        ),
        "parts-of-a-sentence": (
            '<p>Call <code>load</code>,<br><a name="l1"></a>then <code>save</code>.</p>',
            "Call `load`,\nthen `save`.",
        ),
    },
    "pairs": {
        "table-each": (
            '<table width="90%"><tr><td>→ form</td><td>Which form it is that the call draws.</td></tr></table>\n'
            '<table width="90%"><tr><td>→ index</td><td>The place of the field, from 0.</td></tr></table>\n'
            '<table width="90%"><tr><td>← size</td><td>How many letters the field has.</td></tr></table>',
            "| → form | Which form it is that the call draws. |\n| --- | --- |\n"
            "| → index | The place of the field, from 0. |\n| ← size | How many letters the field has. |",
        ),
        "columns-of-layout": (
            "<table><tr><td>The words of the left column, which say all that there is to say of it.</td>"
            "<td>The right.</td></tr></table><table><tr><td>More words of the left column, which go on and on so."
            "</td><td>The right.</td></tr></table>",
            "The words of the left column, which say all that there is to say of it.\n\nThe right.\n\n"
            "More words of the left column, which go on and on so.\n\nThe right.",
        ),
        "other-tables": (
            "<table border=1><tr><td>form</td><td>Which form it is.</td></tr></table>"
            "<table border=0><tr><td>Next</td><td>Words of another table.</td></tr></table>",
            "form\n\nWhich form it is.\n\nNext\n\nWords of another table.",
        ),
        "columns-of-other-names": (
            "<div class='summary-table two-column-summary'><div class='table-header col-first'>Constructor</div>"
            "<div class='table-header col-last'>What it does</div><div class='col-constructor-name even-row'>"
            "<code>Shed()</code></div><div class='col-last even-row'><div class=block>Builds an empty shed.</div></div>"
            "<div class='col-constructor-name odd-row'><code>Shed(int size)</code></div><div class='col-last odd-row'>"
            "<div class=block>Builds one of a size.</div></div></div>",
            "| Constructor | What it does |\n| --- | --- |\n| `Shed()` | Builds an empty shed. |\n"
            "| `Shed(int size)` | Builds one of a size. |",
        ),
        "columns-that-end-otherwise": (
            "<div class=grid><div class='grid-header col-first'>One of them.</div><div class='grid-header col-last'>"
            "Two of them.</div><div class=col-first-of-two>Three of them.</div><div class=col-second>Four of them."
            "</div></div>",
            "One of them.\n\nTwo of them.\n\nThree of them.\n\nFour of them.",
        ),
    },
    "captions": {
        "heading": (
            "<table><caption><h3>Fields of a tool</h3></caption><tr><th>name</th><th>meaning</th></tr>"
            "<tr><td>size</td><td>how long it is</td></tr></table>",
            "### Fields of a tool\n\n| name | meaning |\n| --- | --- |\n| size | how long it is |",
        ),
        "heading-and-words": (
            "<table><caption><h4>Fields of a tool</h4> All of them are numbers.</caption><thead><tr><th>name</th>"
            "<th>meaning</th></tr></thead><tr><td>size</td><td>how long it is</td></tr></table>",
            "#### Fields of a tool\n\nAll of them are numbers.\n\n"
            "| name | meaning |\n| --- | --- |\n| size | how long it is |",
        ),
        "words": (
            "<table><caption>Fields of a tool</caption><tr><th>name</th><th>meaning</th></tr>"
            "<tr><td>size</td><td>how long it is</td></tr></table>",
            "Fields of a tool\n\n| name | meaning |\n| --- | --- |\n| size | how long it is |",
        ),
    },
    "depth": {
        "eleven-lists": (
            "".join(f"<ul><li>level {number}" for number in range(1, 12)) + "</li></ul>" * 11,
            "\n".join(f"{'  ' * min(number - 1, 7)}- level {number}" for number in range(1, 12)),
        ),
    },
    "hidden": {
        "paragraph": ('<p>All see this.</p><p style="display:none">Nobody sees it.</p>', "All see this."),
        "box": ('<p>All see this.</p><div style="Display: none"><p>Never.</p></div>', "All see this."),
        "by-attribute": ("<p>All see this.</p><p hidden>Nobody sees it.</p>", "All see this."),
        "item": ("<ul><li>this</li><li style='display:none'>not that</li></ul>", "- this"),
        "panel-of-a-control": (
            "<p>See <a href='#more-1'>all of it</a> here.</p><div id=more-1 hidden>What it opens.</div>",
            "See all of it here.\n\nWhat it opens.",
        ),
        "behind-a-button": (
            "<p>What is it?</p><button>Show the rest of it</button><div style='display:none'>It is a tool.</div>",
            "What is it?\n\nIt is a tool.",
        ),
        "answer": ("<p>What is it?</p><div class=answer hidden>It is a tool.</div>", "What is it?\n\nIt is a tool."),
        "panel": ("<p>First of all.</p><div role=tabpanel hidden>Last of all.</div>", "First of all.\n\nLast of all."),
        "several": (
            "<p>First of all.</p><div hidden class=x>In one.</div><div hidden class=x>In two.</div>",
            "First of all.\n\nIn one.\n\nIn two.",
        ),
        "code": (
            "<p>First of all.</p><div style='display:none'><pre>x = 1;\ny();</pre></div>",
            "First of all.\n\n```\nx = 1;\ny();\n```",
        ),
    },
}

FRAME: dict[str, str] = {
    "question": "<p>Was this page helpful to you?</p>",
    "question-of-docs": "<div><span>Did you find this article useful?</span></div>",
    "answers": "<p>Thanks for letting us know we're doing a good job!</p><p>If you’ve got a moment, please tell us "
    "what we did right so we can do more of it.</p>",
    "improve": "<h3>Help us improve this page</h3><a href=/contribute>Learn how to contribute</a>",
    "changed": "<p>This page was last modified on Jul 15, 2025 by <a href=/c>Tool contributors</a>.</p>",
    "edit": '<p><a href="https://git.example/e">Edit this page on GitHub</a></p>',
    "two-links": "<p><a href=/e>View this page on GitHub</a> • <a href=/r>Report a problem with this content</a></p>",
    "pager": "<p><a href=/3>« Previous page</a> | <a href=/5>Next: More tools »</a></p>",
    "pager-as-list": "<ul><li><a href=/3>Previous</a><li><a href=/>All tools</a><li><a href=/5>Next</a></ul>",
    "book": "<p>Next: <a href=5>Chapter 5</a>, Previous: <a href=3>Chapter 3</a>, Up: <a href=0>Top</a></p>",
    "tags": "<p>Tags: <a href=/t/saw>#saw</a> <a href=/t/rake>#rake</a></p>",
    "posted": "<p>Posted in <a href=/c>Tools</a> | <a href=#respond>Leave a comment</a></p>",
    "share": "<ul><li><a href=/s>Share on Facebook (Opens in new window)</a></li></ul>",
    "sign-up": "<p><a href=/join>Sign up for free</a> to join this conversation on GitHub. Already have an account? "
    "<a href=/login>Sign in to comment</a></p>",
}
NO_FRAME: dict[str, tuple[str, str]] = {
    "sentence": (
        "<p>Ask your readers: was this page helpful to you, or not at all?</p>",
        "Ask your readers: was this page helpful to you, or not at all?",
    ),
    "step": ("<p>Next: sharpen the saw with the file.</p>", "Next: sharpen the saw with the file."),
    "link-to-steps": ("<p><a href=/n>Next steps for all builders</a></p>", "Next steps for all builders"),
    "tags-of-a-format": ("<p>Tags: they begin with a letter.</p>", "Tags: they begin with a letter."),
    "menu-item": ("<ul><li>Edit this page</li><li>Leave a comment</li></ul>", "- Edit this page\n- Leave a comment"),
    "cell": (
        "<table><tr><th>Text</th><th>Meaning</th></tr><tr><td>Share this</td><td>Opens a box</td></tr></table>",
        "| Text | Meaning |\n| --- | --- |\n| Share this | Opens a box |",
    ),
}
