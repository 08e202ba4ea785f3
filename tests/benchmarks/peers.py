"""Other readers and loops, in a virtual environment of their own; run by `scan.py --peers PYTHON`.

pip install "datatrove[io,processing]" trafilatura isal warcio orjson
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def read_igzip(warc: str) -> None:
    """Decompress and do nothing else."""
    reader: Any = importlib.import_module("isal.igzip")

    with reader.open(warc) as stream:
        while stream.read(1 << 20):
            pass


def run_datatrove(warc: str) -> None:
    """WarcReader, Trafilatura, and a filter where its fastText filter would stand; nothing is written."""
    names = ("extractors", "filters", "readers")
    extractors, filters, readers = (importlib.import_module(f"datatrove.pipeline.{name}") for name in names)
    path = Path(warc)
    data: Any = None
    for part in (
        readers.WarcReader(str(path.parent), glob_pattern=path.name),
        extractors.Trafilatura(favour_precision=True, timeout=5),
        filters.LambdaFilter(lambda document: len(document.text) > 0),
    ):
        data = part.run(data, rank=0, world_size=1)
    for _ in data or ():
        pass


def main() -> None:
    """Time one of them on a file."""
    action, warc = {"igzip": read_igzip, "datatrove": run_datatrove}[sys.argv[1]], sys.argv[2]
    if action is run_datatrove:
        for module in ("datatrove.pipeline.extractors", "datatrove.pipeline.filters", "datatrove.pipeline.readers"):
            importlib.import_module(module)  # imports are not what is compared
    wall, cpu = time.perf_counter(), time.process_time()
    action(warc)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = time.process_time() - cpu + children.ru_utime + children.ru_stime
    sys.stdout.write(json.dumps({"cpu": spent, "wall": time.perf_counter() - wall}) + "\n")


if __name__ == "__main__":
    main()
