"""Blocks of code whose markup tempts an extractor to drop a part, with the code that a browser shows.

Each stands for a kind of fault. `SHOWN`: what Chromium's innerText of the element says, scripts off. `RULED`: a part of
what a browser shows is no code by a rule of docs/extraction.md.
"""

PARAGRAPH = (
    "<p>This page explains how tool number {} is set up and used, step by step, for people who begin with it.</p>"
)

SHOWN: dict[str, dict[str, tuple[str, str]]] = {
    "tag": {
        "ins-line": ("<pre>a = 1\n<ins>b = 2</ins>\nc = 3</pre>", "a = 1\nb = 2\nc = 3"),
        "ins-several-lines": ("<pre><code>go {\n<ins>  x()\n  y()</ins>\n}</code></pre>", "go {\n  x()\n  y()\n}"),
        "del-word": ("<pre>int <del>old</del> <ins>new</ins> = 1;</pre>", "int old new = 1;"),
        "button-in-line": ("<pre>press <button>Ctrl</button> + c;\nx();</pre>", "press Ctrl + c;\nx();"),
        "button-with-run-in-line": ("<pre>npm <button>run</button> build\nnpm test</pre>", "npm run build\nnpm test"),
        "button-is-a-line": (
            "<pre>def f():\n<button>    return 1</button>\nf()</pre>",
            "def f():\n    return 1\nf()",
        ),
        "label": ("<pre>key = <label>NAME</label>\nx = 2</pre>", "key = NAME\nx = 2"),
        "output": ("<pre>&gt;&gt;&gt; 1 + 1\n<output>2</output></pre>", ">>> 1 + 1\n2"),
        "kbd": ("<pre>$ <kbd>git init</kbd>\nInitialized</pre>", "$ git init\nInitialized"),
        "custom-element": ("<pre>x = <my-token>1</my-token>;\n<x-line>y = 2;</x-line></pre>", "x = 1;\ny = 2;"),
        "time-data-meter": (
            "<pre>at <time>10:00</time> took <data value=3>3 s</data>\nok</pre>",
            "at 10:00 took 3 s\nok",
        ),
        "inline-ins": ("<p>Call <code>f(<ins>a</ins>, b)</code> first.</p>", "f(a, b)"),
        "inline-button": ("<p>Call <code>open <button>File</button> x</code> first.</p>", "open File x"),
    },
    "class": {
        "fold-lines": (
            '<pre><span class="fold-block">package a;\n\n</span><span class="fold-block">class C {}</span></pre>',
            "package a;\n\nclass C {}",
        ),
        "tooltip-word": ('<pre>var <span class="tooltip">name</span> = 1;\ngo();</pre>', "var name = 1;\ngo();"),
        "has-tooltip-line": (
            '<pre><span class="has-tooltip" title="adds">add(1, 2);</span>\nb();</pre>',
            "add(1, 2);\nb();",
        ),
        "copy-token": ('<pre><span class="copy">cp</span> a b\n<b>mv</b> a b</pre>', "cp a b\nmv a b"),
        "copyable-lines": (
            '<pre><span class="copyable">edit</span>\n<span class="copyable">show version</span>\n'
            '<span class="copyable">exit now</span></pre>',
            "edit\nshow version\nexit now",
        ),
        "toggle-run": ('<pre>npm <span class="toggle">run</span>\nnpm test</pre>', "npm run\nnpm test"),
        "expand-variable": ('<pre>echo <span class="expansion">$HOME</span>\nls</pre>', "echo $HOME\nls"),
        "expanded-whole-block": ('<pre><span class="expanded">raw</span></pre>', "raw"),
        "ads-identifier": ('<pre>use <span class="ads">Ads</span>;\nuse <b>B</b>;</pre>', "use Ads;\nuse B;"),
        "sponsor": ('<pre>git clone <span class="sponsor-repo">repo</span>\ncd repo</pre>', "git clone repo\ncd repo"),
        "button-class-string": (
            '<pre>x = <span class="hljs-btn">"Copy"</span>;\ny = <span class="button">OK</span>;</pre>',
            'x = "Copy";\ny = OK;',
        ),
        "popup-function": ('<pre>open<span class="popup-fn">Popup</span>();\na();</pre>', "openPopup();\na();"),
        "collapsed-div": (
            '<pre><div class="collapsed-region">int a;</div><div class="collapsed-region">int b;</div></pre>',
            "int a;\nint b;",
        ),
        "toolbar-selector": (
            '<pre><span class="s-toolbar">.toolbar</span> {\n  a: b\n}</pre>',
            ".toolbar {\n  a: b\n}",
        ),
        "boring-word": ('<pre>x = <span class="boring">1</span>;\ny;</pre>', "x = 1;\ny;"),
        "role-button-word": ('<pre>click <span role="button">Save</span> now;\nx;</pre>', "click Save now;\nx;"),
        "line-number-value": (
            '<pre>port = <span class="line-number">8080</span>\nhost = a</pre>',
            "port = 8080\nhost = a",
        ),
        "line-number-first-value": (
            '<pre><span class="line-number">8080</span> port\n<span class="line-number">22</span> ssh\nend</pre>',
            "8080 port\n22 ssh\nend",
        ),
    },
    "link": {
        "issue": (
            '<pre>Fix the cache, bug <a href="https://b.example/show?id=123">123</a>\nand <a href="/i/77">77'
            "</a>.</pre>",
            "Fix the cache, bug 123\nand 77.",
        ),
        "issue-starts-line": (
            '<pre><a href="/issues/7">7</a> fixes a\n<a href="/issues/9">9</a> fixes b</pre>',
            "7 fixes a\n9 fixes b",
        ),
        "footnote": ('<pre>see <a href="#fn1">1</a>\nand <a href="#fn2">2</a></pre>', "see 1\nand 2"),
        "literal": ('<pre>x = <a href="#c-5">5</a>;\ny = <a id="d6">6</a>;</pre>', "x = 5;\ny = 6;"),
        "references-that-count": (
            '<pre><a href="/r/1">1</a> one\n<a href="/r/2">2</a> two\n<a href="/r/3">3</a> three</pre>',
            "1 one\n2 two\n3 three",
        ),
        "permalink-sign-in-code": (
            '<pre>a <a class="anchor" href="#b">#</a>b\nc</pre>',
            "a #b\nc",
        ),
    },
    "gutter": {
        "output-below": ("<pre>1\n2\n3</pre>", "1\n2\n3"),
        "seq-right-below": ("<pre>1\n2\n3</pre>", "1\n2\n3"),
        "one-number": ("<pre>42</pre>", "42"),
        "column-from-ten": ("<pre>10\n11\n12\n13</pre>", "10\n11\n12\n13"),
        "literals-in-lines": (
            '<pre><code><span class="line"><span class="mi">1</span> pear</span>\n<span class="line"><span class="mi">2'
            '</span> fig</span>\n<span class="line"><span class="mi">3</span> plum</span></code></pre>',
            "1 pear\n2 fig\n3 plum",
        ),
        "coloured-literals": (
            '<pre><code><span class="line"><span style="color:#79B8FF">1</span> pear</span>\n<span class="line">'
            '<span style="color:#79B8FF">2</span> fig</span>\n<span class="line"><span style="color:#79B8FF">3</span>'
            " plum</span></code></pre>",
            "1 pear\n2 fig\n3 plum",
        ),
    },
    "column": {
        "times-table": (
            "<pre>1   2   3\n2   4   6\n3   6   9\n4   8  12</pre>",
            "1   2   3\n2   4   6\n3   6   9\n4   8  12",
        ),
        "right-aligned": (
            "<pre>{}</pre>".format("\n".join(f"{n} {n * n:4}" for n in range(8, 13))),
            "\n".join(f"{n} {n * n:4}" for n in range(8, 13)),
        ),
        "query-result": (
            "<pre>1 | pear  |\n2 | fig   | 3\n3 |       | 4\n4 | plum  |  5</pre>",
            "1 | pear  |\n2 | fig   | 3\n3 |       | 4\n4 | plum  |  5",
        ),
        "ranking": ("<pre>1  Ann\n2  Bo\n3    Cy\n4  Di</pre>", "1  Ann\n2  Bo\n3    Cy\n4  Di"),
        "coordinates": (
            "<pre>0   1.5  2\n1   2.5  3\n2  -1.0  4\n3   0.0  5</pre>",
            "0   1.5  2\n1   2.5  3\n2  -1.0  4\n3   0.0  5",
        ),
        "table-of-contents": ("<pre>1 Intro\n2 Use\n\n3 End</pre>", "1 Intro\n2 Use\n\n3 End"),
    },
}

