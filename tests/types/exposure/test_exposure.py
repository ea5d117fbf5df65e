"""Exposures: an image, its planes, and what its header tells; parts of them, and copies."""

from __future__ import annotations

import dataclasses
import pickle
import re

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from obs_decam.headers import DecamHeaders
from persistence.errors import DataIdError, FormatterError, LossyWarning
from persistence.types.exposure.components import KEYS, Components
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.translator import FilterLabel, HeaderTranslator
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask

ROWS, COLUMNS = 20, 30
IMAGE = np.arange(ROWS * COLUMNS, dtype="f4").reshape(ROWS, COLUMNS)


def sky(projection: str = "TAN") -> fits.Header:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = (
        ("RA---TAN-SIP", "DEC--TAN-SIP")
        if projection == "SIP"
        else (f"RA---{projection}", f"DEC--{projection}")
    )
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 10.0, -45.0, 5.5, 7.5
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = 1e-5, 7e-5, -7e-5, 1.1e-5
    if projection == "TPV":
        for axis in (1, 2):
            for term, value in ((0, 1e-4), (1, 1.01), (2, 1e-3), (4, 0.002), (7, 0.008)):
                header[f"PV{axis}_{term}"] = value
    if projection == "SIP":
        header["A_ORDER"], header["B_ORDER"] = 2, 2
        header["A_2_0"], header["A_1_1"], header["B_0_2"] = 1e-5, 3e-6, -2e-5
    return header


def placed(header: fits.Header) -> fits.Header:
    """Return in a header, as afw does, that the image begins at column 100, row 200 of another."""
    for axis, start in (("1", 100), ("2", 200)):
        header[f"CTYPE{axis}A"], header[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
        header[f"CRPIX{axis}A"], header[f"CRVAL{axis}A"] = 1, start
    return header


def exposure(**more: object) -> Exposure:
    flags = {"SAT": IMAGE % 7 == 0, "STREAK": IMAGE % 5 == 0}
    parts = {"mask": Mask.from_flags(flags), "variance": IMAGE + 1} | more
    return Exposure(IMAGE, placed(parts.pop("header", sky())), **parts)


BOXES = st.tuples(
    st.integers(0, COLUMNS - 1),
    st.integers(0, ROWS - 1),
    st.integers(1, COLUMNS),
    st.integers(1, ROWS),
).map(
    lambda box: Box(
        box[0] + 100, box[1] + 200, min(box[2], COLUMNS - box[0]), min(box[3], ROWS - box[1])
    )
)
WHOLE = {kind: exposure(header=sky(kind)) for kind in ("TAN", "TPV", "SIP")}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.booleans(), BOXES)
def test_a_part_has_the_pixels_planes_numbers_and_sky_of_the_whole(kind, with_wcs, box):
    whole = WHOLE[kind]
    if with_wcs:
        whole = whole.replaced(given_wcs=whole.wcs)
    part = whole[box]
    inside = np.s_[
        box.y0 - 200 : box.y0 - 200 + box.height, box.x0 - 100 : box.x0 - 100 + box.width
    ]
    assert part.bbox == box
    assert np.array_equal(part.image, IMAGE[inside])
    assert np.array_equal(part.variance, whole.variance[inside])
    assert np.array_equal(part.mask.array, whole.mask.array[inside])
    assert part.mask.planes == whole.mask.planes
    corner = np.array([[0, 0], [box.width - 1, box.height - 1]], float)
    # The file's pixels, of which the first is (100, 200) in the parent.
    expected = WCS(sky(kind)).all_pix2world(corner + [box.x0 - 100, box.y0 - 200], 0)
    for wcs, start in ((part.wcs, [box.x0, box.y0]), (part.local_wcs, [0, 0])):
        assert np.abs(wcs.all_pix2world(corner + start, 0) - expected).max() < 1e-9
    assert (part.wcs.array_shape, part.local_wcs.array_shape) == (None, (box.height, box.width))


