"""The signatures of a corpus: what later corpora need to leave its pages out, without their texts.

In: a run whose corpus is built. Out: signatures-*.parquet (rows of `earlier.SIGNATURES`), a file for each part of the
corpus, the same bytes for the same corpus.
"""

from pathlib import Path

from recall.corpus import part_keys
from recall.corpus.dedup.earlier import ROWS, SIGNATURES, signature_rows
from recall.errors import BadInput
from recall.io.parquet import ParquetWriter
from recall.run.rounds import Run


def write_signatures(run: Run, folder: Path) -> int:
    """Write the signatures of every page of the corpus; returns how many. Raises BadInput before it is built."""
    if not run.step("corpus").done:
        raise BadInput(f"{run.store.root}: the corpus is not built yet, so it has no signatures; see `recall status`")
    count = 0
    for number, key in enumerate(part_keys(run)):
        writer = ParquetWriter(folder / f"signatures-{number:05d}.parquet", SIGNATURES)
        for table in run.store.read_batches(key, ["url", "text"], ROWS):
            writer.add(signature_rows(table, run.config.duplicates))
        writer.close()
        count += writer.rows
    return count
