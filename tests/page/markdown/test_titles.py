"""Each page begins with its title, as a heading, once: the page's own heading, never the site's name."""

import pytest

from recall.page.markdown import convert, markdown
from tests.page.markdown.pieces import PARAGRAPH

URL = "https://www.toolshed.example/posts/7"
LENGTHS = {"short": 2, "long-page": 40}
FIT = "How the parts fit"

# name → (document title, head of the body, tail of the body, the title that is to come out); TEXT: the paragraphs
PAGES: dict[str, tuple[str, str, str]] = {
    "h1-in-article": (f"{FIT} | Toolshed", f"<article><h1>{FIT}</h1>TEXT</article>", FIT),
    "h1-in-header": (f"{FIT} | Toolshed", f"<header><h1>{FIT}</h1></header><main>TEXT</main>", FIT),
    "site-as-h1": (
        f"{FIT} - Toolshed",
        f'<header><h1><a href="/">Toolshed</a></h1></header><article><h2>{FIT}</h2>TEXT</article>',
        FIT,
    ),
    "site-first": (
        f"Toolshed » {FIT}",
        f'<div id="header"><h1>Toolshed</h1></div><div class="post"><h2><a href="/7">{FIT}</a></h2>TEXT</div>',
        FIT,
    ),
    "site-as-h1-post-as-h3": (
        f"{FIT} | Toolshed",
        f'<h1><a href="/">Toolshed</a></h1><div class="post"><h3 class="post-title">{FIT}</h3>TEXT</div>',
        FIT,
    ),
    "forum-h2": (
        f"Toolshed Forum • View topic - {FIT}",
        f'<div class="headerbar"><h1>Toolshed Forum</h1></div><h2 class="topic-title"><a href="#">{FIT}</a></h2>'
        "<div class=content>TEXT</div>",
        FIT,
    ),
    "site-first-by-its-link": (
        f"Ann's place | {FIT}",
        f'<h2><a href="/">Ann\'s place</a></h2><h1>{FIT}</h1><article>TEXT</article>',
        FIT,
    ),
    "no-heading": (f"{FIT} | Toolshed", "<div>TEXT</div>", FIT),
    "no-heading-site-first": (f"Toolshed | {FIT}", "<div>TEXT</div>", FIT),
    "no-heading-long-site": (
        f"{FIT} - The Toolshed, a workshop for everybody who builds",
        f"<div>TEXT<p>{FIT}, as was shown.</p></div>",
        FIT,
    ),
    "no-heading-meta-site": (
        f"{FIT} - Our Place of Work",
        '<meta property="og:site_name" content="Our Place of Work"><div>TEXT</div>',
        FIT,
    ),
    "title-in-a-box": (f"{FIT} | Toolshed", f'<div class="subject">{FIT}</div><div>TEXT</div>', FIT),
    "title-strong": (f"{FIT}", f"<p><b>{FIT}</b></p><div>TEXT</div>", FIT),
    "no-document-title": ("", f"<article><h1>{FIT}</h1>TEXT</article>", FIT),
    "no-document-title-h2": ("", f"<article><h2>{FIT}</h2>TEXT</article>", FIT),
    "site-alone-h2": ("Toolshed", f"<article><h2>{FIT}</h2>TEXT</article>", FIT),
    "h1-says-more": (
        "Parts | Toolshed",
        "<article><h1>Parts, and how they fit</h1>TEXT</article>",
        "Parts, and how they fit",
    ),
    "h1-says-other": (
        "Toolshed: number seven",
        f"<article><h1>{FIT}</h1>TEXT</article>",
        FIT,
    ),
    "only-the-site-named": (
        "Hope| Our own place",
        f"<article><p>Computing</p><h2>{FIT}</h2>TEXT<h5>In short, our own hope</h5>TEXT</article>",
        FIT,
    ),
    "site-by-its-logo": (
        "Hope| Our own place",
        '<a href="//other.example/"><img src=logo.png alt="Hope| Our own place"></a><article><p>Our own place</p>'
        f"<h2>{FIT}</h2>TEXT</article>",
        FIT,
    ),
    "names-of-the-site-above": (
        "Shed Tool Sharpening, Town College",
        '<h1><a href="/">Shed</a></h1><h2><a href="/">Tool Sharpening</a></h2><h4><a href="/">Town College</a></h4>'
        "<article><h2>Examples</h2>TEXT<h3>More</h3><p>More of them.</p></article>",
        "Examples",
    ),
    "two-names-and-no-heading": (
        "The Toolshed - Shop",
        '<div><a href="/">The Toolshed</a></div><nav><a href="/">Shop</a></nav><div>TEXT</div>',
        "The Toolshed",
    ),
    "section-of-a-book": (
        "The Whole Book of Tools, 2e: 4.4",
        "<p>Next: <a href=5>Chapter 5</a>, Prev: <a href=4.3>4.3</a>, Up: <a href=4>Chapter 4</a></p>"
        f"<h3><span class=secnum>4.4</span><span class=sectitle> {FIT}</span></h3>TEXT",
        f"4.4 {FIT}",
    ),
    "twice": (
        f"{FIT} | Toolshed",
        f"<header><h1>{FIT}</h1></header><article><h1>{FIT}</h1>TEXT</article>",
        FIT,
    ),
    "crumbs": (
        f"{FIT} | Toolshed",
        f'<nav><a href="/">Home</a> <a href="/posts">Posts</a> <span>{FIT}</span></nav><article><h1>{FIT}</h1>TEXT'
        "</article>",
        FIT,
    ),
    "with-inline": (
        "The make command of all | Toolshed",
        "<article><h1>The <code>make</code> <em>command</em> of <b>all</b></h1>TEXT</article>",
        "The `make` command of all",
    ),
    "permalink": (
        f"{FIT} — Toolshed 1.2 documentation",
        f'<section><h1>{FIT}<a class="headerlink" href="#fit" title="Permalink">¶</a></h1>TEXT</section>',
        FIT,
    ),
    "manual": (
        "cut(1) - Linux manual page",
        "<table><tr><td><a href=/>toolshed.example</a></td><td><a href=/man>man pages</a></td></tr></table><hr>"
        "<h1>cut(1) — Linux manual page</h1><h2>NAME</h2><p>cut - remove sections from each line of files</p>"
        "<h2>DESCRIPTION</h2>TEXT",
        "cut(1) — Linux manual page",
    ),
    "mail": (
        f"[tools] {FIT}",
        f"<h1>[tools] {FIT}</h1><b>Anna Author</b> <i>Mon Mar 4 10:12:00 2019</i><hr>TEXT",
        f"[tools] {FIT}",
    ),
    "wiki": (
        f"{FIT} - Toolshed Wiki",
        f'<div id="content"><h1 id="firstHeading">{FIT}</h1><div id="siteSub">From the wiki</div>TEXT</div>',
        FIT,
    ),
    "question": (
        f"python - {FIT} - Tool Overflow",
        f'<div id="question-header"><h1><a href="/q/7">{FIT}</a></h1></div><div class="content">TEXT</div>',
        FIT,
    ),
    "name-in-menu-kind-in-h1": (
        "Gauge in tools::parts - Toolshed",
        '<nav><h2><a href="#">Gauge</a></h2></nav><main><h1>Struct <span>Gauge</span></h1>TEXT</main>',
        "Struct Gauge",
    ),
    "book-as-h1-chapter-as-h1": (
        "cut lines - The Tool Book",
        '<div id="menu-bar"><h1 class="menu-title">The Tool Book</h1></div><main><h1><a href="#c">cut-lines(1)</a></h1>'
        "TEXT</main>",
        "cut-lines(1)",
    ),
    "book-as-h1-number-in-h1": (
        "T0042 - The Tool Index",
        '<h1 class="menu-title">The Tool Index</h1><main><h1>Tool code T0042</h1>TEXT</main>',
        "Tool code T0042",
    ),
    "box-of-a-class-reference": (
        "Toolshed: Gauge Class Reference",
        '<div class="header"><div class="headertitle"><div class="title">Gauge Class Reference</div></div></div>'
        '<div class="contents">TEXT<h2 class="memtitle"><span class="permalink"><a href="#a">◆&#160;</a></span>Gauge()'
        "</h2><p>Makes a gauge of the parts that are there.</p></div>",
        "Gauge Class Reference",
    ),
    "running-head-above": (
        FIT,
        f"<table><tr><td><h1>All about tools</h1><h2>{FIT}</h2></td></tr></table><div>TEXT</div>",
        FIT,
    ),
    "related-h2s": (
        f"{FIT} | Toolshed",
        f"<article><h1>{FIT}</h1>TEXT</article><aside><h2>Latest posts</h2><ul><li><a href=/8>Another post</a>"
        "</li></ul></aside>",
        FIT,
    ),
}


