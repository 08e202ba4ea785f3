"""Where the campaign takes place: a small crawl, its https and S3 servers behind the injector, and the calm runs."""

import contextlib
import datetime
import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recall.archive.transport import list_keys, publish_file, read_all
from recall.config import AccessSection, Config, dump_config
from recall.run.rounds import Run
from recall.sample.crawl import CRAWL, write_sample
from recall.steps.build.lineage import check_lineage
from recall.steps.ledger import ledger, unexplained
from tests.chaos.injector import Injector
from tests.conftest import PROJECT, S3Server, free_ports, s3_server

if TYPE_CHECKING:
    from tests.chaos.nodes import Nodes

PAGES = 160
RUN_SECONDS = 240.0
"""A run that takes longer, all its starts together, hangs."""


@dataclass(frozen=True)
class World:
    """What all runs share. calm: digests of the calm runs' corpora, by rounds; responses: in its WARCs."""

    folder: Path
    injector: Injector
    base: dict[str, str]
    s3: S3Server
    environment: dict[str, str]
    calm: dict[int, dict[str, str]]
    responses: int
    labels: Path
    nodes: "Nodes"


def settings(world: World, rounds: int, base: str) -> Config:
    """Config of a small run."""
    return Config.model_validate(
        {
            "run": {"holdout": str(world.labels), "rounds": rounds},
            "crawl": {"ids": [CRAWL], "base": base, "index": f"{base}cc-index/table/cc-main/warc/"},
            "access": {"timeout_seconds": 2.0},
            "seed": {"labels": str(world.labels), "sample_pages": 60},
            "train": {"vocabulary": 1000, "epochs": 30, "shrinkage": 10, "min_count": 1, "folds": 3}
            | {"target_value": 0.7},  # so few pages to learn from keep nothing at more
            "label": {"answers": str(world.labels), "pages": 40, "audit": 10},
            "build": {"rows_per_file": 20},
            "cluster": {"attempts": 4, "shard_seconds": 120.0},
        }
    )


def recall(world: World, *arguments: str, extra: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start the command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "recall.cli", "--quiet", *arguments],
        env={**world.environment, **(extra or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=world.folder,
        start_new_session=True,
    )


def corpus_of(root: str) -> dict[str, str]:
    """SHA-256 of every file of a corpus but its manifest, which holds times."""
    names = [name for name in list_keys(f"{root}/corpus") if name != "step.json"]
    return {name: sha256(read_all(f"{root}/corpus/{name}")).hexdigest() for name in sorted(names)}


def ledger_wrong(root: str, rounds: int, responses: int) -> str:
    """What does not add up in a finished run, "" when every response of the crawl is accounted for in every scan."""
    for number in range(1, rounds + 1):
        counts = json.loads(read_all(f"{root}/rounds/{number}/scan/step.json"))["counts"]
        if counts["read"] != responses or counts["read"] != counts["skipped"] + counts["rejected"] + counts["kept"]:
            return f"round {number}: {counts} for a crawl of {responses} responses"
    return ""


def verify(root: str) -> str:
    """What `recall verify` finds, in this process, which is warm."""
    run = Run.open(root)
    damages = run.verify() or check_lineage(run, 100)[1] or list(unexplained(ledger(run)))
    return f"{damages[0].file}: {damages[0].what}" if damages else ""


def certificate(folder: Path) -> Path:
    """A certificate of our own for 127.0.0.1 and its key in one file, valid whatever the clock says."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chaos")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def world_in(folder: Path) -> Iterator[World]:
    """The crawl, its servers, and the calm runs."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    sample = folder / "sample"
    info = write_sample(sample, pages=PAGES)
    first = free_ports(2)
    with s3_server(folder / f"s3-{os.getpid()}") as s3:
        upstream = s3.endpoint.removeprefix("http://").split(":")
        pem = certificate(folder)
        injector = Injector(sample, pem, (upstream[0], int(upstream[1])), (first, first + 1))
        for name in (name for name in list_keys(str(sample)) if name != "labels.jsonl"):
            publish_file(s3.url(f"crawl/{name}"), sample / name, AccessSection(s3_endpoint=s3.endpoint))
        base = {
            "https": f"https://127.0.0.1:{first}/",
            "s3": s3.url("crawl/"),
            "disk": f"{sample}/",
        }
        endpoint = f"http://127.0.0.1:{first + 1}"
        os.environ |= {"AWS_ENDPOINT_URL_S3": endpoint, "SSL_CERT_FILE": str(pem), "PYTHONPATH": str(PROJECT)}
        nodes = _nodes(folder)
        environment = dict(os.environ)
        labels = sample / "labels.jsonl"
        world = World(folder, injector, base, s3, environment, {}, info.responses, labels, nodes)
        try:
            yield world
        finally:
            nodes.stop()
            injector.close()


def _nodes(folder: Path) -> "Nodes":
    """A cluster that is not started yet; Ray reads the environment when it is imported."""
    temp = folder / "ray"
    (temp / "ray").mkdir(parents=True, exist_ok=True)
    (temp / "token").write_text("0" * 64)
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(temp / "token"),
        "RAY_TMPDIR": str(temp),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    from tests.chaos.nodes import Nodes

    return Nodes(temp)


def run_calm(world: World, rounds: int) -> None:
    """Run without weather; its corpus is what all others are held against."""
    place = world.folder / f"calm-{rounds}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "config.toml").write_text(dump_config(settings(world, rounds, world.base["disk"])))
    root = str(place / "run")
    for arguments in (("init", root, "--config", str(place / "config.toml")), ("run", root), ("verify", root)):
        made = recall(world, *arguments)
        output, _ = made.communicate(timeout=RUN_SECONDS)
        if made.returncode:
            raise SystemExit(f"the calm run failed: recall {' '.join(arguments)}\n{output}")
    if wrong := ledger_wrong(root, rounds, world.responses):
        raise SystemExit(f"the calm run's ledger does not add up: {wrong}")
    world.calm[rounds] = corpus_of(root)
