"""A Ray cluster under faults: nodes and drivers that die, a run folder in a bucket, one budget, submitted jobs."""

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from recall.archive.manifest import resolve
from recall.config import AccessSection, ClusterSection, dump_config
from recall.errors import BadInput
from recall.io import publish_file, read_all
from recall.run import jobs
from recall.run.jobs.cluster_limits import check_answers
from recall.run.rounds import Run
from tests.conftest import free_ports
from tests.fault_server import FaultServer

if TYPE_CHECKING:
    from tests.conftest import Crawl, S3Server

pytestmark = [pytest.mark.ray, pytest.mark.slow]
RECALL = [sys.executable, "-m", "recall.cli", "--quiet"]


@pytest.fixture
def cluster(local_ray: None) -> Iterator[Any]:  # noqa: ARG001 - Ray of our own
    """Three nodes of one core each, the head among them."""
    from ray import cloudpickle
    from ray.cluster_utils import Cluster

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]  # workers cannot import this file
    made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        made.add_node(num_cpus=1)
        made.add_node(num_cpus=1)
        yield made
    finally:
        jobs.disconnect()
        made.shutdown()
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


def ask_often(url: str, count: int) -> int:
    """Read a file so many times within the cluster's budget."""
    access = AccessSection(requests_per_second=20.0, connections=2, timeout_seconds=5.0)
    return sum(len(read_all(url, access)) for _ in range(count))