@settings(max_examples=60, deadline=None)
@given(BOXES, BOXES)
def test_a_part_of_a_part_is_the_part(outer, other):
    inner = Box(
        outer.x0 + (other.x0 - 100) % outer.width,
        outer.y0 + (other.y0 - 200) % outer.height,
        other.width,
        other.height,
    )
    inner = Box(
        inner.x0,
        inner.y0,
        min(inner.width, outer.x0 + outer.width - inner.x0),
        min(inner.height, outer.y0 + outer.height - inner.y0),
    )
    twice, once = WHOLE["TAN"][outer][inner], WHOLE["TAN"][inner]
    assert np.array_equal(twice.image, once.image)
    assert (twice.origin, twice.cutout) == (once.origin, once.cutout)


def test_the_pixels_of_a_part_are_the_pixels_of_the_whole():
    whole = Exposure(IMAGE.copy(), sky())
    whole[Box(2, 3, 4, 5)].image[0, 0] = -1
    assert whole.image[3, 2] == -1


@pytest.mark.parametrize(
    "box",
    [
        Box(99, 200, 5, 5),
        Box(100, 199, 5, 5),
        Box(100, 200, 31, 5),
        Box(100, 200, 5, 21),
        Box(0, 0, 5, 5),
    ],
)
def test_a_box_that_is_not_inside_is_refused_with_both_boxes(box):
    with pytest.raises(DataIdError) as caught:
        exposure()[box]
    assert str(box) in str(caught.value)
    assert str(exposure().bbox) in str(caught.value)


def test_an_image_without_planes_has_parts_without_planes():
    part = Exposure(IMAGE, fits.Header())[0, 0, 5, 5]
    assert (part.mask, part.variance, part.wcs) == (None, None, None)
    assert part.image.shape == (5, 5)


def test_replacing_a_part_leaves_the_rest_and_the_original():
    first = exposure()
    second = first.replaced(variance=None, header=fits.Header())
    assert first.variance is not None
    assert second.variance is None
    assert second.image is first.image
    assert first.wcs is not None
    assert second.wcs is None
    assert (first.origin, second.origin) == ((100, 200), (0, 0))


def test_what_is_derived_is_derived_again_after_a_replacement():
    first = exposure(header=fits.Header({"EXPTIME": 30.0}))
    assert first.visit_info.exposure_time == 30.0
    assert first.replaced(header=fits.Header({"EXPTIME": 60.0})).visit_info.exposure_time == 60.0


def test_a_header_inherits_what_it_lacks_from_the_primary_one():
    header = fits.Header({"EXTNAME": "S4", "EXPTIME": 1.0})
    before = list(placed(header))
    primary = fits.Header(
        {"SIMPLE": True, "NAXIS": 0, "EXPTIME": 2.0, "OBJECT": "field", "EXTEND": True}
    )
    merged = exposure(header=header, primary=primary).metadata
    assert (merged["EXPTIME"], merged["OBJECT"], merged["EXTNAME"]) == (1.0, "field", "S4")
    assert "SIMPLE" not in merged
    assert list(header) == before
    assert list(primary) == ["SIMPLE", "NAXIS", "EXPTIME", "OBJECT", "EXTEND"]


@pytest.mark.parametrize("same", [True, False])
def test_a_header_alone_is_the_whole_header(same):
    header = fits.Header({"EXPTIME": 1.0})
    assert exposure(header=header, primary=header if same else None).metadata is header


def test_a_camera_reads_its_own_keywords():
    header = fits.Header(
        {"EXPNUM": 7, "EXPTIME": 90.0, "MAGZERO": 31.5, "FILTER": "g DECam", "CCDNUM": 28}
    )
    found = exposure(header=header, translator=DecamHeaders((FilterLabel("g", "g", "g DECam"),)))
    assert found.visit_info.exposure_id == 7
    assert found.zero_point == 31.5
    assert found.filter == FilterLabel("g", "g", "g DECam")
    assert found.detector.id == 28
    plain = found.replaced(translator=HeaderTranslator())
    assert (plain.zero_point, plain.detector, plain.filter) == (None, None, FilterLabel("g DECam"))


def test_a_filter_that_the_header_does_not_tell_is_told_by_the_data_id():
    assert exposure(header=fits.Header(), dataId={"filter": "r"}).filter == FilterLabel("r")


