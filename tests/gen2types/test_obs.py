"""Names of ``lsst.obs.base`` that camera packages of Gen2 build on, with values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time

from persistence import Butler, ButlerLocation, FormatterError, NoResults, PolicyError
from persistence.cameras.installed import find
from persistence.files import yaml_nodes
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.angle import degrees
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2I
from persistence.gen2types.datetimes import DateTime
from persistence.gen2types.images.filters import Filter
from persistence.gen2types.images.image import DecoratedImageU
from persistence.gen2types.images.visitinfo import RotType, VisitInfo
from persistence.gen2types.obs.filters import FilterDefinition, FilterDefinitionCollection
from persistence.gen2types.obs.instrument import Instrument
from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo
from persistence.gen2types.obs.skywcs import (
    InitialSkyWcsError,
    bboxFromIraf,
    createInitialSkyWcs,
    createInitialSkyWcsFromBoresight,
)
from persistence.gen2types.obs.standardise import exposureFromImage
from persistence.gen2types.obs.viaobsinfo import MakeRawVisitInfoViaObsInfo
from persistence.gen2types.obsbase import CameraMapper
from persistence.gen2types.properties import PropertyList
from persistence.gen2types.spherepoint import SpherePoint

CARDS: dict[str, Any] = {
    "EXPTIME": 30.0,
    "DATE-OBS": "2020-01-02T03:04:05.25",
    "MJD-OBS": 58850.5,
    "RA": "10:00:00",
    "DEG": -30.5,
    "BAD": "no number",
}


def metadata(**more: Any) -> PropertyList:
    return PropertyList.from_mapping({**CARDS, **more})


def seconds(date: DateTime) -> float:
    return float(date.nsecs(DateTime.TAI) * 1e-9)


def tai(text: Any, **scale: Any) -> float:
    time = Time(text, **scale).tai
    return float((time - Time("1970-01-01T00:00:00", scale="tai")).sec)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda make, md: make.popFloat(md, "EXPTIME"), 30.0),
        (lambda make, md: make.popFloat(md, "NONE"), math.nan),
        (lambda make, md: make.popFloat(md, "BAD"), math.nan),
        (lambda make, md: make.popAngle(md, "DEG").asDegrees(), -30.5),
        (lambda make, md: make.popAngle(md, "RA", u.hourangle).asDegrees(), 150.0),
        (lambda make, md: make.popAngle(md, "BAD").asDegrees(), math.nan),
        (lambda make, md: make.popItem(md, "NONE", "x") == "x", True),
        (
            lambda make, md: seconds(make.popIsoDate(md, "DATE-OBS")),
            tai("2020-01-02T03:04:05.25", scale="utc"),
        ),
        (
            lambda make, md: seconds(make.popIsoDate(md, "DATE-OBS", "TAI")),
            tai("2020-01-02T03:04:05.25", scale="tai"),
        ),
        (
            lambda make, md: seconds(make.popMjdDate(md, "MJD-OBS", "tdb")),
            tai(58850.5, scale="tdb", format="mjd"),
        ),
        (lambda make, md: make.popIsoDate(md, "BAD").isValid(), False),
        (lambda make, md: make.popIsoDate(md, "NONE").isValid(), False),
        (lambda make, md: make.popMjdDate(md, "NONE").isValid(), False),
        (
            lambda make, md: seconds(make.offsetDate(make.popIsoDate(md, "DATE-OBS"), 1.5)),
            tai("2020-01-02T03:04:06.75", scale="utc"),
        ),
        (lambda make, md: make.getDarkTime({"exposureTime": 3.0}), 3.0),
        (lambda make, md: make.getDarkTime({"exposureTime": 3.0, "darkTime": 4.0}), 4.0),
        (lambda make, md: make.altitudeFromZenithDistance(30 * degrees).asDegrees(), 60.0),
        (
            lambda make, md: make.eraFromLstAndLongitude(30 * degrees, 50 * degrees).asDegrees(),
            -20.0,
        ),
        (lambda make, md: make.centigradeFromKelvin(273.15), 0.0),
        (lambda make, md: make.pascalFromMBar(780.0), 78000.0),
        (lambda make, md: make.pascalFromMmHg(1.0), 133.322387415),
        (lambda make, md: make.pascalFromTorr(760.0), 101325.0),
        (lambda make, md: make.defaultMetadata(math.nan, 5.0), 5.0),
        (lambda make, md: make.defaultMetadata(9.0, 5.0, 0.0, 8.0), 5.0),
        (lambda make, md: make.defaultMetadata(7.0, 5.0, 0.0, 8.0), 7.0),
    ],
)
def test_values_of_a_header_are_those_that_astropy_has(value: Any, expected: float) -> None:
    assert value(MakeRawVisitInfo(), metadata()) == pytest.approx(expected, nan_ok=True, rel=1e-15)


def test_what_is_used_of_a_header_is_removed_on_request() -> None:
    header = metadata(TIMESYS="UTC")
    make = MakeRawVisitInfo(doStripHeader=True)
    make.popFloat(header, "EXPTIME")
    make.popIsoDate(header, "DATE-OBS")
    assert {"EXPTIME", "DATE-OBS", "TIMESYS"} & set(header.names()) == {"TIMESYS"}
    with pytest.raises(RuntimeError, match="not available"):
        make.getDarkTime({})
    with pytest.raises(NotImplementedError):
        MakeRawVisitInfo()(metadata(), 1)


class Make(MakeRawVisitInfo):
    """Of a camera that has a boresight."""

    def setArgDict(self, md: Any, argDict: dict[str, Any]) -> None:
        super().setArgDict(md, argDict)
        ra, dec = self.popAngle(md, "RA", u.hourangle), self.popAngle(md, "DEG")
        argDict["boresightRaDec"] = SpherePoint(ra, dec)
        argDict["weather"] = None

    def getDateAvg(self, md: Any, exposureTime: float) -> DateTime:
        return self.offsetDate(self.popIsoDate(md, "DATE-OBS"), 0.5 * exposureTime)


def test_a_cameras_own_class_makes_the_visit() -> None:
    visit = Make()(metadata(), 77)
    assert (visit.getExposureId(), visit.getExposureTime()) == (77, 30.0)
    assert visit.getBoresightRaDec().getRa().asDegrees() == pytest.approx(150.0)
    assert seconds(visit.getDate()) == pytest.approx(tai("2020-01-02T03:04:20.25", scale="utc"))


def test_a_translator_makes_the_visit(real: Path) -> None:
    translators = pytest.importorskip("astro_metadata_translator")
    path = real / "decam_headers" / "fitsheader-decam.yaml"
    node = yaml_nodes.compose_text(path.read_text().partition("\n")[2], str(path))
    assert node is not None
    header = {row[0]: row[2] for row in yaml_nodes.plain(node)}
    oracle = translators.ObservationInfo(header)
    make = MakeRawVisitInfoViaObsInfo()
    visit = make(PropertyList.from_mapping(header))
    assert visit.getExposureTime() == oracle.exposure_time.to_value(u.s)
    assert visit.getDarkTime() == oracle.dark_time.to_value(u.s)
    assert visit.getInstrumentLabel() == oracle.instrument
    assert visit.getExposureId() == oracle.exposure_id
    middle = oracle.datetime_begin + 0.5 * (oracle.datetime_end - oracle.datetime_begin)
    assert seconds(visit.getDate()) == pytest.approx(tai(middle.tai.isot, scale="tai"), abs=1e-3)
    place = oracle.tracking_radec.icrs
    assert visit.getBoresightRaDec().getRa().asDegrees() == pytest.approx(place.ra.deg)
    assert visit.getObservatory().getElevation() == pytest.approx(2215.0, abs=60)
    pressure = visit.getWeather().getAirPressure()
    assert pressure == pytest.approx(oracle.pressure.to_value(u.Pa))
    kelvin = visit.getWeather().getAirTemperature() + 273.15
    assert kelvin == pytest.approx(oracle.temperature.to_value(u.K, u.temperature()))


@pytest.mark.parametrize(
    ("named", "name", "aliases"),
    [
        ({"physical_filter": "V-2", "band": "v"}, "v", {"V-2"}),
        ({"physical_filter": "V-2", "abstract_filter": "v"}, "v", {"V-2"}),
        ({"physical_filter": "V-2", "alias": ["w"]}, "V-2", {"w"}),
        ({"physical_filter": "i-2", "band": "i", "afw_name": "i2"}, "i2", {"i", "i-2"}),
    ],
)
def test_a_filter_is_known_to_afw_by_its_names(
    named: dict[str, Any], name: str, aliases: set[str]
) -> None:
    definition = FilterDefinition(lambdaEff=550.0, **named)
    filters = FilterDefinitionCollection(definition)
    filters.reset()
    filters.defineFilters()
    assert {Filter(other).getName() for other in {name, *aliases}} == {name}
    assert Filter(name).getFilterProperty().getLambdaEff() == 550.0
    assert definition.makeFilterLabel().physicalLabel == named["physical_filter"]
    assert filters.findAll(f"^{named['physical_filter']}$") == {definition}
    assert (len(filters), list(filters), filters[0]) == (1, [definition], definition)
    filters.reset()


def test_two_filters_of_one_glass_are_refused() -> None:
    with pytest.raises(PolicyError, match="'a' is defined twice"):
        FilterDefinitionCollection(FilterDefinition("a", 1.0), FilterDefinition("a", 2.0))


def test_a_section_of_iraf_is_a_box_that_counts_from_0() -> None:
    assert bboxFromIraf("[1:2048, 5:4096]") == Box2I(Point2I(0, 4), Point2I(2047, 4095))
    with pytest.raises(RuntimeError, match="Unable to parse"):
        bboxFromIraf("1:2")


class Camera(CameraMapper):
    """Two detectors, by a policy in Gen2's form."""

    packageName = "obs_two"
    MakeRawVisitInfoClass = Make
    filterDefinitions = FilterDefinitionCollection(FilterDefinition("V-2", 550.0, band="v"))
    seen: ClassVar[list[Any]] = []

    def _computeCcdExposureId(self, dataId: Any) -> int:
        return 100 + int(dataId["visit"])

    def std_md5(self, item: Any, dataId: Any) -> Any:  # of a type that the policy lacks
        return item

    def add_old(self, dataId: Any) -> Any:  # of a signature that Gen2 could not have called
        return {}

    def map_there(self, dataId: Any, write: bool = False) -> Any:
        return ButlerLocation(None, None, "TextStorage", "there.txt", dataId, self)


