"""What the cameras' real headers mean, with astro_metadata_translator as the oracle.

For cameras that it does not know, the oracle is the camera's registry as Gen2 wrote it, or another
card of the same header, and astropy.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.translators import DecamTranslator, VisitInfoTranslator
from astropy import units
from astropy.coordinates import EarthLocation, SkyCoord, UnknownSiteException
from astropy.io import fits
from astropy.time import Time

from persistence.cameras import installed
from persistence.types.exposure.fromheader import visit_of
from persistence.types.exposure.translator import HeaderTranslator
from persistence.types.exposure.visitinfo import VisitInfo

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::erfa.ErfaWarning"),
]
DEGREES = 1e-6

CAMERAS = (Path(__file__).parents[1] / "doc" / "cameras.rst").read_text()


def documented() -> dict[str, Any]:
    """Return the table of SDSS's headers that stands in doc/cameras.rst."""
    block = CAMERAS.split("This is the table of SDSS's imager::\n\n")[1].split("\n\n")[0]
    headers: dict[str, Any] = yaml.safe_load(textwrap.dedent(block))["headers"]
    return headers


# What is not in the header: Suprime-Cam's table here is HSC's, SDSS's airmass is an estimate.
LEFT_OUT = [("focus_z", "suprimecam"), ("rotation", "suprimecam")]
SUPRIME = {"visit": installed.find("hsc")().policy.settings["headers"]["visit"]}
CASES = [
    ("decam", "decam_headers/fitsheader-decam.yaml"),
    ("decam", "decam_headers/fitsheader-decam-0160496.yaml"),
    ("decam", "decam_headers/fitsheader-decam-instcal-c4d_190402_050618_ooi_VR_v1.yaml"),
    ("decam", "decam_headers/fitsheader-decam-raw_dec050441_25.yaml"),
    ("hsc", "camera_headers/fitsheader-hsc.yaml"),
    ("megacam", "camera_headers/fitsheader-megaprime.yaml"),
    ("sdss", "camera_headers/fitsheader-sdss-fpC-006377-g4-0399.yaml"),
    ("suprimecam", "camera_headers/fitsheader-suprimecam-CORR40535770.yaml"),
]


def load(path: Path) -> dict[str, Any]:
    """Read a header in either of the forms that the files have."""
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