def page(name: str, length: int) -> bytes:
    title, body, _ = PAGES[name]
    text = "".join(PARAGRAPH.format(number) for number in range(length))
    return f"<html><head><title>{title}</title></head><body>{body.replace('TEXT', text)}</body></html>".encode()


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("url", [URL, None], ids=["of-the-site", "no-url"])
@pytest.mark.parametrize("name", PAGES)
def test_the_title_comes_first_and_once(name: str, url: str | None, length: int) -> None:
    text = markdown(page(name, length), url)
    title = PAGES[name][2]
    lines = text.split("\n")
    assert lines[0] == f"# {title}"
    assert not [line for line in lines[1:] if line.lstrip("#* ").rstrip("* ") == title]
    assert "\n# " not in text
    assert "tool number 0 " in text


def test_the_name_of_a_command_follows_its_title() -> None:
    text = markdown(page("manual", 40), URL)
    assert "## NAME\n\ncut - remove sections from each line of files\n\n## DESCRIPTION\n\n" in text


def test_each_part_of_a_list_of_articles_keeps_its_heading() -> None:
    cards = "".join(
        f"<article><h1><a href=/{n}>Article {n}</a></h1>{PARAGRAPH.format(n)}{PARAGRAPH.format(n + 50)}</article>"
        for n in range(5)
    )
    text = markdown(f"<html><head><title>Toolshed Blog</title></head><body>{cards}</body></html>".encode(), URL)
    for n in range(5):
        assert f"# Article {n}\n\n" in text
        assert text.index(f"# Article {n}\n") < text.index(f"tool number {n} ")