POLICY = {
    "exposures": {
        "raw": {
            "template": "raw/%(visit)d.fits",
            "python": "lsst.afw.image.DecoratedImageU",
            "level": "Ccd",
        }
    },
    "datasets": {},
    "calibrations": {"bias": {"template": "bias/%(visit)d.fits"}},
}


@pytest.fixture
def mapper(tmp_path: Path) -> Camera:
    return Camera(POLICY, str(tmp_path), root=str(tmp_path))


def test_hooks_that_are_set_later_count_too(mapper: Camera) -> None:
    class Later(Camera):
        pass

    Later.std_raw_md = lambda self, item, dataId: item  # type: ignore[attr-defined]
    assert Later.hooks["std", "raw_md"] == "std_raw_md"
    assert ("std", "raw_md") not in Camera.hooks


def test_a_mapper_has_what_gen2s_packages_ask_it(mapper: Camera, tmp_path: Path) -> None:
    assert mapper.rootStorage.root == str(tmp_path)
    assert set(mapper.calibrations) == {"bias"}
    assert "raw" in mapper.exposures
    assert "src" in mapper.datasets
    assert mapper.images == {}
    assert mapper.mappings["raw"].keyDict["visit"] is int
    assert mapper.calibRegistry is None
    assert mapper.registry.lookup(["visit"], ["raw"], {}, template="raw/%(visit)d.fits") == []
    assert mapper.getShortCcdName("a b") == "a_b"
    assert mapper.camera is None
    assert mapper.log.getName() == "CameraMapper"
    assert mapper.exposure_packer is None


