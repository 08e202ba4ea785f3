"""Layouts of sites and of old pages whose generators cannot be installed, written by hand after their markup."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors
# ruff: noqa: E501 - markup reads better as one line

from collections.abc import Iterator

import snippets as s
from case import Case, escape, nbsp

NUMBERED = list(enumerate(s.JAVA.split("\n"), 1))


def rows(template: str, code: str = s.JAVA) -> str:
    """One row per line: § (its number) and LINE filled in."""
    return "\n".join(
        template.replace("LINE", escape(line) or "\n").replace("§", str(at))
        for at, line in enumerate(code.split("\n"), 1)
    )


def hosts() -> Iterator[Case]:
    """Code hosts: one table row per line, numbers in attributes or cells."""
    github = rows('<tr><td id="L§" class="blob-num js-line-number" data-line-number="§"></td>'
                  '<td id="LC§" class="blob-code blob-code-inner js-file-line">LINE</td></tr>')  # fmt: skip
    table = f'<div itemprop="text" class="Box-body blob-wrapper data type-java"><table class="highlight tab-size js-file-line-container">{github}</table></div>'
    yield Case("github", "blob", s.page(table), [("java", s.JAVA)], absent=(*s.FRAME, "LC1"))
    gist = f"""<div id="gist1" class="gist"><div class="gist-file"><div class="gist-data"><div class="js-gist-file-update-container"><div id="file-q-java" class="file">
<div itemprop="text" class="Box-body p-0 blob-wrapper data type-java"><div class="js-check-bidi blob-code-content"><table data-hpc class="highlight tab-size js-file-line-container js-code-nav-container" data-tab-size="8">
{github}</table></div></div></div></div></div><div class="gist-meta"><a href="/raw">view raw</a> <a href="#">Queue.java</a> hosted with ❤ by <a href="/">GitHub</a></div></div></div>"""
    yield Case("github", "gist", s.page(gist), [("java", s.JAVA)])
    sides = []
    for line in s.DIFF.split("\n")[3:]:
        mark = {"-": "deletion", "+": "addition"}.get(line[0], "context")
        sides.append(
            f'<tr><td class="blob-num blob-num-{mark}" data-line-number="3"></td><td class="blob-num blob-num-{mark}" data-line-number="4"></td>'
            f'<td class="blob-code blob-code-{mark}"><span class="blob-code-inner blob-code-marker" data-code-marker="{line[0]}">{escape(line[1:])}</span></td></tr>'
        )
    diff = f'<table class="diff-table tab-size"><tbody>{"".join(sides)}</tbody></table>'
    yield Case("github", "diff", s.page(diff), [("", "\n".join(s.DIFF.split("\n")[3:]))])
    gitea = rows(
        '<tr><td class="lines-num"><span id="L§" data-line-number="§"></span></td><td rel="L§" class="lines-code chroma"><code class="code-inner">LINE\n</code></td></tr>'
    )
    body = f'<div class="file-view code-view"><table><tbody>{gitea}</tbody></table></div>'
    yield Case("gitea", "blob", s.page(body), [("", s.JAVA)])
    sides = [
        f'<tr class="{"add" if line[0] == "+" else "del" if line[0] == "-" else "same"}-code"><td class="lines-num lines-num-old" data-line-num="3"><span></span></td>'
        f'<td class="lines-num lines-num-new" data-line-num="4"><span></span></td><td class="lines-type-marker"><span class="mono" data-type-marker="{line[0]}"></span></td>'
        f'<td class="chroma lines-code"><code class="code-inner">{escape(line[1:])}</code></td></tr>'
        for line in s.DIFF.split("\n")[3:]
    ]
    body = f'<div class="file-body code-diff"><table class="chroma"><tbody>{"".join(sides)}</tbody></table></div>'
    yield Case("gitea", "diff", s.page(body), [("", "\n".join(s.DIFF.split("\n")[3:]))])
    google = rows('<tr class="u-pre u-monospace FileContents-line"><td class="u-lineNum u-noSelect FileContents-lineNum" data-line-number="§" onclick="x"></td>'
                  '<td class="FileContents-lineContents" id="§">LINE</td></tr>')  # fmt: skip
    yield Case("googlesource", "blob", s.page(f'<table class="FileContents">{google}</table>'), [("", s.JAVA)])
    trac = rows('<tr><th id="L§"><a href="#L§">§</a></th><td>LINE</td></tr>')
    body = f'<table class="code"><thead><tr><th class="lineno" title="Line numbers">Line</th><th class="content">&nbsp;</th></tr></thead><tbody>{trac}</tbody></table>'
    yield Case("trac", "source", s.page(body), [("", s.JAVA)], absent=(*s.FRAME, "Line"))
    redmine = rows(
        '<tr id="L§"><th class="line-num"><a href="#L§">§</a></th><td class="line-code"><pre>LINE</pre></td></tr>'
    )
    body = f'<div class="autoscroll"><table class="filecontent syntaxhl"><tbody>{redmine}</tbody></table></div>'
    yield Case("redmine", "source", s.page(body), [("", s.JAVA)])
    lines = "".join(f'<div id="LC{at}" class="line" lang="java">{escape(line)}</div>\n' for at, line in NUMBERED)
    numbers = "".join(f'<a class="diff-line-num" href="#L{at}" data-line-number="{at}">{at}</a>' for at, _ in NUMBERED)
    body = f'<div class="file-content code js-syntax-highlight"><div class="line-numbers">{numbers}</div><div class="blob-content"><pre class="code highlight"><code>{lines}</code></pre></div></div>'
    yield Case("gitlab", "blob", s.page(body), [("", s.JAVA)], absent=(*s.FRAME, "12345"))


def scripts() -> Iterator[Case]:
    """SyntaxHighlighter 1 to 3, Crayon."""
    gutter = "".join(f'<div class="line number{at} index{at - 1} alt2">{at}</div>' for at, _ in NUMBERED)
    lines = "".join(
        f'<div class="line number{at} index{at - 1} alt1">' + ("&nbsp;" if not line else "")
        + (f'<code class="java spaces">{"&nbsp;" * (len(line) - len(line.lstrip()))}</code>' if line[:1] == " " else "")
        + (f'<code class="java plain">{escape(line.strip())}</code>' if line else "") + "</div>"
        for at, line in NUMBERED
    )  # fmt: skip
    body = f"""<div><div id="highlighter_1" class="syntaxhighlighter nogutter  java"><div class="toolbar"><span><a href="#" class="toolbar_item command_help help">?</a></span></div>
