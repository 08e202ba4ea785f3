from pathlib import Path

import numpy as np

from recall.config import BoilerplateSection, ClusterSection
from recall.corpus.chunks import ChunkedPages, chunks_of
from recall.corpus.filters.boilerplate import (
    PAGE,
    find_boilerplate,
    lines_by_host,
    lines_of,
    remove_lines,
    repeated,
    text_key,
)
from recall.records import OTHER_BODIES
from recall.run.shuffle import stage_folder
from recall.run.store import Store
from tests.corpus.conftest import Publish

BANNER = "Was this page of any help to you today?"
PAGE_TEXT = f"""Skip to content

# Sort a list

Call it with a key.

{BANNER}

```python
{BANNER}


Skip to content
```

Skip to content

Read on.

Footer
"""


def keys(*lines: str) -> set[int]:
    return {text_key(line.casefold()) for line in lines}


def test_long_lines_go_wherever_they_stand_and_short_ones_at_the_ends_only() -> None:
    text, taken = remove_lines(PAGE_TEXT, keys("Skip to content", BANNER, "Footer"), 5)
    assert taken == ["Skip to content", BANNER, "Footer"]
    assert text.startswith("# Sort a list\n\nCall it with a key.\n\n```python\n")
    assert text.endswith("```\n\nSkip to content\n\nRead on.\n")


def test_code_stays_as_it_is() -> None:
    code = PAGE_TEXT[PAGE_TEXT.index("```python") : PAGE_TEXT.index("```\n\nSkip") + 4]
    everything = {line.key for line in lines_of(PAGE_TEXT)} | keys(*PAGE_TEXT.splitlines())
    assert code in remove_lines(PAGE_TEXT, everything, 1)[0]
    for line in ("    indented = code", "Run `make` in the folder now, please", "| a | row | of | a | table |"):
        assert {found.key for found in lines_of(line)} == {0}
        assert remove_lines(f"{line}\n", keys(line), 1) == (f"{line}\n", [])


def test_a_text_without_boilerplate_is_the_same_text() -> None:
    for text in (PAGE_TEXT, "", "\n\n", "```\nnever closed\n\n\n"):
        assert remove_lines(text, keys("nowhere"), 5) == (text, [])


def test_a_page_of_boilerplate_alone_is_empty() -> None:
    assert remove_lines("Footer\n\nSkip to content\n", keys("Footer", "Skip to content"), 5)[0].strip() == ""


def test_a_line_is_boilerplate_from_so_many_pages_and_so_large_a_share_on() -> None:
    rows = [(1, int(PAGE))] * 20 + [(1, 7)] * 5 + [(1, 8)] * 4 + [(2, int(PAGE))] * 100 + [(2, 7)] * 19 + [(2, 9)] * 20
    hosts, lines = (np.array([row[at] for row in rows], np.uint64) for at in (0, 1))
    found = repeated(hosts, lines, BoilerplateSection(pages=5, share=0.2))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == [(1, 7), (2, 9)]


def test_each_chunk_learns_the_boilerplate_of_its_hosts(publish_shard: Publish, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    shards = []
    for number in range(3):
        rows: list[dict[str, object]] = []
        for page in range(6):
            host = "a.org" if number < 2 else "b.org"
            rows.append({"domain": host, "text": f"{BANNER}\n\nWords of page {number} {page}\n"})
        shards.append(publish_shard(store, number, rows))
    for rows_each in (10_000, 240):
        pages = ChunkedPages(store, ClusterSection(), tuple(chunks_of(shards, pages=6)), rows_each)
        lines = find_boilerplate(pages, BoilerplateSection(pages=7), ())
        assert [lines_by_host(store, lines, number) for number in range(3)] == [
            {text_key("a.org"): keys(BANNER)},
            {text_key("a.org"): keys(BANNER)},
            {},
        ]
        for key in store.keys(stage_folder("boilerplate")):
            store.remove(key)


def test_files_of_a_host_count_neither_for_nor_against_lines_of_its_pages(
    publish_shard: Publish, tmp_path: Path
) -> None:
    store, licence = Store(str(tmp_path)), "This file is free to be used by anybody."
    html = [f"{BANNER}\n\nWords of page {page}\n" for page in range(20)]
    files = [f"{licence}\n\nWords of file {file}\n" for file in range(200)]
    rows: list[dict[str, object]] = [{"domain": "a.org", "text": text, "body": "html"} for text in html]
    for number, text in enumerate(files):
        rows.append({"domain": "a.org", "text": text, "body": OTHER_BODIES[number % len(OTHER_BODIES)].value})
    pages = ChunkedPages(store, ClusterSection(), tuple(chunks_of([publish_shard(store, 0, rows)])))
    lines = find_boilerplate(pages, BoilerplateSection(), ())
    assert lines_by_host(store, lines, 0) == {text_key("a.org"): keys(BANNER)}
