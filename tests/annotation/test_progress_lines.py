"""An annotator's pace over a long day, and from day to day."""

from annotation.answers import Answer
from annotation.progress_lines import SPANS, pace_over_time


def given(time: str, seconds: float) -> Answer:
    return Answer(f"k{time}{seconds}", "https://a.example/", "page", "C", "ann", time=time, seconds=seconds)


def test_the_pace_of_one_day_is_told_by_hour() -> None:
    answers = [given(f"2026-03-02T09:{minute}:00Z", 10 + minute) for minute in (10, 11, 12)]
    answers += [given("2026-03-02T14:00:00Z", 40), given("2026-03-02T15:00:00+00:00", 0)]
    assert pace_over_time(answers) == "by hour: 09h 3 at 21 s, 14h 1 at 40 s, 15h 1"


def test_the_pace_of_several_days_is_told_by_day_and_only_the_last_ones() -> None:
    answers = [given(f"2026-03-{day:02d}T09:00:00Z", day) for day in range(1, 30)]
    told = pace_over_time(answers)
    assert told.startswith(f"by day: 2026-03-{30 - SPANS:02d} 1 at ")
    assert told.endswith("2026-03-29 1 at 29 s")
    assert told.count(" at ") == SPANS


def test_answers_without_times_tell_nothing() -> None:
    assert pace_over_time([given("", 5)]) == ""
