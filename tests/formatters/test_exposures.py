"""Exposures as afw writes them: their components, one at a time, damage, and what is written back."""

from __future__ import annotations

import gzip
import io
import pickle
import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from astro_metadata_translator.translators import VisitInfoTranslator
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from persistence.errors import DataIdError, FormatterError, LossyWarning
from persistence.files import fits_headers
from persistence.formatters import archive_write
from persistence.formatters.components import read_component
from persistence.formatters.views import READERS
from persistence.gen2types import wrap
from persistence.types.archives.archive import Unknown
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.exposure.detector import Detector
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.photocalib import Calib, PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.fields.boundedfield import ChebyshevField, constant
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.pixels.polygon import Polygon
from persistence.types.psf.psf import GaussianPsf

EXPOSURE = "lsst.afw.image.ExposureF"
CALEXP = "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz"
IMAGE = np.arange(24, dtype="f4").reshape(4, 6)
FIELD = ChebyshevField(Box(0, 0, 6, 4), np.array([[2.0, 1.0]]))
GIVEN = {
    "photo_calib": PhotoCalib(2.0, 0.1, FIELD),
    "ap_corr_map": ApCorrMap({"flux": FIELD, "fluxErr": constant(0.5)}),
    "valid_polygon": Polygon(np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 3.0]])),
    "filter": FilterLabel("HSC-I2", "i", "HSC-I2"),
}


@pytest.fixture
def disk(disk_of):
    """Return a folder of exposures."""
    return disk_of("FitsStorage", EXPOSURE, ".fits")


@pytest.fixture
def found(disk, real):
    """Return a function that makes the location of a real file."""
    return lambda path, **options: disk.place(**options)._replace(root=str(real), path=path)


def exposure(**given: object) -> Exposure:
    header = fits.Header({"EXPTIME": 30.0, "OBJECT": "field"})
    whole = Exposure(
        IMAGE, header, mask=Mask((IMAGE > 20).astype("i4"), {"BAD": 0}), variance=IMAGE + 1
    )
    return whole.replaced(**given)


# -- real files
# ----------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("path", "components", "fluxmag0", "label"),
    [
        (CALEXP, {"psf", "wcs", "ap_corr_map", "valid_polygon"}, 1722367118085.0, FilterLabel("i")),
        ("afw_files/exposure-version-0.fits", {"wcs", "detector"}, 1e6, FilterLabel("ha")),
        (
            "afw_files/exposure-version-1.fits",
            {"wcs", "detector", "photo_calib"},
            None,
            FilterLabel("ha"),
        ),
        (
            "afw_files/exposure-version-2.fits",
            {"wcs", "detector", "photo_calib", "filter"},
            None,
            FilterLabel("ha", "N656", "ha"),
        ),
        ("afw_files/archiveImportTest.fits", {"psf"}, 0, None),
        ("afw_files/ZPN.fits", set(), 0, None),
    ],
)
def test_real_exposures_of_every_version_have_their_components(
    disk, found, path, components, fluxmag0, label
):
    whole = disk.read(found(path))
    assert set(whole.components) == components
    assert whole.filter == label
    if fluxmag0 is None:
        assert whole.photo_calib == PhotoCalib(1e6, 2e4)
    else:
        assert (
            fluxmag0 == (whole.photo_calib and pytest.approx(whole.photo_calib.fluxmag0))
            or not fluxmag0
        )
    assert set(whole.unknown) <= {"psf", "wcs"}
    assert "components" in str(whole) or not components


