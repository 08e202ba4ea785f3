"""Code within prose of every kind: wikis, reference sites, lists, tables, chats, other languages and charsets."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors
# ruff: noqa: E501 - markup reads better as one line

from collections.abc import Iterator

import snippets as s
from case import Case, escape

PRE = f"<pre><code>{escape(s.PYTHON)}\n</code></pre>"


def sites() -> Iterator[Case]:
    """MediaWiki, Confluence, pkg.go.dev, chats, WordPress."""
    edit = '<span class="mw-editsection"><span class="mw-editsection-bracket">[</span><a href="#">edit</a><span>]</span></span>'
    spans = "".join(
        f'<span id="L-{at}"><a href="#L-{at}"><span class="linenos" data-line="{at}"></span></a>{escape(line)}</span>\n'
        for at, line in enumerate(s.SQL.split("\n"), 1)
    )
    body = f"""<div id="mw-content-text"><h2><span class="mw-headline" id="A">A query</span>{edit}</h2><p>See <code>JOIN</code> below.</p>
<div class="mw-highlight mw-highlight-lang-sql mw-content-ltr mw-highlight-lines" dir="ltr"><pre>{spans}</pre></div>
<p>Its cost is <span class="mwe-math-element"><span class="mwe-math-mathml-inline" style="display: none;"><math alttext="{{\\displaystyle O(n^{{2}})}}">
<semantics><mi>O</mi><annotation encoding="application/x-tex">{{\\displaystyle O(n^{{2}})}}</annotation></semantics></math></span>
<img src="x.svg" alt="O(n^2)"></span> here.</p></div>"""
    present = (s.BEFORE, s.AFTER, "## A query", "See `JOIN` below.", "Its cost is $O(n^{2})$ here.")
    yield Case("mediawiki", "highlighted", s.page(body), [("sql", s.SQL)], present, (*s.FRAME, "edit"))
    body = f"<h2>A session</h2><pre>{escape(s.SESSION)}\n</pre>"
    yield Case("mediawiki", "leading-space", s.page(body), [("", s.SESSION)])
    panel = '<div class="code panel pdl" style="border-width: 1px;"><div class="codeContent panelContent pdl">{}</div></div>'
    pre = f'<pre class="syntaxhighlighter-pre" data-syntaxhighlighter-params="brush: java; gutter: false; theme: Confluence" data-theme="Confluence">{escape(s.JAVA)}</pre>'
    yield Case("confluence", "pre", s.page(panel.format("@").replace("@", pre)), [("java", s.JAVA)])
    script = f'<script type="syntaxhighlighter" class="theme: Confluence; brush: java; gutter: false"><![CDATA[{s.JAVA}]]></script>'
    yield Case("confluence", "script", s.page(panel.format("@").replace("@", script)), [("java", s.JAVA)])
    body = '<div class="preformatted panel"><div class="preformattedContent panelContent"><pre>@</pre></div></div>'
    yield Case("confluence", "noformat", s.page(body.replace("@", escape(s.SESSION))), [("", s.SESSION)])
    body = f"""<div class="Documentation-content"><h4 class="Documentation-functionHeader">func <a href="#Max">Max</a></h4>
<div class="Documentation-declaration"><pre>func Max(a, b <a href="/builtin#int">int</a>) <a href="/builtin#int">int</a></pre></div><p>Max is the larger one.</p>
<details class="Documentation-exampleDetails"><summary>Example</summary><div class="Documentation-exampleDetailsBody"><p>Code:</p>
<textarea class="Documentation-exampleCode code" spellcheck="false">{escape(s.C)}\n</textarea>
<pre><span class="Documentation-exampleOutputLabel">Output:</span>\n\n<span class="Documentation-exampleOutput">7</span></pre></div></details></div>"""
    yield Case("godoc", "function", s.page(body), [("", "func Max(a, b int) int"), ("", s.C), ("", "Output:\n\n7")])
    body = f"""<div class="contain-inline-size rounded-md"><div class="flex items-center text-xs">python</div><div class="sticky"><div class="absolute">
