"""Near-duplicates against brute force, and the same ones however the pages are divided among tasks."""

import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from recall.config import ClusterSection, DuplicatesSection
from recall.corpus.chunks import MERGED, ChunkedPages, ExtractedShard, chunks_of
from recall.corpus.dedup.exact import KEYS, duplicate_keys
from recall.corpus.dedup.near import merge_near
from recall.corpus.schema import ID_BITS, Row
from recall.run.shuffle import read_partition
from recall.run.store import Store
from tests.corpus.conftest import Publish

WORDS = [f"word{number}" for number in range(2000)]
Clusters = dict[int, tuple[int, float]]


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


def shards_of(publish: Publish, store: Store, texts: list[str], size: int) -> list[ExtractedShard]:
    shards = []
    for number, start in enumerate(range(0, len(texts), size)):
        rows: list[Row] = []
        for page, text in enumerate(texts[start : start + size]):
            url = f"https://a.org/{start + page}"
            keys = dict(zip(KEYS, duplicate_keys(url, text, "", ""), strict=True))
            rows.append({"url": url, "domain": "a.org", "text": text, **keys})
        shards.append(publish(store, number, rows))
    return shards


def merged(
    publish: Publish, folder: Path, texts: list[str], work: tuple[int, int], cluster: ClusterSection
) -> Clusters:
    """Which page represents each one that was merged, by number, and their estimated similarity.

    work: pages of a chunk, and the number of partitions.
    """
    store, settings = Store(str(folder)), DuplicatesSection(keep="longest")
    chunks = tuple(chunks_of(shards_of(publish, store, texts, 100), pages=work[0]))
    rows = -(-len(texts) * settings.bands // work[1])
    files = merge_near(ChunkedPages(store, cluster, chunks, rows), settings, ()).files
    found = {}
    for chunk in chunks:
        for row in read_partition(store, files, chunk.number, MERGED).to_pylist():
            page, of = ((row[name] >> ID_BITS) * 100 + row[name] % (1 << ID_BITS) for name in ("id", "of"))
            found[page] = (of, row["similarity"])
    return found


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return documents()


@pytest.fixture(scope="module")
def whole(publish_shard: Publish, texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Clusters:
    return merged(publish_shard, tmp_path_factory.mktemp("whole"), texts, (10_000, 1), ClusterSection())


def test_near_duplicates_are_those_that_brute_force_finds(texts: list[str], whole: Clusters) -> None:
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


def test_the_longest_page_of_a_cluster_stands(texts: list[str], whole: Clusters) -> None:
    for page, (of, _) in whole.items():
        assert len(texts[of]) >= len(texts[page])


@pytest.mark.parametrize("work", [(100, 1), (250, 3), (10_000, 5)])
def test_the_clusters_do_not_depend_on_how_the_work_is_divided(
    texts: list[str], whole: Clusters, work: tuple[int, int], publish_shard: Publish, tmp_path: Path
) -> None:
    assert merged(publish_shard, tmp_path, texts, work, ClusterSection()) == whole


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_the_clusters_do_not_depend_on_the_number_of_workers(
    texts: list[str], whole: Clusters, publish_shard: Publish, tmp_path: Path
) -> None:
    assert merged(publish_shard, tmp_path, texts, (100, 2), ClusterSection(address="local", workers=2)) == whole


def test_a_task_that_was_done_is_not_done_again(
    texts: list[str], whole: Clusters, publish_shard: Publish, tmp_path: Path
) -> None:
    merged(publish_shard, tmp_path, texts, (250, 2), ClusterSection())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.json")}
    for lost in sorted(before)[::3]:
        lost.unlink()
    assert merged(publish_shard, tmp_path, texts, (250, 2), ClusterSection()) == whole
    assert all(path.stat().st_mtime_ns == before[path] for path in sorted(before)[1::3])


def test_settings_of_another_shape_work(publish_shard: Publish, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    text = " ".join(WORDS[:60])
    shards = shards_of(publish_shard, store, [text, text + " more", "..."], 100)
    settings = DuplicatesSection(bands=4, rows=3, ngram=3, threshold=0.5)
    files = merge_near(ChunkedPages(store, ClusterSection(), tuple(chunks_of(shards))), settings, ()).files
    assert [row["of"] for row in read_partition(store, files, 0, MERGED).to_pylist()] == [0, 0]
