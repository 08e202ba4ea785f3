"""Templates and shadow roots in the scoring text: what Chromium lays out, and nothing else."""

import base64
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.html_text import read_html
from recall.page.text import definition, scoring_text, shadow_roots
from recall.page.text.shadow_roots import MOST_MARKUP, flattened
from recall.records import CODED, MARK
from tests.chromium import started
from tests.page.text import encoding_tables_generator as generator

TEMPLATES = {
    "in a paragraph": ("<p>a<template>H</template>b", "ab"),
    "with others in it": ("<p>a<template>H<template>I</template>J</template>b", "ab"),
    "not closed": ("<div>a<template>H</div>I</body></html>J", "a"),
    "not closed in another": ("a<template>H<template>I</template>J", "a"),
    "closed twice": ("a<template>H</template>b</template>c", "abc"),
    "between cells": ("<table><tr><td>a</td><template><td>H</td></template><td>b</table>", "a b"),
    "around rows": ("<table><template><tr><td>H</td></tr></template><tr><td>a</table>", "a"),
    "in a column group": ("<table><colgroup><template>H</template><col></colgroup><tr><td>a</table>", "a"),
    "in a select": ("a<select><template><option>H</option></template></select>b", "a b"),
    "in an svg": ("a<svg><template>H</template></svg>b", "a b"),
    "in a head": ("<html><head><template>H</template></head><body>a", "a"),
    "behind a head": ("</head><template>H</template>a", "a"),
    "behind a body": ("<body>a</body><template>H</template></html>", "a"),
    "in noscript": ("<noscript><template>H</template>a</noscript>", "a"),
    "in a link": ("<a href=x>a<template><a>H</a></template>b</a>", "ab"),
    "with raw content": ("<template><script></template></script><title></template></title>H</template>a", "a"),
    "with a comment": ("<template><!-- </template> -->H</template>a", "a"),
    "with a body": ("<template><body>H</body></template>a", "a"),
    "closed by its slash": ("a<template/>H</template>b", "ab"),
    "in capitals": ("a<TEMPLATE class='a>b'>H</Template >b", "ab"),
    "over formatting": ("<b><template></b>H</template>a</b>", "a"),
    "with a mode that is none": ("<div><template shadowrootmode=auto>H</template>a</div>", "a"),
    "with an empty mode": ("<div><template shadowrootmode>H</template>a</div>", "a"),
    "in a shadow root": ("<div><template shadowrootmode=open>a<template>H</template>b</template></div>", "ab"),
}
ROOTS = {
    "open": ("<div><template shadowrootmode=open>s</template></div>a", "s a"),
    "closed": ("<div><template shadowrootmode=closed>s</template></div>a", "s a"),
    "in capitals": ("<DIV><TEMPLATE shadowRootMode='OPEN'>s</Template></DIV>a", "s a"),
    "in place of text": ("<div>H<template shadowrootmode=open>s</template>I</div>a", "s a"),
    "with a slot": ("<div>l<template shadowrootmode=open>s<slot></slot>t</template>m</div>a", "slmt a"),
    "with named slots": (
        "<my-tag><template shadowrootmode=open>s<slot name=x>F</slot><slot>G</slot></template>"
        "y<b slot=x>x</b></my-tag>a",
        "sxya",
    ),
    "with slots that nothing asks for": (
        "<my-tag><template shadowrootmode=open>s<slot name=x>f</slot><slot>g</slot></template></my-tag>a",
        "sfga",
    ),
    "with a slot of white space": ("<div><template shadowrootmode=open><slot>F</slot></template> </div>a", "a"),
    "with a slot of a comment": ("<div><template shadowrootmode=open><slot>f</slot></template><!-- --></div>a", "f a"),
    "with the same slot twice": (
        "<div><template shadowrootmode=open><slot></slot><slot>f</slot></template>l</div>a",
        "lf a",
    ),
    "with another's slot": (
        "<div><template shadowrootmode=open><slot name=x></slot></template>H<b slot=y>I</b></div>a",
        "a",
    ),
    "twice": (
        "<div><template shadowrootmode=open>s</template><template shadowrootmode=open>H</template>I</div>a",
        "s a",
    ),
    "in a shadow root": (
        "<div><template shadowrootmode=open>s<i><template shadowrootmode=open>H</template>v</i>"
        "<span><template shadowrootmode=open>u</template>I</span>t</template></div>a",
        "svut a",
    ),
    "through two roots": (
        "<my-a><template shadowrootmode=open><my-b><template shadowrootmode=open>[<slot></slot>]</template>"
        "<slot></slot></my-b></template>l</my-a>a",
        "[l]a",
    ),
    "not closed": ("<div><template shadowrootmode=open>s", "s"),
    "closed over its elements": ("<div><template shadowrootmode=open><b>s</div>t</template>H</div>a", "s t a"),
    "behind a void element": ("<div><br><template shadowrootmode=open>s</template>H</div>a", "s a"),
    "behind a slash": ("<my-tag/><template shadowrootmode=open>s</template>H</my-tag>a", "sa"),
    "of a paragraph": ("<p><template shadowrootmode=open>s<div>d</div></template>H<div>m</div>", "s d m"),
    "of the body": ("<body><template shadowrootmode=open>s</template>H", "s"),
    "of a body that text begins": ("H<template shadowrootmode=open>s<slot></slot></template>I", "sHI"),
    "in a cell": ("<table><tr><td><div><template shadowrootmode=open>s</template>H</div></table>a", "s a"),
    "with rows": ("<my-tag><template shadowrootmode=open><tr><td>s</td></tr></template></my-tag>a", "s a"),
    "with styles and scripts": (
        "<div><template shadowrootmode=open><style>p{}</style><script>1</script><p>s</template></div>a",
        "s a",
    ),
    "over an svg with a slot": (
        "<my-tag><template shadowrootmode=open>s<slot></slot></template><i><svg slot=x /></i><p>l</my-tag>a",
        "s la",
    ),
    "behind an svg closed by its slash": ("<div><svg/><template shadowrootmode=open>s</template>H</div>a", "s a"),
    "of a head, so none": ("<head><template shadowrootmode=open>H</template></head>a", "a"),
    "of a list, so none": ("a<dl><template shadowrootmode=open>H</template><dd>l</dl>", "a l"),
    "of a link, so none": ("<a><template shadowrootmode=open>H</template>l</a>a", "la"),
    "of code, so none": ("<pre><template shadowrootmode=open>H</template>l</pre>a", "l a"),
    "of an unknown element, so none": ("<mytag><template shadowrootmode=open>H</template>l</mytag>a", "la"),
    "of an old name with a dash, so none": (
        "<font-face><template shadowrootmode=open>H</template>l</font-face>a",
        "la",
    ),
    "in a template, so none": ("<template><div><template shadowrootmode=open>H</template></div></template>a", "a"),
    "in an svg, so none": ("<svg><template shadowrootmode=open>H</template></svg>a", "a"),
    "without one, a slot": ("<slot>l</slot><i slot=x>m</i>a", "lma"),
}
CASES = [pytest.param(*case, id=f"template {name}") for name, case in TEMPLATES.items()]
CASES += [pytest.param(*case, id=f"root {name}") for name, case in ROOTS.items()]


