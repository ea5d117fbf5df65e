"""When, where and how exposures were taken, against headers and astropy."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.io import fits
from astropy.time import Time

import lsst.afw.image as afwImage
from lsst.afw.coord import Observatory, Weather
from lsst.daf.base import PropertyList
from lsst.geom import SpherePoint, degrees, radians
from persistence import gen2types
from persistence.types.exposure.visitinfo import VisitInfo as OurVisit

NAMES = ["visitInfo-version-1.fits", "visitInfo-version-2.fits", "visitInfo-version-3.fits"]
# Methods and columns of afw's table, in which angles are radians.
COLUMNS = {
    "getExposureTime": "exposuretime",
    "getDarkTime": "darktime",
    "getUt1": "ut1",
    "getBoresightAirmass": "boresightairmass",
}
ANGLES = {
    "getEra": "era",
    "getBoresightRotAngle": "boresightrotangle",
}


def visit(**given: Any) -> Any:
    values = {
        "exposureId": 903334,
        "exposureTime": 30.0,
        "darkTime": 31.5,
        "ut1": 58123.25,
        "era": 45.1 * degrees,
        "boresightRaDec": SpherePoint(23.1, 73.2, degrees),
        "boresightAzAlt": SpherePoint(134.5, 33.3, degrees),
        "boresightAirmass": 1.73,
        "boresightRotAngle": 73.2 * degrees,
        "rotType": afwImage.RotType.SKY,
        "observatory": Observatory(11.1 * degrees, 22.2 * degrees, 333.0),
        "weather": Weather(1.1, 2.2e4, 34.5),
        "instrumentLabel": "HSC",
    }
    return afwImage.VisitInfo(**{**values, **given})


def test_a_visit_says_what_it_was_given() -> None:
    info = visit()
    assert info.getExposureId() == info.exposureId == 903334
    assert info.getExposureTime() == info.exposureTime == 30.0
    assert info.getDarkTime() == 31.5
    assert info.getUt1() == 58123.25
    assert info.getEra().asDegrees() == pytest.approx(45.1)
    assert info.getBoresightRaDec().getRa().asDegrees() == pytest.approx(23.1)
    assert info.boresightRaDec.getDec().asDegrees() == pytest.approx(73.2)
    azimuth, altitude = info.getBoresightAzAlt()
    assert (azimuth.asDegrees(), altitude.asDegrees()) == pytest.approx((134.5, 33.3))
    assert info.getBoresightAirmass() == 1.73
    assert info.getBoresightRotAngle().asDegrees() == pytest.approx(73.2)
    assert info.getRotType() == afwImage.RotType.SKY == 1
    assert str(info.getRotType()) == "RotType.SKY"
    site = info.getObservatory()
    assert site.getLongitude().asDegrees() == pytest.approx(11.1)
    assert site.getLatitude().asDegrees() == pytest.approx(22.2)
    assert site.getElevation() == 333.0
    weather = info.getWeather()
    assert weather == Weather(1.1, 2.2e4, 34.5)
    numbers = weather.getAirTemperature(), weather.getAirPressure(), weather.getHumidity()
    assert numbers == (1.1, 2.2e4, 34.5)
    assert info.getInstrumentLabel() == info.instrumentLabel == "HSC"
    assert info == copy.deepcopy(info) == pickle.loads(pickle.dumps(info)) == visit()
    assert info != visit(exposureTime=31.0)
    assert afwImage.makeVisitInfo(exposureTime=3.0).getExposureTime() == 3.0


def test_what_is_not_known_is_as_afws() -> None:
    info = afwImage.VisitInfo()
    for name in ("ExposureTime", "DarkTime", "Ut1", "BoresightAirmass", "FocusZ"):
        assert math.isnan(getattr(info, f"get{name}")())
    for name in ("Era", "LocalEra", "BoresightRotAngle", "BoresightHourAngle", "BoresightParAngle"):
        assert math.isnan(getattr(info, f"get{name}")().asRadians())
    assert info.getExposureId() == 0
    assert info.getId() == 0
    assert not info.getDate().isValid()
    assert info.getRotType() == afwImage.RotType.UNKNOWN
    assert math.isnan(info.getWeather().getHumidity())
    assert math.isnan(info.getObservatory().getElevation())
    assert math.isnan(info.getBoresightRaDec().getRa().asRadians())
    assert info.getInstrumentLabel() == info.getObject() == ""
    assert info == afwImage.VisitInfo()


@pytest.mark.parametrize("name", NAMES)
def test_visits_of_afw_are_read(real: Path, name: str) -> None:
    """Source: the table in the file, by astropy."""
    path = str(real / "afw_files" / name)
    with fits.open(path) as hdus:
        table = next(hdu for hdu in hdus if hdu.header.get("AR_NAME") == "VisitInfo")
        row = {column.lower(): table.data[0][column] for column in table.columns.names}
    from persistence.types.archives.read import open_archive

    info = gen2types.wrap(open_archive(path).load(1))
    assert type(info) is afwImage.VisitInfo
    for method, column in COLUMNS.items():
        np.testing.assert_equal(getattr(info, method)(), row[column])
    for method, column in ANGLES.items():
        np.testing.assert_allclose(getattr(info, method)().asRadians(), row[column])
    point = info.getBoresightRaDec()
    np.testing.assert_allclose(point.getRa().asRadians(), row["boresightradec_ra"])
    np.testing.assert_allclose(point.getDec().asRadians(), row["boresightradec_dec"])
    point = info.getBoresightAzAlt()
    np.testing.assert_allclose(point.getLatitude().asRadians(), row["boresightazalt_alt"])
    site = info.getObservatory()
    np.testing.assert_allclose(site.getLongitude().asRadians(), row["longitude"])
    np.testing.assert_allclose(site.getLatitude().asRadians(), row["latitude"])
    assert info.getExposureId() == row["exposureid"]
    assert int(info.getRotType()) == row["rottype"]
    assert info.getDate().nsecs() == row["tai"]


def test_angles_of_the_sky_are_astropys() -> None:
    """The Earth's rotation angle and the hour angle follow from UT1 and the place."""
    time = Time("2018-03-02T05:06:07", scale="ut1")
    place = EarthLocation(lon=-70.8 * u.deg, lat=-30.2 * u.deg, height=2200 * u.m)
    era = time.earth_rotation_angle(0 * u.deg)
    info = visit(
        era=float(era.rad) * radians,
        observatory=Observatory(-70.8 * degrees, -30.2 * degrees, 2200),
        boresightRaDec=SpherePoint(150.0, 2.0, degrees),
    )
    local = time.earth_rotation_angle(place.lon)
    turned = info.getLocalEra().wrap().asDegrees()
    assert turned == pytest.approx(float(local.wrap_at(360 * u.deg).deg), abs=1e-9)
    hour = info.getBoresightHourAngle().wrapCtr().asDegrees()
    assert hour == pytest.approx(float((local - 150 * u.deg).wrap_at(180 * u.deg).deg), abs=1e-9)
    assert info.getBoresightHourAngle() == info.getLocalEra() - 150 * degrees
    # The angle at the pointing between the pole and the zenith.
    zenith = SkyCoord(info.getLocalEra().asDegrees() * u.deg, -30.2 * u.deg)
    pointing = SkyCoord(150 * u.deg, 2 * u.deg)
    assert info.getBoresightParAngle().asDegrees() == pytest.approx(
        float(pointing.position_angle(zenith).wrap_at(180 * u.deg).deg), abs=1e-9
    )


