"""The door: what holds for every page, and what becomes of pages that defeat it."""

import time
from pathlib import Path

import pytest

from recall.page.markdown import Fallback, convert, markdown
from recall.page.markdown import tree as tree_module
from recall.page.markdown.conversion import plain_text

PROSE = "<p>A loop repeats its body until the test fails, and this paragraph says so at some length.</p>"
PAGE = f"<article><h1>Loops</h1>{PROSE}<pre>for x in y:\n    print(x)</pre>{PROSE.replace('loop', 'loup')}</article>"


def test_prose_and_a_fenced_block_come_out_in_order() -> None:
    text = markdown(PAGE.encode())
    assert text.index("# Loops") < text.index("A loop repeats") < text.index("```\nfor x in y:\n    print(x)\n```")
    assert text.index("print(x)") < text.index("A loup repeats")


def test_the_same_page_gives_the_same_text_whatever_came_before() -> None:
    first = markdown(PAGE.encode())
    for _ in range(3):
        markdown(PAGE.replace("loop", "lamp").encode())
    assert markdown(PAGE.encode()) == first


@pytest.mark.parametrize("body", [b"", b"   \n", b"\x00\x00", b"<!-- nothing -->"])
def test_bytes_without_text_give_an_empty_string(body: bytes) -> None:
    assert markdown(body) == ""


def test_text_without_a_tag_is_kept() -> None:
    assert "plain words only" in markdown(b"plain words only")


@pytest.mark.parametrize("tag", ["div", "blockquote", "ul", "table><tr><td", "span", "font"])
def test_deep_nesting_ends_in_text(tag: str) -> None:
    body = f"<html><body>{f'<{tag}>' * 3000}deep words{PROSE}</body></html>".encode()
    found = convert(body)
    assert "deep words" in found.text
    assert "A loop repeats" in found.text


def test_too_deep_is_counted_with_its_reason() -> None:
    found = convert(f"<html><body>{'<div>' * 400}deep{PROSE}".encode())
    assert found.fallback is Fallback.TOO_DEEP
    assert "A loop repeats its body" in found.text


def test_unclosed_formatting_does_not_count_as_depth() -> None:
    found = convert(f"<html><body>{'<font size=2><b>' * 400}{PROSE}<pre>a\n  b</pre>".encode())
    assert found.fallback is None
    assert "```\na\n  b\n```" in found.text


def test_too_many_nodes_are_counted_and_lose_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_NODES", 5)
    found = convert(PAGE.encode())
    assert found.fallback is Fallback.TOO_MANY_NODES
    assert "for x in y:\n    print(x)\n" in found.text
    assert "A loop repeats" in found.text


def test_too_many_nodes_for_trafilatura_are_counted_and_keep_their_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recall.page.markdown.by_trafilatura.MAX_NODES", 5)
    found = convert(PAGE.encode(), extractor="trafilatura")
    assert found.fallback is Fallback.TOO_MANY_NODES
    assert "```\nfor x in y:\n    print(x)\n```" in found.text
    assert "A loop repeats" in found.text


def test_a_failing_extractor_is_counted_and_loses_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ValueError("defeated")

    monkeypatch.setattr("recall.page.markdown.by_trafilatura.trafilatura.extract", fail)
    found = convert(PAGE.encode(), extractor="trafilatura")
    assert (found.fallback, found.reason) == (Fallback.EXTRACTOR, "extractor_failed")
    assert "```\nfor x in y:\n    print(x)\n```" in found.text


