"""Exposures: pixels with their description, of real files and of our own."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import lsst.afw.detection as afwDetection
import lsst.afw.image as afwImage
import lsst.daf.persistence as dafPersist
from lsst.daf.base import DateTime
from lsst.geom import Box2I, Extent2I, Point2D, Point2I, SpherePoint, degrees
from persistence import gen2types
from persistence.gen2types.exceptions import InvalidParameterError, LogicError
from persistence.gen2types.images import typed
from persistence.types.archives.read import open_archive
from persistence.types.exposure.exposure import Exposure as OurExposure

BOX = Box2I(Point2I(10, 20), Extent2I(60, 40))
VERSIONS = [f"exposure-version-{number}.fits" for number in (0, 1, 2)]


def wcs() -> Any:
    """Return a WCS of the pixels of the parent image."""
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crpix, made.wcs.crval = [41.0, 41.0], [150.0, 2.0]
    made.wcs.cd = [[-7e-5, 0], [0, 7e-5]]
    made.wcs.set()
    return made


def exposure(with_wcs: bool = True) -> Any:
    image = afwImage.ExposureF(BOX)
    y, x = np.mgrid[20:60, 10:70]
    image.image.array[:] = 100 * y + x
    image.mask.array[:] = 1
    image.variance.array[:] = 2
    if with_wcs:
        pytest.importorskip("persistence.gen2types.wcs")
        image.setWcs(gen2types.wrap(wcs()))
    return image


@pytest.mark.parametrize("letter", "FDILU")
def test_each_type_of_pixels_has_a_class(letter: str) -> None:
    cls = getattr(afwImage, f"Exposure{letter}")
    image = cls(3, 2)
    assert image.image.array.dtype == afwImage.Image[letter].dtype
    assert type(image.maskedImage) is afwImage.MaskedImage[letter]
    assert type(afwImage.makeExposure(image.maskedImage)) is cls
    assert type(afwImage.Exposure(3, 2, dtype=cls.dtype)) is cls
    assert type(afwImage.Exposure(image.maskedImage)) is cls


@pytest.mark.parametrize(
    "make",
    [
        lambda: afwImage.ExposureF(60, 40),
        lambda: afwImage.ExposureF(Extent2I(60, 40)),
        lambda: afwImage.ExposureF(BOX),
        lambda: afwImage.ExposureF(BOX, None),
        lambda: afwImage.ExposureF(afwImage.MaskedImageF(BOX)),
        lambda: afwImage.ExposureF(afwImage.MaskedImageF(BOX), None),
        lambda: afwImage.ExposureF(afwImage.MaskedImageF(BOX), afwImage.ExposureInfo()),
        lambda: afwImage.ExposureF(exposure(), True),
        lambda: afwImage.ExposureF(exposure(), BOX, afwImage.PARENT, True),
    ],
)
def test_an_exposure_is_created_as_afws(make: Any) -> None:
    image = make()
    assert type(image) is afwImage.ExposureF
    assert tuple(image.getDimensions()) == (60, 40)
    assert image.image.array.shape == image.mask.array.shape == image.variance.array.shape


def test_the_face_of_an_exposure_shares_its_planes() -> None:
    ours = OurExposure(np.zeros((4, 5), np.float32), fits.Header())
    face = gen2types.wrap(ours)
    assert type(face) is afwImage.ExposureF
    assert face.image.array is ours.image is face.getMaskedImage().getImage().getArray()
    assert face.astropy is ours is gen2types.unwrap(face)
    assert ours.mask is None  # nobody asked for it yet
    face.mask.array[1, 2] = 3
    assert ours.mask is not None
    assert ours.mask.array[1, 2] == 3
    face.image += 1
    face.maskedImage *= 2
    assert (ours.image == 2).all()
    assert (face.variance.array == 0).all()


def test_planes_that_are_added_come_into_the_exposure() -> None:
    image = exposure()
    bit = image.mask.addMaskPlane("GEN2TYPES_TEST")
    try:
        assert image.astropy.mask.planes["GEN2TYPES_TEST"] == bit
    finally:
        afwImage.Mask.removeMaskPlane("GEN2TYPES_TEST")


PART, LOCAL_PART = Box2I(Point2I(12, 25), Extent2I(5, 3)), Box2I(Point2I(2, 5), Extent2I(5, 3))


@pytest.mark.parametrize(
    "part",
    [
        lambda image: image[PART],
        lambda image: image[PART, afwImage.PARENT],
        lambda image: image[LOCAL_PART, afwImage.LOCAL],
        lambda image: image[12:17, 25:28],
        lambda image: image.Factory(image, PART),
        lambda image: image.Factory(image, PART, afwImage.PARENT),
        lambda image: image.Factory(image, LOCAL_PART, afwImage.LOCAL),
        lambda image: afwImage.ExposureF(image, PART, afwImage.PARENT, False),
        lambda image: image.subset(PART),
    ],
)
def test_a_part_shares_pixels_and_has_the_same_wcs(part: Any) -> None:
    image = exposure()
    cut = part(image)
    assert cut.getBBox() == PART
    assert cut.getXY0() == PART.getMin()
    assert cut.image[12, 25] == 2512
    cut.image += 1
    assert image.image[12, 25] == 2513
    cut.mask[12, 25] = 6
    assert image.mask[12, 25] == 6
    # astropy's, of the pixels of the parent
    ra, dec = wcs().all_pix2world(12, 25, 0)
    sky = cut.getWcs().pixelToSky(Point2D(12, 25))
    assert sky.getRa().asDegrees() == pytest.approx(float(ra), abs=1e-10)
    assert sky.getDec().asDegrees() == pytest.approx(float(dec), abs=1e-10)


def test_a_copy_has_pixels_and_description_of_its_own() -> None:
    image = exposure()
    for own in (image.clone(), image.Factory(image, True), pickle.loads(pickle.dumps(image))):
        own.image += 1
        assert image.image[10, 20] == 2010
        own.setPhotoCalib(afwImage.PhotoCalib(2.0))
        assert image.getPhotoCalib() is None
        assert own.getBBox() == image.getBBox()
        assert own.hasWcs()


@pytest.mark.parametrize("size", [(7, 5), (8, 6)])
def test_a_cutout_is_a_copy_around_a_position(size: tuple[int, int]) -> None:
    image = exposure()
    ra, dec = wcs().all_pix2world(33.2, 41.9, 0)
    cutout = image.getCutout(SpherePoint(float(ra), float(dec), degrees), Extent2I(*size))
    assert tuple(cutout.getDimensions()) == size
    box = Box2I.makeCenteredBox(Point2D(33.2, 41.9), Extent2I(*size))
    assert cutout.getBBox() == box
    np.testing.assert_array_equal(cutout.image.array, image[box].image.array)
    assert (cutout.mask.array == 1).all()
    assert not np.shares_memory(cutout.image.array, image.image.array)
    assert cutout.getWcs().pixelToSky(33.2, 41.9).getRa().asDegrees() == pytest.approx(float(ra))


def test_a_cutout_over_the_edge_is_flagged() -> None:
    image = exposure()
    cutout = image.getCutout(Point2D(10, 20), Extent2I(5, 5))
    assert cutout.getBBox() == Box2I(Point2I(8, 18), Extent2I(5, 5))
    outside = (cutout.mask.array & afwImage.Mask.getPlaneBitMask("NO_DATA")) != 0
    assert outside[:2].all()
    assert outside[:, :2].all()
    assert not outside[2:, 2:].any()
    assert cutout.image[10, 20] == 2010


def test_a_cutout_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="outside"):
        exposure().getCutout(Point2D(9.4, 30), Extent2I(5, 5))
    with pytest.raises(InvalidParameterError, match="positive"):
        exposure().getCutout(Point2D(30, 30), Extent2I(5, 0))
    with pytest.raises(LogicError, match="WCS"):
        exposure(False).getCutout(SpherePoint(150, 2, degrees), Extent2I(5, 5))


def test_an_exposure_that_is_moved_keeps_its_place_in_the_sky() -> None:
    image = exposure()
    before = image.getWcs().pixelToSky(Point2D(10, 20))
    image.setXY0(Point2I(0, 0))
    assert image.getXY0() == Point2I(0, 0)
    after = image.getWcs().pixelToSky(Point2D(0, 0))
    assert before.separation(after).asArcseconds() < 1e-6


def test_a_wcs_is_taken_away() -> None:
    image = exposure()
    assert image.hasWcs()
    image.setWcs(None)
    assert not image.hasWcs()
    assert image.getWcs() is None
    assert image.getXY0() == Point2I(10, 20)


def test_a_wcs_that_fits_does_not_know_is_exact(real: Path) -> None:
    """Source: the file of jointcal itself; a WCS of FITS is only fitted to it."""
    ours = open_archive(str(real / "afw_files" / "jointcal_wcs-0030600-088.fits")).load(1)
    image = afwImage.ExposureF(2048, 4176)
    image.setWcs(gen2types.wrap(ours))
    assert image.getWcs().astropy is ours
    found = image.getWcs().pixelToSky(Point2D(17.25, 4100.5))
    ra, dec = ours.pixel_to_world_values(17.25, 4100.5)
    assert found.getRa().asDegrees() == pytest.approx(float(ra), abs=1e-12)
    assert found.getDec().asDegrees() == pytest.approx(float(dec), abs=1e-12)


@pytest.mark.parametrize("name", VERSIONS)
def test_exposures_of_afw_are_read(real: Path, name: str) -> None:
    """Source: the planes of the file, by astropy."""
    path = str(real / "afw_files" / name)
    image = afwImage.ExposureF(path)
    with fits.open(path) as hdus:
        np.testing.assert_array_equal(image.image.array, hdus[1].data)
        np.testing.assert_array_equal(image.variance.array, hdus[3].data)
        header = hdus[1].header
        xy0 = header["CRVAL1A"], header["CRVAL2A"]
    assert tuple(image.getXY0()) == xy0
    info = image.getInfo()
    assert info.hasWcs()
    assert image.hasWcs()
    assert image.hasPsf() == info.hasPsf()
    assert type(image.getPhotoCalib()) is afwImage.PhotoCalib
    assert image.getFilterLabel() == info.getFilterLabel()
    assert type(info.getVisitInfo()) is afwImage.VisitInfo
    part = afwImage.ExposureF(path, Box2I(image.getXY0(), Extent2I(2, 1)), afwImage.PARENT)
    np.testing.assert_array_equal(part.image.array, image.image.array[:1, :2])


@pytest.mark.parametrize("name", VERSIONS)
def test_an_exposure_of_afw_is_written_and_read_again(
    real: Path, name: str, tmp_path: Path
) -> None:
    image = afwImage.ExposureF(str(real / "afw_files" / name))
    path = str(tmp_path / "again.fits")
    image.writeFits(path)
    again = afwImage.ExposureF.readFits(path)
    np.testing.assert_array_equal(again.image.array, image.image.array)
    np.testing.assert_array_equal(again.mask.array, image.mask.array)
    assert again.getPhotoCalib() == image.getPhotoCalib()
    assert again.getFilterLabel() == image.getFilterLabel()
    assert again.getVisitInfo() == image.getVisitInfo()
    assert again.getXY0() == image.getXY0()


def test_metadata_that_is_changed_is_written(tmp_path: Path) -> None:
    image = exposure()
    metadata = image.getMetadata()
    metadata.set("FOO", 3)
    metadata.set("longerName", "text")
    assert image.getMetadata().getScalar("FOO") == 3
    assert image.getInfo().getMetadata().getScalar("longerName") == "text"
    path = str(tmp_path / "image.fits")
    image.writeFits(path)
    with fits.open(path) as hdus:
        assert hdus[0].header["FOO"] == 3
        assert hdus[0].header["longerName"] == "text"
    again = afwImage.ExposureF(path)
    assert again.getMetadata().getScalar("FOO") == 3
    again.getMetadata().remove("FOO")
    again.getMetadata().set("longerName", "other")
    again.writeFits(path)
    with fits.open(path) as hdus:
        assert "FOO" not in hdus[0].header
        assert hdus[0].header["longerName"] == "other"


def test_the_description_is_shared_with_the_info() -> None:
    image = exposure()
    info = image.getInfo()
    image.setPhotoCalib(afwImage.PhotoCalib(2.0, 0.5))
    assert info.getPhotoCalib() == afwImage.PhotoCalib(2.0, 0.5) == image.photoCalib
    info.setFilterLabel(afwImage.FilterLabel("r", "HSC-R"))
    assert image.getFilterLabel().physicalLabel == "HSC-R"
    assert image.getFilter().getName() == "r"
    info.setVisitInfo(afwImage.VisitInfo(exposureId=7, exposureTime=30.0))
    assert image.getInfo().getVisitInfo().getExposureTime() == 30.0
    other = afwImage.ExposureF(image.maskedImage, info)
    assert other.getPhotoCalib() == image.getPhotoCalib()
    assert other.getBBox() == image.getBBox()
    assert not info.hasDetector()
    assert info.getDetector() is None
    assert not info.hasPsf()
    assert info.getCoaddInputs() is None


def test_an_exposure_without_a_filter_has_none() -> None:
    image = exposure()
    assert image.getFilterLabel() is None
    assert image.getFilter().isUnknown()
    assert image.getFilter().getName() == "_unknown_"


def test_an_exposure_is_converted() -> None:
    image = exposure().convertD()
    assert type(image) is afwImage.ExposureD
    assert image.image[10, 20] == 2010
    assert image.hasWcs()
    assert type(image.convertF()) is afwImage.ExposureF


@pytest.mark.parametrize(
    ("python", "kind"),
    [
        ("lsst.afw.image.ExposureF", afwImage.ExposureF),
        ("lsst.afw.image.MaskedImageF", afwImage.MaskedImageF),
        ("lsst.afw.image.ImageF", afwImage.ImageF),
        ("lsst.afw.image.DecoratedImageF", afwImage.DecoratedImageF),
        ("lsst.afw.image.Image", afwImage.ImageF),
        (None, afwImage.ExposureF),
    ],
)
def test_an_image_has_the_face_of_its_declared_type(python: str | None, kind: Any) -> None:
    header = fits.Header({"FOO": 3, "CTYPE1A": "LINEAR", "CRPIX1A": 1, "CRPIX2A": 1})
    header.update({"CRVAL1A": 100, "CRVAL2A": 200})
    ours = OurExposure(np.ones((4, 5), np.float32), header, cutout=(7, 8))
    face = typed.of_type(ours, python)
    assert type(face) is kind
    assert (face.getX0(), face.getY0()) == (107, 208)
    assert np.shares_memory(face.astropy.image, ours.image)
    assert face.astropy.origin == (107, 208)
    assert face.astropy.metadata["FOO"] == 3


def test_a_mask_that_was_read_as_an_image_has_the_names_of_its_bits() -> None:
    header = fits.Header({"MP_BAD": 0, "MP_SAT": 5})
    ours = OurExposure(np.full((2, 3), 33, np.int32), header, cutout=(7, 8))
    mask = typed.of_type(ours, "lsst.afw.image.MaskU")
    assert type(mask) is afwImage.MaskX
    assert mask[7, 8] == mask.getPlaneBitMask(["BAD", "SAT"])


POLICY = """
exposures:
  raw: {template: 'raw/%(visit)d.fits', python: lsst.afw.image.DecoratedImageF, storage: FitsStorage}