RULED: dict[str, tuple[str, str, str]] = {
    "advertisement": ('<pre>a = 1\n<ins class="adsbygoogle" data-ad-slot="1">Buy</ins>b = 2</pre>', "", "a = 1\nb = 2"),
    "copy-button": ("<pre><button>Copy</button>a = 1\nb = 2</pre>", "", "a = 1\nb = 2"),
    "copy-button-behind": ("<pre>a = 1\nb = 2<button>复制代码</button></pre>", "", "a = 1\nb = 2"),
    "copy-class": ('<pre><div class="copy-btn">Copy code</div>a = 1\nb = 2</pre>', "", "a = 1\nb = 2"),
    "fold-mark": ('<pre>a {\n<span class="fold-toggle">▾</span>b\n}</pre>', "", "a {\nb\n}"),
    "screen-reader": ('<pre><span class="sr-only">Copy</span>a = 1\nb = 2</pre>', "", "a = 1\nb = 2"),
    "tooltip-text": (
        '<pre>call <span class="tooltip">f<span class="tooltiptext">Opens it</span></span>()\nb()</pre>',
        "",
        "call f()\nb()",
    ),
    "role-tooltip": ('<pre>call f<span role="tooltip">Opens it</span>()\nb()</pre>', "", "call f()\nb()"),
    "select-of-one": ("<pre>aws --region <select><option>eu-1</select>\nls</pre>", "", "aws --region eu-1\nls"),
    "math": (
        "<pre>let <math>\n <mi> x </mi>\n <mo>+</mo> <mi>y</mi>\n</math> = 5;\nx();</pre>",
        "",
        "let x+y = 5;\nx();",
    ),
    "math-with-latex": (
        '<pre>let <math><semantics><mi>x</mi><annotation encoding="application/x-tex">\\xi</annotation>'
        "</semantics></math>"
        " = 5;\nx();</pre>",
        "",
        "let x = 5;\nx();",
    ),
    "drawn-formula": (
        '<pre>let <span class="katex"><math><mi>x</mi><annotation encoding="application/x-tex">\\xi</annotation></math>'
        "<span>ξ</span></span> = 5;\nx();</pre>",
        "",
        "let \\xi = 5;\nx();",
    ),
    "rows-of-number-and-block": (
        "<pre>{}</pre>".format("".join(f"<div><span>{n}</span><div>go {n}</div></div>" for n in range(1, 4))),
        "",
        "go 1\ngo 2\ngo 3",
    ),
    "number-in-an-attribute": (
        '<pre>a\n<div class="gutter" data-line="7"><b>7</b></div>b\n<div class="gutter" data-line="9">9</div>c</pre>',
        "",
        "a\nb\nc",
    ),
    "select-shows-its-choice": (
        "<pre>region=<select><option>a-1<option selected>b-2</select>\nls</pre>",
        "",
        "region=b-2\nls",
    ),
    "numbered-lines": (
        '<pre><span class="lineno">1 </span>a = 1\n<span class="lineno">2 </span>b = 2</pre>',
        "",
        "a = 1\nb = 2",
    ),
    "numbered-every-fifth": (
        "<pre>a\nb\nc\nd\n{}e\nf\ng\nh\ni\n{}j</pre>".format(
            *(f'<span class="line-number">{n}</span>' for n in (5, 10))
        ),
        "",
        "a\nb\nc\nd\ne\nf\ng\nh\ni\nj",
    ),
    "numbered-anchors": (
        '<pre><a href="#l9">9</a> a = 1\n<a href="#l10">10</a> b = 2\n<a href="#l11">11</a> c</pre>',
        "",
        " a = 1\n b = 2\n c",
    ),
    "one-numbered-line": ('<pre><span class="lineno">1</span>a = 1</pre>', "", "a = 1"),
    "diff-with-two-gutters": (
        "<pre>{}</pre>".format(
            "\n".join(
                f'<span class="old-num gutter">{old}</span><span class="new-num gutter">{new}</span>{line}'
                for old, new, line in ((10, 14, " a"), (11, "", "-b"), ("", 15, "+c"), (12, 16, " d"))
            )
        ),
        "",
        " a\n-b\n+c\n d",
    ),
    "unnamed-counters": (
        "<pre>{}</pre>".format("".join(f"<div><i>{n}</i><b>x{n} = {n};</b></div>" for n in range(1, 5))),
        "",
        "x1 = 1;\nx2 = 2;\nx3 = 3;\nx4 = 4;",
    ),
    "typed-numbers": (
        "<pre>1  def f(x):\n2      return x\n3\n4  f(1)</pre>",
        "",
        "def f(x):\n    return x\n\nf(1)",
    ),
    "chat-bar": (
        '<pre><div><div class="flex">bash</div><div><button aria-label="Copy">Copy code</button></div>'
        "<div><code><span>ls -l\n  cd x\n</span></code></div></div></pre>",
        "bash",
        "ls -l\n  cd x",
    ),
    "chat-bar-chinese": (
        "<pre><div><div>python</div><div><button>复制代码</button></div>"
        "<div><code>x = 1\ny = 2</code></div></div></pre>",
        "python",
        "x = 1\ny = 2",
    ),
    "chat-bar-german": (
        "<pre><div><span>sql</span><div>Code kopieren</div></div><div><code>select 1;\nselect 2;</code></div></pre>",
        "sql",
        "select 1;\nselect 2;",
    ),
    "chat-bar-english-header": (
        '<pre><header>javascript</header><code class="hljs">let a = 1;\nlet b = 2;</code></pre>',
        "javascript",
        "let a = 1;\nlet b = 2;",
    ),
    "chat-bar-japanese": (
        "<pre><div>rust</div><div>コードをコピーする</div><code>fn f() {}\nfn g() {}</code></pre>",
        "rust",
        "fn f() {}\nfn g() {}",
    ),
    "chat-bar-without-code": (
        '<pre><div class="code-lang">ruby</div>puts 1\nputs 2</pre>',
        "ruby",
        "puts 1\nputs 2",
    ),
    "spanish-forum-label": (
        '<div class="codebox"><p>Código: <a href="#">Seleccionar todo</a></p><pre><code>x = 1;\ny = 2;</code>'
        "</pre></div>",
        "",
        "x = 1;\ny = 2;",
    ),
    "german-forum-label": (
        '<div class="codebox"><p>Code: <a href="#">Alles auswählen</a></p><pre><code>x = 1;\ny = 2;</code></pre></div>',
        "",
        "x = 1;\ny = 2;",
    ),
}