@pytest.mark.parametrize(
    ("slices", "box"),
    [
        (np.s_[10:20, 5:9], Box(105, 210, 4, 10)),
        (np.s_[3:], Box(100, 203, COLUMNS, ROWS - 3)),
        (np.s_[:, -4:], Box(126, 200, 4, ROWS)),
        (np.s_[5:5], Box(100, 205, COLUMNS, 0)),
        (np.s_[-5:1000], Box(100, 215, COLUMNS, 5)),
    ],
)
def test_slices_cut_as_they_cut_arrays(slices, box):
    part = exposure()[slices]
    assert part.bbox == box
    assert np.array_equal(part.image, IMAGE[slices])
    assert np.array_equal(part.mask.array, exposure().mask.array[slices])


def test_slices_with_steps_are_refused():
    with pytest.raises(DataIdError, match="all pixels, not each 2 x 3"):
        exposure()[::3, ::2]


@pytest.mark.parametrize("given", [None, "adu"])
def test_astropys_image_has_all_that_it_has_room_for(given):
    one = exposure()
    image = one.to_ccddata(given)
    assert str(image.unit) == (given or "")
    assert np.shares_memory(image.data, one.image)
    assert np.array_equal(image.uncertainty.array, one.variance)
    assert np.array_equal(image.mask, one.mask["SAT"])
    assert np.array_equal(one.to_ccddata(bad=["STREAK"]).mask, one.mask["STREAK"])
    assert np.array_equal(image.flags, one.mask.array)
    assert image.wcs.wcs.crpix.tolist() == [5.5, 7.5]  # as in the header: of the array
    assert image.meta["CRPIX1"] == 5.5


def test_an_image_without_planes_is_astropys_image_without_them():
    image = Exposure(IMAGE, fits.Header()).to_ccddata()
    assert (image.mask, image.uncertainty, image.wcs, image.flags) == (None, None, None, None)


@pytest.mark.parametrize(
    ("bunit", "unit"),
    [
        ("ADU", units.adu),
        ("electrons", units.electron),
        ("nJy", units.nJy),
        ("counts", units.count),
        ("", None),
    ],
)
def test_the_unit_is_told_by_the_header(bunit, unit):
    one = exposure(header=fits.Header({"BUNIT": bunit}))
    assert one.unit == unit
    assert one.replaced(unit="K").unit == units.K


def test_a_unit_that_astropy_does_not_know_is_kept():
    assert str(exposure(header=fits.Header({"BUNIT": "blobs"})).unit) == "blobs"


def test_an_inherited_unit_is_not_that_of_afws_pixels():
    primary = fits.Header({"AR_HDU": 5, "BUNIT": "ADU"})
    assert Exposure(IMAGE, fits.Header({"INHERIT": True}), primary).unit is None
    assert Exposure(IMAGE, fits.Header({"BUNIT": "electron"}), primary).unit == units.electron


@pytest.mark.parametrize(
    ("cards", "fluxmag0"),
    [
        ({"FLUXMAG0": 1e10, "HIERARCH FLUXMAG0ERR": 1e7}, 1e10),
        ({"FLUXMAG0": 0.0}, None),
        ({"FLUXMAG0": 1e10, "HIERARCH EXPINFO_V": 1}, None),
        ({"FLUXMAG0": 0, "MAGZERO": 25.0}, 1e10),
    ],
)
def test_the_calibration_is_that_of_old_files_or_of_the_camera(cards, fluxmag0):
    calib = exposure(header=fits.Header(cards), translator=DecamHeaders()).photo_calib
    assert calib is None if fluxmag0 is None else calib.fluxmag0 == pytest.approx(fluxmag0)


def test_components_are_replaced_by_name():
    one = exposure(header=fits.Header({"FLUXMAG0": 1e10}))
    calib, visit = PhotoCalib(2.0), VisitInfo(exposure_id=9)
    two = one.replaced(photo_calib=calib, visit_info=visit, psf="a psf", wcs=WHOLE["TAN"].wcs)
    assert (two.photo_calib, two.visit_info, two.psf, two.wcs) == (
        calib,
        visit,
        "a psf",
        WHOLE["TAN"].wcs,
    )
    assert (two.getPhotoCalib(), two.getInfo().getVisitInfo(), two.getPsf()) == (
        calib,
        visit,
        "a psf",
    )
    assert two.zero_point == calib.zero_point
    assert two[0:2, 0:2].psf == "a psf"
    assert one.psf is None
    assert two.replaced(psf=None, photo_calib=None).photo_calib == one.photo_calib
    assert "components" in str(two)


