"""Calibration against small catalogs of its own: what is found, and what is told where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from persistence import Exposure
from persistence.errors import CalibrationError
from persistence.pipe.task import TaskError
from persistence.tasks.calibrate import CalibrateTask
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.colorterms import Colorterm, ColortermLibrary
from persistence.types.exposure.photocalib import AB_FLUX
from persistence.types.exposure.translator import FilterLabel
from persistence.types.psf.psf import SingleGaussianPsf

ZERO, OFF = 28.0, (0.9, -0.6)  # arcsec east and north


class Stars:
    """Stands for a reference catalog."""

    name, path = "mine", "ref_cats/mine"

    def __init__(self, table: Table) -> None:
        self.table, self.columns = table, table.colnames

    def cone(self, centre: Any, radius: float, epoch: Any = None) -> Table:
        assert epoch is None
        return self.table


def catalog(exposure: Exposure, grid: Any, band: str = "g") -> Stars:
    """Return the catalog of a grid of stars, which the exposure's WCS has `OFF` their places."""
    ra, dec = exposure.wcs.all_pix2world(grid[:, 0], grid[:, 1], 0)  # type: ignore[union-attr]
    ra, dec = ra - OFF[0] / 3600 / np.cos(np.radians(dec)), dec - OFF[1] / 3600
    flux = AB_FLUX * 10 ** (-0.4 * ZERO) * grid[:, 2]
    ids = np.arange(len(grid)) + 1000
    return Stars(
        Table(
            [ids, np.radians(ra), np.radians(dec), flux],
            names=["id", "coord_ra", "coord_dec", f"{band}_flux"],
        )
    )


@pytest.fixture
def exposure(make: Callable[..., Exposure], grid: Any) -> Exposure:
    made = make(grid)
    parts = {"psf": SingleGaussianPsf((15, 15), 1.4), "filter": FilterLabel("g")}
    return made.replaced(image=made.image - np.float32(400), **parts)


def task(**settings: Any) -> CalibrateTask:
    config = CalibrateConfig()
    config.update(**{"calibRadius": 6.0, **settings})  # its stars have neighbours
    return CalibrateTask(config=config)


