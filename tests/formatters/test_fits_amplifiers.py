"""Raws of many amplifiers, put together as a camera's file says: real ones, and one of nobody's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, FormatterError
from persistence.tasks import trim
from persistence.types.pixels.box import Box

# -- real files
# ---------------------------------------------------------------------------------------------

SEGMENTS = [f"{row}{column}" for row in "10" for column in range(8)]
CAMERA = f"""
layouts:
  - amplifiers: {SEGMENTS!r}
    hdu: Segment%(amp)s
    gain: GAIN
exposures:
  raw: {{template: 'raw%(visit)d.fits', python: lsst.afw.image.DecoratedImageI}}
"""
RAWS = {
    "imsim": "raw/204595/R11/00204595-R11-S20-det042.fits",
    "latiss": "raw/2018-09-20/3018092000065-det000.fits",
}


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")  # the files are not quite FITS
@pytest.mark.parametrize("name", ["imsim", pytest.param("latiss", marks=pytest.mark.slow)])
def test_a_real_raw_is_what_ccdproc_makes_of_its_sections(
    real: Path, tmp_path: Path, name: str
) -> None:
    slices = pytest.importorskip("ccdproc.utils.slices")
    path = tmp_path / "raw1.fits"
    shutil.copy(real / "gen2_repos" / name / RAWS[name], path)
    with fits.open(path) as hdus:  # the pixels of these files are 0
        for number, hdu in enumerate(hdus[1:17]):
            hdu.data = np.arange(hdu.data.size, dtype="i4").reshape(hdu.shape) + number * 2000000
        path.unlink()
        hdus.writeto(path, output_verify="ignore")
    (tmp_path / "camera.yaml").write_text(CAMERA)
    raw = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml")).get("raw", visit=1)
    ours, theirs = (np.full((4000, 4072), -1, "i4") for _ in range(2))
    with fits.open(path) as hdus:
        for hdu in hdus[1:17]:
            data, place = (
                slices.slice_from_string(hdu.header[key], fits_convention=True)
                for key in ("DATASEC", "DETSEC")
            )
            theirs[place] = hdu.data[data]
            own = raw.detector[hdu.name.removeprefix("Segment").removeprefix("SEGMENT")]
            assert own.gain == hdu.header.get("GAIN")
    for amplifier in raw.detector.amplifiers:
        ours[amplifier.trimmed.slices] = raw.image[amplifier.data.slices]
    assert theirs.min() >= 0
    assert np.array_equal(ours, theirs)


# -- a camera of nobody's
# ---------------------------------------------------------------------------------------------

W, H, PRE, OVER, ABOVE = 24, 16, 3, 5, 2
PLACES = {"AMP3": (0, 1), "AMP1": (0, 0), "AMP4": (1, 1), "AMP2": (1, 0)}  # in no order
QUAD = """
detectors: {key: ccd, names: {1: one, 2: two}}
headers: {visit: {exposure_id: EXPNUM}}
exposures:
  raw: {template: 'raw%(visit)d.fits', python: lsst.afw.image.DecoratedImageF, keys: {ccd: int}}
layouts:
  - name: of four
    amplifiers: [1, 2, 3, 4]
    hdu: AMP%(amp)s
    gain: GAIN
    read_noise: RDNOISE
    saturation: 65000
    size: [48, 32]
  - name: of one image
    amplifiers: [all]
    data: DATASEC
    trimmed: CCDSEC
    gain: GAIN
  - name: of two detectors
    amplifiers: [L, R]
    hdu: 'CCD%(ccd)d%(amp)s'
    mosaic: true