<button class="flex">Copy code</button></div></div><div class="overflow-y-auto p-4" dir="ltr"><code class="!whitespace-pre hljs language-python">{escape(s.PYTHON)}</code></div></div>"""
    yield Case("chat", "copy-header", s.page(body), [("python", s.PYTHON)], absent=(*s.FRAME, "Copy", "\npython\n"))
    body = f'<div class="snippet-clipboard-content"><pre><code>{escape(s.SESSION)}</code></pre><clipboard-copy>Copy</clipboard-copy></div>'
    yield Case("chat", "clipboard", s.page(body), [("", s.SESSION)], absent=(*s.FRAME, "Copy"))
    ad = '<ins class="adsbygoogle">Buy now</ins>'
    half = s.PYTHON.index("    items")
    body = f"<pre>{escape(s.PYTHON[:half])}{ad}{escape(s.PYTHON[half:])}</pre>"
    yield Case("chat", "ad-inside", s.page(body), [("", s.PYTHON)], absent=(*s.FRAME, "Buy"))
    folded = escape(s.PYTHON).replace("class Basket", '<span class="fold-toggle">▾</span>class Basket')
    yield Case("chat", "fold-mark", s.page(f"<pre>{folded}</pre>"), [("", s.PYTHON)], absent=(*s.FRAME, "▾"))


def places() -> Iterator[Case]:
    """Blocks where Markdown has no place for them, and blocks that belong to the frame."""
    api = "<tr><td>{}</td><td><p>What it does in a few words.</p>{}</td></tr>"
    one = [("", s.PYTHON)]
    forms = {
        "list": f"<ol><li>First unpack it:{PRE}</li><li>then look.</li></ol>",
        "definition": f"<dl><dt>Unpack</dt><dd>Like this:{PRE}</dd></dl>",
        "figure": f"<figure>{PRE}<figcaption>Listing 1: the basket.</figcaption></figure>",
        "details": f"<details><summary>Show the code</summary>{PRE}</details>",
        "note": f'<aside class="note"><p>Mind the rate.</p>{PRE}</aside>',
        "table": f"<table><tr><th>Name</th><th>Example</th></tr>{api.format('total', PRE)}</table>",
        "paragraph": f"<p>As shown: {PRE} and so on.</p>",
        "link": f'<a href="/full">{PRE}</a>',
        "quote": f"<blockquote><p>They wrote:</p>{PRE}</blockquote>",
        "tabs": f'<div class="tabs"><button>Python</button><button>SQL</button><div role="tabpanel">{PRE}</div></div>',
    }
    for name, body in forms.items():
        yield Case("place", name, s.page(body), one)
    extra = "<aside class='sidebar'><h3>Try</h3><pre>pip install sidebar</pre></aside>"
    page = s.page(PRE).replace("</main>", f"</main>{extra}")
    yield Case("place", "sidebar-goes", page, one, absent=(*s.FRAME, "pip install sidebar"))
    banner = '<div class="cookie-consent"><p>We use cookies.</p><pre>document.cookie</pre><button>Fine</button></div>'
    yield Case(
        "place",
        "banner-goes",
        page.replace("<nav>", f"{banner}<nav>"),
        one,
        absent=("We use cookies", "document.cookie"),
    )
    cells = f'<table width="100%"><tr><td bgcolor="#ccc"><a href="/">{s.FRAME[0]}</a><br><a href="/b">Books</a></td><td><h1>Old page</h1>{s.BEFORE}<br><br>{PRE}{s.AFTER}</td></tr></table>'
    yield Case("place", "layout-table", f"<html><body>{cells}</body></html>", one, absent=())
    many = "".join(
        f"<p>Step {at} is to run this and to wait until it is done:</p><pre>make step-{at}</pre>" for at in range(1, 13)
    )
    steps = [("", f"make step-{at}") for at in range(1, 13)]
    yield Case("place", "in-order", s.page(many), steps, ("Step 1 is", "Step 12 is"))
    yield Case("place", "code-only", f"<html><body><pre>{escape(s.C)}</pre></body></html>", [("", s.C)], (), ())
    yield Case(
        "place",
        "entities",
        s.page("<pre>a &lt;b&gt; &amp;amp; &#123;x&#125; &quot;&apos;&nbsp;&copy;&lbrace;</pre>"),
        [("", "a <b> &amp; {x} \"'\u00a0©{")],
    )
    yield Case("place", "ticks", s.page(f"<pre>{s.TICKS}</pre>"), [("", s.TICKS)])
    yield Case("place", "diff", s.page(f'<pre class="diff">{escape(s.DIFF)}</pre>'), [("diff", s.DIFF)])
    yield Case("place", "make", s.page(f'<pre lang="makefile">{escape(s.MAKEFILE)}</pre>'), [("makefile", s.MAKEFILE)])


def words() -> Iterator[Case]:
    """Other languages, directions and charsets."""
    texts = {
        "chinese": (
            "gb18030",
            "本文介绍如何在程序中使用字典来统计单词的数量，并说明每一行代码的作用。",
            "以上代码的运行时间与单词的数量成正比，不需要额外的排序步骤。",
        ),
        "japanese": (
            "shift_jis",
            "この記事では、辞書を使って単語の数を数える方法を説明します。各行の意味も順番に見ていきます。",
            "上のコードの実行時間は単語の数に比例し、並べ替えは必要ありません。",
        ),
        "russian": (
            "windows-1251",
            "В этой статье показано, как посчитать слова с помощью словаря и что делает каждая строка.",
            "Время работы программы растёт линейно, и сортировка здесь совсем не нужна.",
        ),
        "german": (
            "iso-8859-1",
            "Dieser Beitrag zeigt, wie man Wörter mit einem Wörterbuch zählt, und erklärt jede Zeile für sich.",
            "Die Laufzeit wächst gleichmäßig mit der Zahl der Wörter; sortiert werden muss dafür nichts.",
        ),
        "arabic": (
            "utf-8",
            "تشرح هذه المقالة كيفية عد الكلمات باستخدام قاموس، وتوضح معنى كل سطر من أسطر البرنامج.",
            "يزداد زمن التنفيذ مع عدد الكلمات ولا حاجة إلى أي ترتيب إضافي في هذه الحالة.",
        ),
        "hebrew": (
            "utf-8",
            "מאמר זה מראה כיצד לספור מילים בעזרת מילון ומסביר את תפקידה של כל שורה בתוכנית.",
            "זמן הריצה גדל עם מספר המילים ואין צורך במיון נוסף לאחר מכן.",
        ),
    }
    for name, (charset, before, after) in texts.items():
        direction = ' dir="rtl"' if name in ("arabic", "hebrew") else ""
        body = f'<div{direction}><p>{before}</p><pre dir="ltr"><code class="language-sql">{escape(s.SQL)}</code></pre><p>{after}</p></div>'
        page = (
            s.page(body)
            .replace(s.BEFORE, before[:20])
            .replace(s.AFTER, after[:20])
            .replace('charset="utf-8"', f'charset="{charset}"')
        )
        yield Case("language", name, page, [("sql", s.SQL)], (before, after), s.FRAME, encoding=charset)


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from sites()
    yield from places()
    yield from words()