@pytest.mark.s3
def test_nodes_and_drivers_that_die_leave_the_bytes_of_a_calm_run(
    cluster: Any, s3: "S3Server", crawl: "Crawl", played: Run
) -> None:
    """WARCs and run folder lie in a bucket; the driver is killed twice, a node once."""
    access = AccessSection(s3_endpoint=s3.endpoint)
    for warc in crawl.warcs:
        publish_file(s3.url(f"faults/{warc.name}"), warc, access)
    config = crawl.config(access={"s3_endpoint": s3.endpoint}, cluster={"attempts": 5})
    run = Run.create(s3.url("faults/run"), config, dump_config(config), resolve(config.crawl, access, config.run.seed))
    environment = {**os.environ, "AWS_ENDPOINT_URL_S3": s3.endpoint}
    command = [*RECALL, "run", run.store.root, "--ray-address", cluster.address]
    node = cluster.list_all_nodes()[-1]
    for waits in ("rounds/1/train/step.json", "rounds/1/scan/reports/"):
        driver = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline and driver.poll() is None and not run.store.keys(waits):
            time.sleep(0.2)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        if waits.endswith("json"):
            cluster.remove_node(node, allow_graceful=False)
    time.sleep(1)
    done = subprocess.run([*command], env=environment, capture_output=True, text=True, timeout=280, check=False)
    if done.returncode == 4:  # the lease of a killed driver of this machine is free at once
        pytest.fail(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "planned = done + failed" in done.stdout
    assert run.digest() == played.digest()
    assert run.verify() == []


def test_workers_of_a_cluster_keep_one_budget(cluster: Any, fault_server: FaultServer) -> None:
    """Three workers ask 60 times at 20 requests a second; a refusal of one holds for all."""
    fault_server.files["file"] = b"x" * 100
    section = ClusterSection(address=cluster.address)
    list(jobs.each(ask_often, fault_server.url("file"), [1, 1, 1], section, "warm"))
    started = time.monotonic()
    outcomes = list(jobs.each(ask_often, fault_server.url("file"), [20] * 3, section, "ask"))
    assert [outcome.result for outcome in outcomes] == [2000] * 3
    assert time.monotonic() - started >= (60 - 6) / 20
    fault_server.then(status=403)
    asked = len(fault_server.asked)
    refused = list(jobs.each(ask_often, fault_server.url("file"), [5] * 6, section, "refused"))
    assert {outcome.error_kind for outcome in refused} == {"Refused"}
    assert len(fault_server.asked) <= asked + 6, "one of each task may be under way; 30 were to come"


@pytest.fixture
def client_server(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 - our own
    """A head node with two cores and the server that clients from elsewhere speak to, as its address.

    Only one at a time: Ray gives each client a server of its own at the first free port from 23000 on, and two that
    look at once take the same.
    """
    from ray.cluster_utils import Cluster

    with (tmp_path_factory.getbasetemp().parent / "ray-client.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = free_ports(1)
        head = {"num_cpus": 2, "include_dashboard": False, "ray_client_server_port": port}
        made: Any = Cluster(initialize_head=True, head_node_args=head)
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:  # it listens a while after the head is up
                with suppress(BadInput):
                    check_answers(f"ray://127.0.0.1:{port}")
                    break
                time.sleep(0.1)
            yield f"ray://127.0.0.1:{port}"
        finally:
            jobs.disconnect()
            made.shutdown()


# Ray leaves the log of its client server open
LEFT_OPEN = pytest.mark.filterwarnings("ignore:.*ray_client_server:pytest.PytestUnraisableExceptionWarning")


@LEFT_OPEN
def test_a_client_from_elsewhere_drives_a_run(client_server: str, fresh: Any, played: Run) -> None:
    run = fresh("round 1 train")
    command = [*RECALL, "run", run.store.root, "--ray-address", client_server]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert "planned = done + failed" in done.stdout
    assert run.digest() == played.digest()
    assert run.verify() == []


@LEFT_OPEN
def test_workers_of_a_client_keep_one_budget(client_server: str, fault_server: FaultServer) -> None:
    """The books lie with the cluster, so that a client's workers share them with those of all other drivers."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]
    fault_server.files["file"] = b"x" * 100
    section = ClusterSection(address=client_server)
    list(jobs.each(ask_often, fault_server.url("file"), [1, 1], section, "warm"))
    started = time.monotonic()
    outcomes = list(jobs.each(ask_often, fault_server.url("file"), [20] * 2, section, "ask"))
    assert [outcome.result for outcome in outcomes] == [2000] * 2
    assert time.monotonic() - started >= (40 - 6) / 20
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


@pytest.fixture
def jobs_server(local_ray: None) -> Iterator[Any]:  # noqa: ARG001 - Ray of our own
    """A head node with the dashboard's job server on loopback, as a client of it."""
    from ray.cluster_utils import Cluster
    from ray.job_submission import JobSubmissionClient

    head = {"num_cpus": 2, "include_dashboard": True, "dashboard_host": "127.0.0.1", "dashboard_port": 0}
    head["dashboard_agent_listen_port"] = free_ports(1)  # Ray's own choice may be another cluster's
    made: Any = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield JobSubmissionClient(f"http://{made.head_node.webui_url}")
    finally:
        made.shutdown()


def begin(client: Any, *command: str) -> str:
    """Submit a job; its name."""
    deadline = time.monotonic() + 200
    while True:
        try:
            entry = shlex.join([sys.executable, "-m", "recall.cli", "--quiet", *command])
            return str(client.submit_job(entrypoint=entry))
        except RuntimeError:  # the node's agent is not up yet
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def end_of(client: Any, name: str) -> tuple[str, str]:
    """Wait for a job's end: its status, and what it printed."""
    deadline = time.monotonic() + 200
    while not client.get_job_status(name).is_terminal() and time.monotonic() < deadline:
        time.sleep(0.3)
    return client.get_job_status(name).value, client.get_job_logs(name)


def test_a_submitted_job_runs_to_the_end_or_fails_with_its_line(jobs_server: Any, fresh: Any, played: Run) -> None:
    """The first one is stopped in its scan, its driver killed; submitted again it goes on."""
    run = fresh("round 1 train")
    command = ("run", run.store.root, "--ray-address", "auto")
    first = begin(jobs_server, *command)
    deadline = time.monotonic() + 200
    while not run.store.keys("rounds/1/scan/reports/") and time.monotonic() < deadline:
        time.sleep(0.05)
    jobs_server.stop_job(first)
    assert end_of(jobs_server, first)[0] == "STOPPED"
    assert not run.store.exists("corpus/step.json")
    status, told = end_of(jobs_server, begin(jobs_server, *command))
    assert status == "SUCCEEDED", told
    assert "planned = done + failed" in told
    assert run.digest() == played.digest()
    status, told = end_of(jobs_server, begin(jobs_server, "run", "/nowhere", "--ray-address", "auto"))
    assert (status, "not a run folder" in told) == ("FAILED", True)