"""


def light() -> Any:
    return np.random.default_rng(5).integers(100, 60000, (2 * H, 2 * W)).astype("f4")


def wcs() -> WCS:
    """Return the sky of the trimmed detector."""
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval, made.wcs.crpix = [40.0, -20.0], [20.5, 11.0]
    made.wcs.cd = np.array([[-1.0, 0.1], [0.1, 1.0]]) / 3600
    return made


def amplifier(sky: Any, x: int, y: int, sky_wcs: bool = False) -> fits.ImageHDU:
    """Read an amplifier out of an image: those to the right and above run backwards."""
    part = sky[y * H : (y + 1) * H, x * W : (x + 1) * W][:: 1 - 2 * y, :: 1 - 2 * x]
    image = np.full((H + ABOVE, PRE + W + OVER), 7, "f4")
    image[:H, PRE : PRE + W] = part
    header = wcs().to_header() if sky_wcs else fits.Header()
    if sky_wcs:
        header["CRPIX1"] = PRE + (20.5 - x * W if not x else 2 * W - 20.5 + 1)
        header["CRPIX2"] = 11.0 if not y else 2 * H - 11.0 + 1
        for axis, turned in (("1", x), ("2", y)):
            for row in "12":
                key = f"PC{row}_{axis}"
                header[key] = header.get(key, 0.0) * (1 - 2 * turned)
    header["DATASEC"] = f"[{PRE + 1}:{PRE + W},1:{H}]"
    header["BIASSEC"] = f"[{PRE + W + 2}:{PRE + W + OVER},1:{H}]"
    ends = [(k * n + 1, k * n + n)[:: 1 - 2 * k] for k, n in ((x, W), (y, H))]
    header["DETSEC"] = "[" + ",".join(f"{a}:{b}" for a, b in ends) + "]"
    header["GAIN"], header["RDNOISE"], header["EXPTIME"] = 1.5 + x, 4.0, 30.0
    return fits.ImageHDU(image, header)


def write(folder: Path, change: Callable[[Any], None] = lambda hdus: None, **options: Any) -> Any:
    sky = light()
    primary = fits.PrimaryHDU(header=fits.Header({"EXPNUM": 1, "OBJECT": "M31"}))
    hdus = fits.HDUList([primary])
    for name, (x, y) in PLACES.items():
        hdus.append(amplifier(sky, x, y, **options))
        hdus[-1].name = name
    change(hdus)
    hdus.writeto(folder / "raw1.fits", overwrite=True)
    (folder / "camera.yaml").write_text(QUAD)
    return sky


def butler(folder: Path) -> Butler:
    return Butler(folder, mapper=str(folder / "camera.yaml"))


def put_together(raw: Any) -> Any:
    whole = np.full((2 * H, 2 * W), np.nan)
    for each in raw.detector.amplifiers:
        whole[each.trimmed.slices] = raw.image[each.data.slices]
    return whole


def test_amplifiers_are_joined_by_name_in_any_order(tmp_path: Path) -> None:
    sky = write(tmp_path)
    raw = butler(tmp_path).get("raw", visit=1, ccd=1)
    assert np.array_equal(put_together(raw), sky)
    assert raw.image.shape == (2 * (H + ABOVE), 2 * (PRE + W + OVER))
    assert (raw.detector.name, raw.detector.id) == ("one", 1)
    assert raw.detector.bbox == Box(0, 0, 2 * W, 2 * H)
    first, second = raw.detector["1"], raw.detector["2"]
    assert (first.gain, second.gain, first.read_noise, first.saturation) == (1.5, 2.5, 4.0, 65000.0)
    # BIASSEC leaves the first column out; the second amplifier is turned.
    assert first.overscan == Box(PRE + W + 1, 0, OVER - 1, H)
    assert second.overscan == Box(PRE + W + OVER, 0, OVER - 1, H)
    for each in raw.detector.amplifiers:
        for area in (each.overscan, each.prescan, each.postscan):
            assert (raw.image[area.slices] == 7).all()
    # What all amplifiers say of the exposure is in its header, and what each says of itself is not.
    assert (raw.metadata["EXPTIME"], raw.metadata["OBJECT"]) == (30.0, "M31")
    assert not {"GAIN", "DATASEC", "DETSEC", "EXTNAME"} & {*raw.metadata}


def test_views_are_of_what_is_put_together(tmp_path: Path) -> None:
    write(tmp_path, sky_wcs=True)
    found = butler(tmp_path)
    raw = found.get("raw", visit=1, ccd=1)
    assert found.get("raw_bbox", visit=1, ccd=1) == raw.bbox
    assert found.get("raw_detector", visit=1, ccd=1) == raw.detector
    assert found.get("raw_visitInfo", visit=1, ccd=1).exposure_id == 1
    assert found.get("raw_md", visit=1, ccd=1)["OBJECT"] == "M31"
    box = Box(5, 6, 7, 8)
    part = found.get("raw_sub", visit=1, ccd=1, bbox=box)
    assert np.array_equal(part.image, raw.image[box.slices])


@pytest.mark.parametrize("left_out", [[], ["AMP1"], ["AMP1", "AMP2"], ["AMP1", "AMP2", "AMP3"]])
def test_the_sky_is_that_of_the_trimmed_detector(tmp_path: Path, left_out: list[str]) -> None:
    """Whichever amplifier's header has it, turned or not."""

    def change(hdus: Any) -> None:
        for name in left_out:
            for key in [key for key in hdus[name].header if key[:5] in ("CTYPE", "CRPIX", "CRVAL")]:
                del hdus[name].header[key]

    write(tmp_path, change, sky_wcs=True)
    raw = butler(tmp_path).get("raw", visit=1, ccd=1)
    found = trim.wcs(raw, raw.detector)
    pixels = np.array([[0, 0], [40, 3], [7, 30], [47, 31]])
    off = found.all_pix2world(pixels, 0) - wcs().all_pix2world(pixels, 0)
    assert np.abs(off).max() * 3600 < 1e-5