PARTS = {
    "image": np.zeros((ROWS, COLUMNS)),
    "header": fits.Header({"EXPTIME": 60.0}),
    "primary": fits.Header({"EXPTIME": 60.0}),
    "mask": None,
    "variance": None,
    "cutout": (1, 2),
    "translator": DecamHeaders(),
    "dataId": {"visit": 5},
    "given_wcs": WCS(sky("TPV")),
    "components": Components(given={"psf": "another"}),
    "lookup_tables": fits.HDUList(),
    "path": "file.fits",
    "psf": "a psf",
    "wcs": WCS(sky("TPV")),
    "photo_calib": PhotoCalib(3.0),
    "filter": None,
    "detector": "a detector",
    "ap_corr_map": "a map",
    "valid_polygon": "a polygon",
    "coadd_inputs": "inputs",
    "transmission_curve": "a curve",
    "visit_info": VisitInfo(exposure_id=9),
    "unit": units.K,
}


@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_set_and_is_that_of_a_copy_with_it_replaced(part):
    one, other = exposure(), exposure()
    assert (one.psf, one.ap_corr_map, one.visit_info.exposure_id) == (None, None, None)
    setattr(one, part, PARTS[part])
    assert getattr(one, part) is PARTS[part]
    replaced = other.replaced(**{part: PARTS[part]})
    assert getattr(replaced, part) is PARTS[part]
    assert set(one.components) == set(replaced.components)


def test_the_table_of_parts_is_that_of_the_class():
    fields = {field.name for field in dataclasses.fields(Exposure)}
    assert set(PARTS) == fields | {*KEYS, "visit_info", "unit"}


def test_what_is_derived_is_derived_again_after_a_part_was_set():
    one = exposure(header=fits.Header({"EXPTIME": 30.0}))
    assert (one.visit_info.exposure_time, one.origin) == (30.0, (100, 200))
    one.header = fits.Header({"EXPTIME": 60.0})
    assert (one.visit_info.exposure_time, one.metadata["EXPTIME"]) == (60.0, 60.0)
    assert (one.origin, one.wcs) == ((0, 0), None)


def test_setting_a_part_of_one_exposure_leaves_another_that_shares_with_it():
    one, other = exposure(), exposure()
    shared = {}
    for each in (one, other):
        each.share_through(lambda name, make: shared.setdefault(name, make()))
    assert one.wcs is other.wcs
    one.header = fits.Header()
    assert one.wcs is None
    assert other.wcs is shared["wcs"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("metadata", ""),
        ("origin", ""),
        ("bbox", ""),
        ("zero_point", ""),
        ("varaince", "; did you mean 'variance'?"),
        ("summary", ""),
        ("shareable", ""),
    ],
)
def test_what_is_no_part_cannot_be_set(name, hint):
    with pytest.raises(AttributeError, match=f"no part '{name}' that can be set{re.escape(hint)}$"):
        setattr(exposure(), name, None)


def test_an_exposure_equals_itself_alone_and_a_pickle_of_it_has_its_parts():
    one = exposure(dataId={"visit": 5})
    one.psf = "a psf"
    assert one == one
    assert one != one.replaced()
    assert len({one, one, exposure()}) == 2
    copy = pickle.loads(pickle.dumps(one))
    assert (copy.psf, copy.dataId) == ("a psf", {"visit": 5})
    assert np.array_equal(copy.image, IMAGE)
    copy.psf = None
    assert one.psf == "a psf"


def test_the_filter_that_was_given_is_completed_by_the_policy():
    known = HeaderTranslator((FilterLabel("i2", "i", "HSC-I2"),))
    given = exposure(translator=known).replaced(filter=FilterLabel("HSC-I2"))
    assert given.filter == FilterLabel("i2", "i", "HSC-I2")


