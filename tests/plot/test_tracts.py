"""Images on a tract: their outlines are where the WCSs have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from persistence import Butler, NoResults, plot
from persistence.errors import NotInSkyMap
from tests.butler.sky.conftest import SCALE, SIZE, VISITS, calexp, survey, write

pytest.importorskip("matplotlib", reason="pip install '.[plot]'")
__all__ = ["survey"]


def test_images_are_drawn_over_the_patches(survey: Path) -> None:
    butler = Butler(str(survey))
    for visit, place in VISITS.items():
        write(calexp(survey, visit), *place)
    figure = plot.tract(butler, 0)
    axes = figure.axes[0]
    tract = butler.sky.map()[0]
    assert axes.get_title() == f"2 images; {len(tract)} patches"  # the third is on the other tract
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["1", "2"]
    assert [axes.coords[place].get_axislabel() for place in (0, 1)] == ["RA (deg)", "Dec (deg)"]
    for group, place in zip(axes.collections, list(VISITS.values())[:2], strict=True):
        (path,) = group.get_paths()
        x, y = tract.wcs.world_to_pixel(SkyCoord(*place, unit="deg"))
        half = SIZE * SCALE * 3600 / tract.config.pixelScale / 2
        low, high = path.vertices.min(axis=0), path.vertices.max(axis=0)
        assert low == pytest.approx((x - half, y - half), abs=0.01)
        assert high == pytest.approx((x + half, y + half), abs=0.01)
    names = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(names) == {patch.name for patch in tract}
    box = tract["2,1"].inner_bbox
    assert names["2,1"] == (box.x0 + box.width / 2 - 0.5, box.y0 + box.height / 2 - 0.5)
    limits = np.array([axes.get_xlim(), axes.get_ylim()])
    assert (limits[:, 0] < 0).all()
    assert (limits[:, 1] > (tract.bbox.width, tract.bbox.height)).all()


def test_what_is_not_there_is_not_drawn(survey: Path) -> None:
    butler = Butler(str(survey))
    with pytest.raises(NoResults, match=r"No images on the tract: calexp \{'tract': 0\}"):
        plot.tract(butler, 0)
    with pytest.raises(NotInSkyMap):
        plot.tract(butler, 7)
    assert len(plot.tract(butler, 0, "raw", filter="r", names=False).axes[0].texts) == 0