@pytest.mark.real
def test_a_real_calexp_is_told_in_afws_own_terms(disk, found):
    whole = disk.read(found(CALEXP))
    assert whole.visit_info.exposure_id == 180797216
    assert (whole.visit_info.date_avg.scale, whole.visit_info.date_avg.isot) == (
        "tai",
        "2013-11-02T05:19:17.876",
    )
    assert whole.visit_info.boresight.ra.deg == 320.2499375
    assert len(whole.ap_corr_map) == 14
    corrected = whole.ap_corr_map["base_GaussianFlux_flux"]([1023.5], [2087.5])
    flat = whole.ap_corr_map["base_GaussianFlux_flux"].coefficients
    assert corrected == pytest.approx(flat[0, 0] - flat[2, 0] - flat[0, 2] + flat[2, 2])
    assert whole.valid_polygon.contains(1000, 4000)
    assert not whole.valid_polygon.contains(1000, 4176)
    assert [card.value for card in whole.metadata.cards if card.keyword == "BGVAR"][1:3] == [
        319.918345575234,
        320.811004367462,
    ]
    assert {"AR_HDU", "PSF_ID", "BORE-RA", "FLUXMAG0", "CRVAL1"} & set(
        whole.observers_metadata
    ) == set()
    assert whole.observers_metadata["OBJECT"] == "STRIPE82L"
    assert whole.unit is None  # its BUNIT is the raw image's


@pytest.mark.real
@pytest.mark.parametrize("version", [0, 1])
def test_the_dates_that_nobody_wrote_are_left_out(disk, found, version):
    location = found(f"afw_files/exposure-version-{version}.fits")
    for header in (disk.read(location).metadata, read_component(location, "metadata")):
        assert not {"DATE-OBS", "MJD-OBS"} & set(header)
        assert header["DATE-AVG"] == "2020-01-20T12:34:56.000000000"
    assert disk.read(location).visit_info.date.isot == "2020-01-20T12:34:41.000"


@pytest.mark.real
@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_real_detector_has_its_amplifiers(disk, found, version):
    detector = disk.read(found(f"afw_files/exposure-version-{version}.fits")).detector
    assert (detector.name, detector.serial, detector.id, detector.bbox) == (
        "detector 1",
        "xkcd722",
        1,
        Box(0, 0, 10, 10),
    )
    assert [amplifier.name for amplifier in detector.getAmplifiers()] == ["amp 1", "amp 2", "amp 3"]
    assert (detector["amp 2"].trimmed, detector["amp 2"].gain) == (Box(-1, 1, 5, 6), 1712.34)
    assert detector.pixel_size == (0.02, 0.02)
    assert detector.transforms is not None


@pytest.mark.real
def test_a_real_calibration_frame_has_a_detector_of_sixteen_amplifiers(found):
    path = "gen2_repos/imsim/CALIB/bias/2022-01-01/bias-R11-S20-det042_2022-01-01.fits"
    detector = read_component(found(path), "detector")
    assert (detector.name, detector.id, len(detector.amplifiers)) == ("R11_S20", 42, 16)
    assert detector.crosstalk.shape == (16, 16)
    assert detector["C10"].overscan == Box(512, 0, 32, 2000)
    assert read_component(found(path), "filter") is None
    part = read_component(found(path, bbox=Box(4000, 3990, 10, 5)), "mask")
    assert (part.array.shape, part.planes["UNMASKEDNAN"]) == ((5, 10), 9)


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        *(
            "psf photoCalib visitInfo filter filterLabel detector wcs validPolygon apCorrMap coaddInputs"
        ).split(),
        *("transmissionCurve image mask variance metadata bbox").split(),
    ],
)
@pytest.mark.parametrize(
    "path", [CALEXP, *(f"afw_files/exposure-version-{version}.fits" for version in (0, 1, 2))]
)
def test_a_component_alone_is_the_component_of_the_whole(disk, found, path, name):
    whole, alone = disk.read(found(path)), read_component(found(path), name)
    attributes = {
        "photoCalib": "photo_calib",
        "visitInfo": "visit_info",
        "filterLabel": "filter",
        "validPolygon": "valid_polygon",
        "apCorrMap": "ap_corr_map",
        "coaddInputs": "coadd_inputs",
        "transmissionCurve": "transmission_curve",
    }
    expected = getattr(whole, attributes.get(name, name))
    if name in ("image", "variance"):
        assert np.array_equal(alone, expected)
    elif name == "mask":
        assert np.array_equal(alone.array, expected.array)
        assert alone.planes == expected.planes
    elif name == "wcs":
        assert alone.to_header_string(relax=True) == expected.to_header_string(relax=True)
    elif isinstance(expected, Unknown):
        assert alone.name == expected.name
    elif name == "detector" and expected is not None:
        assert repr(alone) == repr(expected)  # old files have saturations that are no number
    elif name == "metadata":
        assert alone.tostring() == expected.tostring()
    else:
        assert alone == expected


