"""Templates in the source: none in an `<svg>`, nothing that is joined, the scoring text's reading, bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.page.markdown import markdown
from recall.page.markdown.templates import without_templates
from recall.page.markdown.tree import MAX_CHARS
from recall.page.text import scoring_text
from recall.records import MARK
from tests.page.markdown.test_words_kept import page

FOREIGN = {
    "template": "<svg><template></svg>",
    "template with words": "<svg><template><text>shape</text></template></svg>",
    "character data": "<svg><![CDATA[ x > 1 <template> ]]></svg>",
    "character data in an element": "<svg><desc><![CDATA[ <template> ]]></desc></svg>",
    "svg in svg": "<svg><svg></svg><template></svg>",
    "raw names": "<svg><style><template></style></svg>",
    "a title": "<svg><title><template></title></svg>",
    "closed by its slash": "<svg/><svg><template/></svg>",
    "capitals": "<SVG><TEMPLATE></SVG>",
}


@pytest.mark.parametrize("piece", FOREIGN.values(), ids=FOREIGN)
def test_an_svg_holds_no_templates_that_hide_the_rest(piece: str) -> None:
    text = markdown(page(piece + "<pre>a = 1\nb = 2</pre>", 20).encode())
    assert "tool number 39 " in text
    assert "a = 1\nb = 2" in text


@pytest.mark.parametrize("rest", ["b>", "/p>", "pre>", "!--", "script>"])
def test_a_template_joins_no_tag(rest: str) -> None:
    text = markdown(page(f"<p>Words in front <<template>never</template>{rest} words behind.</p>", 20).encode())
    assert f"Words in front <{rest} words behind." in text.replace("\\", "")
    assert "tool number 39 " in text


MIXED = [
    *"w x < > &amp; <svg/> <template/> <style/> <slot> <!-- --> <![CDATA[ ]]>".split(),
    *"<p> </p> <div> </div> <b> </b> <svg> </svg> <template> </template> <title> </title> <style> </style>".split(),
    *"<script> </script> <textarea> </textarea> <select> </select> <math> </math> <noscript> </noscript>".split(),
    *"<iframe> </iframe> <my-x> </my-x> <SVG> </Template>".split(),
    "<template shadowrootmode=open>",
    "<i slot=x>",
    "<b title='<template>'>",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(MIXED), max_size=14).map("".join))
def test_both_readings_take_the_same_for_templates(parts: str) -> None:
    html = f"A{parts}Z"
    shown, left = scoring_text(html.encode()), scoring_text(without_templates(html).encode())
    assert "".join(left.partition(MARK)[0].split()) == "".join(shown.partition(MARK)[0].split())


@pytest.mark.parametrize("part", ["<", "<b>", "</b>", "<br>", "<!---->", "<template>", "<svg>", "<p>"])
def test_a_hostile_megabyte_around_a_template_takes_a_bounded_time(part: str) -> None:
    page = "<b><template shadowrootmode=open></template></b>" + part * ((8 << 20) // len(part))
    began = time.process_time()
    assert len(without_templates(page)) <= MAX_CHARS
    assert time.process_time() - began < 8
