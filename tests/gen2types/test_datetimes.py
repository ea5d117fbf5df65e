"""Moments, against astropy and the values in the original's own tests."""

from __future__ import annotations

import datetime
import pickle
import time
from typing import Any

import pytest
from astropy.time import Time

from lsst.daf.base import DateTime
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import DomainError
from persistence.types.metadata.entry import DateTime as Moment

# How it is made; nanoseconds on UTC and on TAI. Source: tests/DateTime.py of daf_base.
MADE: list[tuple[Any, int, int]] = [
    (
        lambda: DateTime(45205.125, DateTime.MJD, DateTime.UTC),
        399006000000000000,
        399006021000000000,
    ),
    (lambda: DateTime(1192755473000000000, DateTime.UTC), 1192755473000000000, 1192755506000000000),
    (lambda: DateTime(1192755506000000000), 1192755473000000000, 1192755506000000000),
    (lambda: DateTime(47892.0, DateTime.MJD, DateTime.UTC), 631152000000000000, 631152025000000000),
    (lambda: DateTime(631151998000000000, DateTime.UTC), 631151998000000000, 631152022000000000),
    (
        lambda: DateTime("20090402T072639.314159265Z", DateTime.UTC),
        1238657199314159265,
        1238657233314159265,
    ),
    (
        lambda: DateTime("2009-04-02T07:26:39,314159265Z", DateTime.UTC),
        1238657199314159265,
        1238657233314159265,
    ),
    (
        lambda: DateTime(2009, 4, 2, 7, 26, 39, DateTime.UTC),
        1238657199000000000,
        1238657233000000000,
    ),
    (
        lambda: DateTime("2009-04-02T07:27:13", DateTime.TAI),
        1238657199000000000,
        1238657233000000000,
    ),
]


@pytest.mark.parametrize(("make", "utc", "tai"), MADE)
def test_a_moment_has_the_nanoseconds_of_the_original(make: Any, utc: int, tai: int) -> None:
    moment = make()
    assert moment.nsecs(DateTime.UTC) == utc
    assert moment.nsecs() == moment.nsecs(DateTime.TAI) == tai
    assert moment.nsecs(DateTime.TT) == tai + 32_184_000_000


DATES = ["1999-06-30T12:00:00.000000000", "2016-12-30T23:59:59.5", "2020-02-29T01:02:03.123456789"]


@pytest.mark.parametrize("text", DATES)
@pytest.mark.parametrize("scale", ["TAI", "UTC", "TT"])
def test_a_moment_is_astropys_in_every_scale_and_system(text: str, scale: str) -> None:
    theirs = Time(text, scale=scale.lower(), precision=9)
    word = getattr(DateTime, scale)
    moment = DateTime(f"{text}Z" if scale == "UTC" else text, word)
    assert abs((moment.toAstropy() - theirs).sec) < 2e-9
    for name in ("TAI", "UTC", "TT"):
        there = getattr(theirs, name.lower())
        on = getattr(DateTime, name)
        assert moment.get(DateTime.MJD, on) == pytest.approx(there.mjd, abs=1e-10)
        assert moment.get(DateTime.JD, on) == pytest.approx(there.jd, abs=1e-9)
        assert moment.get(DateTime.EPOCH, on) == pytest.approx(
            2000 + (there.jd - 2451545) / 365.25, abs=1e-10
        )
        assert moment.toString(on).startswith(there.isot[:23])
        python = moment.toPython(on)
        assert abs(python - datetime.datetime.fromisoformat(there.isot[:26])) <= datetime.timedelta(
            microseconds=1
        )
    again = DateTime(moment.get(DateTime.EPOCH, word), DateTime.EPOCH, word)
    assert abs(again.nsecs() - moment.nsecs()) < 20_000  # what a double holds of a year


def test_a_leap_second_is_a_second() -> None:
    before, leap, after = (
        DateTime(text, DateTime.UTC)
        for text in ("2016-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")
    )
    assert after.nsecs() - before.nsecs() == 2 * 10**9
    # On UTC, a second that is told as 60 cannot be told from the next.
    assert leap.nsecs(DateTime.UTC) == after.nsecs(DateTime.UTC)


def test_a_moment_has_a_face_and_loses_it_again() -> None:
    moment = Moment("2020-02-29T01:02:03.123456789")
    assert unwrap(wrap(moment)) is moment
    assert wrap(moment).toString(DateTime.TAI) == moment.tai
    assert (
        wrap(Time("2020-01-01T00:00:00", scale="utc")).toString()
        == "2020-01-01T00:00:00.000000000Z"
    )


def test_a_moment_reads_as_the_originals() -> None:
    moment = DateTime("2009-04-02T07:26:39.314159265Z", DateTime.UTC)
    assert moment.toString() == moment.toString(DateTime.UTC) == "2009-04-02T07:26:39.314159265Z"
    assert repr(moment) == 'DateTime("2009-04-02T07:27:13.314159265", TAI)'
    assert moment.gmtime()[:6] == (2009, 4, 2, 7, 26, 39)
    assert pickle.loads(pickle.dumps(moment)) == moment
    assert len({moment, DateTime(moment.nsecs())}) == 1


def test_without_arguments_no_moment_is_valid() -> None:
    moment = DateTime()
    assert not moment.isValid()
    assert moment.nsecs() == DateTime.invalid_nsecs == -(2**63)
    assert repr(moment) == "DateTime()"
    assert pickle.loads(pickle.dumps(moment)) == moment
    with pytest.raises(RuntimeError, match="not valid"):
        moment.get()


def test_now_is_now() -> None:
    before = time.time_ns()
    now = DateTime.now().nsecs(DateTime.UTC)
    assert before - 1000 <= now <= time.time_ns() + 1000  # it is told in microseconds


@pytest.mark.parametrize(
    "act",
    [
        *(
            lambda text=text: DateTime(text, DateTime.UTC)
            for text in ("20090401", "20090401T", "2009-04-01T", "2009-04-01T23:36:05")
        ),
        lambda: DateTime("20090401T23:36:05-0700", DateTime.UTC),
        lambda: DateTime("2009/04/01T23:36:05Z", DateTime.UTC),
        lambda: DateTime("2009-04-01T23:36:05Z", DateTime.TAI),
        lambda: DateTime("2009-13-01T23:36:05", DateTime.TAI),
        lambda: DateTime(2009, 4, 1, 23, 36, 61, DateTime.UTC),
        lambda: DateTime(1e9, DateTime.MJD),
        lambda: DateTime(float("nan"), DateTime.MJD),
    ],
)
def test_what_is_no_date_is_refused(act: Any) -> None:
    with pytest.raises(DomainError):
        act()
