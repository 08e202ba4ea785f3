"""Code that is not in a `<pre>`, or not only, as sites lay it out, with the language and the code that it shows.

Each stands for a kind of layout. `BLOCKS`: a block comes out as a fence. `INLINE`: a paragraph's Markdown.
"""

BLOCKS: dict[str, dict[str, tuple[str, str, str]]] = {
    "tokens": {
        "line-per-division": (
            '<div class="kx1"><div><span><code>int</code> <code>i = 0; </code></span></div>'
            "<div><span><code>&nbsp;&nbsp;</code><code>x();</code></span></div></div>",
            "",
            "int i = 0;\n  x();",
        ),
        "line-per-division-in-post": (
            "<table><tr><td>Ann</td><td><p>Here is what I have so far, it stops at the second call of the two.</p>"
            "<div><div><code>go</code> <code>run(1);</code></div><div><code>go</code> <code>run(2);</code></div></div>"
            "</td></tr></table>",
            "",
            "go run(1);\ngo run(2);",
        ),
        "empty-line": (
            "<div><div><code>a = 1</code></div><div>&nbsp;</div><div><code>b</code> <code>= 2</code></div></div>",
            "",
            "a = 1\n\nb = 2",
        ),
        "linked-token": (
            '<div><div><code><a href="/s">String</a></code> <code>s;</code></div>'
            '<div><a href="/v"><code>Vector</code></a> <code>v;</code></div></div>',
            "",
            "String s;\nVector v;",
        ),
        "margin-of-a-span": (
            '<div><div><code>if (x) {</code></div><div><span style="margin-left: 40px"><code>y();</code></span></div>'
            "<div><code>}</code></div></div>",
            "",
            "if (x) {\n    y();\n}",
        ),
        "margin-in-em": (
            '<div><div><code>while x:</code></div><div><span style="padding-left:2em"><code>y()</code></span></div>'
            "</div>",
            "",
            "while x:\n    y()",
        ),
        "breaks-between": (
            "<div><code>int</code> <code>i;</code><br><code>&nbsp;&nbsp;i</code> <code>= 1;</code><br>"
            "<code>f(i);</code></div>",
            "",
            "int i;\n  i = 1;\nf(i);",
        ),
        "code-holds-divisions": (
            "<p>So:</p><code><div>for (;;) {</div><div>&nbsp;&nbsp;x();</div><div>}</div></code>",
            "",
            "for (;;) {\n  x();\n}",
        ),
        "code-holds-breaks": (
            "<div><code>for (;;) {<br>&nbsp;&nbsp;x();<br>}</code></div>",
            "",
            "for (;;) {\n  x();\n}",
        ),
        "paragraph-per-line": (
            "<p><code>sudo mkdir /srv/a</code></p><p><code>sudo chown ann /srv/a</code></p><p><code>ls /srv</code></p>",
            "",
            "sudo mkdir /srv/a\nsudo chown ann /srv/a\nls /srv",
        ),
        "paragraph-per-line-of-two": (
            "<p><code>npm install</code></p>\n<p><code>npm start</code></p>",
            "",
            "npm install\nnpm start",
        ),
        "teletype-paragraphs": (
            "<p><tt>10 PRINT A</tt></p><p><tt>20 GOTO 10</tt></p>",
            "",
            "10 PRINT A\n20 GOTO 10",
        ),
        "word-processor-paragraphs": (
            '<p class="MsoNormal"><span style="font-family:Consolas">int i = 0;</span></p>'
            '<p class="MsoNormal"><span style="font-family:Consolas"><span>&nbsp;&nbsp;</span>f(i);</span></p>'
            '<p class="MsoNormal"><span style="font-family:Consolas">}</span></p>',
            "",
            "int i = 0;\n  f(i);\n}",
        ),
        "word-processor-style-on-paragraph": (
            "<p class=MsoNormal style='margin:0;font-family:\"Courier New\"'>SELECT a</p>"
            "<p class=MsoNormal style='margin:0;font-family:\"Courier New\"'>&nbsp;&nbsp;FROM b;</p>",
            "",
            "SELECT a\n  FROM b;",
        ),
        "word-processor-several-spans": (
            '<p class="MsoNormal"><span style="font-family:Courier;color:blue">void</span>'
            '<span style="font-family:Courier"> f() {</span></p>'
            '<p class="MsoNormal"><span style="font-family:Courier">}</span></p>',
            "",
            "void f() {\n}",
        ),
    },
    "list": {
        "discuz": (
            '<div class="blockcode"><div><ol><li>int a;<br /><li>&nbsp; int b;<br /><li>f();<br /></ol></div>'
            "<em onclick=\"copycode($('c1'))\">复制代码</em></div>",
            "",
            "int a;\n  int b;\nf();",
        ),
        "discuz-in-a-post": (
            '<table><tr><td>Ann</td><td class="t_f">Here is what I have so far, and it stops at the second line.<br />'
            '<div class="blockcode"><div><ol><li>x = f(1)<br /><li>&nbsp; &nbsp; y = g(x)<br /></ol></div>'
            '<em onclick="copycode()">复制代码</em></div>Thanks to all.</td></tr></table>',
            "",
            "x = f(1)\n    y = g(x)",
        ),
        "copied-list-of-another-name": (
            "<div class=\"zz\"><ol><li>name one<br /><li>name two<br /></ol><a href='javascript:;'>复制代码</a></div>",
            "",
            "name one\nname two",
        ),
        "copied-list-in-english": (
            '<div class="zz"><button>Copy code</button><ol><li>name one</li><li>&nbsp;name two</li></ol></div>',
            "",
            "name one\n name two",
        ),
        "phpwind": (
            '<h6 class="quote"><a href="javascript:" onclick="copy()">复制代码</a></h6>'
            '<div class="blockquote" id="code1"><ol><li>x = 1;</li><li>&nbsp;&nbsp;y = 2;</li></ol></div>',
            "",
            "x = 1;\n  y = 2;",
        ),
    },
    "empty-pre": {
        "divisions-behind": (
            "<div><pre></pre><div>int a;</div><div>&nbsp; f(a);</div><div></div><div>g();</div></div>",
            "",
            "int a;\n  f(a);\n\ng();",
        ),
        "paragraphs-behind": (
            "<blockquote><pre></pre><p>import a</p><p>a.run(1)</p></blockquote>",
            "",
            "import a\na.run(1)",
        ),
    },
    "copy": {
        "rendered-first": (
            '<div class="box"><div class="code-lines">\n      <div class="code-line">\n        <span>if a:</span>\n'
            '      </div>\n      <div class="code-line">\n        <span>    b()</span>\n      </div>\n    </div>'
            "<pre>if a:\n    b()</pre></div>",
            "",
            "if a:\n    b()",
        ),
        "original-first": (
            '<div class="box"><pre>if a:\n    b()</pre><div class="code-lines">\n      <div class="code-line">\n'
            '        <span>if a:</span>\n      </div>\n      <div class="code-line">\n        <span>b()</span>\n'
            "      </div>\n    </div></div>",
            "",
            "if a:\n    b()",
        ),
        "hidden-original": (
            '<div class="box"><div class="hljs"><div>def f():</div><div>return 1</div></div>'
            '<pre style="display:none">def f():\n    return 1</pre></div>',
            "",
            "def f():\n    return 1",
        ),
    },
    "parts": {
        "before-and-after": (
            '<div class="codehilite"><pre class="insert-before">  a();\n</pre><pre class="insert">  b();\n</pre>'
            '<pre class="insert-after">  c();\n</pre></div>',
            "",
            "  a();\n  b();\n  c();",
        ),
        "with-a-caption": (
            '<div class="codehilite"><pre class="insert-before">  a();\n</pre><div class="file"><em>Main.java</em><br>'
            "add after <em>a</em>()</div>"
            '<pre class="insert">  b();\n</pre><pre class="insert-after">  c();\n</pre></div>',
            "",
            "  a();\n  b();\n  c();",
        ),
    },
    "prompt": {
        "box": (
            '<div class="terminal">$ make<br>gcc makes the object<br>all is well now</div>',
            "",
            "$ make\ngcc makes the object\nall is well now",
        ),
        "unnamed-box": (
            '<div style="background:#000">$ whoami<br>ann<br>$ hostname<br>pear</div>',
            "",
            "$ whoami\nann\n$ hostname\npear",
        ),
        "paragraph": (
            "<p>$ uptime<br>up three days<br>with two users</p>",
            "",
            "$ uptime\nup three days\nwith two users",
        ),
        "user-and-host": (
            '<div class="screenshot">ann@pear:~$ whoami<br>ann is the one<br>who asks</div>',
            "",
            "ann@pear:~$ whoami\nann is the one\nwho asks",
        ),
        "drive": (
            '<div class="box">C:\\Users\\ann&gt;ver<br>Version of the day<br>C:\\Users\\ann&gt;</div>',
            "",
            "C:\\Users\\ann>ver\nVersion of the day\nC:\\Users\\ann>",
        ),
    },
    "spaces": {
        "plain-behind-breaks": ("<code>if (x) {<br>    y();<br>}</code>", "", "if (x) {\n    y();\n}"),
        "plain-behind-breaks-and-feeds": (
            "<code>def f(x):<br>\n    if x:<br>\n        return 1<br>\n    return 2</code>",
            "",
            "def f(x):\n    if x:\n        return 1\n    return 2",
        ),
        "unread-fence": ("<p><code>console\nsudo run it\n</code></p>", "console", "sudo run it"),
        "in-a-paragraph": (
            "<p><code>for a in b:<br/>  print(a)<br/>  c()</code></p>",
            "",
            "for a in b:\n  print(a)\n  c()",
        ),
        "with-empty-line": ("<code>a {<br>  b<br><br>  c<br>}</code>", "", "a {\n  b\n\n  c\n}"),
    },
    "short": {
        "one-line": ("<pre><span>1</span><span>export A=1</span></pre>", "", "export A=1"),
        "two-lines": (
            "<pre><div><span>1</span><span>export A=1</span></div><div><span>2</span><span>export "
            "B=2</span></div></pre>",
            "",
            "export A=1\nexport B=2",
        ),
        "two-lines-in-code": (
            '<pre><code class="language-sh"><span><span>1</span><span>export A=1</span></span>\n'
            "<span><span>2</span><span>  export B=2</span></span></code></pre>",
            "sh",
            "export A=1\n  export B=2",
        ),
        "division-a-number": (
            "<pre><div><div>1</div><div>export A=1</div></div><div><div>2</div><div>run it</div></div></pre>",
            "",
            "export A=1\nrun it",
        ),
        "column-of-divisions": (
            '<div class="highlight"><div class="nums"><div>1</div><div>2</div></div>'
            "<pre>export A=1\nexport B=2</pre></div>",
            "",
            "export A=1\nexport B=2",
        ),
        "number-that-is-code": (
            "<pre><span>1</span><span>px</span>\n<span>3</span><span>em</span></pre>",
            "",
            "1px\n3em",
        ),
    },
    "label": {
        "first-child": ('<div class="code"><div class="t">Code:</div>x = 1;<br>y = 2;</div>', "", "x = 1;\ny = 2;"),
        "first-child-spanish": (
            '<div class="codebox"><div>Código: <a href="#">Seleccionar todo</a></div><code>x = '
            "1;<br>y = 2;</code></div>",
            "",
            "x = 1;\ny = 2;",
        ),
        "first-child-portuguese": (
            '<dl class="codebox"><dt>Código: <a href="#">Selecionar todos</a></dt><dd><code>x = '
            "1;<br>y = 2;</code></dd>"
            "</dl>",
            "",
            "x = 1;\ny = 2;",
        ),
        "first-child-french": (
            '<dl class="codebox"><dt>Code : <a href="#">Tout sélectionner</a></dt><dd><code>x = '
            "1;<br>y = 2;</code></dd>"
            "</dl>",
            "",
            "x = 1;\ny = 2;",
        ),
        "first-child-polish": (
            '<dl class="codebox"><dt>Kod: <a href="#">Zaznacz cały</a></dt><dd><code>x = 1;<br>y = 2;</code></dd></dl>',
            "",
            "x = 1;\ny = 2;",
        ),
        "first-child-russian": (
            '<dl class="codebox"><dt>Код: <a href="#">Выделить всё</a></dt><dd><code>x = 1;<br>y = 2;</code></dd></dl>',
            "",
            "x = 1;\ny = 2;",
        ),
        "inside-pre": ("<pre><div>bash</div>ls -l\ncd x</pre>", "bash", "ls -l\ncd x"),
        "language-is-code": ("<pre>bash\nexit</pre>", "", "bash\nexit"),
    },
    "rows": {
        "two-columns": (
            "<div><div><div>1</div><div>2</div><div>3</div></div>"
            "<div><div>let a = 1;</div><div>  f(a);</div><div>g()</div></div></div>",
            "",
            "let a = 1;\n  f(a);\ng()",
        ),
        "two-columns-empty-line": (
            '<section><div class="n"><div>1</div><div>2</div><div>3</div></div>'
            '<div class="l"><div>def a():</div><div>\n</div><div>    return</div></div></section>',
            "",
            "def a():\n\n    return",
        ),
        "siblings": (
            "<div><div>1</div><div>let a = 1;</div><div>2</div><div>  f(a);</div><div>3</div><div>g();</div></div>",
            "",
            "let a = 1;\n  f(a);\ng();",
        ),
        "row-each": (
            "<div><div><div>1</div><div>let a = 1;</div></div><div><div>2</div><div>  f(a);</div></div>"
            "<div><div>3</div><div>g();</div></div></div>",
            "",
            "let a = 1;\n  f(a);\ng();",
        ),
        "row-each-of-spans": (
            "<div><div><span>7</span><span>let a = 1;</span></div><div><span>8</span><span>  f(a);</span></div>"
            "<div><span>9</span><span>g();</span></div></div>",
            "",
            "let a = 1;\n  f(a);\ng();",
        ),
        "monospace-table": (
            '<table style="font-family:monospace"><tr><td>1</td><td>begin</td></tr><tr><td>2</td><td>write x</td></tr>'
            "<tr><td>3</td><td>finish</td></tr></table>",
            "",
            "begin\nwrite x\nfinish",
        ),
        "monospace-cells": (
            "<table>{}</table>".format(
                "".join(
                    f'<tr><td>{n}</td><td style="font-family:Courier New">{line}</td></tr>'
                    for n, line in enumerate(("begin", "&nbsp;&nbsp;write x", "finish"), 1)
                )
            ),
            "",
            "begin\n  write x\nfinish",
        ),
        "two-gutters": (
            "<table>{}</table>".format(
                "".join(
                    f"<tr><td>{old}</td><td>{new}</td><td>{line}</td></tr>"
                    for old, new, line in (
                        (4, 4, "&nbsp;int a;"),
                        (5, "", "-int b;"),
                        ("", 5, "+int c;"),
                        (6, 6, "&nbsp;f();"),
                    )
                )
            ),
            "",
            " int a;\n-int b;\n+int c;\n f();",
        ),
    },
    "address": {
        "decorator": (
            '<pre>x = "<a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="{hidden}">'
            '[email&#160;protected]</a>"\ndef f(): pass</pre>',
            "",
            'x = "{address}"\ndef f(): pass',
        ),
        "host": (
            '<pre>git clone <span class="__cf_email__" data-cfemail="{hidden}">[email&#160;protected]</span>:a/b.git\n'
            "cd b</pre>",
            "",
            "git clone {address}:a/b.git\ncd b",
        ),
        "broken": (
            '<pre>x <span class="__cf_email__" data-cfemail="zz">[email protected]</span>\ny</pre>',
            "",
            "x [email protected]\ny",
        ),
    },
    "raised": {
        "power": ("<pre>x = 2<sup>3</sup>\ny = n<sup>k+1</sup></pre>", "", "x = 2^3\ny = n^(k+1)"),
        "index": ("<pre>a<sub>1</sub> = b\na<sub>i+1</sub> = c</pre>", "", "a_1 = b\na_(i+1) = c"),
        "ordinal": ("<pre>the 1<sup>st</sup> one\nnext</pre>", "", "the 1st one\nnext"),
        "ins-and-del": ("<pre>a <ins>b</ins>\n<del>c</del> d</pre>", "", "a b\nc d"),
    },
    "word": {
        "ignore": ('<pre><code class="language-ignore">a();\nb();</code></pre>', "", "a();\nb();"),
        "fallback": ('<pre class="language-fallback"><code>a();\nb();</code></pre>', "", "a();\nb();"),
        "plaintext-line-numbers": (
            '<pre><code class="language-plaintext-line-numbers">a();\nb();</code></pre>',
            "",
            "a();\nb();",
        ),
        "attribute": ('<pre data-lang="snippet1"><code>a();\nb();</code></pre>', "", "a();\nb();"),
        "seldom-language": ('<pre><code class="language-agda">a\nb</code></pre>', "agda", "a\nb"),
        "rust-flags": ('<pre><code class="language-rust,no_run">a();\nb();</code></pre>', "rust", "a();\nb();"),
    },
}