def test_no_filter_is_no_filter():
    assert exposure(header=fits.Header({"FILTER": "_unknown_"})).filter is None


def test_cards_that_come_several_times_stay_so_when_they_are_inherited():
    primary = fits.Header([("BGMEAN", 1.0), ("BGMEAN", 2.0), ("HISTORY", "a"), ("HISTORY", "b")])
    merged = Exposure(IMAGE, fits.Header([("HISTORY", "own")]), primary).metadata
    assert [card.value for card in merged.cards if card.keyword == "BGMEAN"] == [1.0, 2.0]
    assert list(merged["HISTORY"]) == ["own", "a", "b"]
    merged["BGMEAN", 0] = 5.0
    assert primary["BGMEAN", 0] == 1.0


def test_afws_names_say_the_same():
    one = exposure()
    assert one.getMaskedImage() is one
    assert (one.getBBox(), one.getVisitInfo(), one.getFilterLabel()) == (
        one.bbox,
        one.visit_info,
        one.filter,
    )
    assert (one.getApCorrMap(), one.getValidPolygon(), one.getCoaddInputs()) == (None, None, None)
    assert one.getTransmissionCurve() is None
    assert one.getWcs() is one.wcs
    assert one.getMetadata() is one.metadata
    assert one.getDetector() is one.detector
    assert one.getFilter() is one.filter


@pytest.mark.parametrize(
    ("cards", "origin"),
    [
        ({}, (100, 200)),
        ({"CRVAL1A": 7.0, "CRVAL2A": -3.0}, (7, -3)),
        ({"CTYPE1A": "RA---TAN"}, (0, 0)),
        ({"CRPIX1A": 2}, (0, 0)),
        ({"CRPIX2A": 0.5}, (0, 0)),
    ],
)
def test_the_origin_is_where_afw_wrote_it_and_nowhere_else(cards, origin):
    header = placed(sky())
    for key, value in cards.items():
        header[key] = value
    assert Exposure(IMAGE, header).origin == origin


def test_an_image_without_an_origin_begins_at_zero():
    assert Exposure(IMAGE, sky()).bbox == Box(0, 0, COLUMNS, ROWS)


@pytest.mark.parametrize("given", [False, True], ids=["header's", "given"])
def test_the_local_wcs_counts_from_the_first_pixel_and_is_a_copy(given):
    whole = exposure()
    if given:
        whole = whole.replaced(wcs=whole.wcs)
    local = whole.local_wcs
    expected = np.array(WCS(sky()).all_pix2world(0, 0, 0))
    assert np.array(local.all_pix2world(0, 0, 0)) == pytest.approx(expected)
    assert np.array(whole.wcs.all_pix2world(100, 200, 0)) == pytest.approx(expected)
    local.wcs.crval = [0, 0]
    assert whole.local_wcs.wcs.crval.tolist() == [10, -45]
    assert Exposure(IMAGE, fits.Header()).local_wcs is None


def test_the_footprint_of_an_image_that_begins_with_its_parent_is_that_of_the_image():
    header = sky()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, COLUMNS, ROWS
    expected = WCS(header).calc_footprint()
    whole = Exposure(IMAGE, header)
    assert whole.wcs.calc_footprint() == pytest.approx(expected)
    assert whole.local_wcs.calc_footprint() == pytest.approx(expected)
    assert exposure().local_wcs.calc_footprint() == pytest.approx(expected)
    assert whole[:5, :6].wcs.array_shape == (5, 6)


def test_cards_that_make_no_wcs_are_an_error_where_it_is_asked_for_and_nowhere_else():
    header = sky()
    header["CRVAL1"] = "10:00:00"
    one = exposure(header=header, dataId={"visit": 5}, path="raw.fits")
    message = r"raw\.fits: visit=5: CRVAL1 is not a number: '10:00:00'"
    for name in ("wcs", "local_wcs"):
        with pytest.raises(FormatterError, match=message):
            getattr(one, name)
    assert re.search(f"centre +unknown: {message}", str(one))
    with pytest.warns(LossyWarning, match=message):
        assert one.to_ccddata().wcs is None
    assert one[:3, :4].replaced(wcs=WHOLE["TAN"].wcs).wcs is WHOLE["TAN"].wcs


