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
        "labels": (
            "<div><span class=mlabel>inline</span><span class=mlabel>virtual</span></div><p>It is one of two.</p>",
            "inline virtual\n\nIt is one of two.",
        ),
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
        "badge-before-text": (
            "<p><span class=s-badge>New</span>Lexers cut the text.</p>",
            "New Lexers cut the text.",
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
        "break-within": ("<div><span>Lexer</span><wbr><span>Parser</span></div><p>Both.</p>", "LexerParser\n\nBoth."),
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
    "headings": {
        "text-in-boxes": (
            "<h2 id=a class=flex><div class=grow><a href=#a>#</a></div><div><div>The first part</div></div></h2>"
            "<p>Words of the part.</p>",
            "## The first part\n\nWords of the part.",
        ),
        "two-boxes": (
            "<h3><div>Trees</div><div>and leaves</div></h3><p>Words of the part.</p>",
            "### Trees and leaves\n\nWords of the part.",
        ),
        "by-role": (
            "<div role=heading aria-level=3>The third level</div><p>Words of the part.</p>",
            "### The third level\n\nWords of the part.",
        ),
        "paragraph-by-role": (
            '<p role="heading">The part</p><p>Words of the part.</p>',
            "## The part\n\nWords of the part.",
        ),
        "sign-behind": (
            "<h2 id=b>The part <a href=#b>#</a></h2><p>Words of the part.</p>",
            "## The part\n\nWords of the part.",
        ),
        "link-behind": (
            '<h2 id=b>The part<a href="/page#b" title=x>Link to this heading</a></h2><p>Words of the part.</p>',
            "## The part\n\nWords of the part.",
        ),
        "titled-section": (
            "<div><h2 id=b>The part</h2><a href=#b class=sl-anchor-link><span aria-hidden=true><svg></svg></span>"
            "<span class=sr-only>Section titled “The part”</span></a></div><p>Words of the part.</p>",
            "## The part\n\nWords of the part.",
        ),
        "copying": (
            "<h2>The part<button>Copy link to heading</button></h2><p>Words of the part.</p>",
            "## The part\n\nWords of the part.",
        ),
        "button-that-answers": (
            "<h2><a href=#b>The part</a><x-tip><button>Copy link</button><span>Link copied to clipboard!</span></x-tip>"
            "</h2><p>Words of the part.</p>",
            "## The part\n\nWords of the part.",
        ),
        "sign-of-a-font": (
            "<h2>The part<a class=headerlink href=#b>\uf0c1</a></h2><p>Words of the part.</p>",
            "## The part\n\nWords of the part.",
        ),
        "name-that-is-a-sign": (
            "<h2><a href=#c>C#</a></h2><p>Words of the part.</p>",
            "## C#\n\nWords of the part.",
        ),
        "links-in-sentences": (
            "<p>Open the <a class=anchor href=/s>source</a> of it, then <a class=anchor href=/e>edit</a> it.</p>",
            "Open the source of it, then edit it.",
        ),
        "link-that-names": (
            "<h2>Read the <a href=/guide>guide</a></h2><p>Words of the part.</p>",
            "## Read the guide\n\nWords of the part.",
        ),
    },
    "unseen": {
        "for-readers-only": (
            "<p>Read the <a href=/g>guide<span class=sr-only> (opens in a new window)</span></a> first.</p>",
            "Read the guide first.",
        ),
        "for-a-picture": (
            "<p>The part <i class=icon><svg></svg><span class=visually-hidden>Deprecated</span></i> of it.</p>",
            "The part *Deprecated* of it.",
        ),
        "head-of-a-column": (
            "<table><tr><th><span class=sr-only>Kind</span><th>Size</th></tr><tr><td>tree</td><td>7</td></tr></table>",
            "| Kind | Size |\n| --- | --- |\n| tree | 7 |",
        ),
        "style-in-a-line": (
            "<p>It is <span style='display: none'>never </span>shown.</p>",
            "It is shown.",
        ),
        "one-for-each-screen": (
            "<div class='md:hidden'>The tree of it all</div><div class='hidden md:block'>The tree of it all</div>"
            "<p>It grows.</p>",
            "The tree of it all\n\nIt grows.",
        ),
        "names-for-each-screen": (
            "<p><span class=desktop-only>Trees and leaves</span><span class=mobile-only>Trees and leaves</span></p>"
            "<p>They grow.</p>",
            "Trees and leaves\n\nThey grow.",
        ),
        "cells-of-the-same-screens": (
            "<table><tr><th>a</th><th class=hidden-xs>b</th><th class=hidden-sm>c</th></tr>"
            "<tr><td>1</td><td class=hidden-xs>0</td><td class=hidden-sm>0</td></tr></table>",
            "| a | b | c |\n| --- | --- | --- |\n| 1 | 0 | 0 |",
        ),
        "boxes-of-the-same-screens": (
            "<div><p class=md:block>The same.</p><p class=md:block>The same.</p><p>The same.</p></div>",
            "The same.\n\nThe same.\n\nThe same.",
        ),
        "words-said-twice": (
            "<p>The same.</p><p>The same.</p>",
            "The same.\n\nThe same.",
        ),
    },
    "boxes-as-tables": {
        "columns": (
            "<div class='two-column-summary summary-table'><div class='table-header col-first'>Name</div>"
            "<div class='table-header col-last'>What it does</div>"
            "<div class='col-first even-row'><code><a href=/n>Node</a></code></div><div class='col-last even-row'>"
            "<div class=block>A part of the tree.</div></div>"
            "<div class='col-first odd-row'><code>Leaf</code></div><div class='col-last odd-row'></div></div>",
            "| Name | What it does |\n| --- | --- |\n| `Node` | A part of the tree. |\n| `Leaf` |  |",
        ),
        "three-columns": (
            "<div class=summary-table><div class='table-header col-first'>Kind</div>"
            "<div class='table-header col-second'>Method</div><div class='table-header col-last'>"
            "What it does</div><div class='col-first'><code>int</code></div>"
            "<div class='col-second'><code>size()</code></div><div class='col-last'>Counts them.</div></div>",
            "| Kind | Method | What it does |\n| --- | --- | --- |\n| `int` | `size()` | Counts them. |",
        ),
        "roles": (
            "<div role=table><div role=rowgroup><div role=row><span role=columnheader>a</span>"
            "<span role=columnheader>b</span></div></div><div role=rowgroup><div role=row><span role=cell>1</span>"
            "<span role=cell>2</span></div></div></div>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "classes": (
            "<div class=divTable><div class=divTableBody><div class=divTableRow><div class=divTableCell>a</div>"
            "<div class=divTableCell>b</div></div><div class=divTableRow><div class=divTableCell>1</div>"
            "<div class=divTableCell>2</div></div></div></div>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "styles": (
            "<div style='display:table'><div style='display: table-row'><div style='display: table-cell'>a</div>"
            "<div style='display:table-cell'>b</div></div><div style='display: table-row'>"
            "<div style='display: table-cell'>1</div><div style='display:table-cell'>2</div></div></div>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "columns-with-text-between": (
            "<div><div class=col-first>The one.</div>between them<div class=col-last>The two.</div>"
            "<div class=col-first>The three.</div><div class=col-last>The four.</div></div>",
            "The one.\n\nbetween them\n\nThe two.\n\nThe three.\n\nThe four.",
        ),
        "rows-among-paragraphs": (
            "<div><p>Words before.</p><div class=table-row><p class=table-cell>a</p><p class=table-cell>b</p></div>"
            "<div class=table-row><p class=table-cell>1</p><p class=table-cell>2</p></div><p>Words behind.</p></div>",
            "Words before.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nWords behind.",
        ),
        "layout-columns": (
            "<div class=row><div class='col-md-6'><p>The left words.</p></div><div class='col-md-6'>"
            "<p>The right words.</p></div></div>",
            "The left words.\n\nThe right words.",
        ),
        "list-by-role": (
            "<div role=list><div role=listitem>the lexer</div><div role=listitem>the parser</div></div>",
            "- the lexer\n- the parser",
        ),
    },
    "tables": {
        "heading-rows": (
            "<table><tr><td colspan=2><h3>Functions</h3></td></tr><tr><td>int</td><td>cut (text)</td></tr>"
            "<tr><td>&nbsp;</td><td>Cuts the text up.</td></tr><tr><td colspan=2><h3>Names</h3></td></tr>"
            "<tr><td>enum</td><td>Kind</td></tr><tr><td></td><td>Kinds of it.</td></tr></table>",
            "### Functions\n\n| int | cut (text) |\n| --- | --- |\n|  | Cuts the text up. |\n\n### Names\n\n"
            "| enum | Kind |\n| --- | --- |\n|  | Kinds of it. |",
        ),
        "a-row-each": (
            "<table class=o><tr><td>depth</td><td>How deep it goes.</td></tr></table>\n"
            "<table class=o><tr><td>width</td><td>How wide it is.</td></tr></table>",
            "| depth | How deep it goes. |\n| --- | --- |\n| width | How wide it is. |",
        ),
        "signature": (
            "<table class=memname><tr><td class=memname>int cut </td><td>(</td><td class=paramtype>Text&nbsp;</td>"
            "<td class=paramname><em>text</em>, </td></tr><tr><td></td><td></td><td class=paramtype>int&nbsp;</td>"
            "<td class=paramname><em>at</em>&nbsp;</td></tr><tr><td></td><td>)</td><td></td><td></td></tr></table>",
            "int cut ( Text *text*, int *at* )",
        ),
        "table-of-signs": (
            "<table><tr><td>40</td><td>(</td><td>left</td></tr><tr><td>41</td><td>)</td><td>right</td></tr></table>",
            "| 40 | ( | left |\n| --- | --- | --- |\n| 41 | ) | right |",
        ),
        "heading-row-under-a-caption": (
            "<table><caption>Parts of it</caption><tr><td colspan=2><h3>Names</h3></td></tr><tr><td>enum</td>"
            "<td>Kind</td></tr><tr><td>int</td><td>Size</td></tr></table>",
            "Parts of it\n\n### Names\n\nenum\n\nKind\n\nint\n\nSize",
        ),
        "a-row-under-a-caption": (
            "<table class=o><tr><td>depth</td><td>How deep.</td></tr></table>"
            "<table class=o><caption>Others</caption><tr><td>width</td><td>How wide.</td></tr></table>",
            "depth\n\nHow deep.\n\nOthers\n\nwidth\n\nHow wide.",
        ),
        "signs-in-cells": (
            "<table><tr><td></td><td>(</td><td>)</td></tr><tr><td>S0</td><td>s 5</td><td>)</td></tr></table>",
            "|  | ( | ) |\n| --- | --- | --- |\n| S0 | s 5 | ) |",
        ),
        "one-column-of-layout": (
            "<table><tr><th>The left words.</th></tr><tr><td>The right words.</td></tr></table>",
            "The left words.\n\nThe right words.",
        ),
        "empty": ("<table><tr></tr></table><table class=a></table><p>Nothing was in it.</p>", "Nothing was in it."),
        "one-column": (
            "<table><thead><tr><th>Specification<tbody><tr><td>Trees of today</table>",
            "| Specification |\n| --- |\n| Trees of today |",
        ),
        "rows-with-an-index": (
            "<table class=dataframe><thead><tr><th></th><th>size</th></tr></thead><tbody><tr><th>0</th><td>7</td></tr>"
            "<tr><th>1</th><td>8</td></tr></tbody></table>",
            "|  | size |\n| --- | --- |\n| 0 | 7 |\n| 1 | 8 |",
        ),
    },
}
