"""Formulas of the software that draws them come out once, as the page's own TeX, in their sentence or on a line."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.page.markdown import markdown
from recall.page.markdown.formulas import is_balanced, own_latex

BEFORE, BEHIND = "The cost of this step is", "for each of the rows that the table holds."
MATH = "<math><mi>E</mi><mo>=</mo><mi>m</mi></math>"
NOTED = (
    "<math{}><semantics><mrow><mi>E</mi></mrow>"
    '<annotation encoding="application/x-tex">E_i = \\frac{{m*}}{{_c_}}</annotation></semantics></math>'
)
TEX = r"E_i = \frac{m*}{_c_}"
DRAWN = '<span class="{}" aria-hidden="true"><span>E</span><span>drawn</span></span>'

INLINE = {
    "katex": f'<span class="katex"><span class="katex-mathml">{NOTED.format("")}</span>'
    f"{DRAWN.format('katex-html')}</span>",
    "mathjax-2": f'<span class="MathJax_Preview">{BEFORE[:4]}drawn</span><span class="MathJax">{DRAWN.format("math")}'
    f'<span class="MJX_Assistive_MathML">{MATH}</span></span><script type="math/tex">{TEX}</script>',
    "mathjax-2-script": f'<script type="math/tex">{TEX}</script>',
    "mathjax-3": f'<mjx-container jax="SVG"><svg><path></path></svg><mjx-assistive-mml>{NOTED.format("")}'
    "</mjx-assistive-mml></mjx-container>",
    "mediawiki": f'<span class="mwe-math-element"><span class="mwe-math-mathml-inline" style="display:none">'
    f'<math alttext="{{\\displaystyle {TEX}}}"><mi>E</mi></math></span>'
    f'<img src="/math/render/svg/1f" class="mwe-math-fallback-image-inline" alt="{{\\displaystyle {TEX}}}"></span>',
    "mediawiki-picture": f'<img class="mwe-math-fallback-image-inline" alt="{{\\displaystyle {TEX}}}">',
    "latexml": f'<math id="S1.m1" class="ltx_Math" alttext="{TEX}" display="inline"><mi>E</mi></math>',
    "wordpress": f'<img src="https://s0.wp.com/latex.php?latex=E" alt="{TEX}" class="latex">',
    "codecogs": f'<img src="https://latex.codecogs.com/svg.image?E" alt="${TEX}$">',
    "sphinx-picture": f'<img class="math" src="_images/math/1f.png" alt="{TEX}">',
}  # fmt: skip
DISPLAYED = {
    "katex": f'<span class="katex-display"><span class="katex">{NOTED.format(" display=block")}'
    f"{DRAWN.format('katex-html')}</span></span>",
    "mathjax-2": f'<div class="MathJax_Display">{MATH}</div><script type="math/tex; mode=display">{TEX}</script>',
    "mathjax-3": f'<mjx-container display="true"><mjx-assistive-mml>{NOTED.format("")}'
    "</mjx-assistive-mml></mjx-container>",
    "mediawiki": f'<span class="mwe-math-element"><math display="block" alttext="{{\\displaystyle {TEX}}}"><mi>E</mi>'
    f'</math><img class="mwe-math-fallback-image-display" alt="{TEX}"></span>',
    "mediawiki-picture": f'<img class="mwe-math-fallback-image-display" alt="{TEX}">',
    "latexml": f'<math class="ltx_Math" alttext="\\displaystyle {TEX}" display="block"><mi>E</mi></math>',
    "sphinx-picture": f'<div class="math"><p><img src="_images/math/1f.png" class="math" alt="{TEX}"></p></div>',
}  # fmt: skip


def page(inner: str) -> bytes:
    text = f"<h1>How to count</h1><p>A paragraph of text stands here.</p>{inner}<p>The end of the text.</p>"
    return f"<html><head><title>How to count</title></head><body><article>{text}</article></body></html>".encode()


@pytest.mark.parametrize("formula", INLINE.values(), ids=INLINE)
def test_a_formula_in_a_sentence_stands_there_once_and_untouched(formula: str) -> None:
    text = markdown(page(f"<p>{BEFORE} {formula} {BEHIND}</p>"))
    assert f"{BEFORE} ${TEX}$ {BEHIND}" in text
    assert text.count("frac") == 1
    assert "drawn" not in text


@pytest.mark.parametrize("formula", DISPLAYED.values(), ids=DISPLAYED)
@pytest.mark.parametrize("around", ["{}", "<p>{}</p>", "<div>{}</div>"], ids=["alone", "paragraph", "box"])
def test_a_displayed_formula_stands_between_double_signs(formula: str, around: str) -> None:
    text = markdown(page(f"<p>{BEFORE}</p>{around.format(formula)}<p>{BEHIND}</p>"))
    assert f"{BEFORE}\n\n$${TEX}$$\n\n{BEHIND}" in text
    assert text.count("frac") == 1


@pytest.mark.parametrize("tag", ["span", "div"])
@pytest.mark.parametrize(("opening", "closing"), [(r"\(", r"\)"), (r"\[", r"\]"), ("$$", "$$"), ("$", "$")])
def test_typed_formulas_stay_as_typed(tag: str, opening: str, closing: str) -> None:
    typed = f"{opening}a_i * b_i * \\text{{_c_}} &lt; 1{closing}"
    text = markdown(page(f'<p>{BEFORE}</p><{tag} class="math notranslate">{typed}</{tag}><p>{BEHIND}</p>'))
    assert typed.replace("&lt;", "<") in text


def test_formulas_in_headings_items_and_cells_stay_there() -> None:
    formula = f'<math alttext="{TEX}"></math>'
    inner = f"<h2>Of {formula} here</h2><ul><li>Item {formula} one</li><li>Item two</li></ul>"
    table = f"<table><tr><th>Name</th><th>Form</th></tr><tr><td>Energy</td><td>{formula} so</td></tr></table>"
    text = markdown(page(inner + table))
    assert f"## Of ${TEX}$ here\n" in text
    assert f"- Item ${TEX}$ one\n" in text
    assert f"| ${TEX}$ so |" in text


@pytest.mark.parametrize(
    ("markup", "written"),
    [
        ('<math alttext="one of two"><mi>x</mi></math>', "$x$"),
        ('<math alttext="\\frac{a"><mi>x</mi></math>', "$x$"),
        ('<math><mi>x</mi><annotation encoding="application/x-tex">}a{</annotation></math>', "$x$"),
        ('<math alttext="x^2"><mi>x</mi></math>', "$x^2$"),
        ('<math mode="display"><mi>x</mi></math>', "$$x$$"),
    ],
)  # fmt: skip
def test_words_and_broken_tex_count_for_less_than_mathml(markup: str, written: str) -> None:
    assert written in markdown(page(f"<p>{BEFORE} {markup} {BEHIND}</p>"))


@pytest.mark.parametrize(
    "picture", ['<img src=a.png alt="a_i">', '<img class=latex alt="The LaTeX logo">', "<img class=latex>"]
)
def test_other_pictures_are_no_formulas(picture: str) -> None:
    assert "$" not in markdown(page(f"<p>{BEFORE} {picture} {BEHIND}</p>"))


@pytest.mark.parametrize(
    ("own", "latex"),
    [
        (r"{\displaystyle x}", "x"),
        (r"{\textstyle {a}{b}}", "{a}{b}"),
        (r"\displaystyle x", "x"),
        (r"\displaystyles x", r"\displaystyles x"),
        (r"{\displaystyle a} b {c}", r"{\displaystyle a} b {c}"),
        ("a % note {\n b", "a b"),
        (r"50\% \{", r"50\% \{"),
        (r"\(x\)", "x"),
        ("$x$ and $y$", ""),
        (r"\text{if $x$}", r"\text{if $x$}"),
        ("{a", ""),
        (r"\\{a}", r"\\{a}"),
        ("$$", "$$"),
        (" ", ""),
    ],
)
def test_own_tex_comes_without_delimiters_style_and_comments(own: str, latex: str) -> None:
    assert own_latex(own) == latex


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("{}\\$%()[] a^\n"), max_size=30))
def test_own_tex_is_balanced_on_one_line(own: str) -> None:
    latex = own_latex(own)
    assert is_balanced(latex)
    assert "\n" not in latex


@pytest.mark.parametrize(
    "text", ["{" * 200_000, "%" * 200_000, "\\" * 200_000, "{\\displaystyle " * 20_000, "$ " * 100_000]
)
def test_long_tex_is_read_in_one_pass(text: str) -> None:
    began = time.process_time()
    own_latex(text)
    assert time.process_time() - began < 1
