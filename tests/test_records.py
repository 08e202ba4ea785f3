import pytest

from recall.records import MARK_BUCKETS, MARK_KINDS, MARKS, DomainTally, ShardReport, Skip


def report(read: int) -> ShardReport:
    return ShardReport(0, "a.warc.gz", "m", read, {Skip.STATUS: 2, Skip.NOT_HTML: 1}, rejected=3, kept=4, candidates=5)


def test_a_report_exists_only_when_every_response_is_accounted_for() -> None:
    assert report(10).read == 10
    for wrong in (9, 11):
        with pytest.raises(ValueError, match=r"a\.warc\.gz: read"):
            report(wrong)


def test_a_host_without_pages_has_no_share() -> None:
    assert DomainTally("a.org", 0, 0).share == 0.0
    assert DomainTally("a.org", 4, 1).share == 0.25


def test_marks_are_distinct_words() -> None:
    assert len(set(MARKS)) == len(MARKS) == len(MARK_KINDS) * MARK_BUCKETS
