from recall.model.tokens import Tokenizer
from recall.records import Capture, WarcRef
from recall.steps.build.cost import FINISH, MARKDOWN, STAGES, build_seconds


def _vocabulary() -> tuple[str, str, bool]:
    texts = ["def add(a, b): return a + b", "some words of prose about code"] * 20
    return Tokenizer.train(texts, 400).document, "tokenizer.json", True


def _page(number: int, words: int) -> Capture:
    body = f"<title>Page {number}</title><h1>Page {number}</h1><pre>x = {number}</pre>"
    body += "".join(f"<p>Paragraph {n} of page {number} says something else.</p>" for n in range(words))
    return Capture(WarcRef("a.warc.gz", number, 1), f"http://h{number}.org/", body.encode(), "utf-8", "")


def test_every_stage_costs_something_and_more_text_costs_more() -> None:
    vocabulary = _vocabulary()
    small = build_seconds([_page(number, 5) for number in range(12)], vocabulary, 60)
    large = build_seconds([_page(number, 400) for number in range(12)], vocabulary, 60)
    assert tuple(small) == tuple(large) == STAGES
    assert all(small.values())
    assert large[MARKDOWN] > 2 * small[MARKDOWN]
    assert large[FINISH] > small[FINISH]


def test_a_page_without_text_counts_as_a_page() -> None:
    empty = Capture(WarcRef("a.warc.gz", 0, 1), "http://empty.org/", b"<html></html>", "utf-8", "")
    assert set(build_seconds([empty, _page(1, 5), empty], _vocabulary(), 60)) == set(STAGES)
