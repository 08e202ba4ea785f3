from collections.abc import Callable

import pytest

from recall.corpus.chunks import ExtractedShard
from recall.corpus.schema import ID_BITS, Row, columns_of
from recall.run.shuffle import Stage, write_table
from recall.run.store import Store
from recall.steps.build.extract import EXTRACTED

Publish = Callable[[Store, int, list[Row]], ExtractedShard]


@pytest.fixture(scope="session")
def publish_shard() -> Publish:
    """Publishes rows of EXTRACTED, as far as they are given, as a shard that was extracted; ids are made up."""

    def publish(store: Store, number: int, rows: list[Row]) -> ExtractedShard:
        stage = Stage(store, "extract", None)
        numbered = [{"id": number << ID_BITS | index, **row} for index, row in enumerate(rows)]
        kept = write_table(stage, "kept-", columns_of(numbered, EXTRACTED), EXTRACTED)
        return ExtractedShard(number, kept, kept, len(rows), 0)

    return publish
