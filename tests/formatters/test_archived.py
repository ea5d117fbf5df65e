"""Archives in files: objects that come back, laid out as afw does, and what is wrong with some."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.formatters import archive_write
from persistence.types.archives import read as read_archive
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel
from persistence.types.fields.boundedfield import ChebyshevField, ProductField, constant
from persistence.types.pixels.box import Box
from persistence.types.pixels.polygon import Polygon

CHEBYSHEV = ChebyshevField(Box(-3, 5, 100, 200), np.arange(6.0).reshape(2, 3))
OBJECTS = {
    "constant": PhotoCalib(2.5, 0.1),
    "of a flux": PhotoCalib(
        2.5, 0.1, None, "base_CircularApertureFlux_12_0_instFlux", "electron s-1"
    ),
    "Chebyshev": PhotoCalib(2.5, 0.1, CHEBYSHEV),
    "product": PhotoCalib(2.5, 0.1, ProductField((CHEBYSHEV, constant(3.0), CHEBYSHEV))),
    "map": ApCorrMap(
        {"base_PsfFlux_instFlux": CHEBYSHEV, "base_PsfFlux_instFluxErr": constant(0.1)}
    ),
    "polygon": Polygon(np.array([[0.0, 0.0], [5.5, 0.0], [0.0, 7.5]])),
    "filter": FilterLabel("HSC-I2", "i", "HSC-I2"),
    "band": FilterLabel("i", "i"),
}


@pytest.fixture
def disk(disk_of):
    """Return a folder of calibrations."""
    return disk_of("FitsStorage", "lsst.afw.image.PhotoCalib", ".fits")


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_comes_back(disk, name):
    assert disk.there_and_back(OBJECTS[name]) == OBJECTS[name]


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-9, 1e9), st.floats(0, 1e9))
def test_every_calibration_comes_back(mean, error):
    content = archive_write.stand_alone(PhotoCalib(mean, error))
    index = next(
        span.start
        for number, (_, span) in enumerate(fits_headers.walk("a", content))
        if number == 1
    )
    assert read_archive.parse(content[index:], "a").load(1) == PhotoCalib(mean, error)


def test_the_file_is_laid_out_as_afw_does(disk):
    with fits.open(io.BytesIO(disk.bytes_of(OBJECTS["constant"]))) as hdus:
        hdus.verify("exception")
        assert [hdu.header.get("EXTTYPE") for hdu in hdus] == [
            None,
            "ARCHIVE_INDEX",
            "ARCHIVE_DATA",
            "ARCHIVE_DATA",
        ]
        assert hdus[1].header["AR_NCAT"] == 3
        assert {hdu.header["AFW_TABLE_VERSION"] for hdu in hdus[1:]} == {3}
        rows = {row["id"]: row for row in hdus[1].data}
        assert {number: row["name"] for number, row in rows.items()} == {
            1: "PhotoCalib",
            2: "ChebyshevBoundedField",
        }
        calib = hdus[rows[1]["cat.archive"] + 1]
        assert (calib.header["FLAGCOL"], calib.header["TFLAG1"], calib.data["flags"].tolist()) == (
            1,
            "isConstant",
            [[True]],
        )
        assert [column.format for column in calib.columns] == ["1X", "1D", "1D", "1J", "1J"]
        field = hdus[rows[2]["cat.archive"] + 1].data
        assert (field["bbox_max_x"].tolist(), field["coefficients"].tolist()) == ([-1], [2.5])


def test_what_has_no_place_in_an_archive_is_refused(disk):
    with pytest.raises(
        FormatterError, match=r"^thing: Box cannot be written to an archive, as PhotoCalib, "
    ):
        disk.write(Box(0, 0, 1, 1))


def test_a_name_that_is_too_long_is_refused_rather_than_cut(disk):
    with pytest.raises(FormatterError, match="is longer than the 64 characters"):
        disk.write(ApCorrMap({"x" * 65: CHEBYSHEV}))


# -- files
# ---------------------------------------------------------------------------------------------------


def hdus_of(content: bytes) -> list[bytes]:
    return [
        bytes(part.header) + bytes(part.data).ljust(-(-len(part.data) // 2880) * 2880)
        for part in fits_headers.parts(content, "a")
    ]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: whole[:-2880], "truncated|bytes are missing"),
        (
            lambda whole: b"".join(hdus_of(whole)[:-1]),
            r"object 1 \(PhotoCalib\) .* table 2 is missing; the last is 1",
        ),
        (lambda whole: b"".join(hdus_of(whole)[:1]), "has no photoCalib|no HDU 1"),
        (
            lambda whole: b"".join([hdus_of(whole)[0], *hdus_of(whole)[2:]]),
            "HDU 1 is a table",
        ),
        (lambda whole: gzip.compress(whole)[:-100], "gzip data are damaged"),
        (
            lambda whole: whole.replace(b"cat.archive", b"cat.else   "),
            "the index of the archive lacks",
        ),
    ],
    ids=["cut", "table missing", "archive missing", "index missing", "gzip cut", "index damaged"],
)
def test_a_damaged_file_is_refused_with_its_name(disk, damage, message):
    whole = archive_write.stand_alone(OBJECTS["Chebyshev"])
    location = disk.put(damage(whole))
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert Path(location.path).name in str(caught.value)


def test_a_compressed_file_is_read(disk):
    content = gzip.compress(archive_write.stand_alone(OBJECTS["Chebyshev"]))
    assert disk.read(disk.put(content)) == OBJECTS["Chebyshev"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("photoCalib-noversion", 123.0 * 3.630780547701013e12),
        ("photoCalib-version0", 123.0 * 3.630780547701013e12),
        ("photoCalib-version1", 123.0),
    ],
)
def test_real_calibrations_are_read_and_come_back(real, disk, name, mean):
    found = disk.read(disk.place()._replace(root=str(real / "afw_files"), path=f"{name}.fits"))
    assert found.mean == pytest.approx(mean)
    assert found.error == pytest.approx(mean * 45 / 123)
    assert disk.there_and_back(found) == found


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "instrument"),
    [
        ("noversion", None),
        ("version-1", "TestCameraOne"),
        ("version-2", "TestCameraOne"),
        ("version-3", "TestCameraOne"),
    ],
)
def test_real_visits_are_read(real, disk, name, instrument):
    where = disk.place(python="lsst.afw.image.VisitInfo")
    found = disk.read(where._replace(root=str(real / "afw_files"), path=f"visitInfo-{name}.fits"))
    assert (found.exposure_id, found.exposure_time, found.dark_time) == (10313423, 10.01, 11.02)
    assert (found.date_avg.scale, found.date_avg.isot) == ("tai", "2037-09-20T02:24:00.000")
    assert (found.ra, found.dec, found.era) == (
        pytest.approx(23.1),
        pytest.approx(73.2),
        pytest.approx(45.1),
    )
    assert (found.azimuth, found.altitude) == (pytest.approx(134.5), pytest.approx(33.3))
    assert (found.longitude, found.latitude, found.rotation_type) == (
        pytest.approx(11.1),
        pytest.approx(22.2),
        "SKY",
    )
    assert found.instrument == instrument


@pytest.mark.real
def test_every_real_archive_is_read(real):
    places = {
        "archiveImportTest": None,
        "exposure-version-0": None,
        "exposure-version-1": None,
        "exposure-version-2": None,
        "jointcal_wcs-0030600-088": None,
        "legacyHeavyFootprint": None,
        "oldTanSipWcs": None,
        "preSpanSetsFootprint": None,
        "version-1-ExposureCatalog": 2,
        "version-0-ExposureCatalog": 2,
        "ZPN": None,
    }
    read = 0
    for name, hdu in places.items():
        archive = read_archive.open_archive(str(real / "afw_files" / f"{name}.fits"), hdu)
        for number in archive:
            assert archive.load(number) is not None
            read += 1
    assert read == 33


def test_the_flux_of_a_calibration_is_a_card_beside_what_afw_reads(disk):
    def table(name):
        with fits.open(io.BytesIO(disk.bytes_of(OBJECTS[name]))) as hdus:
            hdu = hdus["PhotoCalib"]
            return hdu.header, hdu.columns.names, hdu.data.tolist()

    (header, *rest), (plain, *others) = table("of a flux"), table("constant")
    assert header["FLUXNAME"] == "base_CircularApertureFlux_12_0_instFlux"
    assert header["FLUXUNIT"] == "electron s-1"
    assert rest == others  # what afw knows is what it was
    assert not {"FLUXNAME", "FLUXUNIT"} & set(plain)


@pytest.mark.parametrize("name", ["it's", "x" * 69, "two\nlines", "µ"])
def test_a_name_that_no_card_holds_is_refused(disk, name):
    with pytest.raises(FormatterError, match=r"thing: .* is a name that a FITS card cannot hold"):
        disk.write(PhotoCalib(1.0, flux_name=name))


@pytest.mark.real
@pytest.mark.parametrize("version", ["noversion", "version0", "version1"])
def test_calibrations_of_afw_do_not_tell_their_flux(real, version):
    calib = read_archive.open_archive(str(real / f"afw_files/photoCalib-{version}.fits")).load(1)
    assert (calib.flux_name, calib.unit) == (None, None)