images:
  sky: {template: 'sky/%(visit)d.fits', python: lsst.afw.image.ImageF, storage: FitsStorage}
  both: {template: 'both/%(visit)d.fits', python: lsst.afw.image.MaskedImageF, storage: FitsStorage}
  old: {template: 'old/%(visit)d.fits', python: lsst.afw.image.DecoratedImageF, storage: FitsStorage}
  flags: {template: 'flags/%(visit)d.fits', python: lsst.afw.image.Mask, storage: FitsStorage}
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("raw", afwImage.ExposureF),
        ("sky", afwImage.ImageF),
        ("both", afwImage.MaskedImageF),
        ("old", afwImage.DecoratedImageF),
        ("flags", afwImage.MaskX),
    ],
)
def test_a_butler_hands_out_what_the_policy_declares(name: str, kind: Any, tmp_path: Path) -> None:
    """An image among a camera's exposures is made one, as Gen2 made it."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    where = {"root": tmp_path / "repo", "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    butler = dafPersist.Butler(outputs=where)
    box = Box2I(Point2I(5, 6), Extent2I(3, 2))
    image = afwImage.ImageF(box, 4.0)
    given: Any = {
        "raw": lambda: afwImage.DecoratedImageF(image),
        "sky": lambda: image,
        "both": lambda: afwImage.makeMaskedImage(image),
        "old": lambda: afwImage.DecoratedImageF(image),
        "flags": lambda: afwImage.Mask(box, 4),
    }[name]()
    butler.put(given, name, visit=1)
    found = butler.get(name, visit=1)
    assert type(found) is kind
    pixels = found if name in ("sky", "flags") else found.image
    assert (pixels.array == 4).all()
    assert butler.get(name, visit=1, immediate=False).getWidth() == 3
    assert name == "flags" or (found.getX0(), found.getY0()) == (5, 6)


def test_an_exposure_of_faces_is_written_whole(tmp_path: Path) -> None:
    image = exposure()
    image.setPsf(afwDetection.GaussianPsf(11, 11, 1.5))
    image.setPhotoCalib(afwImage.PhotoCalib(2.0, 0.5))
    image.setFilterLabel(afwImage.FilterLabel("r", "HSC-R"))
    date = DateTime("2018-03-02T05:06:07.123456789", DateTime.TAI)
    info = afwImage.VisitInfo(
        exposureId=12, exposureTime=30.0, date=date, instrumentLabel="HSC",
        boresightRaDec=SpherePoint(150, 2, degrees), rotType=afwImage.RotType.SKY,
    )  # fmt: skip
    image.getInfo().setVisitInfo(info)
    image.getMetadata().set("OBSERVER", "somebody")
    path = str(tmp_path / "image.fits")
    image.writeFits(path)
    again = afwImage.ExposureF(path)
    np.testing.assert_array_equal(again.image.array, image.image.array)
    np.testing.assert_array_equal(again.mask.array, image.mask.array)
    assert again.getBBox() == image.getBBox()
    assert again.getPhotoCalib() == image.getPhotoCalib()
    assert again.getFilterLabel() == image.getFilterLabel()
    assert again.getPsf().getSigma() == 1.5
    found = again.getInfo().getVisitInfo()
    assert found.getExposureId() == 12
    assert found.getDate().nsecs() == date.nsecs()
    assert found.getRotType() == afwImage.RotType.SKY
    assert found.getInstrumentLabel() == "HSC"
    assert again.getMetadata().getScalar("OBSERVER") == "somebody"
    place = Point2D(33.5, 44.25)
    separation = again.getWcs().pixelToSky(place).separation(image.getWcs().pixelToSky(place))
    assert separation.asArcseconds() < 1e-6
    part = image[PART]
    part.writeFits(path)
    again = afwImage.ExposureF(path)
    assert again.getBBox() == PART
    separation = again.getWcs().pixelToSky(place).separation(image.getWcs().pixelToSky(place))
    assert separation.asArcseconds() < 1e-6
    # the file itself, by astropy: pixels of the file count from its own first one
    with fits.open(path) as hdus:
        sky = WCS(hdus[1].header).all_pix2world(33.5 - 12, 44.25 - 25, 0)
    ours = image.getWcs().pixelToSky(place)
    assert float(sky[0]) == pytest.approx(ours.getRa().asDegrees(), abs=1e-9)
    assert float(sky[1]) == pytest.approx(ours.getDec().asDegrees(), abs=1e-9)