@pytest.mark.real
def test_a_calibration_is_the_same_by_its_name_of_before_2019(found):
    location = found(CALEXP)
    calib, calibration = READERS["calib"](location, None), read_component(location, "photoCalib")
    assert type(calib) is Calib
    assert (calib.mean, calib.error, calib.field) == (
        calibration.mean,
        calibration.error,
        calibration.field,
    )
    assert wrap(calib).getFluxMag0()[0] == pytest.approx(calibration.fluxmag0)


# -- one component alone
# -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image", "mask", "variance"])
def test_a_part_of_one_plane_is_read(disk, name):
    location = disk.write(exposure(), bbox=Box(1, 2, 3, 2))
    found = read_component(location, name)
    expected = {"image": IMAGE, "mask": IMAGE > 20, "variance": IMAGE + 1}[name][2:4, 1:4]
    assert np.array_equal(found.array if name == "mask" else found, expected)


def test_a_plane_that_is_not_there_is_none(disk):
    location = disk.write(exposure().replaced(mask=None, variance=None))
    assert [read_component(location, name) for name in ("mask", "variance", "psf")] == [
        None,
        None,
        None,
    ]
    assert np.array_equal(read_component(location, "image"), IMAGE)


def test_a_box_that_is_asked_for_is_the_box(disk):
    assert read_component(disk.write(exposure(), bbox=Box(1, 2, 3, 2)), "bbox") == Box(1, 2, 3, 2)


def test_an_unknown_component_is_refused_with_the_known(disk):
    with pytest.raises(
        DataIdError,
        match=r"no component 'phtoCalib'; did you mean 'photoCalib'.* they have image, mask",
    ):
        read_component(disk.write(exposure()), "phtoCalib")


# -- writing
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GIVEN)
def test_a_component_that_was_given_comes_back(disk, name):
    back = disk.there_and_back(exposure(**{name: GIVEN[name]}))
    assert set(back.components) == {name}
    assert getattr(back, name) == GIVEN[name]
    assert np.array_equal(back.image, IMAGE)


def test_all_components_come_back_and_are_read_whole_into_pickles(disk):
    back = pickle.loads(pickle.dumps(disk.there_and_back(exposure(**GIVEN))))
    assert {name: back.components[name] for name in GIVEN} == GIVEN
    assert back.unknown == ()


@pytest.mark.parametrize("name", ["psf", *GIVEN])
def test_what_a_cameras_header_says_of_the_visit_is_written_beside_an_archive(disk, name):
    """Who finds an archive takes the header for afw's, and looks for afw's cards alone (doc/gen2/afw-files.md, 1.5)."""
    header = fits.Header(
        {"EXPTIME": 30.0, "DATE-OBS": "2020-01-20T12:34:56.5", "TIMESYS": "UTC", "AIRMASS": 1.25}
    )
    header.update({"RA": 10.0, "DEC": -20.0})
    visit = Exposure(IMAGE, header).visit_info
    component = {"psf": GaussianPsf((5, 5), 1.5), **GIVEN}[name]
    back = disk.there_and_back(Exposure(IMAGE, header).replaced(**{name: component})).visit_info
    assert visit.date is not None
    assert abs(back.date - visit.date).sec < 1e-6
    assert (back.exposure_time, back.airmass, back.exposure_id) == (
        30.0,
        visit.airmass,
        visit.exposure_id,
    )
    assert (back.boresight.ra.deg, back.boresight.dec.deg) == (10.0, -20.0)


@pytest.mark.parametrize(
    "cards", [{"DATE-OBS": "yesterday"}, {"RA": 1.0, "DEC": 1.0, "RADESYS": "altaz of old"}]
)
def test_a_visit_that_afws_cards_cannot_say_is_told(disk, cards):
    whole = Exposure(IMAGE, fits.Header({"EXPTIME": 30.0, **cards})).replaced(**GIVEN)
    with pytest.warns(LossyWarning, match="is written without its header's values of the visit"):
        back = disk.there_and_back(whole)
    assert back.visit_info.exposure_time == 30.0
    assert back.metadata[next(iter(cards))] == fits.Header(cards)[next(iter(cards))]


