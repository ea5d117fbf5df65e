"""Maps of depth: what is drawn is the number of images that contain a position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from persistence import Butler, NoResults, plot
from tests.butler.sky.conftest import VISITS, calexp, survey, write

pytest.importorskip("matplotlib", reason="pip install '.[plot]'")
__all__ = ["survey"]


def panels(figure: Any) -> list[Any]:
    """Return the maps of a figure, without the scale of colours."""
    return [axes for axes in figure.axes if axes.get_title()]


def shown(axes: Any, ra: float, dec: float) -> float:
    """Return the number that a zoomed map has at a position; 0 for nothing."""
    x, y = axes.wcs.world_to_pixel(SkyCoord(ra, dec, unit="deg"))
    (image,) = axes.images
    return float(np.ma.filled(image.get_array(), 0)[round(float(y)), round(float(x))])


def test_a_map_for_each_filter_has_the_numbers_of_images(survey: Path) -> None:
    write(calexp(survey, 1), 0.0, 0.0)
    write(calexp(survey, 2), 0.0, 20 / 3600)
    write(calexp(survey, 3), 359.99, 0.0)
    figure = plot.depth(Butler(str(survey)))
    g, r = panels(figure)
    assert [axes.get_title().partition(";")[0] for axes in (g, r)] == ["filter g", "filter r"]
    assert "; 2 images; 0.000" in r.get_title()
    for axes in (g, r):
        assert [axes.coords[place].get_axislabel() for place in (0, 1)] == ["RA (deg)", "Dec (deg)"]
        assert axes.wcs.wcs.cdelt[0] < 0  # east is to the left
    assert (shown(r, 0, 0), shown(g, 0, 0)) == (2, 0)
    assert (shown(r, 0, 45 / 3600), shown(r, 0, -25 / 3600)) == (1, 1)
    assert (shown(g, 359.99, 0), shown(r, 359.99, 0)) == (1, 0)
    single = plot.depth(Butler(str(survey)), by=None, weight="visit")
    (axes,) = panels(single)
    assert shown(axes, 0, 0) == 3
    assert [each.get_ylabel() for each in single.axes if each is not axes] == ["sum of visit"]


def test_a_wide_survey_is_drawn_on_the_whole_sky(survey: Path) -> None:
    write(calexp(survey, 1), 10.0, 0.0, scale=0.1)
    write(calexp(survey, 2), 200.0, -40.0, scale=0.1)
    (axes,) = panels(plot.depth(Butler(str(survey))))
    assert axes.name == "aitoff"
    (mesh,) = axes.collections
    values = np.ma.filled(mesh.get_array(), 0)
    rows, columns = values.shape
    for ra, dec, number in ((10, 0, 1), (200, -40, 1), (100, 0, 0), (10, 20, 0)):
        assert values[int((dec + 90) / 180 * rows), int(ra / 360 * columns)] == number
    left = mesh.get_coordinates()[0, :, 0]
    assert left[0] > left[-1]  # RA rises to the left
    (axes,) = panels(plot.depth(Butler(str(survey)), "raw", "filter == 'g'", whole_sky=True))
    assert axes.name == "aitoff"


@pytest.mark.parametrize("whole_sky", [True, False])
def test_images_smaller_than_a_pixel_of_the_figure_are_seen(survey: Path, whole_sky: bool) -> None:
    places = [(10.0, 0.3), (100.0, -50.2), (200.0, 61.7)] if whole_sky else [(10, 0.3), (35, 20.1)]
    for visit, place in enumerate(places, start=1):
        write(calexp(survey, visit), *place)  # of 1 arcmin
    (axes,) = panels(plot.depth(Butler(str(survey)), by=None, whole_sky=whole_sky))
    (drawn,) = axes.collections if whole_sky else axes.images
    cells = np.count_nonzero(np.ma.filled(drawn.get_array(), 0))
    assert len(places) <= cells <= 4 * len(places)  # some lie on an edge, or a corner, of cells


def test_what_has_no_place_is_said(survey: Path) -> None:
    butler = Butler(str(survey))
    with pytest.raises(NoResults, match=r"No images on the sky: calexp .*\n  nothing matches"):
        plot.depth(butler)
    write(calexp(survey, 1), 0, 0, wcs=False)
    write(calexp(survey, 9), 0, 0, wcs=False)
    write(calexp(survey, 2), *VISITS[2])
    figure = plot.depth(butler, by=None)
    assert figure.get_supxlabel() == "not drawn: 1 without a region"


@pytest.mark.parametrize("place", [(0.0, 0.0), (30.0, 89.99), (359.99, -45.0)])
def test_the_map_is_around_the_survey(survey: Path, place: tuple[float, float]) -> None:
    write(calexp(survey, 1), *place)
    (axes,) = panels(plot.depth(Butler(str(survey)), by=None))
    middle = SkyCoord(*axes.wcs.wcs.crval, unit="deg")
    assert middle.separation(SkyCoord(*place, unit="deg")) < 1 * units.arcsec
    assert shown(axes, *place) == 1