<table border="0" cellpadding="0" cellspacing="0"><tbody><tr><td class="gutter">{gutter}</td><td class="code"><div class="container">{lines}</div></td></tr></tbody></table></div></div>"""
    yield Case("syntaxhighlighter", "three", s.page(body), [("java", s.JAVA)], absent=(*s.FRAME, "?\n"))
    bare = f'<div class="syntaxhighlighter  java"><table><tbody><tr><td class="code"><div class="container">{lines}</div></td></tr></tbody></table></div>'
    yield Case("syntaxhighlighter", "three-nogutter", s.page(bare), [("java", s.JAVA)])
    two = "".join(
        f'<div class="line alt1"><table><tbody><tr><td class="number"><code>{at}</code></td><td class="content"><code class="plain">{nbsp(line) or "&nbsp;"}</code></td></tr></tbody></table></div>'
        for at, line in NUMBERED
    )
    body = f'<div class="syntaxhighlighter" id="highlighter_2"><div class="bar"><div class="toolbar"><a class="item viewSource" href="#">view source</a></div></div><div class="lines">{two}</div></div>'
    yield Case("syntaxhighlighter", "two", s.page(body), [("", s.JAVA)], absent=(*s.FRAME, "view source"))
    items = "".join(
        f'<li class="{"alt" if at % 2 else ""}"><span>{nbsp(line)}&nbsp;&nbsp;</span></li>' for at, line in NUMBERED
    )
    body = f'<div class="dp-highlighter"><div class="bar"><div class="tools"><a href="#">view plain</a><a href="#">copy to clipboard</a></div></div><ol start="1" class="dp-j">{items}</ol></div>'
    yield Case("syntaxhighlighter", "one", s.page(body), [("", s.JAVA)], absent=(*s.FRAME, "view plain"))
    body = f'<pre class="brush: java; gutter: false; title: x">{escape(s.JAVA)}</pre>'
    yield Case("syntaxhighlighter", "source", s.page(body), [("java", s.JAVA)])
    code = s.HTML.replace("</script>", "<\\/script>")
    body = f'<script type="syntaxhighlighter" class="brush: html"><![CDATA[\n{code}\n]]></script>'
    yield Case("syntaxhighlighter", "script", s.page(body), [("html", code)])
    nums = "".join(f'<div class="crayon-num" data-line="c-{at}">{at}</div>' for at, _ in NUMBERED)
    lines = "".join(
        f'<div class="crayon-line" id="c-{at}">{nbsp(line) or "&nbsp;"}</div>' for at, line in NUMBERED
    ).replace("private", '<span class="crayon-m">private</span>')
    body = f"""<div id="crayon-1" class="crayon-syntax crayon-theme-classic" data-settings="x"><div class="crayon-toolbar"><span class="crayon-title"></span><span class="crayon-language">Java</span></div>
