"""One JSON request from its head to its answer: checked, read, decoded, scheduled; and what a worker's requests share.

In: a request and the work its body is for. Out: the work's result. Refuses another type or encoding, a body that is
too large or too slow, a full queue, memory that is used up, an answer that takes too long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from service.api import bodies
from service.api.extraction import Extractor
from service.api.models import Models
from service.limits import Limits
from service.problems import Refusal
from service.server.encoder_memory import EncoderMemory
from service.server.scheduler import HEAVY, BodyMemory, MemoryShare, Scheduler, Slots, SteppedJob
from service.server.store_reads import StoreReads

T = TypeVar("T")

PIN = "recall-model"
"""The header that asks for a model version; the body's own goes first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides. pointer: the file whose model is the default; tokens: digests of those let in."""

    limits: Limits = field(default_factory=Limits)
    pointer: Path | None = None
    tokens: tuple[bytes, ...] = ()


class Service:
    """What a worker's requests share: models, scheduler, slots, memory."""

    def __init__(self, models: Models, settings: Settings) -> None:
        limits = settings.limits
        self.models = models
        self.limits = limits
        self.queue = Slots("scoring", limits.queue, limits.retry_seconds)
        self.slow = Slots("slow bodies", limits.slow, limits.retry_seconds)
        self.explaining = Slots("explaining and extracting", limits.explaining, limits.retry_seconds)
        self.streams = Slots("streams", limits.streams, limits.retry_seconds)
        self.memory = BodyMemory(limits.held_bytes, limits.retry_seconds)
        encoders = EncoderMemory(lambda: [version.scorer.tokenizer for version in models.versions], self.memory.held)
        self.scheduler = Scheduler(encoders.add)
        self.extractor = Extractor(limits.extract_seconds, limits.extract_bytes)
        self.store_reads = StoreReads(limits)

    async def close(self) -> None:
        """End what the requests shared."""
        self.store_reads.close()
        await self.extractor.end()
        await asyncio.to_thread(self.scheduler.close)

    async def answer(self, request: Request, slots: Slots, work: Callable[[bytes], SteppedJob[T]]) -> T:
        """Read a JSON body, wait for a turn, do the work it is for. Raises Refusal wherever this fails."""
        bodies.check_type(request, bodies.JSON)
        encoding = bodies.check_encoding(request)
        with self.memory.share() as share, ExitStack() as held:
            held.enter_context(slots.hold())
            reading = asyncio.ensure_future(bodies.read_body(request, self.limits, share))
            try:
                await asyncio.wait({reading}, timeout=self.limits.brisk_seconds)
                if not reading.done():
                    held.close()
                    with self.slow.hold():
                        await asyncio.wait({reading})
                    held.enter_context(slots.hold())
                body = reading.result()
                light = slots is self.queue and not encoding
                weight = len(body) if light else max(len(body), HEAVY)
                job = self._decoded(body, encoding, share, work)
                return await self._in_time(self.scheduler.run(job, weight))
            finally:
                reading.cancel()

    def _decoded(
        self, body: bytes, encoding: str, share: MemoryShare, work: Callable[[bytes], SteppedJob[T]]
    ) -> SteppedJob[T]:
        """A job: the work on a body once its encoding is undone."""
        plain = yield from bodies.inflate(body, encoding, self.limits.body_bytes, share)
        return (yield from work(plain))

    async def _in_time(self, answer: Awaitable[T]) -> T:
        """An answer, unless it takes too long."""
        try:
            async with asyncio.timeout(self.limits.answer_seconds):
                return await answer
        except TimeoutError:
            retry = {"Retry-After": str(self.limits.retry_seconds)}
            raise Refusal("too-long", f"At most {self.limits.answer_seconds:g} s; try again", retry) from None
