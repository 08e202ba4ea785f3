"""The HTTP API: its routes, each of which says what is done with a body and hands on what comes of it.

`create_app` makes the app of a worker. Bodies are read by `requests` and `streams`, nothing else reads them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from pydantic_core import to_json

import recall
from service.api import bodies, schemas, static_pages
from service.api.extract_lines import extract_batch
from service.api.models import Models, has_report
from service.api.openapi import document, json_body, lines_body, problem_responses
from service.api.pointer import watch
from service.api.requests import PIN, Service, Settings
from service.api.scoring import Scoring, score_body
from service.api.single_pages import explain_body, extract_order
from service.api.streams import LineStream, score_batch, score_warc
from service.problems import install
from service.server import metrics
from service.server.middleware import RequestMiddleware
from service.server.scheduler import Scheduler

routes = APIRouter()


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


@routes.post("/v1/score", openapi_extra=json_body("ScoreRequest"), responses=problem_responses(schemas.ScoreResponse))
async def score(request: Request) -> Response:
    """Score pages: one outcome per item, in order, an error in the place of an item that cannot be scored."""
    service = _service(request)
    pin = request.headers.get(PIN)
    return _json(
        await service.answer(request, service.queue, lambda body: score_body(body, service.models, pin, service.limits))
    )


@routes.post("/v1/score:batch", openapi_extra=lines_body(), responses=problem_responses(None))
async def batch(request: Request) -> Response:
    """Score NDJSON: a line of outcome for each line with an item, in order, while the body is still coming."""
    bodies.check_type(request, bodies.LINES)
    return _scored(request, score_batch)


@routes.post("/v1/score:warc", openapi_extra=lines_body("application/warc"), responses=problem_responses(None))
async def warc(request: Request) -> Response:
    """Score every page of a WARC, gz or not: a line for each, with its URL, offset and length."""
    bodies.check_type(request, bodies.WARC)
    return _scored(request, score_warc)


def _scored(request: Request, lines: Callable[[Request, str, Scoring, Scheduler], AsyncIterator[bytes]]) -> Response:
    service, encoding = _service(request), bodies.check_encoding(request)
    scoring = Scoring(service.models.find(request.headers.get(PIN)), service.limits)
    return _stream(service, lambda: lines(request, encoding, scoring, service.scheduler))


def _stream(service: Service, lines: Callable[[], AsyncIterator[bytes]]) -> Response:
    """A stream of lines, which takes one of the streams' slots. Raises Refusal when all are taken."""
    service.streams.check()

    async def placed() -> AsyncIterator[bytes]:
        with service.streams.hold():
            async for piece in lines():
                yield piece

    return LineStream(placed())


@routes.post(
    "/v1/explain", openapi_extra=json_body("ExplainRequest"), responses=problem_responses(schemas.ExplainResponse)
)
async def explain(request: Request) -> Response:
    """Take a score apart: what each token, n-gram and mark adds to its logit, and where it stands in the text."""
    service = _service(request)
    pin = request.headers.get(PIN)
    return _json(
        await service.answer(
            request, service.explaining, lambda body: explain_body(body, service.models, pin, service.limits)
        )
    )


@routes.post(
    "/v1/extract", openapi_extra=json_body("ExtractRequest"), responses=problem_responses(schemas.ExtractResponse)
)
async def extract(request: Request) -> Response:
    """Extract a page as the corpus keeps it: its main content as Markdown, code exact."""
    service = _service(request)
    order = await service.answer(request, service.explaining, lambda body: extract_order(body, service.limits))
    with service.explaining.hold():
        return _json(await service.extractor.answer(order, request.scope["recall.id"]))


@routes.post("/v1/extract:batch", openapi_extra=lines_body(), responses=problem_responses(None))
async def extract_lines(request: Request) -> Response:
    """Extract the pages of NDJSON: a line for each line with a page (`html` or `body`), in order, as they come."""
    bodies.check_type(request, bodies.LINES)
    service, encoding = _service(request), bodies.check_encoding(request)
    return _stream(
        service, lambda: extract_batch(request, encoding, service.limits, service.scheduler, service.extractor)
    )


@routes.get("/v1/models", responses=problem_responses(schemas.ModelsResponse, reading=True))
async def models(request: Request) -> Response:
    """All served versions with their metrics, the default first."""
    service = _service(request)
    served, versions = service.models, service.models.versions
    runs = dict.fromkeys(version.run for version in versions if version.run)
    with_report = await service.store_reads.holding({run: partial(has_report, run) for run in runs})
    described = [
        version.described(default=version is served.default, reported=version.run in with_report)
        for version in versions
    ]
    return _json(schemas.ModelsResponse(models=described).model_dump_json(exclude_none=True).encode())


@routes.get("/healthz", responses=problem_responses(schemas.Health, reading=True))
async def healthz() -> Response:
    """The worker answers."""
    return _json(b'{"status":"ok"}')


@routes.get("/readyz", responses=problem_responses(schemas.Health, reading=True))
async def readyz(request: Request) -> Response:
    """The worker has a model and a place in its queue."""
    _service(request).queue.check()
    return _json(b'{"status":"ok"}')


@routes.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
async def prometheus(request: Request) -> Response:
    """Metrics of all workers for Prometheus."""
    text = await asyncio.to_thread(metrics.render, _service(request).models.training)
    return Response(text, headers={"Content-Type": metrics.MEDIA})


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    pointer: Path | None = app.state.pointer
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.close)
        if pointer is not None:
            watching = asyncio.create_task(watch(pointer, service.models))
            stack.push_async_callback(_stop, watching)
        yield


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def create_app(models: Models, settings: Settings | None = None) -> RequestMiddleware:
    """The app of a worker that serves these models."""
    settings = settings or Settings()
    app = FastAPI(
        title="recall scoring service",
        version=recall.__version__,
        summary="Scores pages with the model the crawl uses.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        openapi_url=None,
    )
    app.state.service = Service(models, settings)
    app.state.pointer = settings.pointer
    app.include_router(routes)
    app.include_router(static_pages.routes)
    install(app)
    openapi = to_json(document(app, secured=bool(settings.tokens)))
    app.add_api_route("/openapi.json", lambda: _json(openapi), include_in_schema=False)
    return RequestMiddleware(app, settings.tokens, app.state.service.queue, settings.limits)