@pytest.mark.parametrize(
    ("cards", "centre"),
    [
        ({"RADESYS": "FK4", "EQUINOX": 1950.0}, "fk4"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, "galactic"),
        ({}, "icrs"),
    ],
)
def test_a_summary_tells_the_centre_in_icrs(cards, centre):
    header = sky()
    header.update(cards)
    place = WCS(header).pixel_to_world((COLUMNS - 1) / 2, (ROWS - 1) / 2)
    assert place.frame.name == centre
    shown = dict(exposure(header=header).summary())["centre"]
    assert shown.startswith(f"RA {place.icrs.ra.deg:.5f} Dec {place.icrs.dec.deg:+.5f} deg")


@pytest.mark.parametrize("projection", ["TAN", "SIP", "TPV"])
@pytest.mark.parametrize("before", [None, "TAN", "TPV"])
def test_a_summary_tells_the_projection_of_the_wcs_that_counts(before, projection):
    header = fits.Header() if before is None else sky(before)
    shown = exposure(header=header).replaced(wcs=WCS(sky(projection))).summary()
    assert dict(shown)["centre"].endswith(f"deg ({projection})")


@pytest.mark.parametrize(
    ("cards", "shown"),
    [
        ({"DATE-OBS": "2014-08-18T23:20:43"}, "2014-08-18T23:20:43 UTC"),
        (
            {"DATE-AVG": "2014-08-18T23:20:43", "TIMESYS": "TAI", "EXPTIME": 30.0},
            "2014-08-18T23:20:43 TAI (the middle)",
        ),
        ({"EXPTIME": 30.0}, None),
    ],
)
def test_a_summary_tells_which_moment_of_the_exposure_it_is(cards, shown):
    assert dict(exposure(header=fits.Header(cards)).summary()).get("observed") == shown


def test_a_summary_tells_what_a_person_wants_to_know():
    header = sky() + fits.Header(
        {"EXPTIME": 30.0, "DATE-OBS": "2014-08-18T23:20:43", "FILTER": "g"}
    )
    summary = dict(exposure(header=header, dataId={"visit": 7, "ccdnum": 28}).summary())
    assert summary["data ID"] == "visit=7 ccdnum=28"
    assert summary["filter"] == "g"
    assert summary["observed"] == "2014-08-18T23:20:43 UTC"
    assert summary["exposure time"] == "30 s"
    assert summary["image"] == "0 to 599, median 299.5"
    assert summary["variance"] == "1 to 600, median 300.5"
    assert summary["mask"] == "188 of 600 pixels flagged: SAT 86, STREAK 120"
    assert summary["centre"].startswith("RA 10.0")
    assert summary["header"] == f"{len(placed(header))} cards"


@pytest.mark.parametrize(
    "one",
    [
        exposure(),
        Exposure(IMAGE, fits.Header()),
        Exposure(np.zeros((0, 5), "f4"), fits.Header()),
        Exposure(np.ones((2, 2), "u2"), fits.Header()),
        Exposure(np.array([[np.nan, 1.0]]), fits.Header()),
        pytest.param(
            Exposure(np.full((2, 2), np.nan), fits.Header()),
        ),
    ],
    ids=["full", "bare", "empty", "integers", "some NaN", "all NaN"],
)
def test_an_exposure_shows_its_size_and_its_summary_on_lines_of_their_own(one):
    first, *lines = str(one).split("\n")
    rows, columns = one.image.shape
    assert first == f"Exposure of {columns} x {rows} pixels, {one.image.dtype.name}"
    assert [line.split("  ")[1] for line in lines] == [name for name, _ in one.summary()]


@pytest.mark.parametrize(
    ("start", "right"), [(7, 7), (7.0, 7), (-3, -3), (7.5, 0), ("seven", 0), (None, 0)]
)
def test_an_origin_is_whole_pixels_or_that_of_another_system(start, right):
    header = fits.Header({"CTYPE1A": "LINEAR", "CRPIX1A": 1, "CRPIX2A": 1, "CRVAL2A": 0})
    header["CRVAL1A"] = start
    assert Exposure(np.zeros((2, 3)), header).bbox == Box(right, 0, 3, 2)