# Cards of a raw whose meaning TIMESYS decides, or whose keywords afw has for another thing.
RAW = {
    "DATE-OBS": "2014-08-18T23:20:43.5",
    "MJD-OBS": 56887.97272569444,
    "DATE-END": "2014-08-18T23:22:13.5",
    "TIME-OBS": "23:20:43.5",
    "TIMESYS": "UTC",
    "DATE": "2014-08-19T01:00:00",
    "EXPTIME": 90.0,
    "OBS-LONG": 70.81489,  # positive to the west
    "HUMIDITY": 0.3,  # of 1
    "PROGRAM": "a title",
    "OBSTYPE": "object",
    "OBJECT": "M31",
}


@pytest.mark.parametrize("how", ["archive", "given", "both", "variance", "mask"])
def test_no_card_of_a_raw_stands_where_it_means_something_else(disk, how):
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 1.0, "CRVAL2": 2.0}
    wcs = WCS(fits.Header({**sky, "DATE-OBS": "2014-08-18T23:20:43.5"}), fix=False)
    parts = {"archive": GIVEN, "both": GIVEN, "variance": {"variance": IMAGE}}.get(how, {})
    parts |= {"mask": Mask.from_flags({"SAT": IMAGE > 20})} if how == "mask" else {}
    header = fits.Header(RAW)
    header.comments["EXPTIME"], header.comments["TIMESYS"] = "shutter", "that of dates"
    raw = Exposure(IMAGE, header).replaced(wcs=wcs, **parts)
    visit = replace(raw.visit_info, longitude=-70.81489, science_program="2014A-1")
    is_given = how in ("given", "both")
    whole = raw.replaced(visit_info=visit) if is_given else raw
    location = disk.write(whole)
    back = disk.read(location)
    with fits.open(location.full_path) as hdus:
        times = [
            [key for key in hdu.header if re.match("TIMESYS|MJD|(DATE|TIME)-", key)] for hdu in hdus
        ]
        primary = hdus[0].header
        assert times[1:] == [[]] * (len(hdus) - 1)
        assert set(times[0]) == {"DATE-AVG", "TIMESYS", "MJD-AVG-UT1"}
        # to another reader of afw's cards
        oracle = VisitInfoTranslator(dict(primary))
        assert abs((oracle.to_datetime_begin() - raw.visit_info.date).sec) < 1e-6
        assert primary["TIMESYS"] == "TAI"
        assert primary["DATE"] == RAW["DATE"]
        assert (primary.comments["EXPTIME"], primary.comments["TIMESYS"]) == ("shutter", "")
        assert "HUMIDITY" not in primary
        assert primary.get("OBS-LONG") == (-70.81489 if is_given else None)
        assert primary.get("PROGRAM") == ("2014A-1" if is_given else None)
        assert (primary["OBJECT"], primary["OBSTYPE"]) == ("M31", "science")
    assert abs((back.visit_info.date - raw.visit_info.date).sec) < 1e-6
    assert abs((back.visit_info.date_avg - raw.visit_info.date_avg).sec) < 1e-6
    assert (back.visit_info.object, back.visit_info.observation_type) == ("M31", "science")
    assert back.visit_info.longitude == whole.visit_info.longitude


def test_a_cameras_own_cards_stay_together_where_afws_are_not_needed(disk):
    raw = Exposure(IMAGE, fits.Header(RAW))
    back = disk.there_and_back(raw)
    assert {key: back.metadata[key] for key in RAW} == RAW
    assert back.visit_info == raw.visit_info


def test_a_date_without_a_time_stays_where_nothing_takes_its_place(disk):
    header = fits.Header({"EXPTIME": 30.0, "DATE-OBS": "2014-08-18", "TIMESYS": "UTC"})
    back = disk.there_and_back(Exposure(IMAGE, header, variance=IMAGE))
    assert (back.visit_info.exposure_time, back.visit_info.date) == (30.0, None)
    assert (back.metadata["DATE-OBS"], back.metadata["TIMESYS"]) == ("2014-08-18", "UTC")


