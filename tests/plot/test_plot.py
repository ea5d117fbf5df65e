"""Figures of datasets: what is drawn lies where the camera, or the sky, has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence import Box, Butler, DataIdError, Exposure, Mask, NoResults, plot
from persistence.types.table.catalog import Catalog

pytest.importorskip("matplotlib", reason="pip install '.[plot]'")


def texts(figure: Any) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.fixture
def raw(butler: Butler) -> Exposure:
    exposure: Exposure = butler.get("raw", visit=410877, ccdnum=28)
    flags = np.zeros(exposure.image.shape, np.int32)
    flags[3:6, 4] = 1 << 3
    exposure.mask = Mask(flags, {"BAD": 0, "CR": 3})
    return exposure


def test_an_exposure_is_drawn_with_its_mask_its_sources_and_the_sky(raw: Exposure) -> None:
    figure = raw.plot(sources=([3.0, 20.0], [5.0, 30.0]))
    (axes,) = figure.axes
    assert [axes.coords[place].get_axislabel() for place in (0, 1)] == ["RA", "Dec"]
    share = 100 * 3 / raw.image.size
    assert texts(figure) == [f"CR  {share:.3g}%", "2 sources"]
    assert figure._suptitle.get_text().startswith("visit=410877")
    assert figure._repr_png_().startswith(b"\x89PNG")  # what a notebook asks for


def test_pixels_are_those_of_the_parent_image(raw: Exposure) -> None:
    part = raw[Box(4, 7, 10, 12)]
    (axes,) = part.plot(wcs=False).axes
    assert axes.get_xlim() == (3.5, 13.5)
    assert axes.get_ylim() == (6.5, 18.5)
    assert axes.get_xlabel() == "x (pixel)"


def test_planes_may_be_chosen(raw: Exposure) -> None:
    assert texts(raw.plot(mask=["BAD"])) == ["BAD  0%"]
    assert texts(raw.plot(mask="CR"))[0].startswith("CR")
    assert texts(raw.plot(mask=False)) == []
    with pytest.raises(DataIdError, match="no plane 'BAAD'; did you mean 'BAD'"):
        raw.plot(mask=["BAAD"])


def test_sources_may_be_a_catalog_with_slots_or_with_positions(raw: Exposure) -> None:
    table = Catalog({"c_x": [3.0], "c_y": [5.0]}, meta={"aliases": {"slot_Centroid": "c"}})
    ((x, y),) = plot.exposure(raw, sources=table).axes[0].collections[-1].get_offsets()
    assert (x, y) == (3.0, 5.0)
    sky = raw.wcs.pixel_to_world(3.0, 5.0).icrs  # type: ignore[union-attr]  # astropy's own way
    table = Catalog({"coord_ra": [sky.ra.rad], "coord_dec": [sky.dec.rad]})
    ((x, y),) = raw.plot(sources=table).axes[0].collections[-1].get_offsets()
    assert (x, y) == (pytest.approx(3.0, abs=1e-3), pytest.approx(5.0, abs=1e-3))
    with pytest.raises(DataIdError, match=r"a catalog with positions.*not a Catalog of a"):
        raw.plot(sources=Catalog({"a": [1]}))


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4), (0, 4)])
def test_what_is_no_image_cannot_be_drawn(raw: Exposure, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataIdError, match="cannot be drawn"):
        Exposure(np.zeros(shape), raw.header).plot()


def test_a_mosaic_puts_each_image_where_the_camera_has_its_detector(butler: Butler) -> None:
    from persistence.plot import focalplane

    assert len(plot.mosaic(butler, "raw", visit=410877, ccdnum=1).axes[0].images) == 1
    some = list(butler.subset("raw", visit=410877))[:4]  # of 61, which take their time
    chips = [chip for chip, _ in focalplane._chips(butler, some)]
    (axes,) = focalplane._draw(chips, "some", together=False, labels=True, size=5).axes
    assert len(axes.images) == len(some)
    camera = butler.get("camera")
    for image, label in zip(axes.images, axes.texts, strict=True):
        detector = camera[label.get_text()]
        left, right, bottom, top = image.get_extent()
        pixels = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
        there = (image.get_transform() - axes.transData).transform(pixels)
        assert there == pytest.approx(detector.corners, abs=0.05)  # mm
    assert "each image has its own" in axes.get_title()


def test_a_mosaic_is_of_one_visit(butler: Butler) -> None:
    with pytest.raises(DataIdError, match=r"is there already; a data ID of a single visit"):
        plot.mosaic(butler, "raw", ccdnum=28)
    with pytest.raises(NoResults, match=r"No images for a mosaic: calexp .*\n  1 data IDs match"):
        plot.mosaic(butler, visit=410877, ccdnum=28)


def test_the_coverage_is_where_the_headers_have_the_corners(butler: Butler) -> None:
    rows = butler.query("raw", "ccdnum in (1..3)")
    figure = plot.coverage(rows)
    (axes,) = figure.axes
    assert texts(figure) == ["g", "r"]
    assert axes.get_title() == "6 images"
    left, right = axes.get_xlim()
    assert left > right  # east is to the left
    corners = [path.vertices[:4] for group in axes.collections for path in group.get_paths()]
    header = butler.get("raw", visit=410877, ccdnum=1)
    for there in header.local_wcs.calc_footprint(header.header):  # astropy's own
        nearest = min(np.hypot(*(there - each).T).min() for each in corners)
        assert nearest < 0.02  # deg: astropy's are middles of pixels, and these are large


def test_the_coverage_says_what_is_not_drawn(butler: Butler) -> None:
    with pytest.raises(NoResults, match=r"No images on the sky: calexp .*\n  1 without a file"):
        plot.coverage(butler.subset("calexp", visit=410877, ccdnum=28))
    with pytest.raises(NoResults, match="nothing matches"):
        plot.coverage([])
    with pytest.raises(DataIdError, match="references to datasets belong here"):
        plot.coverage(["calexp"])


def test_the_coverage_goes_across_ra_0() -> None:
    from persistence.plot import sky

    corners = np.array([[359.9, 0.0], [0.1, 0.0], [0.1, 0.2], [359.9, 0.2]])
    (axes,) = sky._draw([sky._Image("", corners)], "x", "filter", [], 4).axes
    left, right = axes.get_xlim()
    assert left - right < 1


def test_a_timeline_has_the_calibrations_of_the_registry(butler: Butler, tmp_path: Path) -> None:
    with pytest.raises(NoResults, match=r"No calibRegistry.sqlite3 in"):
        plot.timeline(butler)
    assert dir(plot)
    with pytest.raises(AttributeError, match="'mosaik'"):
        _ = plot.mosaik


def test_a_timeline_has_a_line_for_detectors_that_are_alike(calibrated: Butler) -> None:
    (axes,) = plot.timeline(calibrated, "flat", first="2015-01-01", last="2015-02-01").axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["flat  filter g  ccdnum 28", "flat  filter r  ccdnum 28"]
    left, right = axes.get_xlim()
    assert right - left == 32
