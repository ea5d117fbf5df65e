"""The realistic sky: its light is galsim's, its stars are where its true WCS says, its chip does what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time
from astropy.units import deg, mas, pc, yr
from astropy.wcs import WCS

from obs_decam.headers import DecamHeaders
from obs_decam.sample import cards, curated
from obs_decam.sample.facts import LAYOUTS, readouts
from obs_decam.sample.realistic import ccd, draw, epochs, generate, references, scene
from obs_decam.sample.realistic.ccd import Ccd
from obs_decam.sample.realistic.scene import Numbers
from obs_decam.sample.realistic.seeing import Seeing, Shape
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.refcats.catalog import ReferenceCatalog

galsim = pytest.importorskip("galsim", reason="galsim, the judge of the realistic sky, is missing")

SMALL, FULL = LAYOUTS["small"], LAYOUTS["full"]
(CHIP,) = cards.science_chips([28])
ROUND = {"gradient": 0.0, "e1": 0.0, "e2": 0.0, "twist": 0.0}
JUDGES = {
    "moffat": lambda fwhm: galsim.Moffat(beta=3.0, fwhm=fwhm),
    "kolmogorov": lambda fwhm: galsim.Kolmogorov(fwhm=fwhm),
    "gaussian": lambda fwhm: galsim.Gaussian(fwhm=fwhm),
}


def seen_by_galsim(profile: Any, half: int = 40) -> np.ndarray:
    side = 2 * half + 1
    return np.asarray(profile.drawImage(nx=side, ny=side, scale=1.0, method="no_pixel").array)


@pytest.mark.parametrize("profile", sorted(JUDGES))
@pytest.mark.parametrize("shear", [(0.0, 0.0), (0.1, -0.05)])
def test_the_psf_is_that_of_galsim(profile: str, shear: tuple[float, float]) -> None:
    steps = np.arange(-40, 41)
    values = Seeing(5.0, profile).values(steps, steps[:, np.newaxis], Shape(5.0, *shear))
    right = seen_by_galsim(JUDGES[profile](5.0).shear(e1=shear[0], e2=shear[1]))
    assert np.abs(values - right).max() < 5e-4 * right.max()


@pytest.mark.parametrize(("index", "tolerance"), [(1.0, 0.02), (4.0, 0.05)])
@pytest.mark.parametrize(("ratio", "angle"), [(1.0, 0.0), (0.4, 0.6)])
def test_a_galaxy_is_that_of_galsim(
    index: float, tolerance: float, ratio: float, angle: float
) -> None:
    image = np.zeros((SMALL.rows, 2 * SMALL.columns))
    galaxy = Table({"radius": [3.0], "index": [index], "ratio": [ratio], "angle": [angle]})
    seeing = Seeing(4.0, **ROUND)
    draw.draw_galaxies(image, [64.3], [128.4], [1e4], galaxy, seeing, SMALL)
    disc = galsim.Sersic(n=index, half_light_radius=3.0, flux=1e4)
    disc = disc.shear(q=ratio, beta=angle * galsim.radians)
    whole = galsim.Convolve(disc, galsim.Moffat(beta=3.0, fwhm=4.0)).shift(0.3, 0.4)
    right = seen_by_galsim(whole, 20)
    drawn = image[128 - 20 : 128 + 21, 64 - 20 : 64 + 21]
    assert abs(drawn.sum() - right.sum()) < tolerance * right.sum()
    assert np.abs(drawn - right).max() < tolerance * right.max()


@pytest.mark.parametrize("light", [1e3, 1e7])
def test_a_stars_light_is_all_there_and_in_its_place(light: float) -> None:
    image = np.zeros((FULL.rows // 8, FULL.columns // 4))
    draw.draw_stars(image, [120.25], [201.6], [light], Seeing(4.0, **ROUND), FULL)
    rows, columns = np.indices(image.shape)
    assert image.sum() == pytest.approx(light, rel=2e-3)
    assert (image * columns).sum() / image.sum() == pytest.approx(120.25, abs=0.02)
    assert (image * rows).sum() / image.sum() == pytest.approx(201.6, abs=0.02)


def test_stars_off_the_image_bring_what_reaches_it() -> None:
    image = np.zeros((50, 50))
    places = [-3.0, 25.0, 200.0], [25.0, 53.0, 25.0]
    draw.draw_stars(image, *places, [1e4] * 3, Seeing(4.0), SMALL)
    assert image[:, 0].sum() > 0
    assert image[-1].sum() > 0
    assert image.sum() < 1e4


def test_stars_move_as_astropy_moves_them() -> None:
    numbers = Numbers(stars=50, galaxies=5, proper_motion=500.0)
    (epoch,) = epochs.plan(3, CHIP, SMALL, [{"visit": 1, "mjd": 61284.2}])
    stars = scene.make(3, epochs.wcs(epoch.truth, CHIP, SMALL), SMALL, numbers).stars
    ra, dec = scene.at(stars, epoch.mjd)
    motions = {f"pm_{axis}": stars[f"pm_{axis}"] * mas / yr for axis in ("ra", "dec")}
    then = Time(scene.EPOCH, format="mjd", scale="tai")
    right = SkyCoord(
        ra=stars["ra"] * deg,
        dec=stars["dec"] * deg,
        distance=np.full(len(stars), 50.0) * pc,
        pm_ra_cosdec=motions["pm_ra"],
        pm_dec=motions["pm_dec"],
        frame="icrs",
        obstime=then,
    ).apply_space_motion(Time(epoch.mjd, format="mjd", scale="tai"))
    there = SkyCoord(ra, dec, unit="deg")
    assert there.separation(right).to_value("mas").max() < 1.0


def test_the_headers_wcs_is_wrong_as_a_linear_correction_cannot_mend() -> None:
    (epoch,) = epochs.plan(1, CHIP, FULL, [{"visit": 1, "mjd": 61284.2}])
    true, told = (epochs.wcs(one, CHIP, FULL) for one in (epoch.truth, epoch.header))
    columns, rows = (
        axis.ravel() for axis in np.meshgrid([0.0, 1023, 2047], [0.0, 1365, 2730, 4095])
    )
    where = SkyCoord(*true.wcs_pix2world(columns, rows, 0), unit="deg")
    said = SkyCoord(*told.wcs_pix2world(columns, rows, 0), unit="deg")
    assert 0.5 < where.separation(said).to_value("arcsec").max() < 30
    terms = np.stack([np.ones_like(columns), columns, rows], axis=1)
    off = np.stack([axis.to_value("mas") for axis in where.spherical_offsets_to(said)], axis=1)
    left = off - terms @ np.linalg.lstsq(terms, off, rcond=None)[0]
    assert np.hypot(*left.T).max() > 20
    middle = where[len(columns) // 2]
    assert middle.separation(SkyCoord(*epochs.CENTRE, unit="deg")).to_value("deg") < 0.2


def test_what_a_pixel_cannot_hold_bleeds_along_its_column() -> None:
    detector = Ccd(CHIP, SMALL)
    light = np.full(detector.shape, 100.0)
    column = int(np.flatnonzero(~detector.defects().any(axis=0))[30])
    light[120, column] = 2e6
    electrons = ccd.expose(light, detector, "g", np.random.default_rng(1), rays=0).electrons
    each = readouts(CHIP.name, CHIP.number)[column // SMALL.columns]
    full = each.saturation * each.gain
    trail = np.flatnonzero(electrons[:, column] > 0.99 * full)
    assert trail.min() < 118 < 122 < trail.max()
    assert np.ptp(trail) == trail.size - 1
    kept = electrons[:, column].sum()
    assert kept == pytest.approx(detector.flat("g")[120, column] * 2e6 + 100 * SMALL.rows, rel=0.01)
    assert electrons[:, column + 1].max() < 1000


def test_an_amplifier_gets_a_trace_of_what_the_other_reads_at_once() -> None:
    detector = Ccd(CHIP, SMALL)
    electrons = np.zeros(detector.shape)
    electrons[:, 10] = 1e5
    plain, crossed = (
        ccd.read_out(one, detector, np.random.default_rng(5)).astype(float)
        for one in (np.zeros_like(electrons), electrons)
    )
    first = SMALL.prescan + SMALL.overscan
    mirror = first + 2 * SMALL.columns - 1 - 10
    trace = (crossed - plain)[:, mirror]
    gain = readouts(CHIP.name, CHIP.number)[0].gain
    left_in_right = curated.crosstalk_of(CHIP, curated.EPOCHS[0])[1]  # B is the left one
    data = trace[SMALL.postscan :] if CHIP.name.startswith("S") else trace[: SMALL.rows]
    assert data.mean() == pytest.approx(left_in_right * 1e5 / gain, abs=0.3)


@pytest.fixture(scope="module")
def field(tmp_path_factory: Any) -> generate.Written:
    folder = str(tmp_path_factory.mktemp("realistic"))
    numbers = Numbers(stars=60, galaxies=20, transients=8, variables=3, faintest=21.0)
    visits = [dict(one, fwhm=3.0) for one in generate.VISITS]
    return generate.write(folder, 7, visits, "small", numbers=numbers, rays=5)


def test_the_same_seed_gives_the_same_files(field: generate.Written, tmp_path: Path) -> None:
    numbers = Numbers(stars=60, galaxies=20, transients=8, variables=3, faintest=21.0)
    visits = [dict(one, fwhm=3.0) for one in generate.VISITS]
    again = generate.write(str(tmp_path), 7, visits, "small", numbers=numbers, rays=5)
    for one, other in zip(field.raws + field.masters, again.raws + again.masters, strict=True):
        with fits.open(one) as first, fits.open(other) as second:
            assert all((a.data == b.data).all() for a, b in zip(first[1:], second[1:], strict=True))
    other = generate.write(str(tmp_path / "b"), 8, visits, "small", numbers=numbers, rays=5)
    assert (fits.getdata(other.raws[0], 1) != fits.getdata(field.raws[0], 1)).mean() > 0.5


def test_the_truth_says_where_the_light_is(field: generate.Written) -> None:
    with fits.open(field.raws[0]) as hdus:
        header, image = hdus[1].header, hdus[1].data.astype(float)
    detector = DecamHeaders().detector(header)
    assert detector is not None
    trimmed = np.empty((SMALL.rows, 2 * SMALL.columns))
    for amplifier in detector.amplifiers:
        level = np.median(image[amplifier.overscan.slices])
        trimmed[amplifier.trimmed.slices] = (image[amplifier.data.slices] - level) * amplifier.gain
    stars = Table.read(Path(field.truth) / "stars-234567.fits")
    inside = (stars["x"] > 8) & (stars["x"] < 119) & (stars["y"] > 8) & (stars["y"] < 247)
    medium = stars[inside & (stars["counts"] > 5e4) & (stars["counts"] < 1e6)]
    assert len(medium) > 5
    for star in medium:
        x, y = round(star["x"]), round(star["y"])
        near = trimmed[y - 4 : y + 5, x - 4 : x + 5]
        assert near.max() - np.median(trimmed) > 0.04 * star["counts"]
    told = json.loads((Path(field.truth) / "epochs.json").read_text())["234567"]
    ra, dec = WCS(fits.Header.fromstring(told["wcs"])).wcs_pix2world(stars["x"], stars["y"], 0)
    assert (
        SkyCoord(ra, dec, unit="deg")
        .separation(SkyCoord(stars["ra"], stars["dec"], unit="deg"))
        .to_value("mas")
        .max()
        < 1.0
    )


def test_variables_and_transients_are_in_the_epochs_that_the_truth_says(
    field: generate.Written,
) -> None:
    first, second = (
        {
            kind: Table.read(Path(field.truth) / f"{kind}-{visit}.fits")
            for kind in ("stars", "transients")
        }
        for visit in (234567, 123456)
    )
    ratio = second["stars"]["counts"] / first["stars"]["counts"]
    assert np.allclose(ratio / 10 ** (-0.4 * 0.11), 1 + first["stars"]["change"])
    assert np.count_nonzero(first["stars"]["change"]) == 3
    positive = first["transients"]["sign"] > 0
    assert (first["transients"]["counts"][positive] == 0).all()
    assert (second["transients"]["counts"][positive] > 0).all()


def test_a_repository_takes_the_field_and_gives_its_references_where_they_are(
    field: generate.Written, tmp_path: Path
) -> None:
    repo, calibs = tmp_path / "repo", tmp_path / "CALIB"
    repo.mkdir()
    calibs.mkdir()
    (repo / "_mapper").write_text("decam\n")
    assert ingest_images.main([str(repo), *field.raws, "--mode", "copy"]) == 0
    words = ["--calib", str(calibs), "--validity", "365", "--mode", "copy"]
    assert ingest_calibs.main([str(repo), *field.masters, *words]) == 0
    assert ingest_curated.main([str(repo), field.curated, "--calib", str(calibs)]) == 0
    (repo / "ref_cats").symlink_to(field.references)
    butler = Butler(str(repo), calibRoot=str(calibs))
    assert sorted(butler.queryMetadata("raw", "visit")) == [123456, 234567]
    raw = butler.get("raw", visit=123456, ccdnum=28)
    assert raw.metadata["MJD-OBS"] == pytest.approx(61315.3)
    assert butler.get("flat", visit=123456, ccdnum=28).image.shape == (256, 128)
    stars = Table.read(Path(field.truth) / "stars-123456.fits")
    at = Time(61315.3, format="mjd", scale="tai")
    catalog = ReferenceCatalog.of(butler, references.NAME)
    near = catalog.cone(SkyCoord(*epochs.CENTRE, unit="deg"), 0.3 * deg, epoch=at)
    ids = np.asarray(near["id"])
    right = stars[np.searchsorted(stars["id"], ids)]
    there = SkyCoord(np.asarray(near["coord_ra"]), np.asarray(near["coord_dec"]), unit="rad")
    off = there.separation(SkyCoord(right["ra"], right["dec"], unit="deg")).to_value("mas")
    assert len(near) > 20
    assert np.median(off) < 3
    assert off.max() < 20