INLINE: dict[str, tuple[str, str]] = {
    "feed-in-a-sentence": (
        "<p>Then call <code>git commit\n  -m 'x = 1;'</code> to store all of it.</p>",
        "Then call `git commit -m 'x = 1;'` to store all of it.",
    ),
    "feed-in-an-item": (
        "<ul><li>Call <code>a();\nb();</code> first of all</li><li>Then rest a bit</li></ul>",
        "- Call `a(); b();` first of all",
    ),
    "feed-in-a-cell": (
        "<table><tr><th>Name</th><th>What it is for</th></tr><tr><td><code>--long-name\nVALUE</code></td>"
        "<td>sets the name of it</td></tr><tr><td><code>-v</code></td><td>says more of it</td></tr></table>",
        "| `--long-name VALUE` | sets the name of it |",
    ),
    "power": ("<p>It takes <code>O(n<sup>2</sup>)</code> steps in all.</p>", "It takes `O(n^2)` steps in all."),
    "index": ("<p>See <code>a<sub>0</sub></code> for the first of all.</p>", "See `a_0` for the first of all."),
    "address-in-code": (
        '<p>Add <code><a class="__cf_email__" '
        'data-cfemail="{hidden}">[email&nbsp;protected]</a></code> to the list.</p>',
        "Add `{address}` to the list.",
    ),
    "address-in-a-sentence": (
        '<p>Write to <a class="__cf_email__" data-cfemail="{hidden}">[email&nbsp;protected]</a> about all of it.</p>',
        "Write to {address} about all of it.",
    ),
    "address-in-a-link": (
        '<p>Write to <a href="/cdn-cgi/l/email-protection#{hidden}">[email&nbsp;protected]</a> about all of it.</p>',
        "Write to {address} about all of it.",
    ),
    "one-line-paragraph": ("<p><code>npm install</code></p>", "`npm install`"),
    "names-in-a-list": ("<ul><li><code>alpha</code></li><li><code>beta</code></li></ul>", "- `alpha`\n- `beta`"),
    "price": ("<p>$ 5 for one of them<br>$ 9 for two of them</p>", "$ 5 for one of them"),
    "numbered-steps": (
        "<div><div><div>1</div><div>Open the box at its side.</div></div><div><div>2</div>"
        "<div>Take all of the parts out.</div></div><div><div>3</div><div>Read what the paper says.</div></div></div>",
        "Open the box at its side.",
    ),
    "mail-in-pre": (
        "<pre>Hello all of you,\n\nI am sorry to say that the meeting of this week has to be moved, "
        "because the room is "
        "used\nby the people of the other house. We will meet on the next day, at the same time and in the\n"
        "same room, and I hope that all of you will be there to hear what Ann has to say about it.\n\n"
        "With many thanks to you all,\nAnn</pre>",
        "I am sorry to say that the meeting of this week has to be moved",
    ),
    "poem-in-pre": (
        "<pre>The sun goes down behind the hill,\nand all the birds that sang are still;\nthe river "
        "that was loud by day\n"
        "now takes the silver light away.\n\nAnd in the house beside the road\nthe old man puts away his load,\n"
        "and by the fire he will stay\nuntil the night has gone its way.</pre>",
        "The sun goes down behind the hill,\nand all the birds that sang are still;",
    ),
}