def test_one_amplifier_has_the_sky_of_its_own_pixels(tmp_path: Path) -> None:
    write(tmp_path, sky_wcs=True)
    one = QUAD.replace("[1, 2, 3, 4]", "[1]").replace("size: [48, 32]", "size: [24, 16]")
    (tmp_path / "camera.yaml").write_text(one)
    raw = butler(tmp_path).get("raw", visit=1, ccd=1)
    pixels = np.array([[0, 0], [20, 3]])
    for found, start in ((raw.wcs, PRE), (trim.wcs(raw, raw.detector), 0)):
        off = found.all_pix2world(pixels + [start, 0], 0) - wcs().all_pix2world(pixels, 0)
        assert np.abs(off).max() * 3600 < 1e-5


def test_other_layouts_of_a_camera_are_known_by_what_the_file_holds(tmp_path: Path) -> None:
    write(tmp_path)
    header = fits.Header({"DATASEC": "[3:10,1:4]", "CCDSEC": "[1:8,1:4]", "GAIN": 3.0, "EXPNUM": 1})
    fits.PrimaryHDU(np.ones((4, 12), "f4"), header).writeto(tmp_path / "raw2.fits")
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for ccd, place in ((2, 100), (1, 200)):
        for amp, side in (("R", 1), ("L", 0)):
            x = place + 8 * side
            header = fits.Header(
                {
                    "DATASEC": "[1:8,1:4]",
                    "DETSEC": f"[{x + 1}:{x + 8},51:54]",
                    "EXTNAME": f"CCD{ccd}{amp}",
                }
            )
            hdus.append(fits.ImageHDU(np.full((4, 10), 10 * ccd + side, "f4"), header))
    hdus.writeto(tmp_path / "raw3.fits")
    found = butler(tmp_path)
    (amplifier,) = found.get("raw", visit=2, ccd=1).detector.amplifiers
    assert (amplifier.name, amplifier.gain, amplifier.data) == ("all", 3.0, Box(2, 0, 8, 4))
    for ccd in (1, 2):
        raw = found.get("raw", visit=3, ccd=ccd)
        assert raw.detector.id == ccd
        assert raw.detector.bbox == Box(0, 0, 16, 4)
        assert [raw.image[each.data.slices].mean() for each in raw.detector.amplifiers] == [
            10 * ccd,
            10 * ccd + 1,
        ]


def _rename(old: str, new: str) -> Callable[[Any], None]:
    def change(hdus: Any) -> None:
        hdus[old].header["EXTNAME"] = new

    return change


def _set(name: str, **cards: Any) -> Callable[[Any], None]:
    def change(hdus: Any) -> None:
        hdus[name].header.update(cards)

    return change


WRONG: dict[str, tuple[Callable[[Any], None], str]] = {
    "an HDU is missing": (
        lambda hdus: hdus.pop(1),
        r"raw1.fits: it has no HDU AMP3 for amplifier 3, according to the layout of four "
        r"\(.*camera.yaml:7\); its HDUs are AMP1, AMP4, AMP2",
    ),
    "two HDUs of one name": (
        _rename("AMP3", "AMP1"),
        "raw1.fits: HDUs 1 and 2 both have the name AMP1, that of amplifier 1",
    ),
    "no layout": (
        lambda hdus: [_rename(f"AMP{n}", f"IM{n}")(hdus) for n in (1, 2, 3, 4)] and None,
        r"raw1.fits: it has none of the layouts in the camera's file: of four "
        r"\(.*; its HDUs are called IM3, IM1, IM4, IM2",
    ),
    "two in one place": (
        _set("AMP2", DETSEC="[1:24,1:16]"),
        r"amplifiers 1 \(\[1:24,1:16\]\) and 2 \(\[1:24,1:16\]\) overlap in the detector",
    ),
    "outside of the detector": (
        _set("AMP2", DETSEC="[73:50,1:16]"),
        r"amplifier 2 is at \[50:73,1:16\], outside of the detector, which has 48 x 32 pixels",
    ),
    "data beyond the HDU": (
        _set("AMP4", DATASEC="[10:33,1:16]"),
        r"amplifier 4: DATASEC \[10:33,1:16\] is not inside its 32 x 18 pixels",
    ),
    "overscan beyond the HDU": (
        _set("AMP4", BIASSEC="[28:40,1:16]"),
        r"amplifier 4: BIASSEC \[28:40,1:16\] is not inside",
    ),
    "sections of two sizes": (
        _set("AMP4", DETSEC="[48:26,32:17]"),
        r"amplifier 4: DATASEC \[4:27,1:16\] does not fit DETSEC \[48:26,32:17\]",
    ),
    "a section that is none": (_set("AMP4", DETSEC="?"), "amplifier 4: DETSEC: '[?]' is not an image"),
    "no section": (
        lambda hdus: hdus["AMP2"].header.remove("DETSEC"),
        r"amplifier 2: the header has no DETSEC",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path: Path, case: str) -> None:
    change, message = WRONG[case]
    write(tmp_path, change)
    with pytest.raises(FormatterError, match=message):
        butler(tmp_path).get("raw", visit=1, ccd=1)
