"""The scoring text: what a page's bytes become for the model."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from recall.archive.warc import captures
from recall.page.text import MAX_CODE, MAX_SCORED, MAX_TEXT, decode, scoring_text
from recall.page.text.definition import MOST_PARTS
from recall.records import CODED, MARK


def text(html: str) -> str:
    return scoring_text(html.encode())


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<title>T</title><p>one</p><p>two</p>", "T\none\ntwo"),
        ("<b>a</b>b", "ab"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("  a \n\t b  ", "a b"),
        ("a&nbsp; &#160;\u00a0b", "a b"),
        ("wo&shy;rd \u200b\ufeffx", "word x"),
        ("Case IS Kept", "Case IS Kept"),
        ("<noscript><p>a <i>forum</i></p><style>x</style></noscript>", "a forum"),
        ("", ""),
        ("<script>x</script>", ""),
    ],
)
def test_text_is_what_a_browser_shows(html: str, expected: str) -> None:
    assert text(html) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>if (a<b) document.write('</p>')</script>",
        "<script>var s = '<!--<script>alert(1)</script>x'--></script>",
        "<SCRIPT type='a>b'>x</ScRiPt >",
        "<style>p > a {}</style>",
        "<template>a<template>b</template>c</template>",
        "<svg><title>icon</title><![CDATA[ </svg> ]]></svg>",
        "<svg/>",
        "<iframe><p>x</iframe>",
        "<!-- a --><!--> <!---><!-- b --!><!-- Mirrored from example.org by HTTrack Website Copier -->",
        "<!DOCTYPE html><?php echo 1 ?><![CDATA[x]]></ bogus></>",
        "<a title='a > b' href=\"x>y\" download=<z></a>",
        "\0\x01\x7f\u0085",
    ],
)
def test_hidden_things_leave_no_trace(hidden: str) -> None:
    assert text(f"<p>before{hidden}after</p>").replace(" ", "") == "beforeafter"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("&lt;p&gt; &amp; &quot;", '<p> & "'),
        ("&ampfoo &notit; &notin; &nosuch; & &; &#; &#x;", "&foo ¬it; ∉ &nosuch; & &; &#; &#x;"),
        ("&#65;&#x42;&#X43&#68 &#128;&#x99;", "ABCD €™"),
        ("&#0; &#xD800; &#xDFFF; &#x110000; &#99999999999999999999999;", "\ufffd \ufffd \ufffd \ufffd \ufffd"),
        ("&NotEqualTilde; &nGt; &Afr;", "≂̸ ≫⃒ 𝔄"),
        ("&am<!-- -->p;", "&amp;"),
        ("&AMP;&amp&aMp;", "&&&aMp;"),
        ("<textarea>&lt;b> <i></textarea><xmp>&lt;<b></xmp>", "<b> <i>\n&lt;<b>"),
        ("<title>a<b>&amp;</title>", "a<b>&"),
    ],
)
def test_character_references_are_resolved(html: str, expected: str) -> None:
    assert text(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a < b", "a < b"),
        ("a <3 </3", "a <3"),
        ("a<", "a<"),
        ("a</", "a</"),
        ("a<b", "a"),
        ("a<b title='", "a"),
        ("a<!-- b", "a"),
        ("a<script>b", "a"),
        ("<title>a", "a"),
        ("a<plaintext><p>b</p>", "a\n<p>b</p>"),
        ("<svg><path><p>a", "a"),
        ("</template></svg></pre>a", "a"),
    ],
)
def test_what_is_not_closed_ends_as_in_a_browser(html: str, expected: str) -> None:
    assert text(html) == expected


def test_line_ends_are_kept_where_text_is_preformatted() -> None:
    assert text("<pre>a\n\n  b c\r\nd</pre>e\nf").partition(MARK)[0] == "a\nb c\nd\ne f"


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("no code", None),
        ("<pre> \n </pre>none", None),
        ("<pre>a\n<b>b</b>c</pre>d<code>e</code>f", "a\nbc\ne"),
        ("<code>a</code> b <tt>c</tt> <code>&lt;d", "a\n <d"),
        ("<pre>a<textarea>b</textarea>c</pre>", "a\n c"),
        ("<template><pre>a</pre></template>", None),
        ("<pre>" + "é" * 2000 + "</pre>", "é" * ((MAX_CODE - 1) // 2)),
        ("<code>x</code>y" * 100, "\n".join("x" * MOST_PARTS)),
    ],
)
def test_the_first_of_the_code_stands_behind_the_text_once_more(html: str, code: str | None) -> None:
    behind = text(f"<body>t{html}").split(MARK)[1:]
    assert [part.removeprefix(CODED) for part in behind if part.startswith(CODED)] == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("html", "marks"),
    [
        ("<pre>", ["pre1"]),
        ("<code>x</code>" * 3, ["code2"]),
        ("<pre><code class='language-python'>" * 4, ["pre3", "code3", "highlight3"]),
        ("<code>" * 127, ["code7"]),
        ("<code>" * 128, ["code8"]),
        ("<code>" * 5000, ["code8"]),
        ('<div class="a HLJS-keyword b">', ["highlight1"]),
        ("<div class=brush:js><div CLASS='\n Highlight\t'>", ["highlight2"]),
        ("<div class=highlighted><div data-class=hljs><div class=x class=hljs></div class=hljs>", []),
        ("<template><pre><code></template><svg><g class=hljs></svg><!--<pre>--><script>'<pre>'</script>", []),
    ],
)
def test_marks_tell_how_much_code_is_marked_up(html: str, marks: list[str]) -> None:
    behind = text(f"<body>t{html}").split(MARK)[1:]
    assert [name for name in behind if not name.startswith(CODED)] == marks


def test_a_page_cannot_write_marks() -> None:
    assert MARK not in text(f"{MARK}pre3 &#xE000;code1 <title>{MARK}code8</title>")


def test_reading_and_keeping_are_bounded() -> None:
    assert scoring_text(b"a " * MAX_SCORED) == ("a " * MAX_TEXT)[: MAX_TEXT - 1]
    assert scoring_text(b" " * MAX_SCORED + b"late") == ""
    assert scoring_text(b"a" * MAX_TEXT + b"bb<code>") == "a" * MAX_TEXT + f"{MARK}code1"


def test_importing_is_cheap() -> None:
    program = (
        "import sys, recall.page.text;"
        "assert not {'numba', 'llvmlite', 'numpy', 'resiliparse'} & set(sys.modules), 'heavy import'"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_slow_reading_can_be_asked_for() -> None:
    program = (
        "import sys; from recall.page.text import scoring_text;"
        "assert scoring_text(b'<p>a<b>b</b>&amp;<code>') == 'ab&\\ue000code1';"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env={"RECALL_SLOW_TEXT": "1"})


def overlap(body: bytes, charset: str | None) -> float:
    """F1 of the words, each as often as it occurs, of our text and Resiliparse's, which has no title."""
    from resiliparse.extract.html2text import extract_plain_text

    html = re.sub(r"<title.*?</title", "", decode(body[:MAX_SCORED], charset), flags=re.DOTALL | re.IGNORECASE)
    words = re.compile(r"\w+")
    ours = Counter(words.findall(scoring_text(html.encode()).split(MARK)[0]))
    plain = extract_plain_text(
        html, preserve_formatting=True, alt_texts=False, list_bullets=False, form_fields=True, noscript=True
    )
    theirs = Counter(words.findall(plain[:MAX_TEXT]))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total()) if ours or theirs else 1.0


@pytest.mark.realdata
@pytest.mark.slow
def test_real_pages_have_the_words_that_resiliparse_finds(shared: Path) -> None:
    path = min(shared.glob("crawl/crawl-data/*/segments/*/warc/*.warc.gz"))
    shares = sorted(overlap(page.body, page.charset) for page in captures(str(path)))
    assert median(shares) > 0.99
    assert shares[len(shares) // 20] > 0.95


@pytest.mark.parametrize(("size", "mark"), [(14, ""), (16, "block1"), (100, "block3"), (5000, "block8")])
def test_the_text_inside_pre_is_measured(size: int, mark: str) -> None:
    text = scoring_text(b"<p>" + b"y" * 900 + b"</p><pre>" + b"x" * size + b"</pre>")
    assert [name for name in text.split(MARK)[1:] if name.startswith("block")] == ([mark] if mark else [])
