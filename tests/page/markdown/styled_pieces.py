"""Pieces whose structure only a style sheet, a role or a class shows, each with the Markdown that it comes out as.

Each stands for a kind of fault; the words are our own.
"""

STYLED: dict[str, dict[str, tuple[str, str]]] = {
    "words-apart": {
        "named-spans": (
            "<div><span class=name>id</span><span class=kind>string</span></div><p>It names the node.</p>",
            "id string\n\nIt names the node.",
        ),
        "number-of-a-heading": (
            "<h3><span class=secnum>2.1</span><span class=sectitle>Trees and leaves</span></h3><p>They grow.</p>",
            "### 2.1 Trees and leaves\n\nThey grow.",
        ),
        "links-in-a-row": (
            "<p>See these: <a href=/a>one</a><a href=/b>two</a>.</p>",
            "See these: one two.",
        ),
        "labels-of-tabs": (
            "<div><label for=a>Version 2 and above</label><label for=b>Version 3 and above</label></div>"
            "<p>Choose the one you have.</p>",
            "Version 2 and above Version 3 and above\n\nChoose the one you have.",
        ),
        "one-class-upper-case": (
            "<div><span class=x>Lexer</span><span class=x>Parser</span></div><p>Both are there.</p>",
            "Lexer Parser\n\nBoth are there.",
        ),
        "flex-box": (
            "<div class='flex gap-2'><span>lexer</span><span>parser</span></div><p>Both are there.</p>",
            "lexer parser\n\nBoth are there.",
        ),
        "flex-style": (
            "<div style='display: inline-flex'><span>lexer</span><span>parser</span></div><p>Both are there.</p>",
            "lexer parser\n\nBoth are there.",
        ),
        "keys": ("<p>Press <kbd>Ctrl</kbd><kbd>C</kbd> to stop it.</p>", "Press `Ctrl` `C` to stop it."),
        "code-and-badge": (
            "<div><code>depth</code><span class=badge>required</span></div><p>How deep it is.</p>",
            "`depth` required\n\nHow deep it is.",
        ),
        "term-and-text": (
            "<p><strong>Note:</strong><span>it is slow on long lines.</span></p>",
            "**Note:** it is slow on long lines.",
        ),
        "date-and-tag": (
            "<div><time>2020-01-02</time><a href=/t>#trees</a></div><p>How they grow.</p>",
            "2020-01-02 #trees\n\nHow they grow.",
        ),
        "bar-between": (
            "<div><span>Two trees</span><span>|</span><span>One forest</span></div><p>All of them grow.</p>",
            "Two trees | One forest\n\nAll of them grow.",
        ),
        "picture-between": (
            "<div><span class=first>lexer</span><svg></svg><span class=second>parser</span></div><p>It goes on.</p>",
            "lexer parser\n\nIt goes on.",
        ),
        "deeper": (
            "<div><span><em class=name>Lexer</em></span><span><span class=kind>Class</span></span></div><p>It is.</p>",
            "*Lexer* Class\n\nIt is.",
        ),
    },
    "words-whole": {
        "first-letter": ("<p><b>L</b><span>exers cut the text.</span></p>", "**L**exers cut the text."),
        "letters-of-an-animation": (
            "<div class=flex><span>L</span><span>e</span><span>x</span></div><p>It cuts the text.</p>",
            "Lex\n\nIt cuts the text.",
        ),
        "pasted-spans": (
            '<p><span class="Run X1">Le</span><span class="Run Error X1">xers cut.</span></p>',
            "Lexers cut.",
        ),
        "spans-without-class": (
            "<p><span style='color: red'>Java</span><span style='color: blue'>Script here.</span></p>",
            "JavaScript here.",
        ),
        "one-link-in-two": ("<p><a href=/a>half</a><a href=/a>way</a> there.</p>", "halfway there."),
        "signs": ("<p><span>f</span><span>(</span><span>x</span><span>)</span> is it.</p>", "f(x) is it."),
        "end-of-sentence": ("<p><a href=/a>The end</a><span>. Or is it?</span></p>", "The end. Or is it?"),
        "name-in-two": ("<p>The <code>tree.</code><code>Node</code> of it.</p>", "The `tree.Node` of it."),
        "namespace": ("<div><span>tree::</span><a href=/n>Node</a></div><p>Of it.</p>", "tree::Node\n\nOf it."),
        "time-of-day": ("<div><span>10:</span><span>30</span></div><p>Of it.</p>", "10:30\n\nOf it."),
        "text-beside": (
            "<p>The <span class=caps>OS</span>es, un<i>usual</i> and <u>A</u>nnotated.</p>",
            "The OSes, un*usual* and Annotated.",
        ),
        "chinese-words": ("<p><span class=here>树木</span><span class=there>生长</span></p>", "树木生长"),
        "note-number": ("<p><span class=word>tree</span><sup><a href=#n1>1</a></sup> it is.</p>", "tree[1] it is."),
    },
}
