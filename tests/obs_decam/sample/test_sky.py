"""The invented sky: the same stars for all who look, where the headers say, as bright as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from obs_decam.headers import DecamHeaders
from obs_decam.sample import curated, generate, sky
from obs_decam.sample.cards import science_chips
from obs_decam.sample.pixels import pattern, pixels
from obs_decam.sample.raw import raw_pixels
from obs_decam.sample.sky import Attitude
from persistence.types.wcs import sphere

SMALL = generate.LAYOUTS["small"]


@settings(max_examples=20, deadline=None)
@given(ra=st.floats(0, 360), dec=st.floats(-90, 90), radius=st.floats(0, 1.5))
def test_a_circle_has_the_stars_of_a_larger_one_that_are_in_it(
    ra: float, dec: float, radius: float
) -> None:
    few, many = (sky.stars_near(ra, dec, reach) for reach in (radius, radius + 0.7))
    inside = sphere.separation(sphere.vector(many.ra, many.dec), sphere.vector(ra, dec)) <= radius
    assert few.ids.tolist() == many[inside].ids.tolist()
    assert np.unique(many.ids).size == len(many)


@pytest.mark.parametrize("place", [(0.0, 0.0), (186.0, -44.0), (359.99, 60.0)])
def test_stars_are_as_dense_everywhere_and_apart(place: tuple[float, float]) -> None:
    stars = sky.stars_near(*place, 1.0)
    assert len(stars) == pytest.approx(np.pi * 42**2, rel=0.05)
    points = sphere.vector(stars.ra, stars.dec)
    middle = points[: len(points) // 20]
    apart = np.sort(sphere.separation(middle[:, np.newaxis], points), axis=1)[:, 1]
    # Across the edges of blocks, which narrow towards the poles, it may be less.
    assert np.percentile(apart, 5) * 3600 > 30


def test_a_star_has_each_brightness_that_the_filters_need() -> None:
    stars = sky.stars_near(40.0, -20.0, 1.0)
    assert set(stars.magnitudes) == set(generate.FILTERS)
    red = stars.magnitudes["r"]
    assert 13.5 <= red.min() < 15 < 19 < np.median(red) < red.max() <= 20.9
    assert (stars.magnitudes["u"] > stars.magnitudes["g"]).all()


@pytest.mark.parametrize("number", [1, 25, 28, 62])
@pytest.mark.parametrize("size", ["tiny", "small", "full"])
def test_the_headers_wcs_has_the_stars_off_by_what_is_true(number: int, size: str) -> None:
    (chip,) = science_chips([number])
    layout = generate.LAYOUTS[size]
    header = fits.Header(list(generate.chip_cards(chip, layout, Attitude(*sky.pointing(410878)))))
    truth = generate.truth(410878, "g", number, size)
    ra, dec = WCS(header).wcs_pix2world(truth.x + header["LTV1"], truth.y + header["LTV2"], 0)
    off = (
        (ra - truth.stars.ra) * np.cos(np.radians(truth.stars.dec)) * 3600,
        (dec - truth.stars.dec) * 3600,
    )
    assert np.allclose(off[0], truth.seen.offset[0], atol=1e-4)
    assert np.allclose(off[1], truth.seen.offset[1], atol=1e-4)
    assert 60 < len(truth.stars) < 100  # a chip is as large on the sky, whatever its pixels are


@given(visit=st.integers(0, 10**7), band=st.sampled_from(sorted(generate.FILTERS)))
def test_a_visit_is_seen_within_bounds(visit: int, band: str) -> None:
    seen = sky.seen(visit, band)
    assert 1.3 <= seen.psf_sigma <= 1.7
    assert np.hypot(*seen.offset) <= 1.5
    typical = np.mean([sky.seen(other, band).zero_point for other in range(11)])
    assert abs(seen.zero_point - typical) <= 0.0501


def corrected(number: int, band: str = "g", visit: int = 410877) -> tuple[np.ndarray, np.ndarray]:
    """Undo by hand what the camera does to a chip: gives electrons, and where pixels are no defects."""
    (chip,) = science_chips([number])
    raw = raw_pixels(visit, band, chip, SMALL).astype(float)
    detector = DecamHeaders().detector(
        fits.Header(list(generate.chip_cards(chip, SMALL, Attitude(*sky.pointing(visit)))))
    )
    assert detector is not None
    image = np.empty((SMALL.rows, 2 * SMALL.columns))
    for amplifier in detector.amplifiers:
        level = np.median(raw[amplifier.overscan.slices])
        image[amplifier.trimmed.slices] = (raw[amplifier.data.slices] - level) * amplifier.gain
        bias = pixels("bias", "2014-02-20", "NONE", number, chip.place, SMALL)[
            amplifier.trimmed.slices
        ]
        image[amplifier.trimmed.slices] -= bias * amplifier.gain
    good = np.ones(image.shape, bool)
    for x0, y0, width, height in curated.boxes_of(chip, curated.EPOCHS[0], SMALL):
        good[y0 : y0 + height, x0 : x0 + width] = False
    return image / pixels("flat", "2014-02-20", band, number, chip.place, SMALL), good


@pytest.mark.parametrize("number", [28, 33, 62])
def test_calibrations_flatten_what_the_camera_does(number: int) -> None:
    image, good = corrected(number)
    truth = generate.truth(410877, "g", number)
    rows, columns = np.mgrid[: SMALL.rows, : 2 * SMALL.columns]
    far = good.copy()
    (chip,) = science_chips([number])
    # also those just off the chip
    _stars, *places = sky.falling(410877, chip.name, chip.place, SMALL)
    for x, y in zip(*places, strict=True):
        far &= np.hypot(columns - x, rows - y) > 9
    assert np.count_nonzero(far) > 8000
    slope = 0.05 * (columns / columns.shape[1] - 0.5) + 0.03 * (rows / rows.shape[0] - 0.5)
    left = image - truth.seen.sky * (1 + slope)
    # Noise of the sky and the readout is 23 electrons: 0.7 in means of 1000 pixels; overscan and
    # bias are known to 1.
    for part in np.array_split(np.argsort(columns[far], kind="stable"), 8):
        assert abs(left[far][part].mean()) < 4
    assert left[far].std() == pytest.approx(np.hypot(np.sqrt(truth.seen.sky), 7), rel=0.1)


def test_a_star_brings_the_electrons_that_its_magnitude_and_the_zero_point_say() -> None:
    image, good = corrected(28)
    truth = generate.truth(410877, "g", 28)
    rows, columns = np.mgrid[: SMALL.rows, : 2 * SMALL.columns]
    apart = np.hypot(truth.x[:, None] - truth.x, truth.y[:, None] - truth.y) + 1e9 * np.eye(
        truth.x.size
    )
    checked = 0
    for number in np.flatnonzero(
        (apart.min(axis=1) > 15) & (truth.counts > 3e4) & (truth.counts < 1e6)
    ):
        distance = np.hypot(columns - truth.x[number], rows - truth.y[number])
        inside, ring = distance < 7, (distance > 8) & (distance < 12)
        edge = min(truth.x[number], truth.y[number], 127 - truth.x[number], 255 - truth.y[number])
        if edge < 12 or not good[inside].all():
            continue
        flux = image[inside].sum() - np.median(image[ring & good]) * np.count_nonzero(inside)
        noise = np.hypot(np.sqrt(truth.counts[number] + 154 * 530), 154 * 23 * 1.25 / np.sqrt(200))
        assert abs(flux - truth.counts[number]) < 4 * noise
        checked += 1
    assert checked >= 3


def test_defects_are_bad_and_no_other_pixels() -> None:
    image, good = corrected(28)
    assert (np.abs(image[~good] - 480) > 200).mean() > 0.9
    assert np.percentile(image[good], 0.1) > 350


def test_the_pattern_of_a_master_is_the_same_at_all_dates() -> None:
    (chip,) = science_chips([28])
    planes = [
        pixels("flat", date, "g", 28, chip.place, SMALL) for date in ("2014-02-20", "2015-01-01")
    ]
    shown = pattern("flat", "g", 28, chip.place, SMALL)
    for plane in planes:
        assert np.abs(plane - shown).max() < 0.02
        assert (plane - shown).std() == pytest.approx(0.003, rel=0.1)
    assert not np.array_equal(*planes)
