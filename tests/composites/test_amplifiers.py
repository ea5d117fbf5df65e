"""Amplifiers put together, against what Gen2 knew of the same detectors, and astropy's pixels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, Exposure, FormatterError
from persistence.cameras.installed import camera
from persistence.composites import amplifiers
from persistence.types.pixels.box import Box

RAWS = {
    "imsim": ("raw/204595/R11/00204595-R11-S20-det042.fits", {"visit": 204595, "detector": 42}),
    "latiss": (
        "raw/2018-09-20/3018092000065-det000.fits",
        {"visit": 3018092000065, "detector": 0},
    ),
}


@pytest.fixture(params=["imsim", pytest.param("latiss", marks=pytest.mark.slow)])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def butler(real: Path, tmp_path: Path, name: str) -> Butler:
    """Return a Butler on a real repository, the pixels of whose raw, which are 0, are all different."""
    root = tmp_path / name
    shutil.copytree(real / "gen2_repos" / name, root)
    path = root / RAWS[name][0]
    with fits.open(path) as hdus:
        for number, hdu in enumerate(hdus[1:17]):
            pixels = np.arange(hdu.data.size, dtype="i4") % 60013 + number * 65536
            hdu.data = pixels.reshape(hdu.shape)
        path.unlink()
        hdus.writeto(path, output_verify="ignore")
    return Butler(root, calibRoot="CALIB")


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")  # the files are not quite FITS
def test_a_raw_is_what_was_read_out_placed_as_gen2_placed_it(butler: Butler, name: str) -> None:
    """The detector in a master of Gen2 says of each amplifier how it is turned, and what it holds."""
    data_id = RAWS[name][1]
    raw = butler.get("raw", data_id)
    path = butler.getUri("raw", data_id).removesuffix("[0]")
    known = butler.get("bias", data_id).detector
    assert (raw.detector.name, raw.detector.id, raw.detector.bbox) == (
        known.name,
        known.id,
        known.bbox,
    )
    assert [part.name for part in raw.detector.amplifiers] == [
        part.name for part in known.amplifiers
    ]
    trimmed = butler.get("raw_trimmed", data_id)
    assert trimmed.image.shape == (known.bbox.height, known.bbox.width)
    assert trimmed.detector.amplifiers == ()
    for hdu, part in enumerate(known.amplifiers, 1):
        stored = fits.getdata(path, hdu)
        turn = (slice(None, None, -1 if part.flip_y else 1), slice(None, None, -1))
        assert part.flip_x
        own = raw.detector[part.name]
        assert np.array_equal(raw.image[own.raw.slices], stored[turn])
        assert own.trimmed == part.trimmed
        assert np.array_equal(raw.image[own.data.slices], stored[part.data.slices][turn])
        assert np.array_equal(trimmed.image[part.trimmed.slices], stored[part.data.slices][turn])
        assert np.array_equal(raw.image[own.prescan.slices], stored[part.prescan.slices][turn])
        # LATISS reads out more overscan than its camera says
        assert np.array_equal(raw.image[own.overscan.slices], stored[:2000, 512:][turn])
        assert np.array_equal(raw.image[own.postscan.slices], stored[2000:, 3:512][turn])
        if name == "imsim":
            assert (own.gain, own.read_noise) == (part.gain, part.read_noise)
            assert own.raw.width == part.raw.width
    areas = [box.raw for box in raw.detector.amplifiers]
    assert len({*areas}) == 16
    assert raw.image.size == sum(box.width * box.height for box in areas)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_the_boresights_wcs_is_that_of_the_simulator_but_for_the_optics(real: Path) -> None:
    """imSim writes the sky of its own image, which is turned over its diagonal."""
    root = real / "gen2_repos" / "imsim"
    butler = Butler(root, calibRoot="CALIB")
    raw = butler.get("raw", visit=204595)
    known = WCS(fits.getheader(root / RAWS["imsim"][0]))
    for x, y in ((0, 0), (4071, 0), (0, 3999), (4071, 3999), (2036, 2000)):
        for exposure in (raw, butler.get("raw_trimmed", visit=204595)):
            apart = exposure.wcs.pixel_to_world(x, y).separation(known.pixel_to_world(y, x))
            assert apart.arcsec < 3
    master = butler.get("bias", visit=204595, detector=42).detector
    for fact in ("position", "reference", "pixel_size", "orientation"):
        assert getattr(raw.detector, fact) == getattr(master, fact)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [pytest.param("raw", marks=pytest.mark.slow), "raw_trimmed"])
def test_views_of_a_raw_are_of_what_is_put_together(real: Path, kind: str) -> None:
    butler = Butler(real / "gen2_repos" / "imsim")
    whole = butler.get(kind, visit=204595)
    assert butler.get(f"{kind}_bbox", visit=204595) == whole.bbox
    assert butler.get(f"{kind}_detector", visit=204595) == whole.detector
    assert np.array_equal(butler.get(f"{kind}_wcs", visit=204595).wcs.cd, whole.wcs.wcs.cd)
    assert butler.get(f"{kind}_visitInfo", visit=204595) == whole.visit_info
    part = butler.get(f"{kind}_sub", visit=204595, bbox=(3900, 3000, 70, 80))
    assert part.bbox == Box(3900, 3000, 70, 80)
    expected = whole.wcs.pixel_to_world(3910, 3010)
    assert part.wcs.pixel_to_world(3910, 3010).separation(expected).arcsec < 1e-6


@pytest.mark.slow  # a real raw of 16 amplifiers
@pytest.mark.real
def test_without_a_pointing_there_is_no_wcs(real: Path) -> None:
    raw = Butler(real / "gen2_repos" / "latiss").get("raw", visit=3018092000065)
    assert raw.wcs is None
    assert raw.detector.serial == "ITL-3800C-098"
    assert {part.gain for part in raw.detector.amplifiers} == {None}


def amplifier(detsec: str | None, datasec: str | None = "[2:3,1:2]", name: str = "A") -> Exposure:
    cards = {"EXTNAME": name, "DETSEC": detsec, "DATASEC": datasec}
    header = fits.Header({key: value for key, value in cards.items() if value is not None})
    return Exposure(np.arange(12.0).reshape(3, 4), header)


def test_where_a_policy_does_not_say_it_detsec_tells_where_an_amplifier_lies() -> None:
    parts = [amplifier("[1:2,1:2]", name="A"), amplifier("[4:3,2:1]", name="B")]
    raw = amplifiers.untrimmed(parts, fits.Header(), {})
    assert raw.image.tolist() == [
        [0, 1, 2, 3, 11, 10, 9, 8],
        [4, 5, 6, 7, 7, 6, 5, 4],
        [8, 9, 10, 11, 3, 2, 1, 0],
    ]
    assert raw.detector is None
    trimmed = amplifiers.trimmed(parts, fits.Header(), {})
    assert trimmed.image.tolist() == [[1, 2, 6, 5], [5, 6, 2, 1]]


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([], "there are no amplifiers of"),
        ([amplifier(None)], "the position of amplifier A is unknown: no DETSEC"),
        ([amplifier("[1:2,1:2]", None)], "no DATASEC"),
        ([amplifier("[1:2,1:3]")], r"DATASEC \[2:3,1:2\] does not fit DETSEC \[1:2,1:3\]"),
        ([amplifier("[1:9,1:2]", "[1:9,1:2]")], "is not inside its 4 x 3 pixels"),
        ([amplifier("[1:2,1:2]"), amplifier("[1:2,1:2]")], "A, A do not fill"),
        ([amplifier("[1:2,1:2]"), amplifier("[5:6,1:2]")], "do not fill"),
    ],
)
@pytest.mark.parametrize("put_together", [amplifiers.untrimmed, amplifiers.trimmed])
def test_amplifiers_that_do_not_fit_are_refused(
    put_together: Any, parts: list[Exposure], problem: str
) -> None:
    with pytest.raises(FormatterError, match=problem):
        put_together(parts, fits.Header(), {"visit": 1})


def test_an_amplifier_that_the_camera_does_not_have_is_refused() -> None:
    exposure = amplifier("[1:2,1:2]", name="Segment99")
    exposure.translator = camera("lsst.obs.lsst.imsim.ImsimMapper")().translator
    with pytest.raises(FormatterError, match="has no amplifier 'Segment99'; it has Segment10"):
        amplifiers.untrimmed([exposure], fits.Header(), {})
    assert Box(0, 0, 4, 3) == exposure.bbox
