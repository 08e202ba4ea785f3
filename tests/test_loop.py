"""Whole runs: the same bytes everywhere, whatever is killed; other crawls; damage found."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from recall import loop
from recall.apply.crawls import apply_run, parse_parent
from recall.archive.manifest import resolve
from recall.config import ClusterSection, dump_config
from recall.corpus.published import check_lineage
from recall.errors import BadInput, OutOfOrder, ShardCorrupt
from recall.records import Waiting
from recall.release.corpus_pages import export_warc, rows_of
from recall.run.rounds import Run

if TYPE_CHECKING:
    from tests.conftest import S3Server

RECALL = str(Path(sys.executable).parent / "recall")


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Published files of the data, without manifests, which hold times, and reports, which may be drawn at any time."""
    for path in sorted(root.rglob("*.parquet")):
        if path.relative_to(root).parts[0] != "report":
            yield str(path.relative_to(root)), path.read_bytes()


def drive(run: Run) -> None:
    for name, result in loop.drive(run):
        assert not isinstance(result, Waiting), name


def test_a_second_run_of_the_same_inputs_has_the_same_digest(played: Run, fresh: Any) -> None:
    again = fresh("build")
    assert again.digest() == played.digest()
    assert list(files_of(Path(again.store.root))) == list(files_of(Path(played.store.root)))


def test_nothing_comes_after_the_corpus(played: Run) -> None:
    assert played.next() is None
    assert loop.advance(played) is None


def test_a_step_out_of_order_is_refused_by_name(fresh: Any) -> None:
    with pytest.raises(OutOfOrder, match="the next step of this run is seed"):
        loop.advance(fresh(), only="scan")


def test_without_answers_the_run_waits_for_people(fresh: Any) -> None:
    run = fresh(label={"answers": ""})
    *_, last = loop.drive(run)
    assert last[0] == "round 1 label"
    assert isinstance(last[1], Waiting)
    assert last[1].count > 0
    assert loop.drive(run).__next__()[1] == last[1]


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_two_ray_workers_give_the_same_bytes(played: Run, fresh: Any) -> None:
    run = fresh(cluster={"address": "local", "workers": 2})
    drive(run)
    assert run.digest() == played.digest()
    assert list(files_of(Path(run.store.root))) == list(files_of(Path(played.store.root)))


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_a_running_cluster_of_two_nodes_gives_the_same_bytes(played: Run, fresh: Any) -> None:
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        root = Path(fresh().store.root)
        subprocess.run([RECALL, "--quiet", "run", str(root), "--cluster", cluster.address], check=True, timeout=200)
    finally:
        cluster.shutdown()
    assert Run.open(root).digest() == played.digest()
    assert list(files_of(root)) == list(files_of(Path(played.store.root)))


@pytest.mark.s3
@pytest.mark.slow
def test_a_run_folder_on_s3_gives_the_same_digest(s3: "S3Server", played: Run, crawl: Any) -> None:
    config = crawl.config(access={"s3_endpoint": s3.endpoint})
    shards = resolve(config.crawl, config.access, config.run.seed)
    run = Run.create(s3.url("loop"), config, dump_config(config), shards)
    drive(run)
    assert run.digest() == played.digest()
    assert run.verify() == []
    environment = {**os.environ, "AWS_ENDPOINT_URL_S3": s3.endpoint}
    told = subprocess.run(
        [RECALL, "status", s3.url("loop"), "--json"], env=environment, capture_output=True, check=True, timeout=60
    )
    assert json.loads(told.stdout)["digest"] == played.digest()


