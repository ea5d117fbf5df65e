"""Reference stars: the filter by any of its names, errors, colour terms, and what has moved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from astropy.time import Time

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import references
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.colorterms import Colorterm, ColortermLibrary
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.exposure.translator import FilterLabel

DATE = Time("2020-01-01", scale="tai")


class Catalog:
    """Stands for a reference catalog."""

    name, path = "mine", "ref_cats/mine"

    def __init__(self, table: Table) -> None:
        self.table, self.columns = table, table.colnames

    def cone(self, centre: Any, radius: float, epoch: Any = None) -> Table:
        return self.table


def table(*bands: str, **columns: Any) -> Table:
    """Return three stars of 18, 17 and 19 mag in each band, which are known to 1, 2 and 3%."""
    made = Table({"id": [1, 2, 3], "coord_ra": [0.7, 0.7, 0.7], "coord_dec": [-0.3, -0.3, -0.3]})
    for shift, band in enumerate(bands):
        flux = AB_FLUX * 10 ** (-0.4 * (np.array([18.0, 17.0, 19.0]) + shift))
        made[f"{band}_flux"], made[f"{band}_fluxErr"] = flux, flux * [0.01, 0.02, 0.03]
    for name, values in columns.items():
        made[name] = values
    return made


@pytest.fixture
def exposure(make: Any) -> Exposure:
    made: Exposure = make(np.zeros((0, 3)))
    return made.replaced(filter=FilterLabel("g", "g", "green glass"))


def load(exposure: Exposure, stars: Table, **settings: Any) -> references.References:
    config = CalibrateConfig()
    config.update(**settings)
    return references.load(Catalog(stars), exposure, config)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bands", "settings", "expected"),
    [
        (("r", "g"), {}, "g"),
        (("r", "green glass"), {}, "green glass"),
        (("g", "r"), {"filterMap": {"g": "r"}}, "r"),
        (("g", "r"), {"filterMap": {"green glass": "r"}}, "r"),
        (("g", "r"), {"filterMap": {"i": "r"}}, "g"),
    ],
)
def test_the_filter_goes_by_any_of_its_names(
    exposure: Exposure, bands: tuple[str, ...], settings: dict[str, Any], expected: str
) -> None:
    stars = load(exposure, table(*bands), **settings)
    assert stars.filter == expected
    assert stars.ids.tolist() == [2, 1, 3]  # the brightest first
    assert stars.magnitudes - bands.index(expected) == pytest.approx([17, 18, 19])
    assert stars.magnitude_errors == pytest.approx(np.array([0.02, 0.01, 0.03]) * 1.0857, rel=1e-3)


def test_the_cameras_own_flux_comes_first(exposure: Exposure) -> None:
    """A catalog may have magnitudes in the camera's own filters, as Gen2 knows them."""
    stars = table("g", "g_cam")
    stars.rename_columns(["g_cam_flux", "g_cam_fluxErr"], ["g_camFlux", "g_camFluxErr"])
    assert load(exposure, stars).magnitudes == pytest.approx([18, 19, 20])


def test_a_filter_that_is_mapped_to_nothing_is_told(exposure: Exposure) -> None:
    with pytest.raises(TaskError, match=r"has no filter 'x'; it has g, r\. calibrate\.filterMap"):
        load(exposure, table("g", "r"), filterMap={"g": "x"})


def test_errors_of_positions_are_taken_from_the_catalog(exposure: Exposure) -> None:
    radians = np.radians(np.array([3.0, 30.0, np.nan]) / 3.6e6)
    stars = load(exposure, table("g", coord_raErr=radians, coord_decErr=radians))
    assert stars.position_errors == pytest.approx([0.03, 0.003, 0.0])
    assert not load(exposure, table("g")).position_errors.any()


def test_colour_terms_bring_stars_to_the_cameras_filter(exposure: Exposure) -> None:
    """Stars are 1 mag fainter in r; so g - r is -1, and the camera's g brighter by 0.2 for c1 = 0.2."""
    term = Colorterm(primary="g", secondary="r", c1=0.2)
    settings = {"colorterms": ColortermLibrary(data={"mi*": {"g": term}})}
    stars = table("g", "r")
    stars["r_flux"][0] = np.nan
    made = load(exposure, stars, **settings)
    assert made.magnitudes == pytest.approx([16.8, np.nan, 18.8], nan_ok=True)
    expected = np.hypot(1.2, 0.2) * 0.03 * 1.0857
    assert made.magnitude_errors[2] == pytest.approx(expected, rel=1e-3)
    assert str(made.term) == str(term)
    with pytest.raises(TaskError, match="no filter 'r', which the colour term needs; it has g"):
        load(exposure, table("g"), **settings)


@pytest.mark.parametrize(
    ("columns", "years"),
    [
        ({}, np.nan),
        ({"epoch": [DATE.mjd - 3652.5] * 3}, 10.0),
        ({"epoch": [DATE.mjd] * 3, "pm_ra": [0.0] * 3, "pm_dec": [0.0] * 3}, 0.0),
    ],
)
def test_how_long_stars_have_moved_unknown_is_told(
    exposure: Exposure, columns: dict[str, Any], years: float
) -> None:
    stars = table("g", **columns)
    for name in ("pm_ra", "pm_dec"):
        if name in columns:
            stars[name].unit = "rad/yr"
    taken: Any = SimpleNamespace(
        wcs=exposure.wcs,
        bbox=exposure.bbox,
        filter=exposure.filter,
        visit_info=SimpleNamespace(date_avg=DATE),
    )
    made = load(taken, stars)
    assert made.years == pytest.approx(years, nan_ok=True)
