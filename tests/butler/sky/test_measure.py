"""Regions from headers: the short way has the values of the Butler's, which is the oracle here."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from obs_decam import DecamMapper
from persistence import Butler
from persistence.butler.sky import measure
from persistence.files import fits_headers
from persistence.sky import polygon

from .conftest import calexp

ROWS, COLUMNS = 50, 40
PLAIN: Mapping[str, Any] = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 20.5,
    "CRPIX2": 25.5, "CD1_1": -7e-5, "CD1_2": 3e-6, "CD2_1": 2e-6, "CD2_2": 7e-5, "RADESYS": "ICRS",
}  # fmt: skip
SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4,
    "B_0_2": -1e-4, "A_1_1": 3e-5,
}  # fmt: skip
TPV = {
    "CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_0": 1e-4, "PV1_1": 1.01, "PV1_2": 2e-3,
    "PV1_4": 0.5, "PV2_0": -1e-4, "PV2_1": 0.99, "PV2_2": 1e-3, "PV2_4": -0.4,
}  # fmt: skip
# What is different from PLAIN; None for a card that is left out.
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "mirrored": {"CD1_1": 7e-5},
    "FK5 of J2000": {"RADESYS": "FK5", "EQUINOX": 2000.0},
    "FK5 of J1975": {"RADESYS": "FK5", "EQUINOX": 1975.0},
    "FK5 without equinox": {"RADESYS": "FK5"},
    "FK4": {"RADESYS": "FK4", "EQUINOX": 1950.0},
    "no frame": {"RADESYS": None},
    "no frame but an equinox": {"RADESYS": None, "EQUINOX": 2000.0},
    "ICRS with another equinox": {"EQUINOX": 1975.0, "EPOCH": 1950.0},
    "galactic": {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
    "declination first": {
        "CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0,
    },
    "names and times": {"WCSNAME": "celestial", "MJD-OBS": 57000.0, "DATE-OBS": "2015-01-10"},
    "the standard's defaults": {
        "WCSAXES": 2, "LONPOLE": 180.0, "LATPOLE": 2.0, "CUNIT1": "deg", "CUNIT2": "deg",
    },
    "units": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CD1_1": -0.26, "CD2_2": 0.26},
    "another pole": {"LONPOLE": 30.0},
    "north pole": {"CRVAL2": 90.0},
    "beside the south pole": {"CRVAL2": -89.9999},
    "at RA 0": {"CRVAL1": 0.0005, "CRVAL2": 0.0},
    "RA of more than a turn": {"CRVAL1": 510.0},
    "large": {"CD1_1": -0.5, "CD2_2": 0.5},
    "an exponent": {"CD1_1": "-7.0D-5"},
    "CDELT": dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2")) | {"CDELT1": -7e-5, "CDELT2": 7e-5},
    "CDELT and CROTA": dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"))
    | {"CDELT1": -7e-5, "CDELT2": 7e-5, "CROTA2": 33.0},
    "CD and CDELT": {"CDELT1": 3.0, "CDELT2": 2.0},
    "CD and CDELT of 1": {"CDELT1": 1.0, "CDELT2": 1.0},
    "SIP": SIP,
    "TPV": TPV,
    "TAN with SCAMP's polynomials": {**TPV, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "PV1_5": 0.1},
    "ZPN": {"CTYPE1": "RA---ZPN", "CTYPE2": "DEC--ZPN", "PV2_1": 1.0, "PV2_3": 50.0},
    "no reference": {"CRPIX1": None},
    # without a region
    "no WCS": dict.fromkeys(PLAIN),
    "no area": {"CD1_1": 0.0, "CD1_2": 0.0},
    "no inverse": {"CD1_1": 1e-5, "CD1_2": 1e-5, "CD2_1": 1e-5, "CD2_2": 1e-5},
    "a number that is none": {"CRVAL1": "nowhere"},
    "linear": {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"},
    "tables that are not there": {"CPDIS1": "LOOKUP", "CPDIS2": "LOOKUP"},
    "more than a hemisphere": {**SIP, "A_2_0": 1e6},
}  # fmt: skip


def image(cards: Mapping[str, Any], shape: tuple[int, ...] = (ROWS, COLUMNS)) -> Any:
    """Return an image with the plain WCS and different cards."""
    hdu = fits.ImageHDU(np.zeros(shape, np.int16))
    for keyword, value in {**PLAIN, **cards}.items():
        if value is not None:
            hdu.header[keyword] = value
    return hdu


def written(path: Path, *hdus: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList(list(hdus)).writeto(path, overwrite=True)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    return tmp_path


def both(root: Path, **more: Any) -> tuple[measure.Measured, measure.Measured]:
    """Return the calexp's region by the short way, and by the Butler's."""
    butler, data_id = Butler(str(root), **more), {"visit": 1, "ccdnum": 1}
    (short,) = measure.regions(butler, "calexp", [data_id])
    return short, measure.region(butler, "calexp", data_id)


def alike(short: measure.Measured, butlers: measure.Measured) -> bool:
    """Return whether two regions are the same but for rounding, or unknown for the same reason."""
    if short[0] is None or butlers[0] is None:
        return short == butlers
    one, other = (polygon.from_bytes(each[0] or b"") for each in (short, butlers))
    # the planes of short edges are rounded most
    shortest = np.linalg.norm(one - np.roll(one, 1, axis=0), axis=1).min()
    return bool(np.abs(one - other).max() < 1e-14 + 1e-15 / shortest)


@pytest.mark.parametrize("kind", HEADERS)
def test_each_wcs_has_the_region_that_the_butler_reads(root: Path, kind: str) -> None:
    written(calexp(root, 1), fits.PrimaryHDU(), image(HEADERS[kind]))
    short, butlers = both(root)
    assert alike(short, butlers), (short, butlers)
    kinds = list(HEADERS)
    assert (butlers[0] is None) is (kinds.index(kind) >= kinds.index("no WCS")), butlers


def test_an_image_anywhere_in_a_file_has_the_region_that_the_butler_reads(root: Path) -> None:
    path, primary = calexp(root, 1), fits.PrimaryHDU()
    cards = {**PLAIN, "INHERIT": True}
    inherited = fits.PrimaryHDU()
    inherited.header.update(PLAIN)
    bare = fits.ImageHDU(np.zeros((ROWS, COLUMNS), np.int16))
    refusing = bare.copy()
    refusing.header["INHERIT"] = False
    first = fits.PrimaryHDU(np.zeros((ROWS, COLUMNS), np.int16))
    first.header.update(PLAIN)
    packed = fits.CompImageHDU(np.zeros((ROWS, COLUMNS), np.int16), image({}).header)
    table = fits.BinTableHDU(np.zeros(3, [("a", "f8")]))
    for hdus, is_known in (
        ([first], True),
        ([primary, packed], True),
        ([primary, image(cards, (1, ROWS, COLUMNS))], True),
        ([primary, image(cards, (3, ROWS, COLUMNS))], True),
        ([inherited, bare], True),
        ([inherited, refusing], False),
        ([primary, table, image({})], False),
        ([primary], False),
        ([primary, image({}, (ROWS,))], True),
    ):
        written(path, *hdus)
        short, butlers = both(root)
        assert alike(short, butlers), (hdus, short, butlers)
        assert (short[0] is not None) is is_known, (hdus, short)


def test_a_damaged_file_has_the_region_or_the_problem_that_the_butler_has(root: Path) -> None:
    path = written(calexp(root, 1), fits.PrimaryHDU(), image({}))
    content = path.read_bytes()
    for damaged in (content[:-2880], content[:3000], b"", b"SIMPLE", content[:2880]):
        path.write_bytes(damaged)
        short, butlers = both(root)
        assert alike(short, butlers), (len(damaged), short, butlers)
    os.unlink(path)
    (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(content))
    short, butlers = both(root)
    assert alike(short, butlers)
    assert short[0] is not None


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the Butler's way fail, to see that it is not used."""

    def refuse(*_: Any) -> Any:
        raise AssertionError("the long way")

    monkeypatch.setattr(measure, "region", refuse)


