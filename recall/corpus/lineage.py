"""Does a corpus row still lead to its page? A sample is read again from the WARCs, by byte range."""

import heapq
from collections.abc import Iterator
from hashlib import sha256

from recall.archive.warc import read_at
from recall.errors import RecallError
from recall.records import WarcRef
from recall.run.rounds import Damage, Run
from recall.run.sampling import priority

COLUMNS = ["url", "warc_path", "offset", "length", "digest"]


def check_lineage(run: Run, count: int) -> tuple[int, list[Damage]]:
    """Read `count` seeded corpus rows back: how many were read, and those that lead elsewhere."""
    urls = {shard.path: shard.url for shard in run.shards}
    sample = heapq.nsmallest(count, _rows(run), key=lambda row: (priority(run.config.run.seed, row[0]), row))
    damages = []
    for url, path, offset, length, digest in sample:
        where = f"{path} at {offset}"
        try:
            capture = read_at(WarcRef(path, offset, length), urls[path], run.config.access)
        except (RecallError, KeyError) as error:
            damages.append(Damage(where, f"cannot be read back: {error}"))
            continue
        if capture.url != url or f"sha256:{sha256(capture.body).hexdigest()}" != digest:
            damages.append(Damage(where, "holds another page than the corpus says"))
    return len(sample), damages


def _rows(run: Run) -> Iterator[tuple[str, str, int, int, str]]:
    step = run.step("corpus")
    for output in step.outputs():
        if output.file.startswith("part-"):
            for table in run.store.read_batches(step.key(output.file), COLUMNS):
                yield from zip(*(table.column(name).to_pylist() for name in COLUMNS), strict=True)