def shown(html: str) -> str:
    return scoring_text(f"<!DOCTYPE html>{html}".encode()).partition(MARK)[0].replace("\n", " ")


@pytest.mark.parametrize(("html", "text"), CASES)
def test_templates_show_nothing_and_shadow_roots_what_they_hold(html: str, text: str) -> None:
    assert shown(html) == text


@pytest.mark.parametrize("mode", ["", " shadowrootmode=auto"])
def test_code_in_a_template_does_not_count(mode: str) -> None:
    html = f"t<div><template{mode}><pre class=hljs><code>a</code></pre></template></div>"
    assert scoring_text(html.encode()) == "t"


def test_code_in_a_shadow_root_counts() -> None:
    html = "t<my-tag><template shadowrootmode=open><pre>a\n b</pre><slot></slot></template><code>c</code></my-tag>"
    assert scoring_text(html.encode()) == f"t\na\nb\nc{MARK}{CODED}a\nb\nc{MARK}pre1{MARK}code1"


CLEAN = ["é", "<b>b</b>", "<i slot=x>c</i>", "<!-- d -->", "<br>", "<slot></slot>", "<slot name=x>f</slot>", " "]
CLEAN += ["<template>H</template>", "<script>'<template shadowrootmode=open>'</script>", "<svg><title>i</title></svg>"]


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Hosts with shadow roots, at their start or behind something, and elements that may have none."""
    content = st.lists(inner, max_size=3).map("".join)
    hosts = st.sampled_from(["my-tag", "div", "span", "section", "ul", "DIV"])
    mode = st.sampled_from([" shadowrootmode=open", " class='>' shadowrootmode='Closed'", ""])
    return st.builds(
        "<{0}>{1}<template{2}>{3}</template>{4}</{0}>".format, hosts, st.just("") | content, mode, content, content
    )


PIECES = [
    *(f"<{name}>" for name in "p div b my-tag slot table td svg template title pre script br body head html i".split()),
    *(f"</{name}>" for name in "p div b my-tag slot table td svg template title pre script body head html i".split()),
    *("<template shadowrootmode=open>",) * 4,
    *(
        "<slot name=x>",
        "<i slot=x>",
        "<b slot=y>",
        "<p slot=x>",
        "<!-- c -->",
        "<![CDATA[",
        "<",
        "a",
        " ",
        "&amp;",
        "\n",
    ),
]


WHOLE = [(0, 0)] * definition.MOST_TEMPLATES


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_page_is_flattened_and_read_alike(html: str) -> None:
    page = html.encode()
    templates = read_html(page)[3]
    assert templates == definition.read(html)[3]
    flat = flattened(page, templates)
    assert len(flat) <= len(page) + len("<!---->") * page.count(b"<")
    text, code, counts, _ = read_html(flat)
    assert (text.decode(), [part.decode() for part in code], counts) == definition.read(flat.decode())[:3]


@given(st.lists(st.sampled_from([piece for piece in PIECES if "template" not in piece]), max_size=40).map("".join))
def test_a_page_without_shadow_roots_stays_as_it_is(html: str) -> None:
    assert read_html(flattened(html.encode(), WHOLE)) == read_html(html.encode())


@given(st.lists(st.sampled_from(CLEAN) | st.recursive(st.sampled_from(CLEAN), nested, max_leaves=12), max_size=8))
def test_looking_at_hosts_alone_gives_what_the_whole_page_gives(parts: list[str]) -> None:
    page = "<p>é</p>".join(parts).encode()
    assert read_html(flattened(page, read_html(page)[3]))[:3] == read_html(flattened(page, WHOLE))[:3]


@pytest.mark.parametrize(
    "part",
    [
        "<div>",
        "<div><template shadowrootmode=open>",
        "<my-a><template shadowrootmode=open><slot></slot></template>x</my-a>",
        "<slot>",
        "</b>",
        "<p><b>",
        "<p><b><b><div>",
        "<template>",
        "</template>",
        "<svg>",
        "<i slot=x>y</i>",
        "<slot name=",
        "<svg slot=x />",
        "<i><svg slot=x /></i><p>",
        "<title>",
        "<",
        "<a",
        "</",
        "<!",
        "a<b>",
        "&lt;",
    ],
)
def test_a_quarter_megabyte_of_one_thing_is_flattened(part: str) -> None:
    page = b"<div><template shadowrootmode=open>" + part.encode() * ((1 << 18) // len(part))
    assert len(flattened(page, read_html(page)[3])) <= len(page)


HOSTS = ["<b><template shadowrootmode=open></template></b>", "<div><template shadowrootmode=open>s</template></div>"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "part",
    [
        *(
            "<",
            "<b>",
            "</b>",
            "<br>",
            "<p>",
            "<i slot=x>",
            "<svg>",
            "< <a>",
            "<!---->",
            "<template>",
            "<div>",
            "<slot>",
        ),
        "<div><template shadowrootmode=open>",
        "<i slot=x></i></p>",
    ],
)
def test_a_hostile_megabyte_takes_a_bounded_time_and_few_elements(
    host: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[shadow_roots._Elements] = []

    class Kept(shadow_roots._Elements):
        def __init__(self, html: str, start: int | None = None) -> None:
            made.append(self)
            super().__init__(html, start)

    monkeypatch.setattr(shadow_roots, "_Elements", Kept)
    for size in (MOST_MARKUP * len(part) // part.count("<") - 200, 1 << 20):
        page = (host + part * (size // len(part))).encode()
        templates, began = read_html(page)[3], time.process_time()
        made.clear()
        flattened(page, templates)
        assert time.process_time() - began < 3
        assert sum(len(elements.starts) for elements in made) <= 2 * MOST_MARKUP + len(made)


def test_a_page_with_very_much_markup_shows_what_its_hosts_hold() -> None:
    page = "<div><template shadowrootmode=open>s</template>l</div>" + "<br>" * MOST_MARKUP
    assert shown(page) == "l"
    assert shown(page[: -5 * 4]) == "s"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div><<template shadowrootmode=open><slot></slot></template>b>l</div>a", "<b>l a"),
        ("<my-tag><template shadowrootmode=open><slot></slot></template>x<<i slot=y>H</i>p>l</my-tag>a", "x<p>la"),
        ("<my-tag><template shadowrootmode=open><slot></slot></template>x<<i slot=y>H</i>/p>l</my-tag>a", "x</p>la"),
        ("<my-tag><template shadowrootmode=open><slot></slot></template>x<<i slot=y>H</i>!-- l</my-tag>a", "x<!-- la"),
        ("<my-tag><template shadowrootmode=open><slot></slot></template>x<<i slot=y>H</i>a l</my-tag>a", "x<a la"),
    ],
)
def test_parts_that_come_together_are_no_tag(html: str, text: str) -> None:
    assert shown(html) == text


@pytest.fixture(scope="module")
def laid_out() -> Iterator[Any]:
    """Gives the text that Chromium lays out for a page, scripts off, shadow roots included."""
    with started(*generator.FLAGS) as chromium:
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        protocol = context.new_cdp_session(page)

        def text_of(html: str) -> str:
            page.goto("data:text/html;base64," + base64.b64encode(f"<!DOCTYPE html>{html}".encode()).decode())
            found = protocol.send("DOMSnapshot.captureSnapshot", {"computedStyles": []})
            texts = found["documents"][0]["layout"]["text"]
            return "".join(found["strings"][text] for text in texts if text >= 0)

        yield text_of


@pytest.mark.browser
@pytest.mark.parametrize(("html", "text"), CASES)
def test_chromium_lays_out_the_same(laid_out: Any, html: str, text: str) -> None:
    assert re.sub(r"\s", "", laid_out(html)) == text.replace(" ", "")


@pytest.mark.parametrize(
    "before",
    [
        "",
        'title=">" ',
        f'title="{"x" * 5000}" ',
        f'title=">{"x" * 5000}>" ',
        "a " * 3000,
        "<template></template>" * 100,
    ],
    ids=["alone", "quoted end", "long", "long with quoted end", "many attributes", "behind many templates"],
)
def test_a_root_is_seen_wherever_its_mode_stands(before: str) -> None:
    ahead, attributes = (before, "") if before.startswith("<") else ("", before)
    page = f"<body>{ahead}<div><template {attributes}ShadowRootMode=open>shown words</template>light words</div>"
    text = scoring_text(page.encode())
    assert "shown words" in text
    assert "light words" not in text
