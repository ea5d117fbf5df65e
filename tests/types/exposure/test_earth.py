"""How far the Earth has turned, with astropy's own table and ERFA's function as the oracle."""

from __future__ import annotations

import erfa
import pytest
from astropy.time import Time
from astropy.utils import iers

from persistence.types.exposure import earth


@pytest.fixture(scope="module")
def table():
    return iers.IERS_A.open(iers.IERS_A_FILE)


DATES = [
    "1973-01-02T00:00:00",
    "1999-01-17T04:52:34.895",
    "2008-11-01T14:38:39.9",
    "2013-11-02T06:16:10.908",
    "2016-12-31T23:59:59.9",  # a leap second follows
    "2017-01-01T00:00:00.1",
    "2022-10-05T06:53:04",
]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("scale", ["utc", "tai"])
def test_the_rotation_is_erfas_with_astropys_table(date, scale, table):
    time = Time(date, scale=scale)
    found = earth.rotation(time)
    if scale == "tai" and date == DATES[0]:
        assert found is None  # the day before the table begins
        return
    utc = time.utc
    utc.delta_ut1_utc = utc.get_delta_ut1_utc(table)
    expected = erfa.era00(utc.ut1.jd1, utc.ut1.jd2)
    assert found.ut1 == pytest.approx(utc.ut1.mjd, abs=1e-9)
    assert found.era == pytest.approx(expected * 180 / 3.141592653589793, abs=1e-6)


@pytest.mark.parametrize("date", ["1960-01-01T00:00:00", "2100-01-01T00:00:00"])
@pytest.mark.filterwarnings("ignore::erfa.ErfaWarning")
def test_outside_the_measured_years_it_is_not_known(date):
    assert earth.rotation(Time(date)) is None