<div class="crayon-plain-wrap"><textarea wrap="soft" class="crayon-plain print-no" readonly style="tab-size:4">{escape(s.JAVA)}</textarea></div>
<div class="crayon-main"><table class="crayon-table"><tr class="crayon-row"><td class="crayon-nums"><div class="crayon-nums-content">{nums}</div></td><td class="crayon-code"><div class="crayon-pre">{lines}</div></td></tr></table></div></div>"""
    yield Case("crayon", "wordpress", s.page(body), [("java", s.JAVA)], absent=(*s.FRAME, "crayon", "\nJava\n"))


def old() -> Iterator[Case]:
    """Code without <pre>: a line per element, breaks and no-break spaces, forgotten elements."""
    lines = [nbsp(line) for line in s.JAVA.split("\n")]
    broken = "<br>\n".join(lines)
    forms = {
        "tt-br": f"<p><tt>{broken}</tt></p>",
        "tt-each-line": "<p>" + "<br>\n".join(f"<tt>{line}</tt>" if line else "" for line in lines) + "</p>",
        "code-br": f"<code>{broken}</code>",
        "code-each-line": "<p>" + "<br/>".join(f"<code>{line}</code>" if line else "" for line in lines) + "</p>",
        "samp-br": f"<samp>{broken}</samp>",
        "kbd-br": f"<p><kbd>{broken}</kbd></p>",
        "font-courier": f'<font face="Courier New, Courier" size="2">{broken}</font>',
        "font-each-line": "<br>".join(f'<font face="Courier New">{line}</font>' if line else "" for line in lines),
        "blockquote": f"<blockquote>{broken}</blockquote>",
        "blockquote-font": f'<blockquote><font color="#000080" face="courier">{broken}</font></blockquote>',
        "div-per-line": '<div class="code">' + "".join(f"<div>{line or '<br>'}</div>" for line in lines) + "</div>",
        "div-codeline": "".join(f'<div class="codeline">{line or "&nbsp;"}</div>' for line in lines),
        "li-per-line": '<div class="code"><ol>'
        + "".join(f"<li>{line or '&nbsp;'}</li>" for line in lines)
        + "</ol></div>",
        "p-per-line": "".join(f'<p class="code">{line or "&nbsp;"}</p>' for line in lines),
        "p-courier": "".join(
            f"<p style=\"margin:0;font-family:'Courier New'\">{line or '&nbsp;'}</p>" for line in lines
        ),
        "span-courier": f'<div style="font-family: Consolas, monospace">{"<br />".join(lines)}</div>',
        "white-space": f'<div style="white-space: pre; font-family: monospace">{escape(s.JAVA)}</div>',
        "pre-br": "<pre>" + "<br>".join(escape(line) for line in s.JAVA.split("\n")) + "</pre>",
        "pre-nbsp": "<pre>" + "\n".join(line or "" for line in lines) + "</pre>",
        "pre-p": "<pre>" + "".join(f"<p>{escape(line)}</p>" for line in s.JAVA.split("\n")) + "</pre>",
        "pre-li": "<pre><ol>" + "".join(f"<li>{escape(line)}</li>" for line in s.JAVA.split("\n")) + "</ol></pre>",
        "td-nowrap": f'<table bgcolor="#eeeeee"><tr><td><code>{broken}</code></td></tr></table>',
        "code-in-pre-wrapped": f"<div><center><table><tr><td><pre>{escape(s.JAVA)}</pre></td></tr></table></center></div>",
        "listing": f"<listing>{escape(s.JAVA)}</listing>",
        "textarea": f'<textarea rows="20" cols="80" readonly="readonly">{escape(s.JAVA)}</textarea>',
        "textarea-form": f'<form><textarea name="source" class="code">\n{escape(s.JAVA)}</textarea></form>',
        "numbers-typed": "<pre>" + "\n".join(f"{at:2} {escape(line)}".rstrip() for at, line in NUMBERED) + "</pre>",
        "numbers-colon": "<pre>" + "\n".join(f"{at}: {escape(line)}".rstrip() for at, line in NUMBERED) + "</pre>",
    }
    for name, body in forms.items():
        yield Case("old", name, s.page(body), [("", s.JAVA)])
    yield Case("old", "xmp", s.page(f"<xmp>{s.HTML}</xmp>"), [("", s.HTML)])
    basic = '10 PRINT "HELLO"\n20 GOTO 10\n30 END'
    yield Case("old", "basic-numbers-stay", s.page(f"<pre>{escape(basic)}</pre>"), [("", basic)])
    steps = "1. unpack it\n2. run it\n3. look at it\n4. tell us"
    yield Case("old", "numbered-steps-stay", s.page(f"<pre>{steps}</pre>"), [("", steps)])


def cases() -> Iterator[Case]:
    """All pages of this module."""
    yield from hosts()
    yield from scripts()
    yield from old()
