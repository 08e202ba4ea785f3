"""Writes the responses of the sample that recall ships: python -m tests.sample_generator.ship."""

import io
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recall.sample import crawl
from recall.sample.crawl import RESPONSES, SampleResponse
from tests.sample_generator.world import crawled


def packed() -> bytes:
    """A row for each response, compressed as well as zstd can: pages of a host repeat each other."""
    answers = crawled()
    table = pa.table(
        {field.name: [getattr(answer, field.name) for answer in answers] for field in fields(SampleResponse)}
    )
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=22,
        data_page_size=1 << 26,
        use_dictionary=["content_type", "language", "use", "label", "status", "truncated"],
        write_statistics=False,
    )
    return sink.getvalue()


if __name__ == "__main__":
    Path(crawl.__file__).with_name(RESPONSES).write_bytes(packed())