def test_a_visit_that_was_given_replaces_all_that_afw_wrote_of_another(disk):
    first = disk.there_and_back(
        exposure(visit_info=VisitInfo(exposure_time=30.0, airmass=1.5, longitude=-70.0))
    )
    second = disk.there_and_back(first.replaced(visit_info=VisitInfo(exposure_id=9))).visit_info
    assert second == VisitInfo(exposure_id=9, rotation_type="UNKNOWN")


def test_times_that_an_earlier_version_of_ours_wrote_beside_the_image_do_not_count(disk):
    """Until 2026-11 the image's header had TIMESYS=UTC where the primary one had TAI: 35 s late."""
    visit = VisitInfo(exposure_time=30.0, date_begin="2014-08-18T23:20:43.5")
    location = disk.write(exposure(visit_info=visit, **GIVEN))
    with fits.open(location.full_path, mode="update") as hdus:
        hdus[1].header.update({"TIMESYS": "UTC", "DATE-OBS": "2014-08-18", "MJD-OBS": 56887.0})
    back = disk.read(location)
    assert abs((back.visit_info.date - visit.date).sec) < 1e-6
    assert (back.metadata["TIMESYS"], "MJD-OBS" in back.metadata) == ("TAI", False)


def test_a_visit_that_was_given_comes_back(disk):
    visit = VisitInfo(
        exposure_id=7,
        exposure_time=30.0,
        timescale="tai",
        date_middle="2020-01-20T12:34:56.123456789",
        ra=10.5,
        dec=-20.25,
        airmass=1.5,
        rotation_type="SKY",
        longitude=-70.0,
        instrument="Cam",
    )
    back = disk.there_and_back(exposure(visit_info=visit)).visit_info
    assert back == visit.__class__(**{name: getattr(visit, name) for name in visit.__slots__})


def test_a_visit_of_another_kind_of_header_is_written_in_tai_and_degrees(disk):
    visit = VisitInfo(
        exposure_time=30.0, date_begin="2014-08-18T23:20:43.5", ra="01:00:00", dec="-30:00:00"
    )
    back = disk.there_and_back(exposure(visit_info=visit)).visit_info
    assert (back.timescale, back.ra, back.dec) == ("tai", pytest.approx(15.0), -30.0)
    assert abs((back.date - visit.date).to_value("s")) < 1e-6


def test_a_unit_that_was_given_comes_back(disk):
    assert disk.there_and_back(exposure(unit="electron")).unit == units.electron
    assert disk.there_and_back(exposure(unit="electron", **GIVEN)).unit == units.electron


def test_a_detector_that_an_assembler_gave_is_left_out_with_a_warning(disk):
    given = exposure(detector=Detector("S4", 28), psf=GaussianPsf((21, 21), 2.0))
    with pytest.warns(LossyWarning, match=r"detector S4 \(28\) is not written"):
        location = disk.write(given)
    assert disk.read(location).psf is not None
    with pytest.warns(LossyWarning, match="detector S4"):
        disk.write(exposure(detector=Detector("S4", 28)))


def test_what_cannot_be_written_is_refused_by_name(disk):
    with pytest.raises(
        FormatterError,
        match=r"the component psf cannot be written: object cannot .*replaced\(psf=None\)",
    ):
        disk.write(exposure(psf=object()))
    assert disk.there_and_back(exposure(psf=object()).replaced(psf=None)).psf is None


@pytest.mark.real
@pytest.mark.parametrize(
    "path", [CALEXP, *(f"afw_files/exposure-version-{version}.fits" for version in (0, 1, 2))]
)
def test_what_was_stored_is_written_as_it_was_stored(disk, found, path):
    whole = disk.read(found(path))
    back = disk.there_and_back(whole)
    assert set(back.components) >= set(whole.components)
    assert (back.unknown, back.filter.name, back.visit_info) == (
        whole.unknown,
        whole.filter.name,
        whole.visit_info,
    )
    assert back.photo_calib.mean == pytest.approx(whole.photo_calib.mean, rel=1e-15)
    for name in whole.unknown:
        before, after = whole.components[name].tables, back.components[name].tables
        assert repr(before) == repr(after)
    again = disk.there_and_back(back.replaced(photo_calib=GIVEN["photo_calib"]))
    assert again.photo_calib == GIVEN["photo_calib"]
    assert again.unknown == whole.unknown
    assert np.allclose(
        again.wcs.all_pix2world(3, 2, 0), whole.wcs.all_pix2world(3, 2, 0), rtol=0, atol=1e-12
    )


