"""MathML without TeX comes out as LaTeX with balanced braces, whatever it holds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import HtmlElement, fromstring

from recall.page.markdown.formulas import is_balanced
from recall.page.markdown.mathml import MAX_DEPTH, latex_of


def math(inner: str) -> HtmlElement:
    return fromstring(f"<math>{inner}</math>")


TABLE = (
    "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>1</mn></mtd><mtd>b</mtd></mtr></mtable>"
)
CELLS = r"a & 0 \\ 1 & b"


@pytest.mark.parametrize(
    ("markup", "latex"),
    [
        ("<mi>x</mi><mo>+</mo><mn>1</mn>", "x+1"),
        (
            '<mtext>if</mtext><mspace width="thickmathspace"/><mi>n</mi><mspace width="thickmathspace"/><mo>=</mo>',
            r"\text{if}\ n=",
        ),
        ("<mi>α</mi><mi>x</mi>", r"\alpha x"),
        ("<mi>count</mi>", r"\mathrm{count}"),
        ("<mi>sin</mi><mo>&#8289;</mo><mi>x</mi>", r"\sin x"),
        ('<mi mathvariant="normal">d</mi><mi>x</mi>', r"\mathrm{d}x"),
        ('<mi mathvariant="bold">v</mi>', r"\mathbf{v}"),
        ("<mi>𝑥</mi><mi>𝐀</mi><mi>𝔽</mi><mi>𝜋</mi>", r"x\mathbf{A}\mathbb{F}\pi"),
        ("<mi>x</mi><mo>&leq;</mo><mi>&pi;</mi>", r"x\leq \pi"),
        ("<mn>5</mn><mo>%</mo>", r"5\%"),
        ("<mo>{</mo><mi>x</mi><mo>}</mo>", r"\{x\}"),
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", r"\frac{a}{b}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", r"\sqrt{x+1}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<mroot><mi>x</mi><mo>]</mo></mroot>", r"\sqrt[{]}]{x}"),
        ("<msup><mi>x</mi><mn>2</mn></msup>", "x^{2}"),
        ("<msub><mi>x</mi><mi>i</mi></msub>", "x_{i}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_{i}^{2}"),
        ("<msup><msup><mi>x</mi><mn>2</mn></msup><mn>3</mn></msup>", "{x^{2}}^{3}"),
        ("<msup><mi>e</mi><msup><mi>x</mi><mn>2</mn></msup></msup>", "e^{x^{2}}"),
        ("<msup><mi>f</mi><mo>′</mo></msup>", "f'"),
        ("<msup><mi>f</mi><mo>″</mo></msup>", "f''"),
        ("<msup><mi>f</mi><mrow><mo>′</mo><mo>′</mo></mrow></msup>", "f''"),
        ("<mover accent=true><mi>x</mi><mo>^</mo></mover>", r"\hat{x}"),
        ("<mover><mi>x</mi><mo>→</mo></mover>", r"\vec{x}"),
        ("<mover><mo>→</mo><mi>f</mi></mover>", r"\xrightarrow{f}"),
        ("<munder><mi>lim</mi><mrow><mi>n</mi><mo>→</mo><mi>∞</mi></mrow></munder>", r"\lim_{n\to \infty}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>i</mi>", r"\sum_{i}^{n}i"),
        ("<munderover><mi>x</mi><mi>i</mi><mi>n</mi></munderover>", r"\overset{n}{\underset{i}{x}}"),
        ("<munder><mi>x</mi><mi>i</mi></munder>", r"\underset{i}{x}"),
        ("<mover><mover><mi>x</mi><mo>⏞</mo></mover><mi>n</mi></mover>", r"\overbrace{x}^{n}"),
        ("<mmultiscripts><mi>X</mi><mi>a</mi><mi>b</mi><mprescripts/><mi>c</mi><none/></mmultiscripts>",
         "{}_{c}X_{a}^{b}"),
        ("<mmultiscripts><mi>X</mi><mi>a</mi><none/><none/><mi>b</mi></mmultiscripts>", "X_{a}{}^{b}"),
        ('<mfenced open="[" close="]"><mi>a</mi><mi>b</mi></mfenced>', "[a, b]"),
        (TABLE, rf"\begin{{matrix}}{CELLS}\end{{matrix}}"),
        (f"<mo>(</mo>{TABLE}<mo>)</mo>", rf"\begin{{pmatrix}}{CELLS}\end{{pmatrix}}"),
        (f"<mo>[</mo>{TABLE}<mo>]</mo>", rf"\begin{{bmatrix}}{CELLS}\end{{bmatrix}}"),
        (f"<mo>|</mo>{TABLE}<mo>|</mo>", rf"\begin{{vmatrix}}{CELLS}\end{{vmatrix}}"),
        (f"<mi>f</mi><mo>=</mo><mo>{{</mo>{TABLE}", rf"f=\begin{{cases}}{CELLS}\end{{cases}}"),
        (f"<mrow><mo>(</mo><mrow>{TABLE}</mrow><mo>)</mo></mrow>", rf"\begin{{pmatrix}}{CELLS}\end{{pmatrix}}"),
        (f"<mo>(</mo>{TABLE}<mo>]</mo>", rf"(\begin{{matrix}}{CELLS}\end{{matrix}}]"),
        ('<mo>(</mo><mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>', r"\binom{n}{k}"),
        ('<mfrac linethickness="0px"><mi>n</mi><mi>k</mi></mfrac>', r"\genfrac{}{}{0pt}{}{n}{k}"),
        ("<mtext>the</mtext><mspace width=0.3em /><mi>y</mi>", r"\text{the}\ y"),
        ("<mi>y</mi><mspace width=1em /><mtext>such that&nbsp;</mtext><mi>z</mi>", r"y\quad \text{such that }z"),
        ("<mi>a</mi><mspace width=2em /><mi>b</mi><mspace width=-1em /><mi>c</mi>", r"a\qquad bc"),
        ("<mtext>50% of {x}_1 ~ a^b\\</mtext>", r"\text{50\% of \{x\}\_1 \~{} a\^{}b\textbackslash }"),
        ("<ms>a b</ms>", r'\text{"a b"}'),
        ('<menclose notation="box"><mi>x</mi></menclose>', r"\boxed{x}"),
        ('<menclose notation="updiagonalstrike"><mi>x</mi></menclose>', r"\cancel{x}"),
        ("<menclose><mi>x</mi></menclose>", "x"),
        ("<maction><mi>x</mi><mtext>a note</mtext></maction>", "x"),
        ("<mphantom><mi>x</mi></mphantom><mi>y</mi>", "y"),
        ("<mstyle><mpadded><mi>x</mi></mpadded></mstyle><merror><mi>y</mi></merror>", "xy"),
        ("<unheard-of><mi>x</mi></unheard-of>", "x"),
        ("<semantics><mi>x</mi><annotation-xml>no</annotation-xml></semantics>", "x"),
        ("", ""),
    ],
)  # fmt: skip
def test_presentation_elements_become_latex(markup: str, latex: str) -> None:
    assert latex_of(math(markup)) == latex


def test_the_number_of_an_equation_stands_behind_it() -> None:
    row = "<mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd><mi>x</mi></mtd></mlabeledtr>"
    assert latex_of(math(f"<mtable>{row}</mtable>")) == r"\begin{matrix}x & \text{(1)}\end{matrix}"


@pytest.mark.parametrize("name", ["mrow", "msqrt", "mfrac", "msup", "mover", "mtable", "mfenced", "mmultiscripts"])
def test_depth_is_bounded_and_the_text_stays(name: str) -> None:
    deep = 6 * MAX_DEPTH
    latex = latex_of(math(f"<{name}>" * deep + "<mi>x</mi>" + f"</{name}>" * deep))
    assert "x" in latex
    assert is_balanced(latex)
    assert len(latex) < 100 * deep


NAMES = (
    "mi mn mo mtext ms mspace mrow mfrac msqrt mroot msup msub msubsup mover munder munderover "
    "mmultiscripts mprescripts none mtable mtr mlabeledtr mtd mfenced menclose maction mphantom mstyle semantics other"
).split()
ATTRIBUTES = st.sampled_from(
    ["", ' linethickness="0"', ' open="{" close=""', ' separators="{}"', ' notation="box radical"',
     ' mathvariant="bold"', ' width="1em"', ' lquote="{"', ' mathvariant="normal"']
)  # fmt: skip
TEXTS = st.text(st.sampled_from("x1 {}\\$%^_#&~[]()|√∑→′″𝔸αlim\xa0\n"), max_size=5)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;")


ELEMENTS = st.recursive(
    TEXTS.map(escaped),
    lambda inner: st.builds(
        lambda name, attributes, parts: f"<{name}{attributes}>{''.join(parts)}</{name}>",
        st.sampled_from(NAMES),
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)
COMMAND = re.compile(r"\\(?:[A-Za-z]+|[{}%#&_$^~\\ ,|])")


@settings(max_examples=250, deadline=None)
@given(st.lists(ELEMENTS, max_size=4))
def test_braces_and_commands_are_always_whole(parts: list[str]) -> None:
    latex = latex_of(math("".join(parts)))
    assert is_balanced(latex)
    assert "\\" not in COMMAND.sub("", latex)
    assert latex.count(r"\begin{") == latex.count(r"\end{")
    assert not re.search(r"(?<!\\)[$#%]", COMMAND.sub("", latex))