def test_a_mapper_says_where_a_dataset_is_and_what_there_is(mapper: Camera, tmp_path: Path) -> None:
    location = mapper.map("raw", {"visit": 7})
    assert location.getLocations() == ["raw/7.fits"]
    assert location.getLocationsWithRoot() == [str(tmp_path / "raw" / "7.fits")]
    assert location.getPythonType() == "lsst.afw.image.DecoratedImageU"
    assert location.getStorageName() == "FitsStorage"
    assert mapper.map("there", {}).getLocations() == ["there.txt"]
    with pytest.raises(NoResults, match="visit"):
        mapper.map("raw", {})
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "8.fits").touch()
    assert mapper.queryMetadata("raw", ["visit"], {}) == [(8,)]
    assert mapper.map("raw", {}).getLocations() == ["raw/8.fits"]


def test_a_raw_is_an_exposure_with_the_visit_of_the_cameras_class(tmp_path: Path) -> None:
    header = fits.Header({**CARDS, "FILTER": "V-2"})
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4)
    (tmp_path / "raw").mkdir()
    fits.PrimaryHDU(pixels, header).writeto(tmp_path / "raw" / "7.fits")
    given = Camera(POLICY, str(tmp_path), root=str(tmp_path))
    butler = Butler(str(tmp_path), mapper=given, types="gen2")
    raw = butler.get("raw", visit=7)
    visit = raw.getInfo().getVisitInfo()
    assert raw.getImage().array.tolist() == pixels.tolist()
    assert visit.getExposureId() == 107
    assert visit.getBoresightRaDec().getDec().asDegrees() == pytest.approx(-30.5)
    assert raw.getFilter().getName() == "v"
    assert raw.getMetadata().getScalar("BAD") == "no number"
    ours = Butler(str(tmp_path), mapper=given).get("raw", visit=7)
    assert ours.visit_info.exposure_time == 30.0
    assert unwrap(raw).visit_info.exposure_id == 107


