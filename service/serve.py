"""`recall serve`: score pages over HTTP with trained models."""

import ipaddress
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from service.server.workers import Workers


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    references: tuple[str, ...]
    pointer: Path | None
    host: str
    port: int
    workers: int | None
    tokens: Path | None
    queue: int | None
    grace: float
    log_level: str


@click.command()
@click.option(
    "--model",
    "references",
    multiple=True,
    metavar="RUN[@ROUND]",
    help="A run, a round of it, or a model folder; several may be given, the first is the default. [default: shipped]",
)
@click.option(
    "--watch",
    "pointer",
    type=click.Path(path_type=Path),
    help="A file of one line that names the default model; followed while serving.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes that serve. [default: one a core]")
@click.option(
    "--tokens",
    type=click.Path(path_type=Path),
    help="File with bearer tokens, one a line; also RECALL_SERVICE_TOKENS, with commas.",
)
@click.option("--queue", type=click.IntRange(min=1), help="Requests a worker holds before it refuses more.")
@click.option(
    "--grace", default=30.0, show_default=True, help="Seconds that requests have to end when the service is stopped."
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged, as JSON lines on stderr.",
)
def serve(**given: Any) -> None:
    """Serve the scoring API, and a page for people at /, until SIGTERM or SIGINT."""
    options = Options(**given)
    metrics = tempfile.mkdtemp(prefix="recall-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics  # before the client is imported, which looks for it then
    try:
        _start(options).run()
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


def _start(options: Options) -> "Workers":
    """Load the models and listen. Imports what it needs only now that the metrics' folder is set."""
    from recall.model.scorer import SHIPPED  # noqa: PLC0415
    from recall.page.text import scoring_text  # noqa: PLC0415
    from service.api.app import create_app  # noqa: PLC0415
    from service.api.models import Models, load, resolve  # noqa: PLC0415
    from service.api.pointer import read_pointer  # noqa: PLC0415
    from service.api.requests import Settings  # noqa: PLC0415
    from service.limits import Limits  # noqa: PLC0415
    from service.server import logs  # noqa: PLC0415
    from service.server.access_tokens import read_tokens  # noqa: PLC0415
    from service.server.workers import Workers, listen  # noqa: PLC0415

    logs.set_up(options.log_level)
    limits = Limits() if options.queue is None else Limits(queue=options.queue)
    tokens = read_tokens(options.tokens)
    listener = listen(options.host, options.port)
    references = options.references or (() if options.pointer else (SHIPPED,))
    sources = [resolve(reference) for reference in references]
    if options.pointer is not None:
        sources.append(read_pointer(options.pointer))
    versions = [load(source) for source in sources]
    models = Models(versions)
    if options.pointer is not None:
        models.point(versions[-1])
    scoring_text(b"<p>warm")  # compiles the kernels before the workers share them
    for version in models.versions:
        version.scorer.explain("warm")  # makes the slower encoder, which explains: 25 MB that workers share
    if not _is_loopback(options.host) and not tokens:
        logs.say(logging.WARNING, "open to the network without tokens", host=options.host)
    port, workers = listener.getsockname()[1], options.workers or len(os.sched_getaffinity(0))
    served = [version.name for version in models.versions]
    logs.say(logging.INFO, "serving", host=options.host, port=port, workers=workers, models=served)
    click.echo(f"http://{f'[{options.host}]' if ':' in options.host else options.host}:{port}/")
    app = create_app(models, Settings(limits, options.pointer, tokens))
    return Workers(app, listener, workers, limits, options.grace)
