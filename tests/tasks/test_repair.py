"""Repair: which pixels are cosmic rays, which are stars, and what is filled in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from persistence import Exposure
from persistence.errors import MissingExtra
from persistence.pipe.task import TaskError
from persistence.tasks.planes import fill_along_rows
from persistence.tasks.repair import RepairTask
from persistence.tasks.repair_config import RepairConfig
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf

galsim = pytest.importorskip("galsim", reason="pip install '.[test]'")

SIDE, SKY = 360, 800.0


class Scene(NamedTuple):
    """An exposure with stars by galsim, and what is true of it."""

    exposure: Exposure
    light: NDArray[np.float64]  # without noise and rays
    rays: NDArray[np.float64]  # electrons

    def cut(self, side: int) -> Scene:
        part = np.s_[:side, :side]
        return Scene(self.exposure[part], self.light[part], self.rays[part])


def scene(fwhm: float, rays: int = 30, seed: int = 1) -> Scene:
    rng = np.random.default_rng(seed)
    stars = np.column_stack([*rng.uniform(10, SIDE - 10, (2, 60)), 10 ** rng.uniform(3, 6, 60)])
    drawn = galsim.Image(SIDE, SIDE, xmin=0, ymin=0, dtype=float)
    for x, y, flux in stars:
        star = galsim.Moffat(beta=3.0, fwhm=fwhm, flux=flux)
        box = galsim.BoundsI(*(int(at) + step for at in (x, y) for step in (-30, 30)))
        part = box & drawn.bounds
        star.drawImage(drawn[part], center=galsim.PositionD(x, y), scale=1.0, add_to_image=True)
    hits = np.zeros((SIDE, SIDE))
    for _ in range(rays):
        length, angle, charge = rng.exponential(8.0), rng.uniform(0, np.pi), 10 ** rng.uniform(3, 4)
        x, y = rng.uniform(0, SIDE, 2)
        for step in np.arange(0, length + 1, 0.5):
            row, column = int(y + step * np.sin(angle)), int(x + step * np.cos(angle))
            if 0 <= row < SIDE and 0 <= column < SIDE:
                hits[row, column] += charge * rng.uniform(0.3, 0.7)
    light = np.asarray(drawn.array)
    image = rng.poisson(light + SKY) - SKY + hits + rng.normal(0, 7, light.shape)
    variance = light + SKY + 49 + hits
    none = np.zeros(image.shape, bool)
    mask = Mask.from_flags({"BAD": none, "SAT": none})
    planes = {"mask": mask, "variance": variance.astype(np.float32)}
    return Scene(Exposure(image.astype(np.float32), fits.Header(), **planes), light, hits)


def gaussian(fwhm: float) -> SingleGaussianPsf:
    return SingleGaussianPsf((41, 41), fwhm / 2.3548)


def repair(made: Scene, fwhm: float, **settings: Any) -> Any:
    config = RepairConfig()
    for name, value in settings.items():
        *above, last = name.split(".")
        setattr(getattr(config, above[0]) if above else config, last, value)
    return RepairTask(config=config).run(made.exposure, gaussian(fwhm))


@pytest.mark.parametrize("fwhm", [2.2, 4.0, 8.0])
@pytest.mark.parametrize("guess", [2.0, None], ids=["sharpest", "right"])
def test_rays_are_found_and_cores_of_stars_are_not(fwhm: float, guess: float | None) -> None:
    made = scene(fwhm)
    result = repair(made, guess or fwhm)
    flagged = result.exposure.mask["CR"]
    # on a star's own light only its excess tells a ray, as far as the PSF leaves that
    strong = made.rays > np.maximum(20 * np.sqrt(made.light + SKY), 9 * made.light)
    strong[[0, -1]] = strong[:, [0, -1]] = False  # where there is nothing across to compare with
    assert flagged[strong].mean() > 0.985
    assert not (flagged & ~binary_dilation(made.rays > 0, np.ones((3, 3)))).any()
    assert 20 < result.number < 40
    np.testing.assert_array_equal(result.exposure.mask["INTRP"], flagged)


@pytest.mark.parametrize("fwhm", [4.0, 7.0])
def test_pixels_are_filled_better_than_by_a_median(fwhm: float) -> None:
    made = scene(fwhm, rays=120)
    exposure = repair(made, fwhm).exposure
    flagged = exposure.mask["CR"]
    error = np.sqrt(made.light + SKY)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(np.where(flagged, np.nan, made.exposure.image), 2, constant_values=np.nan), (5, 5)
    )
    with np.errstate(all="ignore"):
        medians = np.nanmedian(windows[flagged], axis=(1, 2))
    off = ((exposure.image - made.light) / error)[flagged]
    plain = (medians - made.light[flagged]) / error[flagged]
    for share in (50, 90, 95):
        left, other = (np.nanpercentile(np.abs(each), share) for each in (off, plain))
        assert left < min(1.2, 0.8 * other)
    np.testing.assert_array_equal(exposure.image[~flagged], made.exposure.image[~flagged])
    assert exposure.image.dtype == np.float32


def test_what_astroscrappy_finds_is_found() -> None:
    pytest.importorskip("astroscrappy", reason="pip install '.[test]'")
    made = scene(4.0, rays=100).cut(140)
    ours, theirs = (
        repair(made, 4.0, method=method).exposure.mask["CR"] for method in ("psf", "astroscrappy")
    )
    hit = made.rays > 0
    assert (theirs & hit).sum() > 50
    assert (ours & theirs & hit).sum() > 0.97 * (theirs & hit).sum()
    assert (ours & ~hit).sum() <= (theirs & ~hit).sum()


def test_a_method_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "astroscrappy", None)
    with pytest.raises(MissingExtra, match=r"repair.method=astroscrappy needs astroscrappy: pip"):
        repair(scene(4.0, rays=0), 4.0, method="astroscrappy")


def test_too_many_pixels_are_an_error_that_names_the_number_and_the_setting() -> None:
    made = scene(4.0)
    made.exposure.variance = made.exposure.variance / 1e4  # type: ignore[operator]
    with pytest.raises(TaskError, match=r"\d{4,} pixels or more .*-c cosmicray.nCrPixelMax=1000"):
        repair(made, 4.0, **{"cosmicray.nCrPixelMax": 1000})


def test_rays_may_be_kept_or_not_looked_for() -> None:
    made = scene(4.0)
    kept = repair(made, 4.0, **{"cosmicray.keepCRs": True}).exposure
    assert kept.mask["CR"].any()
    assert not kept.mask["INTRP"].any()
    np.testing.assert_array_equal(kept.image, made.exposure.image)
    nothing = repair(made, 4.0, doCosmicRay=False)
    assert nothing.number == 0
    assert not nothing.exposure.mask.counts()
    np.testing.assert_array_equal(nothing.exposure.image, made.exposure.image)


def test_beside_bad_columns_and_full_stars_nothing_is_a_ray() -> None:
    made = scene(4.0, rays=0)
    image = made.exposure.image.copy()
    full = image > 20000
    image[:, 100], image[full] = 30000.0, 20000.0
    image[150:250, 200] = 20000.0
    full[150:250, 200] = True
    bad = np.zeros(image.shape, bool)
    bad[:, 100] = True
    mask = Mask.from_flags({"BAD": bad, "SAT": binary_dilation(full, iterations=2)})
    made.exposure.image, made.exposure.mask = image, mask
    assert repair(made, 4.0).number == 0


@pytest.mark.parametrize("fwhm", [4.0, 7.0])
def test_narrow_defects_are_filled_better_than_by_straight_lines(fwhm: float) -> None:
    made = scene(fwhm, rays=0)
    bad = np.zeros((SIDE, SIDE), bool)
    bad[:, 20::30] = bad[:, 21::60] = True
    wide = np.zeros_like(bad)
    wide[200:240, 100:140] = True
    mask = Mask.from_flags({"BAD": bad | wide, "INTRP": bad | wide})
    image = made.exposure.image.copy()
    fill_along_rows([image], bad | wide)
    lines = made._replace(exposure=made.exposure.replaced(image=image, mask=mask))
    repaired, left = (
        repair(lines, fwhm, doInterpolate=setting).exposure for setting in (True, False)
    )
    np.testing.assert_array_equal(left.image, image)
    np.testing.assert_array_equal(repaired.image[~bad | wide], image[~bad | wide])
    lit = bad & ~wide & (made.light > np.sqrt(made.light + SKY))
    ours, theirs = (np.abs(each.image - made.light)[lit] for each in (repaired, left))
    assert np.median(ours) < 0.8 * np.median(theirs)
    assert set(repaired.mask.counts()) == {"BAD", "INTRP"}
