"""Dates of records: UTC whatever the machine's zone, in every form that crawlers write."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from recall.archive.dates import seconds_of, time_of

NOON = int(datetime(2024, 3, 31, 12, 30, 15, tzinfo=UTC).timestamp())
DAY = NOON - 12 * 3600 - 30 * 60 - 15


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        pytest.param("2024-03-31T12:30:15Z", NOON, id="WARC 1.0, as crawlers write it"),
        pytest.param("2024-03-31T12:30:15", NOON, id="without a zone: UTC"),
        pytest.param("2024-03-31 12:30:15", NOON, id="a space for the T"),
        pytest.param("2024-03-31t12:30:15z", NOON, id="lower case"),
        pytest.param("2024-03-31T12:30:15.987Z", NOON, id="milliseconds"),
        pytest.param("2024-03-31T12:30:15.987654321Z", NOON, id="nanoseconds, WARC 1.1"),
        pytest.param("2024-03-31T12:30:15,5Z", NOON, id="a decimal comma"),
        pytest.param("2024-03-31T14:30:15+02:00", NOON, id="ahead of UTC"),
        pytest.param("2024-03-31T07:30:15-0500", NOON, id="behind UTC, without a colon"),
        pytest.param("2024-03-31T12:30:15-00:00", NOON, id="UTC, zone unknown"),
        pytest.param("2024-03-31T02:00:15+23:59", NOON - 12 * 3600 - 30 * 60 + 60 - 22 * 3600, id="far ahead"),
        pytest.param("2024-03-31T12:30Z", NOON - 15, id="without seconds, W3CDTF"),
        pytest.param("2024-03-31", DAY, id="a day, W3CDTF"),
        pytest.param("2024-03", DAY - 30 * 86400, id="a month, W3CDTF"),
        pytest.param("2024", DAY - 90 * 86400, id="a year, W3CDTF"),
        pytest.param("20240331123015", NOON, id="14 digits of ARC"),
        pytest.param("  2024-03-31T12:30:15Z\r\n", NOON, id="white space around it"),
        pytest.param("2016-12-31T23:59:60Z", 1483228800, id="a leap second, as POSIX counts"),
        pytest.param("1969-12-31T23:59:59.9Z", -1, id="before 1970"),
        pytest.param("2024-02-29T00:00:00Z", 1709164800, id="a leap day"),
    ],
)
def test_a_date_is_seconds_in_utc(date: str, seconds: int) -> None:
    assert seconds_of(date) == seconds


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("", id="missing"),
        pytest.param("soon", id="a word"),
        pytest.param("2023-02-29T00:00:00Z", id="no such day"),
        pytest.param("2024-13-01", id="no such month"),
        pytest.param("2024-03-31T24:00:00Z", id="no such hour"),
        pytest.param("2024-03-31T12:30:61Z", id="no such second"),
        pytest.param("2024-03-31T12:30:15+24:00", id="no such zone"),
        pytest.param("2024-03-31T12:30:15+01:60", id="no such minute of a zone"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("20241331123015", id="14 digits, no such month"),
        pytest.param("2024033112301", id="13 digits"),
        pytest.param("Sun, 31 Mar 2024 12:30:15 GMT", id="a date of HTTP"),
        pytest.param("1711888215", id="seconds since 1970"),
        pytest.param("٢٠٢٤-03-31T12:30:15Z", id="other digits"),
        pytest.param("2024-03-31T12:30:15Z 2024-03-31T12:30:15Z", id="two dates"),
        pytest.param("2024-03-31T12:30:15." + "9" * 1_000_000 + "Z", id="a million digits"),
    ],
)
def test_what_is_no_date_has_no_seconds(date: str) -> None:
    assert seconds_of(date) is None


def test_the_time_is_the_records_or_that_of_its_crawl() -> None:
    assert time_of("2026-01-31T00:00:00Z", "") == 1769817600
    assert time_of("", "CC-MAIN-2026-05") < time_of("2026-01-31T00:00:00Z", "")
    assert time_of("", "CC-MAIN-2025-30") < time_of("", "CC-MAIN-2026-05")
    assert (time_of("soon", "x"), time_of("", "CC-MAIN-2025-99")) == (0, 0)


@pytest.mark.parametrize("week", ["0000-10", "0000-00", "0000-52", "2025-00", "2025-53", "9999-99"])
def test_a_crawl_of_no_week_has_no_time(week: str) -> None:
    assert time_of("", f"CC-MAIN-{week}") == 0


def test_the_first_and_last_weeks_have_their_time() -> None:
    assert time_of("", "CC-MAIN-0001-01") < 0 < time_of("", "CC-MAIN-9999-52")


def test_the_zone_of_the_machine_does_not_matter() -> None:
    dates = ["2024-03-31T12:30:15", "2024-03-31T02:30:00", "2024-11-03T01:30:00", "2024-03-31", "20240331123015"]
    code = f"from recall.archive.dates import time_of; print([time_of(date, '') for date in {dates}])"
    seen = set()
    for zone in ("UTC", "America/New_York", "Asia/Kathmandu"):
        run = [sys.executable, "-c", code]
        seen.add(subprocess.run(run, env={**os.environ, "TZ": zone}, capture_output=True, check=True, text=True).stdout)
    assert len(seen) == 1
