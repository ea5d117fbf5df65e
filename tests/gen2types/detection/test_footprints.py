"""Footprints, and what sets of them are found in images; with real ones, and scipy's."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.detection as afw_detection
import lsst.afw.geom
import lsst.afw.image
import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.detection.span import Span
from persistence.gen2types.detection.spans import SpanSet


class Plane(SimpleNamespace):
    """An image as footprints need one."""

    def getX0(self) -> int:
        return 10

    def getY0(self) -> int:
        return 20

    def getXY0(self) -> Any:
        return lsst.geom.Point2I(10, 20)

    def getBBox(self) -> Any:
        height, width = self.array.shape
        return lsst.geom.Box2I(self.getXY0(), lsst.geom.Extent2I(width, height))


def masked(image: Any) -> Any:
    planes = {"image": image.astype("f4"), "mask": (image > 2).astype("i4"), "variance": image * 2}
    return Plane(array=image, **{name: Plane(array=each) for name, each in planes.items()})


@pytest.fixture
def circle() -> afw_detection.Footprint:
    """Return a round footprint with a peak."""
    made = afw_detection.Footprint(SpanSet.fromShape(4).shiftedBy(50, 60))
    made.addPeak(50.2, 59.8, 12.0)
    return made


def test_a_footprint_says_what_it_is(circle: afw_detection.Footprint) -> None:
    assert (circle.getArea(), circle.isHeavy(), circle.isContiguous()) == (49, False, True)
    assert circle.getCentroid() == lsst.geom.Point2D(50, 60)
    assert circle.getBBox().getMin() == lsst.geom.Point2I(46, 56)
    assert circle.contains(lsst.geom.Point2I(54, 60))
    assert not circle.contains(lsst.geom.Point2I(54, 61))
    [peak] = circle.getPeaks()
    assert (peak.getIx(), peak.getIy(), peak.getPeakValue()) == (50, 60, 12.0)
    assert tuple(peak.getF()) == pytest.approx((50.2, 59.8), rel=1e-6)
    back = pickle.loads(pickle.dumps(circle))
    assert back == circle
    assert back.getPeaks()[0].getId() == peak.getId()
    circle.shift(3, -2)
    assert circle.getPeaks()[0].getI() == lsst.geom.Point2I(53, 58)
    assert circle.getCentroid() == lsst.geom.Point2D(53, 58)
    circle.addPeak(53.0, 58.0, 20.0)
    circle.sortPeaks()
    assert circle.peaks["peakValue"].tolist() == [20.0, 12.0]
    circle.clipTo(lsst.geom.Box2I(lsst.geom.Point2I(0, 0), lsst.geom.Extent2I(53, 100)))
    assert len(circle.peaks) == 0
    assert circle.getBBox().getMaxX() == 52


def test_a_heavy_footprint_has_the_pixels() -> None:
    values = np.arange(900.0).reshape(30, 30) / 100
    image = masked(values)
    plain = afw_detection.Footprint(SpanSet.fromShape(3).shiftedBy(20, 30))
    heavy = afw_detection.makeHeavyFootprint(plain, image)
    assert type(heavy) is afw_detection.HeavyFootprintF
    inside = plain.spans.asArray((30, 30), (10, 20))
    assert heavy.isHeavy()
    assert np.array_equal(heavy.getImageArray(), values[inside].astype("f4"))
    assert np.array_equal(heavy.getMaskArray(), (values > 2)[inside])
    assert np.array_equal(heavy.getVarianceArray(), values[inside] * 2)
    blank = masked(np.zeros((30, 30)))
    heavy.insert(blank)
    assert np.array_equal(blank.image.array, np.where(inside, values, 0).astype("f4"))
    assert np.array_equal(blank.mask.array, np.where(inside, values > 2, 0))
    assert heavy.dot(heavy) == pytest.approx((values[inside] ** 2).sum(), rel=1e-6)
    assert type(wrap(unwrap(heavy))) is afw_detection.HeavyFootprintF


@pytest.mark.parametrize("polarity", [True, False])
@pytest.mark.parametrize("minimum", [1, 4])
def test_the_footprints_of_an_image_are_scipys(polarity: bool, minimum: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    noise = np.random.default_rng(3).normal(size=(40, 40)).astype("f4")
    array = ndimage.gaussian_filter(noise, 1.5)
    level = float(array.std(ddof=1, dtype=float))
    threshold = afw_detection.Threshold(1.0, afw_detection.Threshold.STDEV, polarity)
    found = afw_detection.FootprintSet(Plane(array=array), threshold, npixMin=minimum)
    labels, _ = ndimage.label(array >= level if polarity else array <= -level, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    assert [one.getArea() for one in found.getFootprints()] == sizes[sizes >= minimum].tolist()
    highest = ndimage.maximum_filter(array if polarity else -array, 3)
    for footprint in found.getFootprints():
        peak = footprint.getPeaks()[0]
        place = peak.getIy() - 20, peak.getIx() - 10
        assert abs(array[place]) == pytest.approx(highest[place])
        assert peak.getPeakValue() == pytest.approx(abs(array[place]), rel=1e-6)
        values = footprint.getPeaks()["peakValue"].tolist()
        assert values == sorted(values, reverse=True)


def test_sets_of_footprints_are_merged() -> None:
    array = np.zeros((2, 20, 20))
    array[0, 5, 5:8] = array[1, 6, 8:10] = array[1, 15, 15] = 9
    one, two = (afw_detection.FootprintSet(Plane(array=each), 5) for each in array)
    one.merge(two)
    assert sorted(each.getArea() for each in one.getFootprints()) == [1, 5]
    assert sorted(len(each.getPeaks()) for each in one.getFootprints()) == [1, 2]


# -- in files
# ---------------------------------------------------------------------------------------


@pytest.mark.real
def test_footprints_of_afw_are_read(real: Any) -> None:
    catalog = afw_table.SourceCatalog.readFits(
        str(real / "afw_files" / "sourceCatalog-hsc-v2.fits")
    )
    assert "footprint" not in catalog.schema
    for source in catalog:
        footprint = source.getFootprint()
        assert footprint.contains(lsst.geom.Point2I(source.getCentroid()))
        assert footprint.contains(footprint.getPeaks()[0].getI())
    assert catalog[0].getFootprint().getArea() == 175


@pytest.mark.real
def test_footprints_are_written_as_afw_has_them(real: Any, tmp_path: Any, circle: Any) -> None:
    """What is read back by astropy, number by number, has the layout of a real file."""
    source = real / "afw_files" / "sourceCatalog-hsc-v2.fits"
    catalog = afw_table.SourceCatalog.readFits(str(source))
    heavy = afw_detection.HeavyFootprintF(circle)
    heavy.getImageArray()[:] = np.arange(49)
    catalog[1].setFootprint(circle)
    catalog[2].setFootprint(heavy)
    catalog[3].setFootprint(None)
    path = str(tmp_path / "src.fits")
    catalog.writeFits(path)
    with fits.open(path) as hdus, fits.open(source) as theirs:
        hdus.verify("exception")
        assert hdus[1].header["AR_HDU"] == theirs[1].header["AR_HDU"] == 3
        assert hdus[2].columns.names == theirs[2].columns.names
        assert hdus[2].columns.formats == theirs[2].columns.formats
        index = hdus[2].data
        tables = {hdu.header["AR_CATN"]: hdu for hdu in hdus[2:]}
        assert hdus[2].header["AR_NCAT"] == len(tables)
        layouts = {hdu.header["AR_NAME"]: [] for hdu in theirs[3:]}
        for hdu in theirs[3:]:
            layouts[hdu.header["AR_NAME"]].append(
                dict(zip(hdu.columns.names, hdu.columns.formats, strict=True))
            )
        numbers = hdus[1].data["footprint"]
        assert numbers[3] == 0
        for row, expected in ((0, 175), (1, 49), (2, 49)):
            entries = index[index["id"] == numbers[row]]
            parts = [
                tables[entry["cat.archive"]].data[entry["row0"] : entry["row0"] + entry["nrows"]]
                for entry in entries
            ]
            for part, entry in zip(parts[:2], entries, strict=False):
                columns = tables[entry["cat.archive"]].columns
                assert (
                    dict(zip(columns.names, columns.formats, strict=True)) in layouts["Footprint"]
                )
                assert len(part) == 1
            [spans] = index[index["id"] == parts[0]["id"][0]]
            assert (spans["name"], spans["module"]) == ("SpanSet", "lsst.afw.geom")
            runs = tables[spans["cat.archive"]].data[spans["row0"] :][: spans["nrows"]]
            assert (runs["x1"] - runs["x0"] + 1).sum() == expected
        assert entries["name"][0] == "HeavyFootprintF"
        assert parts[2]["image"][0].tolist() == list(range(49))
        assert [form[:3] for form in tables[entries["cat.archive"][2]].columns.formats] == [
            *("1QE", "1QJ", "1QE")
        ]
    back = afw_table.SourceCatalog.readFits(path)
    for one, other in zip(catalog, back, strict=True):
        assert one.getFootprint() == other.getFootprint()
    assert unwrap(back).footprints[2].image.tolist() == list(range(49))
    plain = str(tmp_path / "plain.fits")
    catalog.writeFits(plain, flags=afw_table.SOURCE_IO_NO_HEAVY_FOOTPRINTS)
    assert not afw_table.SourceCatalog.readFits(plain)[2].getFootprint().isHeavy()
    catalog.writeFits(plain, flags=afw_table.SOURCE_IO_NO_FOOTPRINTS)
    with fits.open(plain) as hdus:
        assert len(hdus) == 2
        assert "footprint" not in hdus[1].columns.names
    none = afw_table.SourceCatalog.readFits(path, flags=afw_table.SOURCE_IO_NO_FOOTPRINTS)
    assert none[0].getFootprint() is None


def test_a_footprint_moves_with_a_wcs(circle: afw_detection.Footprint) -> None:
    wcs = lsst.afw.geom.makeSkyWcs(
        lsst.geom.Point2D(50, 50),
        lsst.geom.SpherePoint(10, 20, lsst.geom.degrees),
        lsst.afw.geom.makeCdMatrix(0.2 * lsst.geom.arcseconds),
    )
    other = wcs.copyAtShiftedPixelOrigin(lsst.geom.Extent2D(3, -5))
    region = lsst.geom.Box2I(lsst.geom.Point2I(0, 0), lsst.geom.Extent2I(200, 200))
    moved = circle.transform(wcs, other, region)
    assert moved.spans == circle.spans.shiftedBy(3, -5)
    assert tuple(moved.peaks[0].getF()) == pytest.approx((53.2, 54.8), rel=1e-6)
    assert moved.peaks[0].getI() == lsst.geom.Point2I(53, 55)
    half = lsst.geom.Box2I(lsst.geom.Point2I(0, 0), lsst.geom.Extent2I(54, 200))
    assert circle.transform(wcs, other, half).getBBox().getMaxX() == 53


def test_footprints_of_an_exposure_are_marked_grown_and_made_sources() -> None:
    """As `detectObjectsInExp` of the summit's utilities does it."""
    exposure = lsst.afw.image.ExposureF(60, 50)
    exposure.image.array[...] = np.random.default_rng(5).normal(10, 1, (50, 60))
    exposure.image.array[10:13, 20:24] += 400
    exposure.image.array[16, 30:34] += 400
    exposure.image -= float(np.median(exposure.image.array))
    level = afw_detection.Threshold(5, afw_detection.Threshold.STDEV)
    found = afw_detection.FootprintSet(exposure.getMaskedImage(), level, "DETECTED", 3)
    assert [one.getArea() for one in found.getFootprints()] == [12, 4]
    marked = exposure.mask.array & exposure.mask.getPlaneBitMask("DETECTED") != 0
    assert marked.sum() == 16
    assert marked[10:13, 20:24].all()
    ndimage = pytest.importorskip("scipy.ndimage")
    y, x = np.mgrid[-4:5, -4:5]
    for isotropic, shape in ((True, x**2 + y**2 <= 16), (False, abs(x) + abs(y) <= 4)):
        grown = afw_detection.FootprintSet(found, 4, isotropic)
        labels, count = ndimage.label(ndimage.binary_dilation(marked, shape), np.ones((3, 3)))
        assert [one.getArea() for one in grown.getFootprints()] == [
            int((labels == number + 1).sum()) for number in range(count)
        ]
        assert sum(len(one.getPeaks()) for one in grown.getFootprints()) >= 2
    catalog = afw_table.SourceCatalog(afw_table.SourceTable.makeMinimalSchema())
    found.makeHeavy(exposure.getMaskedImage())
    found.makeSources(catalog)
    heavy = catalog[0].getFootprint()
    assert heavy.isHeavy()
    assert heavy.getImageArray().tolist() == exposure.image.array[10:13, 20:24].ravel().tolist()
    stamp = heavy.extractImage(fill=0)
    assert stamp.getBBox() == heavy.getBBox()
    assert np.array_equal(stamp.array, exposure.image.array[10:13, 20:24])
    bits = afw_detection.Threshold(
        exposure.mask.getPlaneBitMask("DETECTED"), afw_detection.Threshold.ThresholdType.BITMASK
    )
    again = afw_detection.FootprintSet(exposure.mask, bits)
    assert [one.spans for one in again.getFootprints()] == [
        one.spans for one in found.getFootprints()
    ]
    blank = exposure.maskedImage.image.Factory(exposure.getBBox())
    heavy.getSpans().copyImage(exposure.maskedImage.image, blank)
    assert np.count_nonzero(blank.array) == 12
    heavy.getSpans().setImage(blank, 7.0)
    assert (blank.array == 7).sum() == 12
    cleared = exposure.mask.clone()
    heavy.getSpans().clearMask(cleared, exposure.mask.getPlaneBitMask("DETECTED"))
    assert (cleared.array & exposure.mask.getPlaneBitMask("DETECTED") != 0).sum() == 4
    spans = lsst.afw.geom.SpanSet.fromMask(exposure.mask, exposure.mask.getPlaneBitMask("DETECTED"))
    assert spans.getArea() == 16