@pytest.mark.usefixtures("forbidden")
@pytest.mark.parametrize(
    "kind", ["plain", "FK5 of J2000", "FK4", "SIP", "TPV", "CDELT", "galactic"]
)
def test_a_header_is_enough_for_a_region(root: Path, kind: str) -> None:
    written(calexp(root, 1), fits.PrimaryHDU(), image(HEADERS[kind]))
    ((content, problem),) = measure.regions(
        Butler(str(root)), "calexp", [{"visit": 1, "ccdnum": 1}]
    )
    assert content is not None
    assert not problem


@pytest.mark.usefixtures("forbidden")
def test_a_file_of_many_detectors_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A raw of DECam, whose HDUs are in another order than the registry says."""
    numbers = [3, 1, 2, 5, 4]
    hdus = []
    for number in numbers:
        hdu = image({"CRVAL1": 10.0 * number})
        hdu.header["CCDNUM"] = number
        hdus.append(hdu)
    written(root / "2026-01-01/r/decam0000001.fits.fz", fits.PrimaryHDU(), *hdus)
    opened = list[str]()
    scan = fits_headers.scan

    def counted(path: str) -> Any:
        opened.append(path)
        return scan(path)

    monkeypatch.setattr(fits_headers, "scan", counted)
    ids = [
        {"visit": 1, "ccdnum": number, "date": "2026-01-01", "filter": "r", "hdu": number}
        for number in range(1, 6)
    ]
    answers = measure.regions(Butler(str(root)), "raw", ids)
    middles = [polygon.from_bytes(content or b"").sum(axis=0) for content, _ in answers]
    assert [round(float(polygon.radec(one)[0]) / 10) for one in middles] == [1, 2, 3, 4, 5]
    assert len(opened) == 1


class Moved(DecamMapper):
    """A camera that knows better than headers."""

    def std_calexp_header_wcs(self, item: Any, dataId: Any) -> Any:
        """Return a WCS ten degrees further north."""
        item.wcs.crval = [item.wcs.crval[0], item.wcs.crval[1] + 10]
        return item


def test_a_hook_of_the_camera_counts(root: Path) -> None:
    written(calexp(root, 1), fits.PrimaryHDU(), image({}))
    short, butlers = both(root, mapper=Moved)
    assert alike(short, butlers)
    _, dec = polygon.radec(polygon.from_bytes(short[0] or b""))
    assert np.allclose(dec, 12, atol=0.01)


SECTIONS = {
    "A": {"DATASEC": "[7:26,3:50]", "BIASSEC": "[1:6,3:50]", "CCDSEC": "[1:20,1:48]"},
    "B": {"DATASEC": "[27:36,3:50]", "BIASSEC": "[37:40,3:50]", "CCDSEC": "[21:30,1:48]"},
}


def test_the_region_of_a_raw_is_without_overscan(root: Path) -> None:
    """30 x 48 of 40 x 50 pixels see the sky, by DATASECA and DATASECB."""
    cards: dict[str, Any] = {"CCDNUM": 1, "CD1_2": 0.0, "CD2_1": 0.0}
    for letter, sections in SECTIONS.items():
        more = {"PRESEC": "[1:6,1:50]", "POSTSEC": "[7:36,1:2]"}
        numbers = {"GAIN": 4.0, "RDNOISE": 6.0, "SATURAT": 40000.0}
        for keyword, value in {**sections, **more, **numbers}.items():
            cards[f"{keyword}{letter}"] = value
    path = written(root / "2026-01-01/r/decam0000001.fits.fz", fits.PrimaryHDU(), image(cards))
    data_id = {"visit": 1, "ccdnum": 1, "date": "2026-01-01", "filter": "r", "hdu": 1}
    butler = Butler(str(root))
    (short,) = measure.regions(butler, "raw", [data_id])
    assert alike(short, measure.region(butler, "raw", data_id))
    trimmed = image(
        {**PLAIN, "CD1_2": 0.0, "CD2_1": 0.0, "CRPIX1": 20.5 - 6, "CRPIX2": 25.5 - 2}, (48, 30)
    )
    written(calexp(root, 1), fits.PrimaryHDU(), trimmed)
    assert alike(short, both(root)[1]), path


# -- files that others wrote
# ---------------------------------------------------------------------------------


@pytest.mark.real
def test_each_real_file_has_the_region_that_the_butler_reads(root: Path, real: Path) -> None:
    known = 0
    for path in sorted([*real.rglob("*.fits"), *real.rglob("*.fits.gz")]):
        link = Path(f"{calexp(root, 1)}{'.gz' if path.suffix == '.gz' else ''}")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
        short, butlers = both(root)
        link.unlink()
        assert alike(short, butlers), (path, short, butlers)
        known += short[0] is not None
    assert known > 20


@pytest.mark.real
def test_each_real_header_has_the_region_that_the_butler_reads(root: Path, real: Path) -> None:
    known = 0
    for path in sorted(real.glob("*_headers/*.yaml")):
        first, _, rest = (text := path.read_text()).partition("\n")
        read = yaml.safe_load(rest if first.startswith("!") else text)
        pairs = read.items() if isinstance(read, dict) else [(card[0], card[2]) for card in read]
        hdu = fits.ImageHDU(np.zeros((ROWS, COLUMNS), np.int16))
        for keyword, value in pairs:
            if keyword not in hdu.header and len(keyword) < 9 and len(str(value)) < 60:
                hdu.header[keyword] = value
        written(calexp(root, 1), fits.PrimaryHDU(), hdu)
        short, butlers = both(root)
        assert alike(short, butlers), (path, short, butlers)
        known += short[0] is not None
    assert known > 3