@pytest.mark.parametrize("kind", [AttributeError, IndexError, KeyError, TypeError, RecursionError])
def test_a_bug_of_ours_is_told_apart_and_named(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    def fail(*_: object, **__: object) -> str:
        raise kind("a bug")

    monkeypatch.setattr("recall.page.markdown.conversion.mark_posts", fail)
    found = convert(PAGE.encode())
    assert (found.fallback, found.reason) == (Fallback.ERROR, f"error: {kind.__name__}")
    assert "    print(x)" in found.text


def test_what_no_page_can_cause_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise MemoryError

    monkeypatch.setattr("recall.page.markdown.conversion.mark_posts", fail)
    with pytest.raises(MemoryError):
        convert(PAGE.encode())


def test_main_content_has_no_reason() -> None:
    assert convert(PAGE.encode()).reason == ""


def test_a_page_that_extraction_finds_empty_comes_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recall.page.markdown.by_trafilatura.trafilatura.extract", lambda *_, **__: None)
    text = markdown(PAGE.encode(), extractor="trafilatura")
    assert "# Loops" in text
    assert "A loup repeats" in text
    assert "```\nfor x in y:\n    print(x)\n```" in text


def test_control_characters_stay_in_code_and_leave_prose() -> None:
    text = markdown(PAGE.replace("print(x)", "print(\x0c)").replace("at some", "at\x07 some").encode())
    assert "print(\x0c)" in text
    assert "at some length" in text


def test_control_characters_beside_what_is_moved_do_no_harm() -> None:
    head = '<h2>Why\x02<a class="headerlink">¶</a>\x02 so</h2><p>Mind <code>a\x01b</code>\x01 well.</p>'
    found = convert(PAGE.replace("<pre>", f"{head}<pre>").encode())
    assert found.fallback is None
    assert "Why so" in found.text


def test_place_holders_never_meet_words_of_the_page() -> None:
    page = PAGE.replace("at some length", "at zqkb0x and zqki0z length")
    text = markdown(page.encode())
    assert "at zqkb0x and zqki0z length" in text
    assert "```\nfor x in y:" in text


@pytest.mark.parametrize("opening", ["<!--", "<a ", "<!", "</script", "<p x='<", "<!-->-- <!--"])
def test_what_is_opened_and_never_closed_stays_text_and_costs_linear_time(opening: str) -> None:
    started = time.process_time()
    text = plain_text("first <b>word</b> <!-- a note --> " + opening * 20_000 + " last words")
    assert time.process_time() - started < 1
    assert text.startswith("first word")
    assert text.endswith("last words\n")


@pytest.mark.realdata
@pytest.mark.slow
def test_the_invariant_holds_on_the_real_code_pages(shared: Path) -> None:
    import importlib.util

    where = Path(__file__).parents[2] / "benchmarks" / "extraction.py"
    specification = importlib.util.spec_from_file_location("extraction", where)
    assert specification is not None
    assert specification.loader is not None
    benchmark = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(benchmark)
    totals = benchmark.Totals()
    for url, body, charset in benchmark.pages(shared / "crawl", {"seed", "pool"}, 60):
        benchmark.measure_page(totals, url, body, charset)
    figures = benchmark.summary(totals)
    assert figures["pages"] == 60
    assert figures["pre_lines_found"]["recall"] >= 0.97  # the rest is prose in a <pre>, whose lines are no code's
    assert figures["pre_lines_unexplained"] == 0
    assert figures["prose_f1_mean"] >= 0.9  # against trafilatura, which loses prose: a fall means prose torn or lost
    assert figures["empty"] == figures["lost"] == 0


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<p>word {at} of many</p><pre>x{at}\n  y</pre>" for at in range(1000)),
        "<div class=source>" * 200 + "<p>hello world</p>" * 1000 + "</div>" * 200,
        "<p>" + "foo bar;<br>" * 10_000 + "</p>",
        "".join(f"<tt>x{at} = 1;</tt><br>" for at in range(3000)),
        "<table class=highlight>" + "<tr><td class=blob-num>1</td><td class=blob-code>a</td></tr>" * 3000 + "</table>",
    ],
    ids=["blocks", "nested", "breaks", "run", "rows"],
)
@pytest.mark.timeout(20)
def test_cost_grows_with_the_page_and_not_with_its_square(body: str) -> None:
    assert markdown(f"<html><body><h1>Many</h1>{body}</body></html>".encode())
