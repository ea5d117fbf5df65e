"""What an exposure means before it is put, and after it is read again: times, angles, units, planes, zero points.

Not pixels alone: a card that is copied into a header where it means something else leaves every pixel as it was.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, Exposure
from persistence.cli import ingest_images
from persistence.errors import LossyWarning

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore::erfa.ErfaWarning")]

CAMERA = """
levels: {exposure: []}
exposures:
  given: {template: 'given/%(name)s', python: lsst.afw.image.ExposureF}
  calexp: {template: 'calexp/%(name)s.fits', python: lsst.afw.image.ExposureF}
"""
AFW = {
    "calexp": "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz",
    "version 0": "afw_files/exposure-version-0.fits",
    "version 1": "afw_files/exposure-version-1.fits",
    "version 2": "afw_files/exposure-version-2.fits",
    "ZPN": "afw_files/ZPN.fits",
}
RAWS = [
    "fitsheader-decam.yaml",
    "fitsheader-decam-0160496.yaml",
    "fitsheader-decam-raw_dec050441_25.yaml",
]
PLACES = ((0.0, 0.0), (3.0, 1.0))  # from the first pixel
NUMBERS = (
    "exposure_time dark_time airmass azimuth altitude rotation longitude latitude elevation air_temperature "
    "air_pressure humidity era hour_angle parallactic_angle focus_z"
)


def meaning(exposure: Exposure) -> dict[str, Any]:
    """Return what an exposure says, in units and frames that do not depend on how it is stored."""
    info, box = exposure.visit_info, exposure.bbox
    places = [(box.x0 + x, box.y0 + y) for x, y in PLACES]
    means: dict[str, Any] = {
        "bbox": box,
        "unit": exposure.unit,
        "filter": exposure.filter and exposure.filter.name,
    }
    means |= {name: getattr(info, name) for name in NUMBERS.split()}
    means |= {
        name: getattr(info, name)
        for name in ("instrument", "object", "observation_type", "science_program")
    }
    for name in ("date", "date_avg"):
        time = getattr(info, name)
        means[name] = None if time is None else time.tai.mjd
    aim = info.boresight
    means["boresight"] = None if aim is None else (aim.icrs.ra.deg, aim.icrs.dec.deg)
    means["detector"] = exposure.detector and (exposure.detector.name, exposure.detector.id)
    if exposure.wcs is not None:
        sky = [exposure.wcs.pixel_to_world(x, y).icrs for x, y in places]
        means["sky"] = tuple(angle for one in sky for angle in (one.ra.deg, one.dec.deg))
    if exposure.photo_calib is not None:
        means["magnitude"] = exposure.photo_calib.to_magnitude(1000.0, *places[0])
    if exposure.mask is not None:
        counts = {name: int(exposure.mask[name].sum()) for name in exposure.mask.planes}
        means["planes"] = {name: number for name, number in counts.items() if number}
    if exposure.psf is not None and "psf" not in exposure.unknown:
        means["psf"] = float(np.max(exposure.psf.image(*places[1]).array))
    return means


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert before.keys() == after.keys()
    for name, value in before.items():
        is_number = isinstance(value, float) or (
            isinstance(value, tuple) and isinstance(value[0], float)
        )
        # a millisecond in days, a microdegree, and far less than what is measured of the rest
        close = (
            pytest.approx(value, abs=1e-8 if name.startswith("date") else 1e-6, rel=0)
            if is_number
            else value
        )
        assert after[name] == close, name


@pytest.mark.parametrize("name", AFW)
def test_an_exposure_of_afw_means_the_same_when_it_is_put_again(
    real: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "camera.yaml").write_text(CAMERA)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / name).symlink_to(real / AFW[name])
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    exposure = butler.get("given", name=name)
    before = meaning(exposure)
    assert sum(value is not None for value in before.values()) > 3
    butler.put(exposure, "calexp", name="again")
    assert_same(before, meaning(butler.get("calexp", name="again")))


@pytest.mark.parametrize("name", RAWS)
def test_a_raw_of_decam_means_the_same_as_a_calexp_and_to_another_reader(
    real: Path, root: Path, tmp_path: Path, name: str
) -> None:
    header = fits.Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of long keywords
        text = (real / "decam_headers" / name).read_text()
        is_list = text.startswith("!<lsst")  # of (keyword, type, value, comment)
        cards = yaml.safe_load(text.split("\n", 1)[1] if is_list else text)
        cards = {card[0]: card[2] for card in cards} if is_list else cards
        header.update(
            {
                key: value
                for key, value in cards.items()
                if key not in ("SIMPLE", "XTENSION", "COMMENT", "HISTORY")
            }
        )
        for key in [
            key
            for key in header
            if key.startswith(("NAXIS", "BITPIX", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "Z"))
        ]:
            del header[key]
        header.setdefault("EXTNAME", "S29")
        header.setdefault("CCDNUM", 1)
        pixels = np.arange(12, dtype="f4").reshape(3, 4)
        fits.HDUList([fits.PrimaryHDU(header=header), fits.ImageHDU(pixels, header)]).writeto(
            tmp_path / "raw.fits"
        )
    assert ingest_images.main([str(root), str(tmp_path / "raw.fits"), "--mode", "copy"]) == 0
    butler = Butler(root)
    (data_id,) = [reference.dataId for reference in butler.subset("raw")]
    raw = butler.get("raw", data_id)
    before = meaning(raw)
    assert before["date"] is not None
    assert before["longitude"] == pytest.approx(-70.8, abs=0.1)
    butler.put(raw, "calexp", data_id)
    assert_same(before, meaning(butler.get("calexp", data_id)))
    with fits.open(butler.getUri("calexp", data_id)) as hdus:
        assert np.array_equal(hdus[1].data, pixels)
        sky = WCS(hdus[1].header).pixel_to_world(*PLACES[1])
    expected = raw.wcs.pixel_to_world(raw.bbox.x0 + PLACES[1][0], raw.bbox.y0 + PLACES[1][1])
    assert sky.separation(expected).arcsec < 1e-4


@pytest.mark.parametrize("camera", ["imsim", pytest.param("latiss", marks=pytest.mark.slow)])
def test_an_assembled_raw_can_be_put_and_means_the_same_but_for_its_amplifiers(
    real: Path, tmp_path: Path, camera: str
) -> None:
    butler = Butler(
        inputs=real / "gen2_repos" / camera, outputs={"root": str(tmp_path / "out"), "mode": "rw"}
    )
    reference = next(iter(butler.subset("raw")))
    raw = reference.get("raw")
    before = meaning(raw)
    data_id = dict(reference.dataId)
    with pytest.warns(LossyWarning, match=f"detector {re.escape(raw.detector.name)}"):
        butler.put(raw, "calexp", data_id)
    after = meaning(butler.get("calexp", data_id))
    assert after.pop("detector") in (None, before.pop("detector"))
    if before["filter"] is None:  # the header does not say it; the calexp's data ID has it
        assert (before.pop("filter"), after.pop("filter")) == (None, "unknown~unknown")
    assert_same(before, after)