@pytest.mark.real
@pytest.mark.parametrize("how", ["set", "changed in place"])
def test_a_wcs_in_place_of_the_archives_leaves_none_there(disk, found, how):
    """The original, and the archive, would have the former one."""
    whole = disk.read(found("afw_files/exposure-version-2.fits"))
    if how == "set":
        whole.wcs = whole.wcs.deepcopy()
    whole.wcs.wcs.crval = [50.0, 60.0]
    location = disk.write(whole)
    with fits.open(location.full_path) as hdus:
        assert not [key for key in hdus[0].header if "SKYWCS" in key]
    assert disk.read(location).wcs.wcs.crval.tolist() == [50.0, 60.0]


@dataclass
class Curved:
    """A world coordinate system that FITS does not know, with the interface of `SkyWcs`."""

    wcs_of_fits: WCS
    residual: float
    header_wcs = None

    def fitted(self, bbox):
        return self

    def to_astropy(self, bbox):
        return self.wcs_of_fits


def sky() -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = (
        ["RA---TAN", "DEC--TAN"],
        [30.0, 60.0],
        [101.0, 201.0],
    )
    wcs.wcs.cdelt = [-1e-4, 1e-4]
    return wcs


@pytest.mark.parametrize("residual", [1e-6, 0.5])
def test_a_sky_in_the_parents_pixels_is_written_in_the_files(disk, residual):
    whole = exposure(wcs=Curved(sky(), residual))
    for axis, start in (("1", 100), ("2", 200)):
        (
            whole.header[f"CTYPE{axis}A"],
            whole.header[f"CRPIX{axis}A"],
            whole.header[f"CRVAL{axis}A"],
        ) = (
            "LINEAR",
            1,
            start,
        )
    assert whole.wcs.all_pix2world(100, 200, 0) == pytest.approx([30.0, 60.0])
    assert whole.local_wcs.all_pix2world(0, 0, 0) == pytest.approx([30.0, 60.0])
    part = whole[1:, 2:]
    assert part.wcs.all_pix2world(100, 200, 0) == pytest.approx([30.0, 60.0])
    assert part.local_wcs.all_pix2world(-2, -1, 0) == pytest.approx([30.0, 60.0])
    inexact = (
        pytest.warns(LossyWarning, match=r"differs by up to 0.5 pixels")
        if residual > 0.1
        else nullcontext()
    )
    with inexact:
        back = disk.there_and_back(part)
    assert back.wcs.all_pix2world(100, 200, 0) == pytest.approx([30.0, 60.0])
    assert back.local_wcs.all_pix2world(-2, -1, 0) == pytest.approx([30.0, 60.0])
    assert back.bbox == Box(102, 201, 4, 3)


@pytest.mark.real
def test_what_is_written_is_sound_fits(disk, found):
    content = disk.bytes_of(disk.read(found("afw_files/exposure-version-2.fits")))
    with fits.open(io.BytesIO(content)) as hdus:
        hdus.verify("exception")
        assert hdus[0].header["AR_HDU"] == 5
        assert hdus[4].header["EXTTYPE"] == "ARCHIVE_INDEX"
        assert [hdu.header["AR_CATN"] for hdu in hdus[4:]] == list(range(hdus[4].header["AR_NCAT"]))


def test_an_exposure_without_components_has_no_archive(disk):
    with fits.open(io.BytesIO(disk.bytes_of(exposure()))) as hdus:
        assert len(hdus) == 4
        assert not {"AR_HDU", "EXPINFO_V"} & set(hdus[0].header)


# -- damage
# --------------------------------------------------------------------------------------------------


def test_a_compressed_file_that_ends_early_is_refused(disk):
    content = gzip.compress(disk.bytes_of(exposure(**GIVEN)))
    with pytest.raises(FormatterError, match=r"file\w*.fits.*gzip data are damaged"):
        disk.read(disk.put(content[:-200]))