@pytest.mark.slow
def test_a_driver_killed_at_any_moment_loses_nothing(played: Run, fresh: Any) -> None:
    """Kill `recall run` with SIGKILL after a while, longer each time, then let it end."""
    root = Path(fresh().store.root)
    command = [RECALL, "--quiet", "run", str(root)]
    kills, chance = 0, random.Random(11)
    for patience in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=1.0 + 0.4 * patience + chance.random())
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert kills
    assert Run.open(root).digest() == played.digest()
    assert list(files_of(root)) == list(files_of(Path(played.store.root)))


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_a_worker_killed_in_mid_scan_costs_only_time(played: Run, fresh: Any) -> None:
    root = Path(fresh("round 1 train").store.root)
    command = [RECALL, "--quiet", "run", str(root), "--cluster", "local", "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    killed = 0
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        for pid in _workers(process.pid, "ray::scan"):
            if killed < 2:
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(0.01)
    assert process.wait(timeout=60) == 0
    assert killed, "no worker was seen at work"
    assert Run.open(root).digest() == played.digest()


def _workers(parent: int, title: str) -> list[int]:
    """Processes below `parent` whose title starts with the name of a Ray task."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
        except OSError:
            continue
        if command.startswith(title) and _descends(int(entry.name), parent):
            found.append(int(entry.name))
    return found


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return False
    return False


def test_a_trained_round_applies_to_another_crawl(played: Run, crawl: Any, tmp_path: Path) -> None:
    config = crawl.config().crawl.model_copy(update={"warcs": (str(crawl.warcs[0]),)})
    run = apply_run(str(tmp_path / "applied"), f"{played.store.root}@2", config)
    drive(run)
    assert [position.folder for position in run.order if run.done(position)][-1] == "corpus"
    theirs = played.store.read_json("rounds/2/train/model.json")
    assert run.store.read_json("rounds/1/train/model.json") == theirs
    assert int(run.step("corpus").result.counts["pages"]) > 0
    assert run.verify() == []
    reasons = {row["reason"] for row in run.store.read_table("corpus/part-00000.parquet").to_pylist()}
    assert reasons <= {"classifier", "prefix", "both"}


def test_only_a_sealed_round_applies(fresh: Any, tmp_path: Path) -> None:
    run = fresh("round 1 scan")
    for parent in (f"{run.store.root}@1", run.store.root):
        with pytest.raises(BadInput, match="sealed"):
            apply_run(str(tmp_path / "applied"), parent, run.config.crawl)
    with pytest.raises(BadInput, match="RUN@ROUND"):
        parse_parent("runs/demo@last")


def test_a_later_driver_may_use_other_machines(fresh: Any, played: Run) -> None:
    run = fresh("round 1 scan")
    elsewhere = Run.open(run.store.root, cluster=ClusterSection(attempts=1))
    drive(elsewhere)
    assert elsewhere.digest() == played.digest()


@pytest.mark.slow
def test_a_crawl_of_an_arc_and_of_files_compressed_whole_gives_the_same_pages(crawl: Any, tmp_path: Path) -> None:
    """Without kept bodies, so that harvest and build read the pages again, which have no byte range."""
    warcs = [tmp_path / name for name in ("whole.warc.gz", "pages.arc.gz", "third.warc.gz")]
    warcs[0].write_bytes(gzip.compress(gzip.decompress(crawl.warcs[0].read_bytes()), mtime=0))
    warcs[1].write_bytes(b"".join(arc_records(crawl.warcs[1])))
    warcs[2].write_bytes(crawl.warcs[2].read_bytes())
    runs = []
    for name, paths in (("usual", crawl.warcs), ("odd", warcs)):
        config = crawl.config(1, crawl={"warcs": list(map(str, paths))}, scan={"keep": "reference"})
        run = Run.create(tmp_path / name, config, dump_config(config), resolve(config.crawl, seed=config.run.seed))
        drive(run)
        runs.append(run)
    usual, odd = ({row["url"]: row["digest"] for rows in rows_of(run) for row in rows} for run in runs)
    assert odd == usual
    lengths = [row["length"] for rows in rows_of(runs[1]) for row in rows]
    assert min(lengths) < 0 < max(lengths)
    assert check_lineage(runs[1], 30) == (min(30, len(lengths)), [])
    with pytest.raises(ShardCorrupt, match=r"whole.warc.gz: byte 0: its records share a gzip member"):
        export_warc(runs[1], tmp_path / "out.warc.gz")


def arc_records(path: Path) -> Iterator[bytes]:
    """The responses of a WARC as an ARC has them, each in a gzip member of its own."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            if record.rec_type == "response":
                block = record.raw_stream.read()
                url = record.rec_headers.get_header("WARC-Target-URI").encode()
                yield gzip.compress(
                    b"%s 192.0.2.1 20260131000000 text/html %d\n%s\n" % (url, len(block), block), mtime=0
                )
