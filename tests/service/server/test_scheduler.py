import asyncio
import threading
from collections.abc import Callable

import pytest

from service.problems import Refusal
from service.server.scheduler import HEAVY, BodyMemory, Scheduler, Slots, SteppedJob


def steps(name: str, count: int, log: list[str], rest: Callable[[], None] = lambda: None) -> SteppedJob[str]:
    """A job of so many steps, each of which notes itself and its thread."""
    for number in range(count):
        rest()
        log.append(f"{name}{number} {threading.current_thread().name.partition('_')[0]}")
        if number < count - 1:
            yield
    return name


def test_light_jobs_take_turns_on_the_loop() -> None:
    log: list[str] = []

    async def main() -> list[str]:
        scheduler = Scheduler()
        return list(await asyncio.gather(scheduler.run(steps("a", 3, log), 1), scheduler.run(steps("b", 2, log), 1)))

    assert asyncio.run(main()) == ["a", "b"]
    assert log == [f"{step} MainThread" for step in ("a0", "a1", "b0", "a2", "b1")]


def test_the_loop_looks_around_between_two_light_steps() -> None:
    log: list[str] = []

    async def main() -> None:
        scheduler = Scheduler()
        loop = asyncio.get_running_loop()
        jobs = asyncio.gather(*(scheduler.run(steps(name, 2, log), 1) for name in "ab"))
        loop.call_soon(log.append, "looked")
        await jobs

    asyncio.run(main())
    assert log.index("looked") < log.index("b0 MainThread")


def test_a_heavy_step_leaves_the_loop_free_and_the_turn_taken_even_when_its_caller_is_gone() -> None:
    log: list[str] = []
    going, gone = threading.Event(), threading.Event()

    def hold() -> None:
        going.set()
        assert gone.wait(10)

    async def main() -> None:
        scheduler = Scheduler()
        heavy = asyncio.create_task(scheduler.run(steps("heavy", 1, log, hold), HEAVY))
        while not going.is_set():
            await asyncio.sleep(0.001)
        light = asyncio.create_task(scheduler.run(steps("light", 1, log), 1))
        heavy.cancel()
        await asyncio.sleep(0.05)
        assert heavy.cancelled()
        assert log == []
        gone.set()
        assert await light == "light"
        scheduler.close()

    asyncio.run(main())
    assert log == ["heavy0 score", "light0 MainThread"]


def test_a_job_that_fails_gives_its_turn_back_and_says_why() -> None:
    def fail() -> None:
        raise Refusal("not-json", "no")

    async def main() -> None:
        scheduler = Scheduler()
        for weight in (1, HEAVY):
            with pytest.raises(Refusal):
                await scheduler.run(steps("a", 1, [], fail), weight)
        assert await asyncio.wait_for(scheduler.run(steps("b", 1, []), 1), 5) == "b"
        scheduler.close()

    asyncio.run(main())


def test_the_scheduler_tells_the_weight_of_what_was_done() -> None:
    told: list[int] = []

    async def main() -> None:
        scheduler = Scheduler(told.append)
        await scheduler.run(steps("a", 3, []), 7)
        await scheduler.run(steps("a", 1, []), HEAVY)
        scheduler.close()

    asyncio.run(main())
    assert told == [7, HEAVY]


def test_slots_and_memory_are_given_back() -> None:
    slots, memory = Slots("tests", 1, 1), BodyMemory(10, 1)
    with slots.hold():
        assert not slots.free
        with pytest.raises(Refusal) as refused:
            slots.check()
        assert refused.value.headers == {"Retry-After": "1"}
    assert slots.free
    with memory.share() as share:
        share.grow(9)
        assert memory.held() == 9
        with pytest.raises(Refusal):
            share.grow(2)
    assert memory.held() == 0