# as PAGES, of pages with more than one `h1`
SECTIONS: dict[str, tuple[str, str, str]] = {
    "h1-of-two-parts-and-one-of-a-section": (
        f"{FIT} - Rings - ",
        f"<article><h1>{FIT} - Rings</h1>TEXT<h1>Rings</h1>TEXT</article>",
        f"{FIT} - Rings",
    ),
    "heading-above-sections-of-h1": (
        f"{FIT} - part 2 - Toolshed",
        f"<h3>{FIT} - part 2</h3><div>TEXT<h1>Format</h1>TEXT</div>",
        f"{FIT} - part 2",
    ),
    "sentence-above-a-section": (
        "How all the parts fit together · Toolshed",
        "<div><a href=/a>ann</a></div><div itemprop=about>How all the parts fit together</div>"
        "<article><p>Here it comes.</p><h1>Hammers</h1>TEXT</article>",
        "How all the parts fit together",
    ),
    "h1s-in-a-row": ("tooldoc: tool", f"<article><h1>{FIT}</h1><h1>Summary</h1>TEXT</article>", FIT),
}


@pytest.mark.parametrize(("document", "body", "title"), SECTIONS.values(), ids=SECTIONS)
def test_a_section_of_the_highest_level_is_not_the_title(document: str, body: str, title: str) -> None:
    html = f"<title>{document}</title><body>{body.replace('TEXT', ''.join(map(PARAGRAPH.format, range(20))))}"
    text = markdown(html.encode())
    assert text.startswith(f"# {title}\n")
    assert text.count(f"# {title}\n") == 1


@pytest.mark.parametrize("title", ["", "Words", FIT])
def test_a_page_of_a_single_line_comes_out(title: str) -> None:
    found = convert(f"<title>{title}</title><p>These are the only words of the page.".encode())
    assert found.fallback is None
