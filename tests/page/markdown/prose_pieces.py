"""Pieces of prose whose form an extractor is prone to lose, each with the Markdown that it comes out as.

Each stands for a kind of fault; the words are our own.
"""

PROSE: dict[str, dict[str, tuple[str, str]]] = {
    "text": {
        "in-div": (
            "<div>These words stand directly in the box.<p>And these in a paragraph behind them.</p></div>",
            "These words stand directly in the box.\n\nAnd these in a paragraph behind them.",
        ),
        "in-section": (
            "<section>Words of the section itself.<p>A paragraph.</p>Words behind the paragraph.</section>",
            "Words of the section itself.\n\nA paragraph.\n\nWords behind the paragraph.",
        ),
        "between-paragraphs": (
            "<p>First of them.</p>Nothing is around these words here.<p>Third of them.</p>",
            "First of them.\n\nNothing is around these words here.\n\nThird of them.",
        ),
        "before-first-break": (
            "<div>The first line of it<br>the second line of it<br><br>a part of its own</div>",
            "The first line of it\nthe second line of it\n\na part of its own",
        ),
        "display-formula": (
            "<p>It follows that</p><div>$$a_i = b_i^2 * c_{i*j}$$</div><p>as was to be shown.</p>",
            "It follows that\n\n$$a_i = b_i^2 * c_{i*j}$$\n\nas was to be shown.",
        ),
        "typed-formula": (
            "<p>Let $u_t = \\alpha u_{xx}$ and \\(v_t * w_t\\) be as before.</p>",
            "Let $u_t = \\alpha u_{xx}$ and \\(v_t * w_t\\) be as before.",
        ),
        "white-space-lines": (
            "<p>First words of it.</p>\n      \n    &nbsp; \n\n\t\n<p>Last words of it.</p>",
            "First words of it.\n\nLast words of it.",
        ),
        "no-indent": (
            "<div>\n        Words set far to the right\n        in the source.\n</div>",
            "Words set far to the right in the source.",
        ),
        "no-break-spaces": (
            "<p>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;Words that are indented by hand.</p>",
            "Words that are indented by hand.",
        ),
        "zero-width-paragraph": ("<p>Before it.</p><p>&#8203;</p><p>Behind it.</p>", "Before it.\n\nBehind it."),
        "typed-setext": ("<p>Not a title here<br>----<br>but a line</p>", "Not a title here\n\\----\nbut a line"),
        "typed-heading": ("<p># is the sign of comments here</p>", "\\# is the sign of comments here"),
        "typed-quote": ("<p>&gt; is the sign of quotes in mails</p>", "\\> is the sign of quotes in mails"),
        "typed-elements-in-a-line": (
            "<p>An &lt;dt&gt; and a &lt;/table> hold &lt;!-- more than `&lt;b&gt;` -- or <code>&lt;i&gt;</code></p>",
            "An \\<dt> and a \\</table> hold \\<!-- more than `<b>` -- or `<i>`",
        ),
        "no-element": (
            "<p>If a&lt;b or b &lt; c, mail &lt;ann@tools.example&gt;</p>",
            "If a<b or b < c, mail <ann@tools.example>",
        ),
        "typed-element": ("<p>&lt;script&gt; is an element of HTML</p>", "\\<script> is an element of HTML"),
    },
    "links": {
        "paragraph": (
            "<p>See also:</p><p><a href=/a>The guide to parsers</a></p><p>It is long.</p>",
            "See also:\n\nThe guide to parsers\n\nIt is long.",
        ),
        "item": (
            "<p>See also:</p><ul><li><a href=/a>The guide to parsers</a></li><li><a href=/b>The guide to lexers</a>"
            "</li></ul>",
            "See also:\n\n- The guide to parsers\n- The guide to lexers",
        ),
        "paragraph-in-item": (
            "<p>See also:</p><ul><li><p><a href=/a>The guide to parsers</a></p></li><li><p><a href=/b>The guide to "
            "lexers</a></p></li></ul>",
            "See also:\n\n- The guide to parsers\n- The guide to lexers",
        ),
        "cell": (
            "<table><tr><th>Tool</th><th>Does</th></tr><tr><td><a href=/a>lexer</a></td><td><a href=/b>cuts tokens</a>"
            "</td></tr></table>",
            "| Tool | Does |\n| --- | --- |\n| lexer | cuts tokens |",
        ),
        "in-sentence": (
            "<p>Read <a href=/a>the guide</a>, then <a href=/b>this</a>.</p>",
            "Read the guide, then this.",
        ),
        "beside-each-other": (
            "<p><a href=/a>One</a><a href=/b>Two</a> and the rest of it.</p>",
            "One Two and the rest of it.",
        ),
    },
    "headings": {
        "two-in-a-row": (
            "<h2>Upper heading</h2><h3>Lower heading</h3><p>Words of the part.</p>",
            "## Upper heading\n\n### Lower heading\n\nWords of the part.",
        ),
        "same-level": (
            "<h2>The part</h2><h2>Its other name</h2><p>Words of the part.</p>",
            "## The part\n\n## Its other name\n\nWords of the part.",
        ),
        "lower-first": (
            "<h4>Chapter four</h4><h2>The part</h2><p>Words of the part.</p>",
            "#### Chapter four\n\n## The part\n\nWords of the part.",
        ),
        "cards": (
            "".join(f"<div class=card><h3>Tool {n}</h3><p>What tool {n} is there for.</p></div>" for n in (1, 2, 3)),
            "\n\n".join(f"### Tool {n}\n\nWhat tool {n} is there for." for n in (1, 2, 3)),
        ),
        "linked-cards": (
            "".join(f"<div><h3><a href=/{n}>Tool {n}</a></h3><p>What tool {n} is there for.</p></div>" for n in (1, 2)),
            "### Tool 1\n\nWhat tool 1 is there for.\n\n### Tool 2\n\nWhat tool 2 is there for.",
        ),
        "cards-in-list": (
            "<ul>{}</ul>".format("".join(f"<li><h3>Tool {n}</h3><p>What tool {n} is for.</p></li>" for n in (1, 2))),
            "### Tool 1\n\nWhat tool 1 is for.\n\n### Tool 2\n\nWhat tool 2 is for.",
        ),
        "before-code": (
            "<h3>In the shell</h3><pre>make\nmake test</pre><p>That is all.</p>",
            "### In the shell\n\n```\nmake\nmake test\n```\n\nThat is all.",
        ),
        "in-button": (
            "<h3><button>Can I use it?</button></h3><p>Yes, you can use it.</p>",
            "### Can I use it?\n\nYes, you can use it.",
        ),
        "with-inline": (
            "<h2>The <em>best</em> <code>make</code> of <b>all</b></h2><p>Words of the part.</p>",
            "## The best `make` of all\n\nWords of the part.",
        ),
        "with-break": (
            "<h2>One line<br>and another</h2><p>Words of the part.</p>",
            "## One line and another\n\nWords of the part.",
        ),
        "in-header": (
            "<section><header><h2>The part</h2></header><p>Words of the part.</p></section>",
            "## The part\n\nWords of the part.",
        ),
    },
    "lists": {
        "nested": (
            "<ul><li>one<ul><li>inner one</li><li>inner two</li></ul></li><li>two</li></ul>",
            "- one\n  - inner one\n  - inner two\n- two",
        ),
        "ordered": ("<ol><li>one</li><li>two<ol><li>inner</li></ol></li></ol>", "1. one\n2. two\n   1. inner"),
        "start": ("<ol start=7><li>seventh</li><li>eighth</li></ol>", "7. seventh\n8. eighth"),
        "ten": (
            "<ol start=9><li>nine</li><li>ten<ul><li>inner</li></ul></li></ol>",
            "9. nine\n10. ten\n    - inner",
        ),
        "paragraphs": (
            "<ul><li><p>one</p><p>more of one</p></li><li><p>two</p></li></ul>",
            "- one\n\n  more of one\n- two",
        ),
        "text-behind-inner-list": (
            "<ul><li>one<ul><li>inner</li></ul>more of one</li><li>two</li></ul>",
            "- one\n  - inner\n\n  more of one\n- two",
        ),
        "code-in-item": (
            "<ol><li>Do this:<pre>make\nmake test</pre>and go on.</li><li>Then that.</li></ol>",
            "1. Do this:\n\n```\nmake\nmake test\n```\n\nand go on.\n\n2. Then that.",
        ),
        "code-in-deep-item": (
            "<ul><li>a<ul><li>b<ul><li>c:<pre>x = 1\ny = 2</pre>more of c</li><li>d</li></ul></li></ul></li></ul>",
            "- a\n  - b\n    - c:\n\n```\nx = 1\ny = 2\n```\n\nmore of c\n\n- d",
        ),
        "break-in-item": ("<ul><li>one<br>more of one</li><li>two</li></ul>", "- one\n  more of one\n- two"),
        "two-lists": ("<ul><li>one</li></ul><ul><li>two</li></ul>", "- one\n\n* two"),
        "list-in-quote": (
            "<blockquote><p>He said:</p><ul><li>one</li><li>two</li></ul></blockquote>",
            "> He said:\n>\n> - one\n> - two",
        ),
        "task-list": (
            "<ul><li><input type=checkbox disabled checked> written</li><li><input type=checkbox disabled> read</li>"
            "</ul>",
            "- [x] written\n- [ ] read",
        ),
        "table-in-item": (
            "<ul><li>one:<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></li><li>two</li></ul>",
            "- one:\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n- two",
        ),
    },
    "definitions": {
        "plain": (
            "<dl><dt>lexer</dt><dd>cuts the text</dd><dt>parser</dt><dd>builds the tree</dd></dl>",
            "lexer\n: cuts the text\n\nparser\n: builds the tree",
        ),
        "paragraphs": (
            "<dl><dt>lexer</dt><dd><p>It cuts the text.</p><p>It is quick.</p></dd></dl>",
            "lexer\n: It cuts the text.\n\n  It is quick.",
        ),
        "two-definitions": ("<dl><dt>lex</dt><dd>a law</dd><dd>a program</dd></dl>", "lex\n: a law\n\n: a program"),
        "code": (
            "<dl><dt><code>cut(x)</code></dt><dd>Cuts the text <code>x</code> up.</dd></dl>",
            "`cut(x)`\n: Cuts the text `x` up.",
        ),
        "list-inside": (
            "<dl><dt>kinds</dt><dd>two:<ul><li>one</li><li>two</li></ul></dd></dl>",
            "kinds\n: two:\n\n  - one\n  - two",
        ),
        "nested": (
            "<dl><dt>class</dt><dd>holds<dl><dt>method</dt><dd><p>does it</p><p>and more</p></dd></dl></dd></dl>",
            "class\n: holds\n\n  method\n  : does it\n\n   and more",
        ),
        "nested-and-on": (
            "<dl><dt>class</dt><dd><p>holds</p><dl><dt>method</dt><dd><p>does it</p><p>and more</p></dd>"
            "<dt>other</dt><dd>does nothing</dd></dl><p>and ends</p></dd><dt>next</dt><dd>begins</dd></dl>",
            "class\n: holds\n\n  method\n  : does it\n\n   and more\n\n  other\n  : does nothing\n\n  and ends\n\n"
            "next\n: begins",
        ),
        "nested-list": (
            "<dl><dt>class</dt><dd>holds<dl><dt>method</dt><dd><p>does it:</p><ul><li>one<ul><li>two</li></ul></li>"
            "<li>three</li></ul><p>and more</p></dd></dl></dd></dl>",
            "class\n: holds\n\n  method\n  : does it:\n\n   - one\n     - two\n   - three\n\n   and more",
        ),
        "nested-table": (
            "<dl><dt>class</dt><dd>holds<dl><dt>method</dt><dd><p>does it:</p><table><tr><th>a</th><th>b</th></tr><tr>"
            "<td>1</td><td>2</td></tr></table></dd><dt>other</dt><dd>rests</dd></dl></dd></dl>",
            "class\n: holds\n\n  method\n  : does it:\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nother\n: rests",
        ),
        "nested-in-quote": (
            "<dl><dt>tool</dt><dd><p>takes:</p><blockquote><dl><dt>size</dt><dd><p>in bytes</p><p>and more</p></dd>"
            "<dt>name</dt><dd>as text</dd></dl></blockquote></dd></dl>",
            "tool\n: takes:\n\n  > size\n  > : in bytes\n  >\n  >   and more\n  >\n  > name\n  > : as text",
        ),
        "nested-in-item": (
            "<dl><dt>tool</dt><dd>takes:<ul><li>these<dl><dt>size</dt><dd><p>in bytes</p><p>and more</p></dd></dl></li>"
            "</ul></dd></dl>",
            "tool\n: takes:\n\n  - these\n\n    size\n    : in bytes\n\n      and more",
        ),
        "nested-first": (
            "<dl><dt>class</dt><dd><dl><dt>put(x)</dt><dd><p>stores it</p><p>and more</p></dd></dl><dl><dt>get()</dt>"
            "<dd>reads it</dd></dl></dd><dt>other</dt><dd>rests</dd></dl>",
            "class\n\n  put(x)\n  : stores it\n\n   and more\n\n  get()\n  : reads it\n\nother\n: rests",
        ),
        "three-deep": (
            "<dl><dt>module</dt><dd>holds<dl><dt>class</dt><dd>has<dl><dt>method</dt><dd><p>does it</p><p>and more</p>"
            "</dd></dl></dd></dl></dd></dl>",
            "module\n: holds\n\n  class\n  : has\n\n   method\n   : does it\n\n   and more",
        ),
        "no-term": (
            "<p>He said:</p><dl><dd>first line of it</dd><dd>second line<br>and third</dd></dl>",
            "He said:\n\n  first line of it\n\n  second line\n  and third",
        ),
        "no-list-and-no-term": ("<p>He said:</p><dd>a line of it</dd>", "He said:\n\n  a line of it"),
        "replies-without-terms": (
            "<p>Is it so?</p><dl><dd>It is.<dl><dd>No, it is not.</dd></dl></dd></dl><p>Who knows?</p>",
            "Is it so?\n\n  It is.\n\n   No, it is not.\n\nWho knows?",
        ),
        "unclosed": (
            "<dl><dt>lexer<dd>cuts<dd>the text<dl><dt>fast<dd>very</dl><dt>parser<dd>builds<dd>"
            "<p>the tree<dd>of it</dl>",
            "lexer\n: cuts\n\n: the text\n\n  fast\n  : very\n\nparser\n: builds\n\n: the tree\n\n: of it",
        ),
        "unclosed-term": (
            "<dl><dt><b>lexer<dd>cuts</b><dd>the text</dl>",
            "lexer\n: cuts\n\n: the text",
        ),
        "unclosed-without-terms": (
            "<p>He said:</p><dl><dd>first line<dd>second line<dd>third</dl>",
            "He said:\n\n  first line\n\n  second line\n\n  third",
        ),
        "in-item-without-terms": (
            "<ul><li><dl><dd>first<dl><dd>second</dd></dl></dd></dl><dl><dt>lex</dt><dd><p>a law</p>"
            "<p>of all</p></dd></dl></li><li>two</li></ul>",
            "- first\n\n     second\n\n  lex\n  : a law\n\n    of all\n- two",
        ),
        "terms-without-a-list": ("<dt>lexer</dt><dd>cuts the text</dd>", "lexer\n: cuts the text"),
        "wrapped-apart": (
            "<dl><div><dt>lexer</dt></div><div><dd>cuts the text</dd></div></dl>",
            "lexer\n: cuts the text",
        ),
        "caption-of-a-picture": (
            "<dl><dt><a href=a.png><img src=a.png alt=Lexer></a></dt><dd>The lexer at work</dd></dl>",
            "The lexer at work",
        ),
        "wrapped": ("<dl><div><dt>lexer</dt><dd>cuts the text</dd></div></dl>", "lexer\n: cuts the text"),
    },
    "quotes": {
        "plain": ("<blockquote>He said so.</blockquote>", "> He said so."),
        "paragraphs": (
            "<blockquote><p>First words.</p><p>Second words.</p></blockquote>",
            "> First words.\n>\n> Second words.",
        ),
        "breaks": (
            "<blockquote>First line<br>second line<br><br>third</blockquote>",
            "> First line\n> second line\n>\n> third",
        ),
        "nested": (
            "<blockquote>He wrote:<blockquote>She wrote.</blockquote>And so on.</blockquote>",
            "> He wrote:\n>\n> > She wrote.\n>\n> And so on.",
        ),
        "code": (
            "<blockquote><p>Try this:</p><pre>make\nmake test</pre><p>It works.</p></blockquote>",
            "> Try this:\n\n```\nmake\nmake test\n```\n\n> It works.",
        ),
        "in-item": (
            "<ul><li>one<blockquote>said so</blockquote></li><li>two</li></ul>",
            "- one\n\n  > said so\n- two",
        ),
        "cite": ("<blockquote><p>Words.</p><footer>- A. Author</footer></blockquote>", "> Words.\n>\n> - A. Author"),
        "inline": ("<p>He said <q>so it is</q> and went.</p>", 'He said "so it is" and went.'),
    },
    "tables": {
        "head": (
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "head-of-cells": (
            "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "strong-head": (
            "<table><tr><td><strong>a</strong></td><td><b>b</b></td></tr><tr><td>1</td><td><b>2</b></td></tr></table>",
            "| a | b |\n| --- | --- |\n| 1 | **2** |",
        ),
        "caption": (
            "<table><caption>Table 1: what it costs</caption><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr>"
            "</table>",
            "Table 1: what it costs\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        "colspan": (
            "<table><tr><th colspan=2>both</th><th>c</th></tr><tr><td>1</td><td>2</td><td>3</td></tr></table>",
            "| both |  | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
        ),
        "rowspan": (
            "<table><tr><th>a</th><th>b</th></tr><tr><td rowspan=2>1</td><td>2</td></tr><tr><td>3</td></tr></table>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |\n|  | 3 |",
        ),
        "break-in-cell": (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>one<br>two</td><td>3</td></tr></table>",
            "| a | b |\n| --- | --- |\n| one<br>two | 3 |",
        ),
        "paragraphs-in-cell": (
            "<table><tr><th>a</th><th>b</th></tr><tr><td><p>one</p><p>two</p></td><td>3</td></tr></table>",
            "| a | b |\n| --- | --- |\n| one<br>two | 3 |",
        ),
        "code-with-break": (
            "<table><tr><th>call</th><th>does</th></tr><tr><td><code>open()<br>close()</code></td><td>opens and closes"
            "</td></tr></table>",
            "| call | does |\n| --- | --- |\n| `open()`<br>`close()` | opens and closes |",
        ),
        "list-in-cell": (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>kinds</td><td><ul><li>one</li><li>two</li></ul></td></tr></table>",
            "| a | b |\n| --- | --- |\n| kinds | - one<br>- two |",
        ),
        "pipe": (
            "<table><tr><th>a</th><th>b</th></tr><tr><td><code>x|y</code></td><td>or</td></tr></table>",
            "| a | b |\n| --- | --- |\n| `x\\|y` | or |",
        ),
        "empty-cells": (
            "<table><tr><th></th><th>b</th></tr><tr><td>x</td><td></td></tr></table>",
            "|  | b |\n| --- | --- |\n| x |  |",
        ),
        "row-with-a-head": (
            "<table><tr><th>Kind of it:</th><td><code>Node</code></td></tr></table>",
            "Kind of it: `Node`",
        ),
        "line-of-code-in-cell": (
            "<table><thead><tr><th>a<th>b<tbody><tr><td><pre>x | y</pre><td><pre>z(1)</pre></table>",
            "| a | b |\n| --- | --- |\n| `x \\| y` | `z(1)` |",
        ),
        "carriage-return-by-number": (
            "<p>Written&#13;by a&#13;&#10;machine, as &amp;#13; says.</p>",
            "Written by a machine, as &#13; says.",
        ),
        "hidden-words": (
            "<h3>How it works<x-menu hidden><i>Save it</i></x-menu></h3><p>It is as <b hidden>not</b> shown.</p>",
            "### How it works\n\nIt is as shown.",
        ),
        "path-above-its-listing": (
            "<pre>/etc/tools.d/10-limit.conf</pre><pre>limit = 3\nunit = MiB</pre>",
            "`/etc/tools.d/10-limit.conf`\n\n```\nlimit = 3\nunit = MiB\n```",
        ),
        "command-above-a-block": (
            "<pre>make</pre><pre>cc -o a a.c\ncc -o b b.c</pre>",
            "```\nmake\n```\n\n```\ncc -o a a.c\ncc -o b b.c\n```",
        ),
        "spaces-inside-code": (
            "<p>The <code>minute </code>hand, in<code> X.h</code> of it.</p>",
            "The `minute` hand, in `X.h` of it.",
        ),
        "union-over-a-set": (
            "<p>All of &cup;<sub>i&isin;I</sub>a<sub>i</sub> is in it.</p>",
            "All of ∪_(i∈I)a_i is in it.",
        ),
        "name-of-a-picture": (
            '<p>The next page <i class="material-icons">chevron_right</i> of this one.</p>',
            "The next page of this one.",
        ),
        "question-that-opens": (
            "<div><button aria-expanded=false><b>What is the answer?</b></button><p>It is this one.</p></div>",
            "**What is the answer?**\n\nIt is this one.",
        ),
        "picture-before-words": (
            "<h3><img alt='Palm Logo'> The string manager</h3><p><img alt='A star'> Source: the old book.</p>",
            "### The string manager\n\nSource: the old book.",
        ),
        "pieces-of-code-that-touch": (
            "<p>Call <code>jinja.</code><code>name</code>, or <code>a</code> <code>b</code>.</p>",
            "Call `jinja.name`, or `a` `b`.",
        ),
        "layout-row": (
            "<table><tr><td><p>The left column of it.</p></td><td><p>The right column of it.</p></td></tr></table>",
            "The left column of it.\n\nThe right column of it.",
        ),
        "layout-headings": (
            "<table><tr><td><h2>Left</h2>words of it</td></tr><tr><td><h2>Right</h2>more of it</td></tr></table>",
            "## Left\n\nwords of it\n\n## Right\n\nmore of it",
        ),
        "table-in-layout": (
            "<table><tr><td>Words above.<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></td>"
            "</tr></table>",
            "Words above.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
    },
    "boxes": {
        "figure-that-opens": (
            "<button aria-label=View><figure><img src=a.png><figcaption>Figure 2: all parts.</figcaption></figure>"
            "</button>",
            "Figure 2: all parts.",
        ),
        "figure": (
            "<figure><img src=a.png alt=''><figcaption>Figure 1: how the parts fit.</figcaption></figure>",
            "Figure 1: how the parts fit.",
        ),
        "listing": (
            "<figure><figcaption>Listing 2: the loop</figcaption><pre>for x in y:\n    print(x)</pre></figure>",
            "Listing 2: the loop\n\n```\nfor x in y:\n    print(x)\n```",
        ),
        "note": ('<div class="note"><p class="title">Note</p><p>Mind the gap.</p></div>', "Note\n\nMind the gap."),
        "admonition": (
            '<div class="admonition warning"><p class="admonition-title">Warning</p><p>It may burn.</p></div>',
            "Warning\n\nIt may burn.",
        ),
        "call-out": ('<div class="callout" role="note">Keep the key safe.</div>', "Keep the key safe."),
        "aside": ("<aside><p>As an aside, it was built in a week.</p></aside>", "As an aside, it was built in a week."),
        "side-note": (
            '<p>It is quick.</p><span class="sidenote">It was not always.</span><p>It is small too.</p>',
            "It is quick.\n\nIt was not always.\n\nIt is small too.",
        ),
        "details": (
            "<details><summary>Why is that so?</summary><p>Because of the cache.</p></details>",
            "Why is that so?\n\nBecause of the cache.",
        ),
        "section-cookies": (
            '<section id="cookies"><h2>Cookies</h2><p>Set a cookie with the header of that name.</p></section>',
            "## Cookies\n\nSet a cookie with the header of that name.",
        ),
        "menu-items": (
            '<section id="menu-items"><h2>Menu items</h2><p>Each item of a menu has a label and '
            "an action.</p></section>",
            "## Menu items\n\nEach item of a menu has a label and an action.",
        ),
        "navigation-guards": (
            '<h2 id="navigation-guards">Navigation guards</h2><p class="nav">A guard may stop a change of '
            "the route.</p>",
            "## Navigation guards\n\nA guard may stop a change of the route.",
        ),
        "share-with-code": (
            '<div class="share"><pre>share(a)\nshare(b)</pre></div><p>That shares both.</p>',
            "```\nshare(a)\nshare(b)\n```\n\nThat shares both.",
        ),
        "sidebar-example": (
            '<div class="sidebar-example"><p>A sidebar takes a list of its links.</p></div>',
            "A sidebar takes a list of its links.",
        ),
        "fieldset": (
            "<fieldset><legend>Options</legend><p>Set them with care.</p></fieldset>",
            "Options\n\nSet them with care.",
        ),
    },
    "notes": {
        "number": (
            '<p>It is quick<sup><a href="#fn1">1</a></sup> and small<sup id=r2><a href="#fn2">[2]</a></sup>.</p>',
            "It is quick[1] and small[2].",
        ),
        "linked-number": ('<p>It is quick<a href="#fn1"><sup>1</sup></a> too.</p>', "It is quick[1] too."),
        "list": (
            '<section class="footnotes"><ol><li id=fn1><p>In most cases. <a href="#r1">↩</a></p></li><li id=fn2><p>So '
            'it is said. <a href="#r2" class="footnote-back">↩︎</a></p></li></ol></section>',
            "1. In most cases.\n2. So it is said.",
        ),
        "ordinal": ("<p>The 2<sup>nd</sup> of the 3<sup>rd</sup> kind.</p>", "The 2nd of the 3rd kind."),
        "power": (
            "<p>It takes O(n<sup>2</sup>) or 2<sup>n+1</sup> steps, x<sub>i</sub> each.</p>",
            "It takes O(n²) or 2ⁿ⁺¹ steps, x_i each.",
        ),
        "water": ("<p>The H<sub>2</sub>O and 10<sup>−6</sup> of it.</p>", "The H₂O and 10⁻⁶ of it."),
    },
    "inline": {
        "glued": ("<p>un<b>believ</b>able and <i>half</i>way</p>", "un**believ**able and *half*way"),
        "spaces-inside": ("<p>a<b> bold </b>word and<i> this</i></p>", "a **bold** word and *this*"),
        "nested": ("<p>a <b>bold <i>and slanted</i></b> word</p>", "a **bold *and slanted*** word"),
        "nested-same": ("<p>a <b>bold <strong>and bold</strong></b> word</p>", "a **bold and bold** word"),
        "across-break": ("<p><b>one line<br>two lines</b> here</p>", "**one line\ntwo lines** here"),
        "across-paragraphs": ("<p><b>one line<br><br>two lines</b> here</p>", "**one line**\n\n**two lines** here"),
        "beside": ("<p><b>a</b><b>b</b> and <i>c</i> <i>d</i></p>", "**ab** and *c* *d*"),
        "beside-other": ("<p><b>a</b><i>b</i> and more</p>", "**a**b and more"),
        "empty": ("<p>a <b></b>word <i> </i>here</p>", "a word here"),
        "punctuation": ("<p>call<b>(this)</b>now and <b>“that”</b> too</p>", "call(this)now and **“that”** too"),
        "break-at-end": ("<p><b>Title words<br></b>and the text</p>", "**Title words**\nand the text"),
        "star": ("<p>the <b>a*b</b> product</p>", "the a*b product"),
        "code": ("<p>the <b><code>a*b</code></b> product</p>", "the **`a*b`** product"),
        "struck": ("<p>It costs <del>ten</del> <ins>nine</ins>.</p>", "It costs ~~ten~~ nine."),
        "time": (
            "<p>It starts at <time datetime=09:30>half past nine</time> sharp.</p>",
            "It starts at half past nine sharp.",
        ),
        "output": ("<p>It prints <output>42</output> and ends.</p>", "It prints 42 and ends."),
        "label": ("<p>Fill in <label>your name</label> first.</p>", "Fill in your name first."),
        "legend": ("<p>The <legend>green line</legend> is the mean.</p>", "The green line is the mean."),
        "button": ("<p>Press <button>Save</button> to keep it.</p>", "Press Save to keep it."),
        "icon": ('<p>Press the <img src=g.png alt="gear"> sign at the top.</p>', "Press the gear sign at the top."),
        "emoji": ('<p>Well done <img class=emoji alt="🎉" src=p.png> to all.</p>', "Well done 🎉 to all."),
        "file-name": ('<p>Press the <img src=g.png alt="g.png"> sign.</p>', "Press the sign."),
        "wbr": ("<p>a<wbr>b and soft</p>", "ab and soft"),
        "span-space": ("<p><span>one</span> <span>two</span><span> three</span></p>", "one two three"),
        "key": ("<p>Press <kbd>Ctrl</kbd>+<kbd>C</kbd> to stop it.</p>", "Press `Ctrl`+`C` to stop it."),
    },
    "hidden": {
        "template": ("<template><p>Never shown.</p></template><p>Always shown here.</p>", "Always shown here."),
        "comment": ("<p>Shown <!-- not this --> here.</p>", "Shown here."),
        "script": ("<p>Shown <script>var a = 1;</script>here.</p>", "Shown here."),
        "style": ("<p>Shown <style>p { a: b }</style>here.</p>", "Shown here."),
    },
}
