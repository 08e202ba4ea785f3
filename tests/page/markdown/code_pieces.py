"""Code that is typed or drawn in ways that hide it, with the language and the code that it shows.

As in `rows`: `TYPED`: a block comes out as a fence. `NAMED`: a paragraph's Markdown, without any fence.
"""

TYPED: dict[str, dict[str, tuple[str, str, str]]] = {
    "typed": {
        "division": (
            "<div>def go(x):<br>&nbsp;&nbsp;&nbsp;&nbsp;if x:<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;"
            "return 1<br>&nbsp;&nbsp;&nbsp;&nbsp;return 2</div>",
            "",
            "def go(x):\n    if x:\n        return 1\n    return 2",
        ),
        "source-feeds": (
            "<p>for (i = 0; i &lt; n; i++) {<br>\n&nbsp;&nbsp;a[i] = 0;<br>\n&nbsp;&nbsp;b[i] = 1;<br>\n}</p>",
            "",
            "for (i = 0; i < n; i++) {\n  a[i] = 0;\n  b[i] = 1;\n}",
        ),
        "function-in-paragraphs": (
            "<p>void go()<br>{<br>&nbsp;&nbsp;int a = 1;<br>&nbsp;&nbsp;b(a);<br></p><p><br>&nbsp;&nbsp;// and now<br>"
            "&nbsp;&nbsp;c(a);<br>&nbsp;&nbsp;d(a);</p><p>if (a) {<br>&nbsp;&nbsp;e(a);<br>&nbsp;&nbsp;}<br>}</p>",
            "",
            "void go()\n{\n  int a = 1;\n  b(a);\n\n  // and now\n  c(a);\n  d(a);\n\nif (a) {\n  e(a);\n  }\n}",
        ),
        "table-drawn-with-letters": (
            "<p>This is what the tool says of the two:<br>+-----+----+<br>| who | at |<br>+-----+----+<br>"
            "| Ann | 3&nbsp; |<br>+-----+----+<br>And that is all.</p>",
            "",
            "+-----+----+\n| who | at |\n+-----+----+\n| Ann | 3  |\n+-----+----+",
        ),
        "in-turn-with-spaces": (
            "<div>while (a) {<br>&nbsp; &nbsp; b(a);<br>&nbsp; &nbsp; a--;<br>}</div>",
            "",
            "while (a) {\n    b(a);\n    a--;\n}",
        ),
        "between-sentences": (
            "<div>This is the loop that I use to empty the box:<br><br>while (x) {<br>"
            "&nbsp;&nbsp;&nbsp;step(x);<br><br>&nbsp;&nbsp;&nbsp;x--;<br>}<br><br>It does not end, and nobody knows."
            "</div>",
            "",
            "while (x) {\n   step(x);\n\n   x--;\n}",
        ),
        "behind-a-label": (
            "<div>Example:<br>if (a) {<br>&nbsp;&nbsp;b();<br>}</div>",
            "",
            "if (a) {\n  b();\n}",
        ),
        "coloured": (
            '<div><span style="color:#00f">class</span> A {<br>&nbsp;&nbsp;&nbsp;<span style="color:#00f">int</span> x;'
            "<br><b>&nbsp;&nbsp;&nbsp;int</b> y;<br>}</div>",
            "",
            "class A {\n   int x;\n   int y;\n}",
        ),
        "remarks": (
            "<p>&nbsp;&nbsp;int x = 15;&nbsp;&nbsp;// the number of the boxes that are left<br>"
            "&nbsp;&nbsp;// and this is the one that we begin with, as it is the oldest<br>&nbsp;&nbsp;open(x);</p>",
            "",
            "  int x = 15;  // the number of the boxes that are left\n"
            "  // and this is the one that we begin with, as it is the oldest\n  open(x);",
        ),
        "remarks-behind-words": (
            "<p>&nbsp;&nbsp; call ( name<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; : list of sizes&nbsp;&nbsp;&nbsp; "
            "/* may be left out */<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; : list of names to keep in the box&nbsp;"
            "&nbsp;&nbsp; "
            "/* too */<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; );</p>",
            "",
            "   call ( name\n       : list of sizes    /* may be left out */\n"
            "       : list of names to keep in the box    /* too */\n       );",
        ),
        "clauses-of-remarks": (
            "<p>&nbsp;&nbsp; ask (“add it” &nbsp;<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; : “+a” ( n )&nbsp;"
            "&nbsp; /* out */ "
            "<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; :&nbsp;&nbsp;&nbsp;&nbsp; /* no in */ <br>"
            "&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; );</p>",
            "",
            "   ask (“add it”\n        : “+a” ( n )   /* out */\n        :     /* no in */\n        );",
        ),
        "sentences-in-its-paragraph": (
            "<p>&nbsp;&nbsp; send ( name &nbsp;<br>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; , size&nbsp;&nbsp;"
            " /* in bytes */ <br>"
            "&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp; ); "
            "<br>It is called so because we use the name of each box that we send<br>"
            "away. All of them are needed, so none of them can be left out of the list.</p>",
            "",
            "   send ( name\n       , size   /* in bytes */\n       );",
        ),
        "assembly": (
            "<p>again:<br>&nbsp;&nbsp;&nbsp;&nbsp;dec ecx&nbsp;&nbsp;&nbsp;&nbsp;; one less<br>&nbsp;&nbsp;&nbsp;"
            "&nbsp;jnz again"
            "&nbsp;&nbsp;; until none is left<br>done:<br>&nbsp;&nbsp;&nbsp;&nbsp;ret</p>",
            "",
            "again:\n    dec ecx    ; one less\n    jnz again  ; until none is left\ndone:\n    ret",
        ),
        "assembly-of-remark-lines": (
            "<div>; the first of them<br>start:<br>&nbsp;&nbsp;&nbsp;; and here it begins<br>&nbsp;&nbsp;&nbsp;"
            "nop<br></div>",
            "",
            "; the first of them\nstart:\n   ; and here it begins\n   nop",
        ),
        "paragraph-a-line": (
            "<p>int main() {</p><p>&nbsp;&nbsp;&nbsp;int i = 0;</p><p>&nbsp;&nbsp;&nbsp;return i;</p><p>}</p>",
            "",
            "int main() {\n   int i = 0;\n   return i;\n}",
        ),
        "division-a-line": (
            "<div>sub go {</div><div>&nbsp;&nbsp;my $x = 1;</div><div>&nbsp;&nbsp;return $x;</div><div>}</div>",
            "",
            "sub go {\n  my $x = 1;\n  return $x;\n}",
        ),
        "in-a-cell-among-chinese": (
            "<table><tr><td>作者</td><td>这个程序在第二行停住了，请帮我看一下。<br>int f() {<br>&nbsp;&nbsp;g();<br>"
            "&nbsp;&nbsp;return 0;<br>}<br>先谢谢大家了，非常着急。</td></tr></table>",
            "",
            "int f() {\n  g();\n  return 0;\n}",
        ),
    },
    "two-statements": {
        "quotation": (
            "<blockquote>\n\ta = make(1);<br>\n\ta.move(10, 5);\n</blockquote>",
            "",
            "a = make(1);\na.move(10, 5);",
        ),
    },
    "drawn-line": {
        "indented-behind": (
            '<pre class="language-js"><code class="language-js">a<span class="token">;</span>\n'
            '<span class="gatsby-highlight-code-line">b<span class="token">;</span></span>    '
            '<span class="token function">c</span>(1)\n</code></pre>',
            "js",
            "a;\nb;\n    c(1)",
        ),
        "first-and-last": (
            '<pre class="language-js"><code><span class="gatsby-highlight-code-line">if (a) {</span>  '
            '<span class="token">b</span>();\n<span class="gatsby-highlight-code-line">}</span></code></pre>',
            "js",
            "if (a) {\n  b();\n}",
        ),
        "two-in-turn": (
            '<pre><code><span class="gatsby-highlight-code-line">a = 1;</span>'
            '<span class="gatsby-highlight-code-line">  b();</span>  c();\n</code></pre>',
            "",
            "a = 1;\n  b();\n  c();",
        ),
    },
    "control": {
        "number-of-a-control": (
            '<pre><span class="copy-btn">1</span>0 + x;\nb();</pre>',
            "",
            "10 + x;\nb();",
        ),
        "link-before-code": (
            '<pre><a class="run" href="/play?c=1">Run</a><code>fn main() {\n    let x = 5;\n}</code></pre>',
            "",
            "fn main() {\n    let x = 5;\n}",
        ),
        "link-before-token": (
            '<pre class="rust"><a class="test-arrow" target="_blank" href="https://play.example/">Run</a>'
            '<span class="kw">let</span> x = <span class="number">5</span>;\n</pre>',
            "rust",
            "let x = 5;",
        ),
        "link-behind": (
            '<pre>x = 1\ny = 2<a href="/try">Try it Yourself »</a></pre>',
            "",
            "x = 1\ny = 2",
        ),
        "button-of-a-box": (
            '<div class="example"><pre>SELECT a FROM b;</pre><a class="btn" href="/q">Try it Yourself »</a></div>',
            "",
            "SELECT a FROM b;",
        ),
        "buttons-behind": (
            '<div><h3>Example</h3><pre>a();</pre><div class="tools"><span>Copy to clipboard</span>'
            '<button title="x">Run</button></div></div>',
            "",
            "a();",
        ),
        "command-that-is-linked": (
            '<pre><a href="/doc/run">run</a>\n<a href="/doc/Open">Open</a> a.txt\nclose</pre>',
            "",
            "run\nOpen a.txt\nclose",
        ),
    },
    "twoslash": {
        "error-behind": (
            '<pre class="shiki twoslash lsp"><div class="language-id">ts</div><div class="code-container"><code>'
            '<div class="line"><span>let <data-lsp lsp="let x: number">x</data-lsp> = 1;</span></div>'
            '<span class="error"><span>This is no number.</span><span class="code">2322</span></span>'
            '<span class="error-behind">This is no number.</span><div class="line">y();</div></code>'
            '<a class="playground-link" href="https://play.example">Try</a></div></pre>',
            "ts",
            "let x = 1;\nThis is no number.\ny();",
        ),
        "code-as-a-class-of-code": (
            '<pre><span class="code">a = 1</span>\n<span class="error">b</span> = <span class="code">2</span></pre>',
            "",
            "a = 1\nb = 2",
        ),
    },
    "attribute": {
        "own": (
            '<div class="code-block" data-code="x = 1&#10;y = 2"><div class="wait"></div></div>',
            "",
            "x = 1\ny = 2",
        ),
        "of-the-button": (
            '<div class="highlight"><pre><code></code></pre><button data-clipboard-text="npm i a&#10;npm start">Copy'
            "</button></div>",
            "",
            "npm i a\nnpm start",
        ),
        "of-the-code-beside": (
            '<div><pre></pre><pre>int a = 1;\nb();</pre><b data-clipboard-text="int a = 1;&#10;b();"></b></div>',
            "",
            "int a = 1;\nb();",
        ),
        "escaped": ('<pre data-code="a%20=%201%3B%0Ab();"></pre>', "", "a = 1;\nb();"),
    },
    "two-numbers": {
        "style-sheets-between": (
            "<pre><div><div><style>.a{b:c}</style><span class=a>1</span><style>.d{e:f}</style><div>get a</div></div>"
            "<div><span class=a>2</span><div>get b</div></div></div></pre>",
            "",
            "get a\nget b",
        ),
    },
    "box": {
        "declaration": (
            '<div class="code block" style="font-family:monospace">delegate <b>NameChanged</b> (<a href="/n">name</a>'
            "&#160;<b>Old</b>)</div>",
            "",
            "delegate NameChanged (name Old)",
        ),
    },
    "hidden-copy": {
        "of-a-block-before": (
            '<pre class="brush: css">b {\n  c: d;\n}</pre><p>This is how the same looks once it is drawn.</p>'
            '<pre class="brush: css hidden">b {\n  c: d;\n}</pre>',
            "css",
            "b {\n  c: d;\n}",
        ),
        "of-none": ('<pre class="hidden">a = 1\nb = 2</pre>', "", "a = 1\nb = 2"),
    },
}
"""kind → name → page, language, code."""