def test_a_date_is_the_middle_of_the_exposure() -> None:
    ours = OurVisit(
        date_begin="2016-02-10T03:00:00", exposure_time=60.0, timescale="utc", exposure_id=4
    )
    date = gen2types.wrap(ours).getDate()
    expected = Time("2016-02-10T03:00:30", scale="utc")
    assert date.get() == pytest.approx(expected.tai.mjd, abs=1e-9)
    assert date.toPython(date.UTC).isoformat() == "2016-02-10T03:00:30"
    given = visit(date=date)
    assert given.getDate() == date
    assert given.astropy.date_avg.utc.isot == "2016-02-10T03:00:30.000"


def test_a_visit_is_copied_with_changes() -> None:
    ours = OurVisit(date_begin="2016-02-10T03:00:00", exposure_time=60.0, ra=10.0, dec=-5.0)
    info = gen2types.wrap(ours).copyWith(instrumentLabel="X")
    assert info.getInstrumentLabel() == "X"
    assert info.getDate() == gen2types.wrap(ours).getDate()
    assert info.getBoresightRaDec().getDec().asDegrees() == pytest.approx(-5)


def test_a_visit_is_made_of_a_header(real: Path) -> None:
    path = str(real / "afw_files" / "exposure-version-2.fits")
    header = fits.getheader(path, 0)
    info = afwImage.VisitInfo(header)
    assert info.getExposureTime() == pytest.approx(header["EXPTIME"])


def test_a_visit_goes_into_a_header_and_out_of_it_again() -> None:
    header = PropertyList()
    header.set("FILTER", "g")
    afwImage.setVisitInfoMetadata(header, visit())
    again = afwImage.VisitInfo(header)
    for name in ("getExposureId", "getExposureTime", "getBoresightRaDec", "getRotType", "getUt1"):
        assert getattr(again, name)() == getattr(visit(), name)()
    assert header.get("EXPTIME") == visit().getExposureTime()
    assert header.get("BORE-RA") == visit().getBoresightRaDec().getRa().asDegrees()
    number = len(header) - 1
    assert afwImage.stripVisitInfoKeywords(header) == number
    assert header.names() == ["FILTER"]
    assert afwImage.stripVisitInfoKeywords(header) == 0


def test_kinds_of_rotation_have_their_older_names() -> None:
    assert afwImage.RotType_SKY is afwImage.RotType.SKY
    assert afwImage.RotType_MOUNT is afwImage.RotType.MOUNT