@pytest.mark.real
def test_copies_of_records_keep_their_footprints_unread(
    real: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(real / "afw_files" / "sourceCatalog-hsc-v2.fits")
    catalog = afw_table.SourceCatalog.readFits(path)
    areas = [source.getFootprint().getArea() for source in catalog]
    with monkeypatch.context() as patch:
        patch.setattr("persistence.types.table.catalog._load", lambda *_: pytest.fail("read"))
        copied = catalog[::-2].copy(deep=True)
        copied.append(copied.table.copyRecord(catalog[1]))
        mapper = afw_table.SchemaMapper(catalog.schema)
        mapper.addMinimalSchema(afw_table.SourceTable.makeMinimalSchema(), True)
        small = afw_table.SourceCatalog(mapper.getOutputSchema())
        small.extend(copied, mapper=mapper)
        ours = unwrap(small)
        assert ours["footprint"].dtype.kind == "i"
        small.writeFits(str(tmp_path / "small.fits"))
    for made in (small, afw_table.SourceCatalog.readFits(str(tmp_path / "small.fits"))):
        assert [source.getFootprint().getArea() for source in made] == [
            areas[place] for place in (4, 2, 0, 1)
        ]
    small[0].setFootprint(None)
    small[1].assign(small[2])
    assert unwrap(small)["footprint"].tolist()[0] == 0
    assert small[1].getFootprint().getArea() == areas[0]
    small[2].setFootprint(afw_detection.Footprint(SpanSet.fromShape(1)))
    assert small[1].getFootprint().getArea() == areas[0]
    assert [None if one is None else one.area for one in unwrap(small)["footprint"]] == [
        *(None, areas[0], 5, areas[1])
    ]


def test_heavy_footprints_are_added() -> None:
    """As the original's test has it."""
    values, pixels = [(10.0, 1, 100.0), (42.0, 9, 400.0)], []
    lists = [[(2, 10, 13), (3, 11, 14)], [(1, 9, 12), (2, 12, 13), (3, 11, 15)]]
    for each, value in zip(lists, values, strict=True):
        image = lsst.afw.image.MaskedImageF(20, 10)
        foot = afw_detection.Footprint(SpanSet([Span(*span) for span in each]))
        foot.spans.setImage(image.image, value[0])
        foot.spans.setMask(image.mask, value[1])
        foot.spans.setImage(image.variance, value[2])
        pixels.append(afw_detection.makeHeavyFootprint(foot, image))
    merged = afw_detection.mergeHeavyFootprints(*pixels)
    box = merged.getBBox()
    assert (box.getMinX(), box.getMaxX(), box.getMinY(), box.getMaxY()) == (9, 15, 1, 3)
    total = lsst.afw.image.MaskedImageF(20, 10)
    merged.insert(total)
    for plane, numbers in (
        ("image", (42, 52, 10)),
        ("mask", (9, 9, 1)),
        ("variance", (400, 500, 100)),
    ):
        array = getattr(total, plane).array
        assert (array[1, 9:13] == numbers[0]).all()
        assert (array[2, 12:14] == numbers[1]).all()
        assert (array[2, 10:12] == numbers[2]).all()
    control = afw_detection.HeavyFootprintCtrl(afw_detection.HeavyFootprintCtrl.SET)
    control.setMaskVal(9)
    afw_detection.makeHeavyFootprint(merged, total, control)
    for plane in (total.image, total.mask, total.variance):
        assert not plane.array.any()


@pytest.mark.real
def test_footprints_have_files_of_their_own(real: Any, tmp_path: Any, circle: Any) -> None:
    heavy = afw_detection.HeavyFootprintF.readFits(
        str(real / "afw_files" / "legacyHeavyFootprint.fits")
    )
    assert type(heavy) is afw_detection.HeavyFootprintF
    assert (heavy.getMaskArray() == 32).all()  # as the original's test has it
    plain = afw_detection.Footprint.readFits(str(real / "afw_files" / "preSpanSetsFootprint.fits"))
    assert not plain.isHeavy()
    path = str(tmp_path / "footprint.fits")
    for footprint in (heavy, plain, circle):
        footprint.writeFits(path)
        back = afw_detection.Footprint.readFits(path)
        assert back == footprint
        assert type(back) is type(footprint)
        with fits.open(path) as hdus:
            hdus.verify("exception")
            index = hdus[1].data
            assert index["name"][index["id"] == 1][0] == type(footprint).__name__
    assert afw_detection.Footprint().assign(circle) == circle
    assert circle.spans[0] < circle.spans[1]
    assert circle.spans[0].toString() == "56: 50..50"


def test_a_footprint_is_split_grown_and_shrunk() -> None:
    two = SpanSet.fromShape(2).union(SpanSet.fromShape(2).shiftedBy(20, 0))
    region = lsst.geom.Box2I(lsst.geom.Point2I(-50, -50), lsst.geom.Extent2I(100, 100))
    footprint = afw_detection.Footprint(two, region)
    footprint.addPeak(0, 1, 5.0)
    footprint.addPeak(20, -1, 7.0)
    assert not footprint.isContiguous()
    parts = footprint.split()
    assert [part.getArea() for part in parts] == [13, 13]
    assert [part.peaks["peakValue"].tolist() for part in parts] == [[5.0], [7.0]]
    assert parts[1].getRegion() == region
    shape = parts[0].getShape()
    assert (shape.getIxx(), shape.getIxy()) == (pytest.approx(14 / 13), 0)
    parts[0].erode(1)
    assert (parts[0].getArea(), len(parts[0].peaks)) == (5, 1)
    parts[0].dilate(1)
    assert parts[0].spans == SpanSet.fromShape(1).dilated(1)
    parts[0].spans = two
    assert len(parts[0]) == parts[0].getNpix() == 26
    assert "1 peaks, area=26" in repr(parts[0])
    merged = afw_detection.mergeFootprints(*footprint.split())
    assert merged.spans == two
    assert merged.peaks["peakValue"].tolist() == [5.0, 7.0]


def test_footprints_have_peaks_with_more_fields() -> None:
    schema = afw_detection.PeakTable.makeMinimalSchema()
    schema.addField("merge_peak_i", type="Flag")
    footprint = afw_detection.Footprint(SpanSet.fromShape(3), schema)
    footprint.addPeak(1, 1, 2.0)["merge_peak_i"] = True
    other = afw_detection.Footprint(SpanSet.fromShape(3))
    other.setPeakSchema(schema)
    other.setPeakCatalog(footprint.peaks.copy(deep=True))
    assert other == footprint
    assert unwrap(other).peaks.dtype.names[-1] == "merge_peak_i"
    assert wrap(unwrap(other)).peaks[0]["merge_peak_i"] is True
    with pytest.raises(ValueError, match="there are peaks"):
        other.setPeakSchema(schema)
    assert other.peaks.find(1).getCentroid() == lsst.geom.Point2D(1, 1)


@pytest.mark.parametrize(
    ("kind", "param", "value"),
    [("value", -1, 5.0), ("stdev", 2.0, 10.0), ("variance", 4.0, 10.0), ("bitmask", -1, 5.0)],
)
def test_a_threshold_is_in_its_unit(kind: str, param: float, value: float) -> None:
    threshold = afw_detection.createThreshold(5, kind)
    assert threshold.getValue(param) == value
    assert threshold.getPolarity()
    threshold.setPolarity(False)
    assert not threshold.getPolarity()
    if kind in ("stdev", "variance"):
        with pytest.raises(ValueError, match="needs a width"):
            threshold.getValue()
    with pytest.raises(ValueError, match="foo"):
        afw_detection.createThreshold(5, "foo")


def test_a_set_has_the_footprints_it_is_given() -> None:
    box = lsst.geom.Box2I(lsst.geom.Point2I(0, 0), lsst.geom.Extent2I(9, 9))
    made = afw_detection.FootprintSet(box)
    assert (len(made), made.getRegion()) == (0, box)
    made.setFootprints([afw_detection.Footprint(SpanSet.fromShape(2).shiftedBy(4, 4))])
    copied = afw_detection.FootprintSet(made)
    assert copied.footprints == made.footprints
    assert len(copied) == 1


def test_footprints_are_made_and_marked_as_older_scripts_do() -> None:
    exposure = lsst.afw.image.ExposureF(8, 6)
    whole = afw_detection.Footprint(exposure.getBBox())
    assert whole.getArea() == 48
    foot = afw_detection.Footprint(SpanSet())
    foot.addSpan(2, 3, 12)
    foot.addSpan(Span(3, 1, 1))
    foot.normalize()
    assert list(foot.getSpans()) == [Span(2, 3, 12), Span(3, 1, 1)]
    assert afw_detection.setMaskFromFootprintList(exposure.mask, [foot], 4) == 4
    assert (exposure.mask.array == 4).sum() == 6
    assert afw_detection.setMaskFromFootprint(exposure.mask, foot, 2) == 2
    assert (exposure.mask.array == 6).sum() == 6
    values = foot.spans.clippedTo(exposure.getBBox()).flatten(exposure.mask.array)
    target = np.zeros((6, 8))
    foot.spans.clippedTo(exposure.getBBox()).unflatten(target, values + 1, (0, 0))
    assert (target == 7).sum() == 6


@pytest.mark.real
def test_a_record_that_becomes_one_without_a_footprint_has_none(real: Any) -> None:
    path = str(real / "afw_files" / "sourceCatalog-hsc-v2.fits")
    catalog = afw_table.SourceCatalog.readFits(path)
    plain = afw_table.SourceCatalog.readFits(path, flags=afw_table.SOURCE_IO_NO_FOOTPRINTS)
    catalog[1].assign(plain[1])
    assert catalog[1].getFootprint() is None
    assert catalog[0].getFootprint() is not None
    plain[2].assign(catalog[0])
    assert plain[2].getFootprint() == catalog[0].getFootprint()
    assert [footprint is None for footprint in unwrap(catalog).footprints] == [
        *(False, True, False, False, False)
    ]
