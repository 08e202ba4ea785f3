"""The campaign's testbed: a small crawl, its https and S3 servers behind the injector, and the reference runs."""

import contextlib
import datetime
import ipaddress
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from recall.config import AccessSection, Config, dump_config
from recall.corpus import check_lineage
from recall.io import list_keys, publish_file, read_all
from recall.run.ledger import ledger, unexplained
from recall.run.rounds import Run
from recall.sample.crawl import CRAWL, write_crawl
from tests.chaos.fork_server import ForkServer, Process
from tests.chaos.injector import Injector
from tests.chaos.plan import SCANNED, SHARDS
from tests.chaos.s3_without_write import S3WithoutWrite
from tests.conftest import PROJECT, S3Server, free_ports, s3_server
from tests.sample_generator.world import crawled

if TYPE_CHECKING:
    from tests.chaos.ray_nodes import RayNodes

PAGES = 160
RUN_SECONDS = 600.0
S3_SECONDS = 1800.0
"""A run that takes longer, all its starts together, hangs; one whose folder is in the bucket waits a lot."""

Variant = tuple[int, bool]
"""Rounds, and whether a run is far (plan.Plan): runs of a variant end with the same bytes."""


@dataclass(frozen=True)
class Reference:
    """End of a reference run, one without faults. responses: records of its scan; corpus: digest of each file."""

    digest: str
    responses: int
    corpus: dict[str, str]


@dataclass(frozen=True)
class Testbed:
    """What all runs share. references: runs without faults; responses: records of all WARCs; code: its digest."""

    folder: Path
    injector: Injector
    base: dict[str, str]
    s3: S3Server
    environment: dict[str, str]
    references: dict[Variant, Reference]
    responses: int
    labels: Path
    nodes: "RayNodes"
    fork_server: ForkServer
    code: str
    without_write: "S3WithoutWrite"


def settings(testbed: Testbed, variant: Variant, base: str) -> Config:
    """Config of a small run."""
    rounds, far = variant
    return Config.model_validate(
        {
            "run": {"holdout": str(testbed.labels), "rounds": rounds},
            "crawl": {"ids": [CRAWL], "base": base, "index": f"{base}cc-index/table/cc-main/warc/"}
            | ({"limit": SCANNED} if far else {}),
            "access": {"timeout_seconds": 1.5, "requests_per_second": 1000.0},
            "seed": {"labels": str(testbed.labels), "sample_pages": 60},
            "train": {"vocabulary": 1000, "epochs": 30, "shrinkage": 10, "min_count": 1, "folds": 3}
            | {"target_value": 0.7},  # so few pages to learn from keep nothing at more
            "scan": {"keep": "reference" if far else "body"},
            "domains": {"min_pages": 1, "prefix_min_pages": 1},
            "label": {"answers": str(testbed.labels), "pages": 40, "audit": 10}
            | {"prefix_min_labels": 1, "prefix_min_share": 0.5},
            "build": {"rows_per_file": 20},
            "cluster": {"attempts": 4, "shard_seconds": 120.0},
        }
    )


def recall(testbed: Testbed, *arguments: str, extra: dict[str, str] | None = None) -> Process:
    """Start the command in a session of its own."""
    return testbed.fork_server.start(("--quiet", *arguments), {**testbed.environment, **(extra or {})})


def corpus_of(root: str) -> dict[str, str]:
    """SHA-256 of every file of a corpus but its manifest, which holds times."""
    names = [name for name in list_keys(f"{root}/corpus") if name != "step.json"]
    return {name: sha256(read_all(f"{root}/corpus/{name}")).hexdigest() for name in sorted(names)}


def responses_of(testbed: Testbed, variant: Variant) -> int:
    """How many responses the scanned shards of a variant hold: the sample deals them out in turn."""
    return sum(len(range(number, testbed.responses, SHARDS)) for number in range(SCANNED if variant[1] else SHARDS))