def translator(camera: str) -> HeaderTranslator:
    if camera in ("sdss", "suprimecam"):
        return HeaderTranslator(said=documented() if camera == "sdss" else SUPRIME)
    return installed.find(camera)().translator


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the oracle use the sites that it knows itself, rather than ask the network."""

    def refuse(site: str) -> None:
        raise UnknownSiteException(site, "EarthLocation.get_site_names")

    monkeypatch.setattr(EarthLocation, "of_site", refuse)


def expected(header: dict[str, Any]) -> ObservationInfo:
    """Return what the oracle says; of the header itself, without its corrections of it."""
    copy = {key: value for key, value in header.items() if key != "OBJECT" or "Trifid" not in value}
    return ObservationInfo({"OBJECT": "a field", **copy}, pedantic=False)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("camera", "name"), CASES)
def test_a_header_means_what_the_oracle_says(real: Path, camera: str, name: str) -> None:
    header = load(real / name)
    info, oracle = translator(camera).visit_info(header), expected(header)
    assert info.date is not None
    assert abs((info.date - oracle.datetime_begin).sec) < 1e-3
    assert info.date_avg is not None
    assert abs((info.date_avg - oracle.datetime_begin - oracle.exposure_time / 2).sec) < 1e-3
    assert info.boresight is not None
    assert info.boresight.separation(oracle.tracking_radec.icrs).deg < DEGREES
    site = oracle.location.to_geodetic()
    numbers = {
        "exposure_time": oracle.exposure_time.to_value("s"),
        "dark_time": oracle.dark_time.to_value("s"),
        "longitude": site.lon.deg,
        "latitude": site.lat.deg,
        "rotation": oracle.boresight_rotation_angle.deg % 360,
    }
    measured = {
        "air_temperature": (
            oracle.temperature,
            lambda it: it.to_value("deg_C", units.temperature()),
        ),
        "air_pressure": (oracle.pressure, lambda it: it.to_value("Pa")),
        "humidity": (oracle.relative_humidity, float),
        "azimuth": (oracle.altaz_begin, lambda it: it.az.deg),
        "altitude": (oracle.altaz_begin, lambda it: it.alt.deg),
        "airmass": (None if camera == "sdss" else oracle.boresight_airmass, float),
        # the oracle says 0 for a camera of which it does not know it
        "focus_z": (
            oracle.focus_z if camera in ("decam", "hsc") else None,
            lambda it: it.to_value("mm"),
        ),
    }
    numbers |= {key: None if it is None else give(it) for key, (it, give) in measured.items()}
    for key, value in numbers.items():
        close = value if value is None else pytest.approx(value, abs=DEGREES)
        assert getattr(info, key) == close or (key, camera) in LEFT_OUT, key
    assert info.elevation == pytest.approx(site.height.to_value("m"), abs=1e-3)
    assert (info.observation_type, info.science_program) == (
        oracle.observation_type,
        oracle.science_program,
    )
    if camera != "suprimecam":  # whose exposures are numbered in another way than HSC's
        assert (info.exposure_id, info.id) == (oracle.exposure_id, oracle.exposure_id)
        assert info.rotation_type == oracle.boresight_rotation_coord.upper()
    assert info.object == (header["OBJECT"] or None)
    assert repr(info)


@pytest.mark.parametrize(
    ("camera", "name"), [case for case in CASES if case[0] in ("decam", "megacam")]
)
def test_the_hour_angle_is_about_what_the_telescope_said(
    real: Path, camera: str, name: str
) -> None:
    """Theirs is that of the apparent place when the exposure began; ours, of ICRS in its middle."""
    header = load(real / name)
    if "HA" not in header:
        return
    info = translator(camera).visit_info(header)
    hours, minutes, seconds = (float(part) for part in header["HA"].lstrip("-").split(":"))
    began = 15 * (hours + minutes / 60 + seconds / 3600) * (-1 if "-" in header["HA"] else 1)
    assert info.hour_angle == pytest.approx(began + info.exposure_time / 2 / 240, abs=0.2)


@pytest.mark.parametrize(
    ("camera", "name"), [case for case in CASES if case[0] not in ("suprimecam", "sdss")]
)
def test_the_parallactic_angle_is_the_direction_of_the_zenith(
    real: Path, camera: str, name: str
) -> None:
    info = translator(camera).visit_info(load(real / name))
    zenith = SkyCoord(info.local_era, info.latitude, unit="deg")
    expected = info.boresight.position_angle(zenith).wrap_at("180d").deg
    assert info.parallactic_angle == pytest.approx(expected, abs=DEGREES)


def raw(real: Path, camera: str) -> fits.Header:
    (path,) = (real / "gen2_repos" / camera / "raw").rglob("*.fits")
    return fits.getheader(path)


def test_imsims_dates_are_in_tai_and_its_site_is_where_obsgeo_says(real: Path) -> None:
    header = raw(real, "imsim")
    info = translator("imsim").visit_info(header)
    assert info.date is not None
    assert info.date.utc.isot == "2022-10-05T06:52:49.357"
    begin = Time(header["MJD-OBS"], format="mjd", scale="tai")
    assert abs((info.date - begin).sec) < 1e-3
    assert (
        abs((info.date + info.exposure_time * units.s - Time(header["DATE-END"], scale="tai")).sec)
        < 1e-3
    )
    site = EarthLocation(*(header[f"OBSGEO-{axis}"] * units.m for axis in "XYZ")).to_geodetic()
    assert info.longitude == pytest.approx(site.lon.deg, abs=DEGREES)
    assert info.latitude == pytest.approx(site.lat.deg, abs=DEGREES)
    assert info.elevation == pytest.approx(site.height.to_value("m"), abs=1e-3)
    assert (info.exposure_id, info.observation_type, info.object) == (204595, "science", None)
    assert info.airmass == header["AMSTART"]
    # by the simulator's own WCS of the detector: see the assembled raws of the LSST family
    assert info.rotation == pytest.approx((90 - header["ROTANGLE"]) % 360)
    assert info.has_simulated_content


def test_an_early_header_of_latiss_says_little_and_nothing_is_guessed(real: Path) -> None:
    header = raw(real, "latiss")
    info = translator("latiss").visit_info(header)
    assert info.date is not None
    assert abs((info.date - Time(header["MJD-OBS"], format="mjd", scale="utc")).sec) < 1e-3
    assert (info.exposure_time, info.longitude, info.instrument) == (27.0, -70.747698, "LATISS")
    assert (info.ra, info.airmass, info.rotation_type, info.object) == (None, None, None, None)
    assert (info.air_temperature, info.humidity, info.observation_type) == (None, None, None)


def test_latiss_headers_are_believed_from_the_day_on_from_which_they_are_right() -> None:
    # Source of the days: obs_lsst, translators/latiss.py.
    cards = {"RA": 10.0, "DEC": -20.0, "RASTART": 10.5, "DECSTART": -20.5, "ROTPA": -15.0}
    info = {
        day: translator("latiss").visit_info({"DATE-OBS": f"{day}T00:00:00", **cards})
        for day in ("2020-01-28", "2020-03-01", "2021-03-01")
    }
    assert [(one.ra, one.dec) for one in info.values()] == [
        (None, None),
        (10.0, -20.0),
        (10.5, -20.5),
    ]
    assert (info["2021-03-01"].rotation, info["2021-03-01"].rotation_type) == (345.0, "SKY")


def test_the_test_cameras_time_is_that_of_its_registry(real: Path) -> None:
    header = fits.getheader(
        real / "gen2_repos" / "obs_test" / "input" / "raw" / "raw_v1_fg.fits.gz"
    )
    info = translator("test").visit_info(header)
    # taiObs of its registry, which is in UTC
    assert info.date is not None
    assert abs((info.date - Time("1999-01-17T04:52:34.895201920", scale="utc")).sec) < 1e-3
    assert info.boresight is not None
    assert info.boresight.ra.rad == pytest.approx(header["PRA"], abs=1e-8)
    # BKALT, BKAZI and BKTROT: the same in radians, to 7 digits
    assert info.altitude == pytest.approx(header["BKALT"] * 57.29577951, abs=1e-4)
    assert info.azimuth == pytest.approx(header["BKAZI"] * 57.29577951, abs=1e-4)
    assert info.rotation == pytest.approx(360 - header["BKTROT"] * 57.29577951, abs=1e-4)
    assert info.air_pressure == pytest.approx(520 * 101325 / 760)  # mmHg


def test_a_calexp_of_decam_that_gen2_wrote_has_its_site_and_rotation_put_right(real: Path) -> None:
    """Its OBS-LONG is the raw's; its ERA was computed with it. The oracles: the translator, ERFA."""
    header = load(real / "decam_headers" / "fitsheader-decam-calexp-0412037_10.yaml")
    info = visit_of(header, translator("decam"))
    oracle = DecamTranslator(header)
    assert info.longitude == pytest.approx(oracle.to_location().to_geodetic().lon.deg, abs=DEGREES)
    assert info.date is not None
    begin = Time(f"2015-02-20T{header['TIME-OBS']}", scale="utc")
    assert abs((info.date - begin).sec) < 1e-3
    turned = info.date_avg.earth_rotation_angle(0)
    assert info.era == pytest.approx(turned.deg, abs=1e-3)
    # what it wrote was right in sum: its local angle is that of the telescope's hour angle
    written = header["AVG-ERA"] + header["OBS-LONG"] - header["BORE-RA"]
    assert info.hour_angle == pytest.approx(written, abs=0.2)
    assert (info.science_program, info.observation_type) == ("2015A-0608", "science")
    assert (info.exposure_id, info.id, info.focus_z) == (41203710, 412037, pytest.approx(2.828))


@pytest.mark.parametrize("name", [name for camera, name in CASES if camera == "decam"])
def test_afws_cards_of_a_header_say_the_same_to_another_reader(real: Path, name: str) -> None:
    info = translator("decam").visit_info(load(real / name))
    oracle = VisitInfoTranslator(info.to_afw())
    begin, site = oracle.to_datetime_begin(), oracle.to_location().to_geodetic()
    assert abs((begin - info.date).sec) < 1e-6
    assert (site.lon.deg, site.lat.deg) == pytest.approx((info.longitude, info.latitude))
    assert oracle.to_tracking_radec().separation(info.boresight).deg < DEGREES
    assert oracle.to_pressure().to_value("Pa") == pytest.approx(info.air_pressure)
    assert oracle.to_temperature().to_value("deg_C") == pytest.approx(info.air_temperature)
    assert (oracle.to_exposure_id(), oracle.to_observation_type(), oracle.to_science_program()) == (
        info.id,
        info.observation_type,
        info.science_program,
    )
    assert VisitInfo.from_afw(info.to_afw()).to_afw() == info.to_afw()
