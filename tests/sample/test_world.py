"""What the pages hold: languages, charsets, markup, programming languages, and hosts worth finding."""

import re
from collections import Counter, defaultdict

import pytest

from recall.sample.crawl import SampleResponse
from recall.sites.prefixes import prefix_key
from recall.sites.urls import host_of
from tests.sample_generator.bank import LANGUAGES, code_languages, language
from tests.sample_generator.markup import STYLES
from tests.sample_generator.pages import KINDS
from tests.sample_generator.plan import plan_hosts
from tests.sample_generator.world import responses


@pytest.fixture(scope="module")
def pages() -> list[SampleResponse]:
    return [answer for answer in responses(0, 1_600) if answer.label]


def test_every_kind_style_topic_and_language_that_a_host_names_exists() -> None:
    for host in plan_hosts(1_600):
        topics = language(host.site.language).topics
        assert host.code in STYLES
        assert set(host.snippets) <= set(code_languages())
        for section in host.sections:
            assert section.kind in KINDS
            assert set(section.topics) <= set(topics)
            assert {name for topic in section.topics for name in topics[topic].snippets} <= set(code_languages())


def test_every_bank_fills_all_slots_of_its_templates() -> None:
    for name in LANGUAGES:
        bank = language(name)
        for key, topic in bank.topics.items():
            for text in (*topic.titles, *topic.sentences, *(word for words in topic.words.values() for word in words)):
                for slot in re.findall(r"\{(\w+)\}", text):
                    known = slot in {"n", "ident"} or slot.lower() in topic.words or slot.lower() in bank.words
                    assert known, f"{name}/{key}: {text!r} names {slot}"


def test_no_page_shows_an_unfilled_slot(pages: list[SampleResponse]) -> None:
    for page in pages:
        assert not re.search(rb"@(noun|other|verb|text|int|num)@|\{(thing|city|person|slug)\}", page.body), page.url


def test_code_pages_come_in_four_natural_languages_and_twelve_programming_languages(
    pages: list[SampleResponse],
) -> None:
    code = Counter(page.language for page in pages if page.label == "C")
    assert len([name for name, count in code.items() if count >= 10]) >= 4
    assert len(code_languages()) >= 12 + 4  # without git, make, yaml and dumps


def test_bodies_decode_in_the_charset_of_their_host(pages: list[SampleResponse]) -> None:
    charsets = {host.site.host: host.charset for host in plan_hosts(1_600)}
    assert {"gbk", "windows-1251", "shift_jis", "iso-8859-1", "utf-8"} <= set(charsets.values())
    for page in pages:
        if not page.truncated:
            page.body.decode(charsets[host_of(page.url)])


def test_seed_code_is_english_and_mostly_in_pre_while_measure_has_code_without(pages: list[SampleResponse]) -> None:
    seed = [page for page in pages if page.use == "seed" and page.label == "C"]
    measure = [page for page in pages if page.use == "measure" and page.label == "C"]
    assert {page.language for page in seed} == {"english"}
    assert sum(b"<pre" in page.body for page in seed) / len(seed) > 0.8
    assert sum(b"<pre" in page.body for page in measure) / len(measure) < 0.6
    other = [page for page in pages if page.label in {"A", "N"}]
    assert sum(b"<pre" in page.body for page in other) > 50


def test_code_hosts_have_several_prefixes_and_a_clear_share_of_code(pages: list[SampleResponse]) -> None:
    by_host: dict[str, list[SampleResponse]] = defaultdict(list)
    for page in pages:
        by_host[host_of(page.url)].append(page)
    code_hosts = {host: found for host, found in by_host.items() if any(page.label == "C" for page in found)}
    assert len(code_hosts) >= 25
    for found in code_hosts.values():
        assert sum(page.label == "C" for page in found) / len(found) > 0.1
    prefixes: dict[str, Counter[str]] = defaultdict(Counter)
    for page in pages:
        if page.use == "pool" and page.label == "C":
            prefixes[host_of(page.url)]["/".join(prefix_key(page.url).split("/")[:2])] += 1
    assert sum(count >= 3 for found in prefixes.values() for count in found.values()) >= 20


def test_vocabulary_is_not_a_toy(pages: list[SampleResponse]) -> None:
    words = Counter(
        word
        for page in pages
        if page.language == "english"
        for word in set(re.findall(r"[a-z]{4,}", re.sub(r"<[^>]+>", " ", page.body.decode("utf-8", "replace").lower())))
    )
    assert sum(count >= 3 for count in words.values()) > 1_500


def test_a_small_sample_keeps_every_host_and_section() -> None:
    small = [answer for answer in responses(0, 200) if answer.label]
    assert {host_of(page.url) for page in small} == {host.site.host for host in plan_hosts(200)}
    assert 200 <= len(small) <= 320
