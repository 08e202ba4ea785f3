"""The HTTP API: its routes, and what they share.

`create_app` makes the app of a worker; everything it answers with is made elsewhere. What is read from a body has
passed `bodies`, what is scored runs in the `lane`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from pydantic_core import to_json

import recall
from service.api import bodies, problems, schemas, static_pages
from service.api.explanations import explain_body
from service.api.extraction import Extractor
from service.api.items import Unfit, read_page
from service.api.models import Models
from service.api.openapi import document, json_body, lines_body, problem_responses
from service.api.problems import Refusal
from service.api.scoring import Scoring, Sent, score_body, source_of
from service.api.streams import LineStream, score_batch, score_warc
from service.limits import Limits
from service.server import metrics
from service.server.encoder_memory import Growth
from service.server.middleware import Gate
from service.server.pointer import watch
from service.server.scheduler import HEAVY, Job, Lane, Memory, Places

T = TypeVar("T")

PIN = "recall-model"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides. pointer: the file whose model is the default; tokens: digests of those let in."""

    limits: Limits = field(default_factory=Limits)
    pointer: Path | None = None
    tokens: tuple[bytes, ...] = ()


class Service:
    """What a worker's requests share."""

    def __init__(self, models: Models, settings: Settings) -> None:
        limits = settings.limits
        self.models = models
        self.limits = limits
        self.queue = Places("scoring", limits.queue, limits.retry_seconds)
        self.slow = Places("slow bodies", limits.slow, limits.retry_seconds)
        self.desk = Places("explaining and extracting", limits.desk, limits.retry_seconds)
        self.streams = Places("streams", limits.streams, limits.retry_seconds)
        self.memory = Memory(limits.held_bytes, limits.retry_seconds)
        self.lane = Lane(Growth(models, self.memory.held).add)
        self.extractor = Extractor(limits.extract_seconds)

    async def answer(self, request: Request, places: Places, job: Callable[[Sent], Job[T]]) -> T:
        """Read a JSON body, wait for a turn, do a job with it. Raises Refusal wherever one of these fails."""
        bodies.check_type(request, bodies.JSON)
        encoding = bodies.check_encoding(request)
        with self.memory.share() as share, ExitStack() as held:
            held.enter_context(places.place())
            reading = asyncio.ensure_future(bodies.read_body(request, self.limits, share))
            try:
                await asyncio.wait({reading}, timeout=self.limits.brisk_seconds)
                if not reading.done():
                    held.close()
                    with self.slow.place():
                        await asyncio.wait({reading})
                    held.enter_context(places.place())
                body = reading.result()
                light = places is self.queue and not encoding
                weight = len(body) if light else max(len(body), HEAVY)
                return await self.in_time(self.lane.run(job(Sent(body, encoding, share)), weight))
            finally:
                reading.cancel()

    async def in_time(self, answer: Awaitable[T]) -> T:
        """An answer, unless it takes too long."""
        try:
            async with asyncio.timeout(self.limits.answer_seconds):
                return await answer
        except TimeoutError:
            retry = {"Retry-After": str(self.limits.retry_seconds)}
            raise Refusal("too-long", f"At most {self.limits.answer_seconds:g} s; try again", retry) from None


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
        await service.answer(request, service.queue, lambda sent: score_body(sent, service.models, pin, service.limits))
    )


@routes.post("/v1/score:batch", openapi_extra=lines_body(), responses=problem_responses(None))
async def batch(request: Request) -> Response:
    """Score NDJSON: a line of outcome for each line with an item, in order, while the body is still coming."""
    bodies.check_type(request, bodies.LINES)
    service = _service(request)
    return _stream(request, service, score_batch)


@routes.post("/v1/score:warc", openapi_extra=lines_body("application/warc"), responses=problem_responses(None))
async def warc(request: Request) -> Response:
    """Score every page of a WARC, gz or not: a line for each, with its URL, offset and length."""
    bodies.check_type(request, bodies.WARC)
    service = _service(request)
    return _stream(request, service, score_warc)


def _stream(
    request: Request, service: Service, lines: Callable[[Request, str, Scoring, Lane], AsyncIterator[bytes]]
) -> Response:
    encoding = bodies.check_encoding(request)
    scoring = Scoring(service.models.find(request.headers.get(PIN)), service.limits)
    service.streams.check()

    async def placed() -> AsyncIterator[bytes]:
        with service.streams.place():
            async for piece in lines(request, encoding, scoring, service.lane):
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
            request, service.desk, lambda sent: explain_body(sent, service.models, pin, service.limits)
        )
    )


@routes.post(
    "/v1/extract", openapi_extra=json_body("ExtractRequest"), responses=problem_responses(schemas.ExtractResponse)
)
async def extract(request: Request) -> Response:
    """Extract a page as the corpus keeps it: its main content as Markdown, code exact."""
    service = _service(request)
    page = await service.answer(request, service.desk, lambda sent: _read(sent, service.limits))
    try:
        body, charset = source_of(page, service.limits)
    except Unfit as unfit:
        raise Refusal(unfit.reason, unfit.error["detail"]) from None
    with service.desk.place():
        found = await service.extractor.markdown(body, page.url, charset)
    echo = {} if page.url is None else {"url": page.url}
    return _json(to_json({**echo, "markdown": found}))


def _read(sent: Sent, limits: Limits) -> Job[schemas.ExtractRequest]:
    body = yield from bodies.inflate(sent.body, sent.encoding, limits.body_bytes, sent.share)
    page: schemas.ExtractRequest = read_page(schemas.ExtractRequest, body)
    if (page.html is None) == (page.body is None):
        raise Refusal("not-valid", "Give one of html and body")
    return page


@routes.get("/v1/models", responses=problem_responses(schemas.ModelsResponse, reading=True))
async def models(request: Request) -> Response:
    """All served versions with their metrics, the default first."""
    served = _service(request).models
    described = [version.described(default=version is served.default) for version in served.versions]
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
    return Response(metrics.render(_service(request).models.training), headers={"Content-Type": metrics.MEDIA})


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    pointer: Path | None = app.state.pointer
    async with AsyncExitStack() as stack:
        stack.callback(service.lane.close)
        stack.push_async_callback(service.extractor.end)
        if pointer is not None:
            watching = asyncio.create_task(watch(pointer, service.models))
            stack.push_async_callback(_stop, watching)
        yield


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def create_app(models: Models, settings: Settings | None = None) -> Gate:
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
    problems.install(app)
    openapi = to_json(document(app, secured=bool(settings.tokens)))
    app.add_api_route("/openapi.json", lambda: _json(openapi), include_in_schema=False)
    return Gate(app, settings.tokens, app.state.service.queue)
