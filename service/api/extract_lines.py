"""/v1/extract:batch: a line with a page in, a line with its Markdown out, in order, while the body is still coming.

A page that is none, or over which the extractor gives up, gets an error in its place and the next ones go on. Lines
that wait are bounded, so a fast sender waits; one page at a time is with the extractor, so a slow reader is waited for,
and requests for single pages have their turn between two lines.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request

from service.api.bodies import Line
from service.api.extraction import Extractor, order_line
from service.api.items import Outcome, Unfit, read_line
from service.api.scoring import source_of
from service.api.streams import LineReader
from service.limits import Limits
from service.problems import Refusal, item_error
from service.server.metrics import count_failures
from service.server.scheduler import Scheduler, SteppedJob


async def extract_batch(
    request: Request, encoding: str, limits: Limits, scheduler: Scheduler, extractor: Extractor
) -> AsyncIterator[bytes]:
    """Lines of outcomes for the body's lines, in order, as they come."""
    intake = LineReader(request, encoding, limits)
    filling = asyncio.create_task(intake.fill())
    try:
        while lines := await intake.take():
            for line in lines:
                echo, order = await scheduler.run(_order(line, limits), len(line or b""))
                yield await _answer(echo, order, extractor, request.scope["recall.id"])
        await filling
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError, ClientDisconnect, Refusal):
            await filling


def _order(line: Line, limits: Limits) -> SteppedJob[tuple[Outcome, bytes | Unfit]]:
    """A job: what is echoed of a line, and what the extractor is sent for its page, or why it is none."""
    item, echo = read_line(line, limits)
    yield
    if isinstance(item, Unfit):
        return echo, item
    if item.text is not None or (item.html is None) == (item.body is None):
        return echo, Unfit("not-valid", "Give one of html and body")
    try:
        body, charset = source_of(item, limits)
    except Unfit as unfit:
        return echo, unfit
    yield
    return echo, order_line(body, item.url, charset, echo)


async def _answer(echo: Outcome, order: bytes | Unfit, extractor: Extractor, request_id: str) -> bytes:
    """The line of an outcome."""
    if isinstance(order, Unfit):
        error, reason = order.error, order.reason
    else:
        try:
            return await extractor.answer(order, request_id)
        except Refusal as refusal:
            error, reason = item_error(refusal.reason, refusal.detail), refusal.reason
    count_failures([reason])
    return to_json({**echo, "error": error}) + b"\n"