@pytest.mark.parametrize("kind", ["SHIFT", "LINEAR"])
def test_offset_and_zero_point_are_found(exposure: Exposure, grid: Any, kind: str) -> None:
    each, exposure = task(astrometryFit=kind), exposure.replaced(unit="electron")
    result: Any = each.run(exposure, catalog(exposure, grid), 3, 32)
    noted = each.metadata
    # Pixels of an arcsecond; middles of a signal to noise of 20 to 400 are known to 0.1 to 0.005.
    assert (noted["astromOffsetEast"], noted["astromOffsetNorth"]) == pytest.approx(OFF, abs=0.03)
    assert noted["astromScatter"] < 0.1
    assert noted["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)
    assert result.exposure.zero_point == pytest.approx(noted["photoZeroPoint"])
    assert len(result.matches) == noted["numMatches"] >= 25
    calib, used = result.exposure.photo_calib, result.sourceCat["calib_photometry_used"]
    fluxes = result.sourceCat[calib.flux_name]
    assert (calib.flux_name, calib.unit) == ("base_CircularApertureFlux_6_0_instFlux", "electron")
    assert fluxes.unit == result.exposure.unit == "electron"
    assert np.isfinite(calib.to_magnitude(fluxes)[used].value).all()
    with pytest.raises(CalibrationError):
        calib.to_flux(fluxes.value * units.adu)
    ra, dec = (np.degrees(np.asarray(result.sourceCat[f"coord_{axis}"])) for axis in ("ra", "dec"))
    x, y = (np.asarray(result.sourceCat[f"slot_Centroid_{axis}"]) for axis in "xy")
    assert np.allclose(
        np.transpose(result.exposure.wcs.all_pix2world(x, y, 0)), np.transpose([ra, dec]), atol=1e-9
    )


def placed(exposure: Exposure, x0: int, y0: int) -> Exposure:
    """Return the same exposure as a part of a parent image, with the same sky."""
    header = exposure.header.copy()
    for axis, start in (("1", x0), ("2", y0)):
        header[f"CTYPE{axis}A"], header[f"CRPIX{axis}A"] = "LINEAR", 1
        header[f"CRVAL{axis}A"] = start
    wcs: Any = exposure.wcs.deepcopy()  # type: ignore[union-attr]
    wcs.wcs.crpix = wcs.wcs.crpix + [x0, y0]
    return exposure.replaced(header=header, wcs=wcs)


def test_a_part_of_an_image_has_its_sources_in_the_parents_pixels(
    exposure: Exposure, grid: Any
) -> None:
    whole: Any = task().run(exposure, catalog(exposure, grid), 3, 32)
    part: Any = task().run(placed(exposure, 300, 500), catalog(exposure, grid), 3, 32)
    assert len(whole.sourceCat) == len(part.sourceCat) > 25
    for name, start in (("x", 300), ("y", 500)):
        centroids = (np.asarray(each.sourceCat[f"slot_Centroid_{name}"]) for each in (whole, part))
        assert np.allclose(next(centroids) + start, next(centroids), rtol=0, atol=1e-9)
    for name in ("coord_ra", "coord_dec", "slot_PsfFlux_instFlux"):
        assert np.allclose(whole.sourceCat[name], part.sourceCat[name], rtol=1e-12, atol=0)
    corner = whole.exposure.wcs.pixel_to_world(0, 0)
    assert part.exposure.wcs.pixel_to_world(300, 500).separation(corner).arcsec < 1e-6
    assert part.exposure.local_wcs.pixel_to_world(0, 0).separation(corner).arcsec < 1e-6


def test_sources_are_in_icrs_whatever_the_frame_of_the_wcs(exposure: Exposure, grid: Any) -> None:
    """The reference catalog is in ICRS, and so are the sources' positions."""
    galactic: Any = exposure.wcs.deepcopy()  # type: ignore[union-attr]
    middle = SkyCoord(40.0, -20.0, unit="deg").galactic
    galactic.wcs.ctype = ["GLON-TAN", "GLAT-TAN"]
    galactic.wcs.crval, galactic.wcs.radesys = [middle.l.deg, middle.b.deg], ""
    galactic.wcs.set()
    made = exposure.replaced(wcs=galactic)
    there = galactic.pixel_to_world(grid[:, 0], grid[:, 1]).icrs
    flux = AB_FLUX * 10 ** (-0.4 * ZERO) * grid[:, 2]
    stars = Stars(
        Table(
            [np.arange(len(grid)), there.ra.rad, there.dec.rad, flux],
            names=["id", "coord_ra", "coord_dec", "g_flux"],
        )
    )
    each = task()
    result: Any = each.run(made, stars, 3, 32)
    assert len(result.matches) >= 25
    assert abs(each.metadata["astromOffsetEast"]) < 0.03
    x, y = (np.asarray(result.sourceCat[f"slot_Centroid_{axis}"]) for axis in "xy")
    expected = result.exposure.wcs.pixel_to_world(x, y).icrs
    ra, dec = (np.asarray(result.sourceCat[f"coord_{axis}"]) for axis in ("ra", "dec"))
    assert np.allclose(ra, expected.ra.rad, rtol=0, atol=1e-12)
    assert np.allclose(dec, expected.dec.rad, rtol=0, atol=1e-12)


def test_the_pixels_of_sources_are_flagged(exposure: Exposure, grid: Any) -> None:
    result: Any = task(doAstrometry=False, doPhotoCal=False).run(exposure)
    flagged = result.exposure.mask["DETECTED"]
    assert flagged[np.rint(grid[:, 1]).astype(int), np.rint(grid[:, 0]).astype(int)].all()
    assert 0.05 < flagged.mean() < 0.5
    assert exposure.mask is not None
    assert not exposure.mask.array.any()  # what was given stays as it was


@pytest.mark.parametrize(
    ("settings", "wcs", "photo_calib"),
    [({"doAstrometry": False}, False, True), ({"doPhotoCal": False}, True, False)],
)
def test_each_calibration_can_be_left_out(
    exposure: Exposure, grid: Any, settings: dict[str, bool], wcs: bool, photo_calib: bool
) -> None:
    result: Any = task(**settings).run(exposure, catalog(exposure, grid))
    assert (result.exposure.photo_calib is not None) == photo_calib
    assert (result.exposure.wcs is not exposure.wcs) == wcs
    assert result.sourceCat["calib_astrometry_used"].any() == wcs
    assert result.sourceCat["calib_photometry_used"].any() == photo_calib


def test_a_filter_may_have_another_name_in_the_catalog(exposure: Exposure, grid: Any) -> None:
    each = task(filterMap={"g": "green"})
    each.run(exposure, catalog(exposure, grid, "green"))
    assert each.metadata["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda table: table[:0],
            r"mine \(ref_cats/mine\) has no star with a flux in g within .* does it cover the field",
        ),
        (
            lambda table: table[:3],
            r"of \d+ sources and 3 stars of mine, \d are alike, and 5 are needed",
        ),
        (
            lambda table: Table(
                list(table.columns.values()), names=["id", "coord_ra", "coord_dec", "r_flux"]
            ),
            r"no filter 'g'; it has r\.",
        ),
    ],
)
def test_a_catalog_that_does_not_do_is_told(
    exposure: Exposure, grid: Any, spoil: Callable[[Table], Table], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        task().run(exposure, Stars(spoil(catalog(exposure, grid).table)))


def turned(table: Table, degrees: float, stretch: float = 1.0) -> Table:
    """Turn a catalog about its middle, and stretch it."""
    ra, dec = (np.asarray(table[f"coord_{axis}"]) for axis in ("ra", "dec"))
    middle = np.median(dec)
    east, north = (ra - np.median(ra)) * np.cos(middle), dec - middle
    cosine, sine = stretch * np.cos(np.radians(degrees)), stretch * np.sin(np.radians(degrees))
    made = table.copy()
    made["coord_ra"] = np.median(ra) + (cosine * east - sine * north) / np.cos(middle)
    made["coord_dec"] = middle + sine * east + cosine * north
    return made


def moved_about(table: Table, arcsec: float) -> Table:
    """Move each star by itself, as an old catalog without proper motions has them."""
    rng, made = np.random.default_rng(5), table.copy()
    for axis in ("ra", "dec"):
        made[f"coord_{axis}"] += np.radians(rng.normal(0, arcsec, len(made)) / 3600)
    return made


def elsewhere(table: Table) -> Table:
    """Return a catalog of as many stars that are none of the exposure's."""
    rng, made = np.random.default_rng(6), table.copy()
    for axis in ("ra", "dec"):
        low, high = made[f"coord_{axis}"].min(), made[f"coord_{axis}"].max()
        made[f"coord_{axis}"] = rng.uniform(low, high, len(made))
    return made


def of_other_magnitudes(table: Table) -> Table:
    made = table.copy()
    made["g_flux"] = np.random.default_rng(7).permutation(made["g_flux"])
    return made


@pytest.mark.parametrize(("degrees", "stretch"), [(1.9, 1.0), (-1.9, 1.0), (0.5, 1.009)])
def test_a_wcs_that_is_turned_and_of_another_scale_is_corrected(
    exposure: Exposure, grid: Any, degrees: float, stretch: float
) -> None:
    each = task()
    each.run(exposure, Stars(turned(catalog(exposure, grid).table, degrees, stretch)))
    assert each.metadata["astromRotation"] == pytest.approx(degrees, abs=0.05)
    assert each.metadata["astromScaleChange"] == pytest.approx(stretch - 1, abs=0.001)
    assert each.metadata["astromScatter"] < 0.1


@pytest.mark.parametrize(
    ("spoil", "settings", "said"),
    [
        (lambda table: turned(table, 5.0), {}, "minVoteSigma=5|maxRotation=2"),
        (lambda table: turned(table, 8.0), {}, "minVoteSigma=5"),
        (elsewhere, {}, "minVoteSigma=5"),
        (lambda table: moved_about(table, 0.35), {}, "maxAstromExcess=0.2"),
        (lambda table: moved_about(table, 0.7), {"maxAstromScatter": 0.3}, "maxAstromScatter=0.3"),
        (of_other_magnitudes, {}, "maxPhotoScatter=0.3"),
        (lambda table: table[8:], {"minMatchedFraction": 0.9}, "minMatchedFraction=0.9"),
        (lambda table: turned(table, 1.5), {"maxRotation": 1.0}, "minVoteSigma|maxRotation=1"),
        (lambda table: table, {"maxZeroPointErr": 1e-5}, "maxZeroPointErr=1e-05"),
    ],
)
def test_what_does_not_agree_is_not_believed(
    exposure: Exposure,
    grid: Any,
    spoil: Callable[[Table], Table],
    settings: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(TaskError, match=f"is not believed:\n.*{said}"):
        task(**settings, minMatches=3).run(exposure, Stars(spoil(catalog(exposure, grid).table)))


def test_a_wcs_that_is_far_off_is_corrected(exposure: Exposure, grid: Any) -> None:
    table = catalog(exposure, grid).table
    table["coord_dec"] += np.radians(25 / 3600)
    each = task()
    each.run(exposure, Stars(table))
    assert each.metadata["astromOffsetNorth"] == pytest.approx(OFF[1] - 25, abs=0.03)
    assert each.metadata["astromScatter"] < 0.1


@pytest.mark.parametrize("flag", ["SAT", "nothing there"])
def test_an_exposure_without_a_star_that_can_be_used_is_refused(
    make: Callable[..., Exposure], grid: Any, flag: str
) -> None:
    is_empty = flag != "SAT"
    flags = {} if is_empty else {"SAT": np.ones((96, 128), bool)}
    made = make(grid[:0] if is_empty else grid, **flags)
    parts = {"psf": SingleGaussianPsf((15, 15), 1.4), "filter": FilterLabel("g")}
    made = made.replaced(image=made.image - np.float32(400), **parts)
    said = r"of 0 sources and 35 stars of mine, 0 are alike, and 5 are needed; .*minSignalToNoise"
    with pytest.raises(TaskError, match=said):
        task().run(made, catalog(made, grid))


def test_a_colour_term_is_taken_out_of_the_zero_point(exposure: Exposure, grid: Any) -> None:
    """The camera has stars 0.1 mag brighter for each magnitude of colour, as its c1 = -0.1 says."""
    table = catalog(exposure, grid).table
    colour = np.random.default_rng(8).uniform(0, 2, len(table))
    table["g_flux"] *= 10 ** (-0.4 * 0.1 * colour)  # the catalog's are fainter than the camera's
    table["r_flux"] = table["g_flux"] * 10 ** (0.4 * colour)
    terms = {"mine": {"g": Colorterm(primary="g", secondary="r", c1=-0.1)}}
    without, each = task(), task(colorterms=ColortermLibrary(data=terms))
    for one in (without, each):
        one.run(exposure, Stars(table))
    assert each.metadata["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)
    assert without.metadata["photoZeroPoint"] == pytest.approx(ZERO + 0.1, abs=0.03)
    assert each.metadata["photoScatter"] < 0.5 * without.metadata["photoScatter"]
    assert "-0.1 (g - r)" in each.metadata["photoColorTerm"]


def test_a_zero_point_of_psf_fluxes_is_told(
    exposure: Exposure, grid: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Within 12 pixels, each star of the grid has neighbours."""
    each = task(calibRadius=12.0)
    result: Any = each.run(exposure, catalog(exposure, grid))
    assert result.exposure.photo_calib.flux_name == each.metadata["photoFlux"]
    assert each.metadata["photoFlux"] == "base_PsfFlux_instFlux"
    assert each.metadata["photoZeroPoint"] == pytest.approx(ZERO, abs=0.01)
    assert "fewer than 10 stars are alone (minIsolated)" in caplog.text


def test_polynomials_that_were_asked_for_and_are_not_to_be_had_are_told(
    exposure: Exposure, grid: Any, caplog: pytest.LogCaptureFixture
) -> None:
    each = task(astrometryFit="POLYNOMIAL", astrometryOrder=5)
    each.run(exposure, catalog(exposure, grid))
    assert each.metadata["astromOrder"] < 5
    assert "polynomials of order 5 cannot be fitted to these stars" in caplog.text


@pytest.mark.parametrize(("years", "is_told"), [(0.5, False), (11.0, True)])
def test_a_catalog_of_long_ago_without_proper_motions_is_told(
    exposure: Exposure, grid: Any, years: float, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    header = exposure.header.copy()
    header["DATE-AVG"], header["TIMESYS"] = "2026-01-01T00:00:00", "TAI"
    taken = Exposure(
        exposure.image, header, mask=exposure.mask, variance=exposure.variance
    ).replaced(wcs=exposure.wcs, psf=exposure.psf, filter=exposure.filter)
    table = catalog(exposure, grid).table
    assert taken.visit_info.date_avg is not None
    table["epoch"] = taken.visit_info.date_avg.tai.mjd - years * 365.25
    each = task()
    each.run(taken, Stars(table))
    assert each.metadata["refYearsUnmoved"] == pytest.approx(years)
    said = f"where they were {years} years before: it has no proper motions; maxAstromExcess"
    assert (said in caplog.text) == is_told


def test_each_star_tells_how_it_agrees(exposure: Exposure, grid: Any) -> None:
    result: Any = task().run(exposure, catalog(exposure, grid))
    position, magnitude = result.astrometry, result.photometry
    number = len(result.matches)
    parts = (position.x, position.y, position.east, position.north, position.solution.used)
    assert {each.shape for each in parts} == {(number,)}
    assert np.abs(np.hypot(position.east, position.north)).max() < 1.0
    assert magnitude.x.size == magnitude.residuals.size == magnitude.used.size <= number
    assert np.abs(magnitude.residuals[magnitude.used]).max() < 0.3
    assert task(doAstrometry=False).run(exposure, catalog(exposure, grid)).astrometry is None


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("wcs", "without a WCS no star can be recognized"),
        ("filter", "the filter of the exposure is unknown"),
    ],
)
def test_an_exposure_that_does_not_tell_enough_is_refused(
    exposure: Exposure, grid: Any, part: str, said: str
) -> None:
    stars = catalog(exposure, grid)
    with pytest.raises(TaskError, match=said):
        task().run(exposure.replaced(**{part: None}), stars)


def test_a_catalog_that_does_not_cover_the_field_is_told_by_its_place(
    survey: Path, exposure: Exposure
) -> None:
    from persistence.refcats.catalog import ReferenceCatalog

    with pytest.raises(TaskError, match=r"RA 40\.0000 Dec -20\.0000: does it cover the field"):
        task().run(exposure, ReferenceCatalog(survey / "ref_cats" / "invented"))