def test_an_archive_that_is_missing_is_told_when_it_is_asked_for(disk):
    content = disk.bytes_of(exposure(**GIVEN))
    pixels = [span for _cards, span in fits_headers.walk("a", content)][3].stop
    location = disk.put(content[:pixels])
    whole = disk.read(location)
    assert np.array_equal(whole.image, IMAGE)
    for ask in (lambda: whole.photo_calib, lambda: read_component(location, "photoCalib")):
        with pytest.raises(
            FormatterError, match=r"photo_calib cannot be read: .*(no archive where|no HDU 4)"
        ) as caught:
            ask()
        assert Path(location.path).name in str(caught.value)


@pytest.mark.parametrize("name", ["image", "bbox", "psf", "visitInfo"])
def test_a_table_is_no_exposure(disk, name):
    location = disk.put(archive_write.stand_alone(PhotoCalib(1.0)))
    with pytest.raises(FormatterError, match=r"file.*HDU 1 is a table, not an exposure's image"):
        read_component(location, name)


def test_a_plane_that_is_cut_is_refused(disk):
    content = disk.bytes_of(exposure())
    with pytest.raises(FormatterError, match="truncated"):
        disk.read(disk.put(content[: -2880 * 2]))


def changed(content: bytes, **cards: object) -> bytes:
    """Change cards of the primary header."""
    length = len(fits.Header.fromstring(content[: 2880 * 20]).tostring())
    header = fits.Header.fromstring(content[:length])
    for key, value in cards.items():
        header[key if len(key) < 9 else f"HIERARCH {key}"] = value
    return header.tostring().encode() + content[length:]


def test_a_number_that_the_archive_lacks_is_refused_with_the_component(disk):
    content = disk.bytes_of(exposure(filter=GIVEN["filter"]))
    whole = disk.read(disk.put(changed(content, PSF_ID=77)))
    assert whole.filter == GIVEN["filter"]
    with pytest.raises(FormatterError, match=r"the component psf cannot be read: .* no object 77"):
        whole.psf  # noqa: B018  # it is read when it is asked for


def test_an_index_that_points_nowhere_is_refused(disk):
    content = disk.bytes_of(exposure(**GIVEN))
    spans = [span for _cards, span in fits_headers.walk("a", content)]
    whole = disk.read(disk.put(content[: spans[-1].start]))
    with pytest.raises(FormatterError, match=r"object \d \(\w+\) .*(table \d is missing)"):
        [whole.components[name] for name in whole.components]


def test_a_later_version_is_refused_whole_and_in_parts(disk):
    location = disk.put(changed(disk.bytes_of(exposure(**GIVEN)), EXPINFO_V=3))
    for read in (
        disk.read,
        lambda where: read_component(where, "psf"),
        lambda where: read_component(where, "wcs"),
    ):
        with pytest.raises(FormatterError, match=r"file.*version 3 \(EXPINFO_V\)"):
            read(location)


def test_bits_without_a_name_are_kept_and_told(disk):
    bits = np.array([[0, 1 << 20, 5]], "i4")
    whole = exposure().replaced(image=IMAGE[:1, :3], variance=None, mask=Mask(bits, {"BAD": 0}))
    back = disk.there_and_back(whole).mask
    assert np.array_equal(back.array, bits)
    assert back.unnamed == (2, 20)
    assert "no name for bits 2, 20" in str(back)


def test_a_file_that_is_replaced_does_not_change_what_was_read(disk):
    location = disk.write(exposure(**GIVEN))
    whole = disk.read(location)
    Path(location.full_path).write_bytes(archive_write.stand_alone(PhotoCalib(1.0)))
    assert whole.photo_calib == GIVEN["photo_calib"]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("i", FilterLabel("i", "i")),
        ("N656", FilterLabel("N656", "N656")),
        ("HSC-I", FilterLabel("HSC-I", None, "HSC-I")),
    ],
)
def test_a_filter_of_which_only_the_name_is_known_is_a_band_or_a_piece_of_glass(disk, name, stored):
    header = fits.Header({"FILTER": name})
    back = disk.there_and_back(exposure(photo_calib=GIVEN["photo_calib"]).replaced(header=header))
    assert back.components["filter"] == stored