def test_an_image_becomes_an_exposure() -> None:
    image = DecoratedImageU(4, 3)
    image.setMetadata(PropertyList.from_mapping({"EXPTIME": 5.0}))
    exposure = exposureFromImage(image)
    assert exposure.getDimensions() == image.getDimensions()
    assert exposure.getMetadata().getScalar("EXPTIME") == 5.0
    assert exposureFromImage(exposure) is exposure
    assert exposureFromImage(np.zeros((2, 3), np.float32)).image.shape == (2, 3)


def test_a_wcs_is_made_of_the_boresight_and_the_camera() -> None:
    detector = wrap(find("decam")().camera)["S1"]
    boresight = SpherePoint(150.0 * degrees, -30.0 * degrees)
    visit = VisitInfo(boresightRaDec=boresight, boresightRotAngle=0 * degrees, rotType=RotType.SKY)
    wcs = createInitialSkyWcs(visit, detector)
    other = createInitialSkyWcsFromBoresight(boresight, 0 * degrees, detector)
    center = detector.getBBox().getCenter()
    found, again = wcs.pixelToSky(center), other.pixelToSky(center)
    assert found == again
    place = SkyCoord(found.getRa().asDegrees(), found.getDec().asDegrees(), unit="deg")
    angle = detector.getCenter("FieldAngle")
    expected = math.degrees(math.atan(math.hypot(angle[0], angle[1])))
    middle = SkyCoord(150.0, -30.0, unit="deg")
    assert place.separation(middle).deg == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InitialSkyWcsError, match="UNKNOWN"):
        createInitialSkyWcs(VisitInfo(boresightRaDec=boresight), detector)
    assert issubclass(InitialSkyWcsError, FormatterError)


def test_an_instrument_applies_the_settings_of_its_package(tmp_path: Path) -> None:
    class Telescope(Instrument):
        configPaths = (str(tmp_path),)

        @classmethod
        def getName(cls) -> str:
            return "T"

    class Settings:
        def load(self, path: str) -> None:
            self.path = path

    (tmp_path / "isr.py").write_text("")
    settings = Settings()
    Telescope().applyConfigOverrides("isr", settings)
    Telescope().applyConfigOverrides("other", settings)
    assert settings.path == str(tmp_path / "isr.py")
    with pytest.raises(NotImplementedError):
        Telescope().getCamera()


class Strict(Camera):
    """A camera that standardises all exposures in its own way, as SDSS's does."""

    def _standardizeExposure(  # type: ignore[override]  # Gen2's packages took fewer arguments
        self, mapping: Any, item: Any, dataId: Any, filter: bool = True, trimmed: bool = True
    ) -> Any:
        self.seen.append((mapping.datasetType, filter))
        return exposureFromImage(item)


def test_a_cameras_own_way_is_asked_for_every_exposure(tmp_path: Path) -> None:
    (tmp_path / "bias").mkdir()
    fits.PrimaryHDU(np.ones((3, 4), np.float32)).writeto(tmp_path / "bias" / "7.fits")
    policy = {**POLICY, "calibrations": {"bias": {"template": "bias/%(visit)d.fits", "python":
        "lsst.afw.image.ImageF"}}}  # fmt: skip
    given = Strict(policy, str(tmp_path), root=str(tmp_path))
    given.seen.clear()
    assert Butler(str(tmp_path), mapper=given).get("bias", visit=7).image.shape == (3, 4)
    assert given.seen == [("bias", False)]
