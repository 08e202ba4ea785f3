"""Near-duplicates against brute force, and the same ones however the pages are divided among tasks."""

import random
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from recall.config import ClusterSection, DuplicatesSection
from recall.corpus.chunks import MERGED, Built, Layout, cut
from recall.corpus.dedup.exact import KEYS, keys_of
from recall.corpus.dedup.near import Job, merge_near
from recall.corpus.schema import ID_BITS, columns_of
from recall.run.shuffle import collect
from recall.run.store import Store
from recall.steps.build.extract import EXTRACTED

WORDS = [f"word{number}" for number in range(2000)]
Merged = dict[int, tuple[int, float]]


def documents(count: int = 600, seed: int = 4) -> list[str]:
    """Pages of which half are copies of others, with none to a tenth of the words changed, cut or put in."""
    chance = random.Random(seed)
    texts: list[str] = []
    for number in range(count):
        if number % 2 and number > 9:
            words = chance.choice(texts).split()
            for _ in range(int(len(words) * chance.random() * 0.1)):
                place = chance.randrange(len(words))
                words[place : place + chance.choice((0, 1, 1, 2))] = [chance.choice(WORDS)]
        else:
            words = [chance.choice(WORDS) for _ in range(chance.randint(30, 300))]
        texts.append(" ".join(words))
    return texts


def ngrams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def shards_of(store: Store, texts: list[str], size: int) -> list[Built]:
    shards = []
    for number, start in enumerate(range(0, len(texts), size)):
        rows = []
        for place, text in enumerate(texts[start : start + size]):
            url = f"https://a.org/{start + place}"
            keys = dict(zip(KEYS, keys_of(url, text, "", ""), strict=True))
            rows.append({"id": number << ID_BITS | place, "url": url, "domain": "a.org", "text": text, **keys})
        table = store.publish_table_named("build/extract", "kept-", columns_of(rows, EXTRACTED), EXTRACTED)
        shards.append(Built(number, f"build/extract/{table.file}", "", len(rows), 0))
    return shards


def merged(folder: Path, texts: list[str], pages: int, partitions: int, cluster: ClusterSection) -> Merged:
    """Which page stands for each one that was merged, by number, and their estimated similarity."""
    store = Store(str(folder))
    shards = shards_of(store, texts, 100)
    chunks = list(cut(shards, pages=pages))
    layout = Layout(tuple(chunk.shards[0].number for chunk in chunks))
    settings = DuplicatesSection(keep="longest")
    keys, counts = merge_near(Job(store, layout, settings, partitions, ()), chunks, cluster)
    assert counts["signed"] == len(texts)
    found = {}
    for chunk in chunks:
        for row in collect(store, keys, chunk.number, MERGED).to_pylist():
            page, of = ((row[name] >> ID_BITS) * 100 + row[name] % (1 << ID_BITS) for name in ("id", "of"))
            found[page] = (of, row["similarity"])
    return found


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return documents()


@pytest.fixture(scope="module")
def whole(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Merged:
    return merged(tmp_path_factory.mktemp("whole"), texts, 10_000, 1, ClusterSection())


def test_near_duplicates_are_those_that_brute_force_finds(texts: list[str], whole: Merged) -> None:
    sets = [ngrams(text) for text in texts]
    similar = {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(range(len(texts)), 2)}
    high = [pair for pair, jaccard in similar.items() if jaccard > 0.8]
    assert len(high) > 100
    gone = {page for page, (of, _) in whole.items() if page != of}
    assert sum(a in gone or b in gone for a, b in high) >= 0.99 * len(high)
    together = [whole.get(a, (a, 0))[0] == whole.get(b, (b, 0))[0] for a, b in high]
    assert sum(together) >= 0.93 * len(high)
    pairs = [(min(page, of), max(page, of), said) for page, (of, said) in whole.items() if page != of]
    assert sum(similar[a, b] >= 0.7 for a, b, _ in pairs) >= 0.98 * len(pairs)
    assert all(abs(similar[a, b] - said) < 0.15 for a, b, said in pairs)


def test_the_longest_page_of_a_cluster_stands(texts: list[str], whole: Merged) -> None:
    for page, (of, _) in whole.items():
        assert len(texts[of]) >= len(texts[page])


@pytest.mark.parametrize(("pages", "partitions"), [(100, 1), (250, 3), (10_000, 5)])
def test_the_clusters_do_not_depend_on_how_the_work_is_divided(
    texts: list[str], whole: Merged, pages: int, partitions: int, tmp_path: Path
) -> None:
    assert merged(tmp_path, texts, pages, partitions, ClusterSection()) == whole


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_the_clusters_do_not_depend_on_the_number_of_workers(texts: list[str], whole: Merged, tmp_path: Path) -> None:
    assert merged(tmp_path, texts, 100, 2, ClusterSection(address="local", workers=2)) == whole


def test_a_task_that_was_done_is_not_done_again(texts: list[str], whole: Merged, tmp_path: Path) -> None:
    merged(tmp_path, texts, 250, 2, ClusterSection())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.json")}
    for lost in sorted(before)[::3]:
        lost.unlink()
    assert merged(tmp_path, texts, 250, 2, ClusterSection()) == whole
    assert all(path.stat().st_mtime_ns == before[path] for path in sorted(before)[1::3])


def test_settings_of_another_shape_work(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    text = " ".join(WORDS[:60])
    shards = shards_of(store, [text, text + " more", "..."], 100)
    settings = DuplicatesSection(bands=4, rows=3, ngram=3, threshold=0.5)
    job = Job(store, Layout((0,)), settings, 1, ())
    keys, counts = merge_near(replace(job), list(cut(shards)), ClusterSection())
    assert counts["signed"] == 2
    assert [row["of"] for row in collect(store, keys, 0, MERGED).to_pylist()] == [0, 0]