def ledger_wrong(root: str, rounds: int, responses: int) -> str:
    """Where a finished run's ledger does not add up, "" when every scan accounts for every response of the crawl."""
    for number in range(1, rounds + 1):
        counts = json.loads(read_all(f"{root}/rounds/{number}/scan/step.json"))["counts"]
        if counts["read"] != responses or counts["read"] != counts["skipped"] + counts["rejected"] + counts["kept"]:
            return f"round {number}: {counts} for a crawl of {responses} responses"
    return ""


def gaps_of(testbed: Testbed, root: str) -> list[tuple[str, int, int]]:
    """What a run that ended had to leave out: the step, its round (0: the seed) and how many shards, in order."""
    run = Run.open(root, AccessSection(s3_endpoint=testbed.s3.endpoint))
    entries = [entry for entry in ledger(run) if entry.position.verb != "build"]
    return [
        (entry.position.verb, entry.position.number, sum(entry.shards.failed.values()))
        for entry in entries
        if entry.shards.failed
    ]


def verify(root: str) -> str:
    """What `recall verify` finds, in this process, which is warm."""
    run = Run.open(root)
    damages = run.verify() or check_lineage(run, 100)[1] or list(unexplained(ledger(run)))
    return f"{damages[0].file}: {damages[0].what}" if damages else ""


def digest_of(root: str) -> str:
    """Digest of a finished run, times and machines left out."""
    return Run.open(root).digest()


def code_digest() -> str:
    """A short digest of the program's files, which says what runs were made with."""
    files = sorted(path for room in ("recall", "annotation") for path in (PROJECT / room).rglob("*.py"))
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in files)).hexdigest()[:12]


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
def open_testbed(folder: Path) -> Iterator[Testbed]:
    """Write the crawl and start its servers."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    sample = folder / "sample"
    info = write_crawl(sample, crawled(pages=PAGES))
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
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        nodes = _ray_nodes(folder)
        environment = dict(os.environ)
        labels = sample / "labels.jsonl"
        fork_server, code, without_write = ForkServer(folder), code_digest(), S3WithoutWrite(folder, s3)
        testbed = Testbed(
            folder,
            injector,
            base,
            s3,
            environment,
            {},
            info.responses,
            labels,
            nodes,
            fork_server,
            code,
            without_write,
        )
        try:
            yield testbed
        finally:
            without_write.stop()
            nodes.stop()
            fork_server.close()
            injector.close()


def _ray_nodes(folder: Path) -> "RayNodes":
    """A cluster that is not started yet; Ray reads the environment when it is imported."""
    temp = folder / "ray"
    (temp / "ray").mkdir(parents=True, exist_ok=True)
    (temp / "token").write_text("0" * 64)
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(temp / "token"),
        "RAY_TMPDIR": str(temp),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # or a busy machine starves them
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    from tests.chaos.ray_nodes import RayNodes

    return RayNodes(temp)


def run_reference(testbed: Testbed, variant: Variant) -> None:
    """Run a variant without faults; the others must end with its corpus. Done once for a version of the program."""
    rounds, far = variant
    folder = testbed.folder / f"reference-{rounds}{'-far' if far else ''}"
    kept = folder / f"{testbed.code}.json"
    if not kept.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "config.toml").write_text(dump_config(settings(testbed, variant, testbed.base["disk"])))
        root = str(folder / "run")
        for arguments in (("init", root, "--config", str(folder / "config.toml")), ("run", root), ("verify", root)):
            made = recall(testbed, *arguments)
            output = made.communicate(timeout=RUN_SECONDS)
            if made.returncode:
                raise SystemExit(f"the reference run failed: recall {' '.join(arguments)}\n{output}")
        responses = responses_of(testbed, variant)
        if wrong := ledger_wrong(root, rounds, responses):
            raise SystemExit(f"the reference run's ledger does not add up: {wrong}")
        reference = Reference(Run.open(root).digest(), responses, corpus_of(root))
        kept.write_text(json.dumps(asdict(reference)))
    testbed.references[variant] = Reference(**json.loads(kept.read_text()))
