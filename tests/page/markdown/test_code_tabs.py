"""Labels of tabs stand before the code that each of them shows, in every layout of tabs; other rows stay."""

import pytest

from recall.page.markdown import markdown
from tests.page.markdown.test_code_without_pre import page

FIRST = '<pre><code class="language-sh">get a</code></pre>'
SECOND = '<pre><code class="language-sh">fetch a</code></pre>'
WRITTEN = "**Ape**\n\n```sh\nget a\n```\n\n**Bee**\n\n```sh\nfetch a\n```"
TABS = {
    "list-of-roles": f'<div><ul role="tablist"><li role="tab">Ape</li><li role="tab">Bee</li></ul><div>'
    f'<div role="tabpanel">{FIRST}</div><div role="tabpanel" hidden>{SECOND}</div></div></div>',
    "labels-of-fields": '<div class="tabbed-set"><input id="a" type="radio" checked><input id="b" type="radio">'
    '<div class="tabbed-labels"><label for="a">Ape</label><label for="b">Bee</label></div>'
    f'<div class="tabbed-content"><div class="tabbed-block">{FIRST}</div><div class="tabbed-block">{SECOND}</div></div>'
    "</div>",
    "fields-among-labels": '<div class="vp-code-group"><div class="tabs"><input type="radio" id="a" checked>'
    '<label for="a">Ape</label><input type="radio" id="b"><label for="b">Bee</label></div>'
    f'<div class="blocks"><div class="active">{FIRST}</div><div>{SECOND}</div></div></div>',
    "buttons-before-blocks": '<div class="CodeTabs"><div class="CodeTabs-toolbar"><button>Ape</button><button>Bee'
    f"</button></div><div>{FIRST}{SECOND}</div></div>",
    "links": '<ul class="nav nav-tabs"><li><a href="#a">Ape</a></li><li><a href="#b">Bee</a></li></ul>'
    f'<div class="tab-content"><div id="a">{FIRST}</div><div id="b">{SECOND}</div></div>',
    "list-in-a-row": '<div class="tabs"><div class="tablist"><ul><li class="tab"><p>Ape</p></li><li class="tab">'
    f'<p>Bee</p></li></ul></div><div class="tabpanel">{FIRST}</div><div class="tabpanel">{SECOND}</div></div>',
    "panels-as-siblings": '<div><div role="tablist"><button role="tab">Ape</button><button role="tab">Bee</button>'
    f"</div><section>{FIRST}</section><section>{SECOND}</section></div>",
}
BOXES = (
    '<div><ul class="tabs"><li>Ape</li><li>Bee</li></ul><div class="{0}"><div>a = get(1);</div><i>b();</i><code></code>'
    '</div><div class="{0}"><div>a = fetch(1);</div><div>b();</div><code></code></div></div>'
)
OTHERS = {
    "more-labels-than-panels": f'<ul class="tabs"><li>Ape</li><li>Bee</li><li>Cow</li></ul><div><div>{FIRST}</div>'
    f"<div>{SECOND}</div></div>",
    "panels-of-prose": '<ul class="tabs"><li>Ape</li><li>Bee</li></ul><div><div>The ape is old.</div>'
    f"<div>The bee is not.</div></div>{FIRST}",
    "text-between": f'<ul class="tabs"><li>Ape</li><li>Bee</li></ul>and then<div><div>{FIRST}</div><div>{SECOND}</div>'
    "</div>",
}


@pytest.mark.parametrize("around", [0, 20], ids=["alone", "long-page"])
@pytest.mark.parametrize("tabs", TABS.values(), ids=TABS)
def test_each_label_stands_before_its_code(tabs: str, around: int) -> None:
    out = markdown(page(tabs, around))
    assert WRITTEN in out
    assert out.count("Ape") == out.count("Bee") == 1


@pytest.mark.parametrize("around", [0, 20], ids=["alone", "long-page"])
def test_each_label_stands_before_the_prose_of_its_panel(around: int) -> None:
    tabs = (
        '<div><div role="tablist"><button role="tab">Ape</button><button role="tab">Bee</button></div>'
        '<div role="tabpanel"><p>The ape is old.</p></div>'
        '<div role="tabpanel" hidden><p>The bee is not.</p></div></div>'
    )
    assert "\n\n**Ape**\n\nThe ape is old.\n\n**Bee**\n\nThe bee is not.\n" in markdown(page(tabs, around))


@pytest.mark.parametrize("tabs", OTHERS.values(), ids=OTHERS)
def test_rows_that_do_not_fit_what_follows_stay(tabs: str) -> None:
    out = markdown(page(tabs, 0))
    assert "- Ape\n- Bee" in out
    assert "**Ape**" not in out


@pytest.mark.parametrize("name", ["highlight", "code-block", "codehilite"])
def test_labels_of_boxes_of_code_are_no_code(name: str) -> None:
    assert "**Ape**\n\n```\na = get(1);\nb();\n```\n\n**Bee**\n\n```\na = fetch(1);\n" in markdown(
        page(BOXES.format(name), 0)
    )


CHOICE = (
    '<pre class="wide"><input type="checkbox" checked><code class="language-js {0}">import a from "a";\na();\n</code>'
    '<code class="language-js {1}">const a = require("a");\na();\n</code><button>copy</button></pre>'
)


@pytest.mark.parametrize("around", [0, 20], ids=["alone", "long-page"])
def test_codes_of_a_block_that_a_field_chooses_from_are_a_fence_each(around: int) -> None:
    assert ('```js\nimport a from "a";\na();\n```\n\n```js\nconst a = require("a");\na();\n```') in markdown(
        page(CHOICE.format("mjs", "cjs"), around)
    )


def test_codes_of_one_class_in_a_block_are_its_lines() -> None:
    assert "```js\na();\nb();\n```" in markdown(
        page('<pre><code class="language-js">a();</code>\n<code class="language-js">b();</code></pre>', 0)
    )
