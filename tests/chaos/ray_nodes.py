"""Three Ray nodes on this machine that are killed, stopped and replaced; signals to processes.

All processes of a node are its own children, so that nothing else of the machine is touched. Import this file only
after RAY_TMPDIR and the other variables are set: Ray reads them when it is imported.
"""

import os
import random
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

COUNT = 3
STORE_BYTES = 80 << 20


def send(pid: int, what: signal.Signals) -> bool:
    """Signal a process; False when it is gone."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """Process ids of the children of a process."""
    pids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    pids.append(int(folder.name))
    return pids


class RayNodes:
    """A cluster of a head and two more nodes, one core each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster: Any = None
        self._odd: Any = None

    @property
    def address(self) -> str:
        """host:port of the head."""
        return str(self._cluster.address)

    def start(self, odd: Mapping[str, str] | None = None) -> None:
        """Bring the cluster to three living nodes. odd: variables of the environment that one of them gets."""
        from ray.cluster_utils import Cluster

        if self._cluster is not None and not self._cluster.head_node.any_processes_alive():
            self.stop()
        common = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
        if self._cluster is None:
            head = {**common, "include_dashboard": False, "temp_dir": str(self._folder)}
            self._cluster = Cluster(initialize_head=True, head_node_args=head, shutdown_at_exit=True)
        if self._odd in self._cluster.worker_nodes:
            self._remove(self._odd)
        self._odd = None
        for node in list(self._cluster.worker_nodes):
            if node.dead_processes():
                self._remove(node)
        if odd:
            extra = list(self._cluster.worker_nodes)[COUNT - 2 :]
            for node in extra:
                self._remove(node)
            self._odd = self._cluster.add_node(**common, env_vars=dict(odd))
        while len(self._cluster.worker_nodes) < COUNT - 1:
            self._cluster.add_node(**common)

    def add(self) -> None:
        """Start a node in place of one that was killed."""
        self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)

    def kill_worker(self, chance: random.Random) -> bool:
        """SIGKILL a worker process; False where none is at work."""
        workers = [pid for node in self._all() for pid in self._workers(node)]
        return bool(workers) and send(chance.choice(workers), signal.SIGKILL)

    def kill_node(self, chance: random.Random) -> bool:
        """SIGKILL every process of a node that is not the head."""
        nodes = sorted(self._cluster.worker_nodes, key=id)
        if not nodes:
            return False
        self._remove(chance.choice(nodes))
        return True

    def pause(self, chance: random.Random, seconds: float) -> bool:
        """Stop a node with its workers for a while, as a machine does that swaps or loses its network."""
        node = chance.choice(sorted(self._cluster.worker_nodes, key=id))
        pids = [self._raylet(node), *self._workers(node)]
        stopped = [pid for pid in pids if send(pid, signal.SIGSTOP)]
        time.sleep(seconds)
        for pid in stopped:
            send(pid, signal.SIGCONT)
        return bool(stopped)

    def stop(self) -> None:
        """Kill the whole cluster, head first."""
        if self._cluster is None:
            return
        self._odd = None
        for node in self._all():
            for pid in self._workers(node):
                send(pid, signal.SIGKILL)
            node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
        self._cluster = None

    def _all(self) -> list[Any]:
        return [self._cluster.head_node, *sorted(self._cluster.worker_nodes, key=id)]

    def _remove(self, node: Any) -> None:
        workers = self._workers(node)
        self._cluster.remove_node(node, allow_graceful=False)
        for pid in workers:
            send(pid, signal.SIGKILL)

    @staticmethod
    def _raylet(node: Any) -> int:
        return int(node.all_processes["raylet"][0].process.pid)

    def _workers(self, node: Any) -> list[int]:
        """Worker processes of a node: Python children of its raylet but its agents, without which it ends itself."""
        if "raylet" not in node.all_processes:
            return []
        workers = []
        for pid in children(self._raylet(node)):
            with suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes()
                if (line.startswith(b"ray::") and b"Agent" not in line) or b"default_worker.py" in line:
                    workers.append(pid)
        return workers