NAMED: dict[str, tuple[str, str]] = {
    "source-of-a-method": (
        '<section class="method"><a class="src rightside" href="../src/x.rs.html#1">Source</a>'
        '<h4 class="code-header">pub fn <a class="fn">go</a>(x: u8) -&gt; u8</h4></section>'
        "<p>Makes a number of another one, the same for the same number.</p>",
        "#### `pub fn go(x: u8) -> u8`",
    ),
    "source-of-a-function": (
        '<dl class="py function"><dt class="sig sig-object py" id="a.go"><span class="sig-name descname">'
        '<span class="pre">go</span></span><span class="sig-paren">(</span><em class="sig-param">x</em>'
        '<span class="sig-paren">)</span><a class="reference internal" href="_modules/a.html#go">'
        '<span class="viewcode-link"><span class="pre">[source]</span></span></a></dt><dd><p>Makes a number of another.'
        "</p></dd></dl>",
        "`go(x)`\n: Makes a number of another.",
    ),
    "source-of-a-module": (
        '<h2>A.B <a class="view-source" href="https://c.example/b.ex#L1" title="View Source"><span>View Source</span>'
        "</a></h2><p>Makes a number of another one, the same for the same number.</p>",
        "## A.B\n\nMakes a number",
    ),
    "declaration-in-cells": (
        '<table class="mdTable"><tr><td class="mdRow"><table><tr><td class="md" nowrap>int go </td><td class="md">('
        '&nbsp;</td><td class="md">int *&nbsp;</td><td class="mdname1"><em>x</em></td><td class="md">&nbsp;)&nbsp;</td>'
        '<td class="md"></td></tr></table></td></tr></table><p>Reads the number from the box and gives it back.</p>',
        "`int go ( int * x )`",
    ),
    "bracket-in-a-box": ('<p>It ends so:</p><div class="code">)</div><p>That is all of it.</p>', "It ends so:\n\n)"),
    "two-lines-of-a-song": ("<p>The sun goes down;<br>and so do we.</p>", "The sun goes down;\nand so do we."),
    "address-of-a-house": (
        "<div>Ann Pear<br>&nbsp;&nbsp;&nbsp;Long Street 5<br>&nbsp;&nbsp;&nbsp;Old Town<br>Phone 555</div>",
        "Ann Pear\n",
    ),
    "poem-with-indents": (
        "<p>The sun goes down behind the hill,<br>&nbsp;&nbsp;&nbsp;and all the birds are still;<br>"
        "the river that was loud by day<br>&nbsp;&nbsp;&nbsp;now takes the light away.</p>",
        "The sun goes down behind the hill,\n",
    ),
    "poem-of-semicolons": (
        "<p>The sun goes down behind the hill;<br>&nbsp;&nbsp;&nbsp;and all the birds are still;<br>"
        "the river that was loud by day;<br>&nbsp;&nbsp;&nbsp;now takes the light away;</p>",
        "The sun goes down behind the hill;\n",
    ),
    "poem-of-short-lines": (
        "<p>The sun is low;<br>&nbsp;&nbsp;&nbsp;the wind is cold;<br>the fire burns;<br>&nbsp;&nbsp;&nbsp;"
        "and I am old.</p>",
        "The sun is low;\n",
    ),
    "poem-of-calls": (
        "<p>Let us go down to the river, my friend,<br>&nbsp;&nbsp;&nbsp;let it be dark when we see it all end;<br>"
        "return to the house that the night has in store,<br>&nbsp;&nbsp;&nbsp;echo of all that I was before.</p>",
        "Let us go down to the river, my friend,\n",
    ),
    "talk": (
        "<p>Ann: Where is it?<br>&nbsp;&nbsp;&nbsp;Bob: On the table.<br>Ann: And the other one?<br>"
        "&nbsp;&nbsp;&nbsp;Bob: (laughs) Gone;<br>Ann:<br>&nbsp;&nbsp;&nbsp;Gone?</p>",
        "Ann: Where is it?\n",
    ),
    "card-of-labels": (
        "<p>Name:<br>&nbsp;&nbsp;&nbsp;Ann Pear<br>Street:<br>&nbsp;&nbsp;&nbsp;Long Street 5<br>Town:<br>"
        "&nbsp;&nbsp;&nbsp;Old Town<br>Mail:<br>&nbsp;&nbsp;&nbsp;@annpear</p>",
        "Name:\n",
    ),
    "by-line": (
        "<p>by Ann Pear<br>&nbsp;&nbsp;&nbsp;Old Town News&nbsp;&nbsp;//&nbsp;&nbsp;May 5<br>Pictures: Bob Stone</p>",
        "by Ann Pear\n",
    ),
    "smiles": (
        "<p>See you all there ;)<br>&nbsp;&nbsp;&nbsp;;-) and bring cake<br>&nbsp;&nbsp;&nbsp;Ann</p>",
        "See you all there ;)\n",
    ),
    "list-of-parts": (
        "<p>2 cups of flour; sifted<br>&nbsp;&nbsp;&nbsp;1 cup of milk ; warm<br>&nbsp;&nbsp;&nbsp;3 eggs&nbsp;"
        "&nbsp;&nbsp;beaten<br>"
        "Method:<br>&nbsp;&nbsp;&nbsp;Stir well.</p>",
        "2 cups of flour; sifted\n",
    ),
    "indented-paragraphs": (
        "<p>&nbsp;&nbsp;&nbsp;&nbsp;The first of them came in the morning and sat by the door.</p>"
        "<p>&nbsp;&nbsp;&nbsp;&nbsp;The second one came when it was nearly dark, and did not sit.</p>"
        "<p>&nbsp;&nbsp;&nbsp;&nbsp;The third one never came at all.</p>",
        "The first of them came",
    ),
    "empty-box": ('<div class="code-block" data-code="python"></div><p>There is nothing to be seen in it.</p>', "seen"),
}
"""name → page, what its Markdown holds."""
