"""How amplifiers lie in raw files, as a camera's file says it: real headers read by ccdproc, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from persistence.cameras.yaml_camera import mapper_class
from persistence.errors import FormatterError, PolicyError
from persistence.types.exposure import layouts
from persistence.types.exposure.detector import Amplifier
from persistence.types.pixels.box import Box

HEAD = "detectors: {key: ccd, names: {1: one}}\nlayouts:\n"


def of(folder: Path, text: str, **settings: Any) -> Any:
    """Load a camera of some layouts."""
    path = folder / "camera.yaml"
    path.write_text(HEAD + text)
    return mapper_class(str(path))()


def header(path: Path) -> dict[str, Any]:
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


# -- real headers
# ---------------------------------------------------------------------------------------------

DECAM = """
  - amplifiers: [A, B]
    data: DATASEC%(amp)s
    overscan: BIASSEC%(amp)s
    prescan: PRESEC%(amp)s
    postscan: POSTSEC%(amp)s
    trimmed: CCDSEC%(amp)s
    gain: GAIN%(amp)s
    read_noise: RDNOISE%(amp)s
    saturation: SATURAT%(amp)s
"""
MEGACAM = """
  - amplifiers: [A, B]
    data: DSEC%(amp)s
    overscan: BSEC%(amp)s
    trimmed: CSEC%(amp)s
    gain: GAIN%(amp)s
    read_noise: RDNOISE%(amp)s
"""
REAL = {
    "decam": ("decam_headers/fitsheader-decam.yaml", DECAM, "DATASEC", "BIASSEC", "CCDSEC"),
    "megacam": ("camera_headers/fitsheader-megaprime.yaml", MEGACAM, "DSEC", "BSEC", "CSEC"),
}


@pytest.mark.real
@pytest.mark.parametrize("camera", REAL)
def test_a_real_header_is_cut_as_ccdproc_cuts_it(real: Path, tmp_path: Path, camera: str) -> None:
    slices = pytest.importorskip("ccdproc.utils.slices")
    path, text, *keywords = REAL[camera]
    cards = header(real / path)
    if "ZNAXIS1" not in cards:
        cards["NAXIS1"] = 2112  # the header was written of the compressed table
    columns = cards.get("ZNAXIS1", cards["NAXIS1"])
    raw = np.arange(columns * cards["NAXIS2"]).reshape(cards["NAXIS2"], columns)
    detector = of(tmp_path, text).translator.detector(cards)
    assert [amplifier.name for amplifier in detector.amplifiers] == ["A", "B"]
    ours, theirs = (np.zeros((4612 if camera == "megacam" else 4096, 2048), int) for _ in range(2))
    for amplifier in detector.amplifiers:
        data, over, trimmed = (
            slices.slice_from_string(cards[f"{key}{amplifier.name}"], fits_convention=True)
            for key in keywords
        )
        theirs[trimmed] = raw[data]
        ours[amplifier.trimmed.slices] = raw[amplifier.data.slices]
        assert np.array_equal(raw[amplifier.overscan.slices], raw[over])
        assert amplifier.gain == cards[f"GAIN{amplifier.name}"]
        assert amplifier.read_noise == cards[f"RDNOISE{amplifier.name}"]
    assert np.array_equal(ours, theirs)
    assert ours.all()


# -- in one image
# ---------------------------------------------------------------------------------------------

BOXES = """
  - amplifiers:
      L: {data: [2, 0, 10, 8], overscan: [12, 0, 3, 8], trimmed: '[1:10,1:8]', gain: 1.5}
      R: {data: '[19:28,1:8]', overscan: [15, 0, 3, 8], trimmed: '[20:11,1:8]', gain: {key: G, scale: 1}}
    read_noise: [NOISE, {value: 5}]
    corner: LL
"""


def test_boxes_and_sections_of_the_file_alone_will_do(tmp_path: Path) -> None:
    translator = of(tmp_path, BOXES).translator
    detector = translator.detector({"NAXIS1": 28, "NAXIS2": 8, "G": 2.5})
    assert detector is not None
    assert detector.amplifiers == (
        Amplifier("L", Box(2, 0, 10, 8), Box(12, 0, 3, 8), Box(0, 0, 0, 0), Box(0, 0, 0, 0),
                  Box(0, 0, 10, 8), 1.5, 5.0, corner="LL"),
        Amplifier("R", Box(18, 0, 10, 8), Box(15, 0, 3, 8), Box(0, 0, 0, 0), Box(0, 0, 0, 0),
                  Box(10, 0, 10, 8), 2.5, 5.0, corner="LL", flip_x=True),
    )  # fmt: skip
    trimmed = translator.detector({"NAXIS1": 20, "NAXIS2": 8})
    assert trimmed is not None
    assert trimmed.amplifiers == ()


def test_the_first_layout_counts_that_the_header_has(tmp_path: Path) -> None:
    text = (
        "  - {amplifiers: [1], when: {NAMPS: 1}, data: DATASEC, trimmed: CCDSEC}\n"
        "  - {amplifiers: [A, B], when: {NAMPS: [2, two], FAST: true}, data: SEC%(amp)s, trimmed: CCD%(amp)s}\n"
    )
    translator = of(tmp_path, text).translator
    both = {
        "DATASEC": "[1:4,1:2]", "CCDSEC": "[1:4,1:2]",
        "SECA": "[1:2,1:2]", "SECB": "[3:4,1:2]", "CCDA": "[1:2,1:2]", "CCDB": "[3:4,1:2]",
    }  # fmt: skip

    def names(**cards: Any) -> list[str]:
        detector = translator.detector({**both, **cards})
        assert detector is not None
        return [amplifier.name for amplifier in detector.amplifiers]

    assert names(NAMPS=1) == ["1"]
    assert names(NAMPS=2, FAST=True) == names(NAMPS="two", FAST=True) == ["A", "B"]
    assert names(NAMPS=2, FAST=False) == names(NAMPS=3) == []
    assert names(NAMPS=2, FAST=True, SECB=None) == []  # trimmed: it has no such sections any more


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a section that is missing": ({"CCDSECB": None}, r"amplifier B: the header has no CCDSECB"),
    "a section that is none": (
        {"CCDSECA": "none"},
        "amplifier A: CCDSECA: 'none' is not an image section",
    ),
    "pixels beyond the image": (
        {"DATASECB": "[5:9,1:4]"},
        r"amplifier B: DATASECB \[5:9,1:4\] is not inside its 8 x 4 pixels",
    ),
    "sections of two sizes": (
        {"CCDSECB": "[5:7,1:4]"},
        r"amplifier B: DATASECB \[5:8,1:4\] does not fit CCDSECB \[5:7,1:4\]",
    ),
    "two in one place": (
        {"CCDSECB": "[4:7,1:4]"},
        r"amplifiers A \(\[1:4,1:4\]\) and B \(\[4:7,1:4\]\) overlap in the detector, according to the "
        r"layout two \(.*camera.yaml:3\)",
    ),
    "outside of the detector": (
        {"CCDSECB": "[6:9,1:4]"},
        r"amplifier B is at \[6:9,1:4\], outside of the detector, which has 8 x 4 pixels",
    ),
    "no size": ({"DETSIZE": None}, "the header has no DETSIZE, the detector's size by the layout"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_told_with_amplifier_and_layout(tmp_path: Path, case: str) -> None:
    changes, message = WRONG[case]
    text = "  - {name: two, amplifiers: [A, B], data: DATASEC%(amp)s, trimmed: CCDSEC%(amp)s, size: DETSIZE}"
    cards = {
        "NAXIS1": 8, "NAXIS2": 4, "DETSIZE": "[1:8,1:4]", "DATASECA": "[1:4,1:4]",
        "DATASECB": "[5:8,1:4]", "CCDSECA": "[1:4,1:4]", "CCDSECB": "[5:8,1:4]", **changes,
    }  # fmt: skip
    with pytest.raises(FormatterError, match=message):
        of(tmp_path, text).translator.detector(cards)


# -- when it is loaded
# ---------------------------------------------------------------------------------------------

AMPS = "amplifiers: {A: {data: '[1:4,1:4]', trimmed: %s}, B: {data: '[5:8,1:4]', trimmed: %s}}"
REFUSED: dict[str, tuple[str, str]] = {
    "no amplifier": ("  - {amplifiers: []}", "layouts.amplifiers has no amplifiers"),
    "no layout": ("  - {hdu: A}", "layouts needs amplifiers"),
    "an unknown key": (
        "  - {amplifiers: [A], hdu: A, datasec: X}",
        "layouts has no key 'datasec'",
    ),
    "no data": ("  - {amplifiers: [A], trimmed: CCDSEC}", "amplifier A needs data"),
    "no place": ("  - {amplifiers: [A], data: DATASEC}", "amplifier A needs trimmed"),
    "one HDU for two": ("  - {amplifiers: [A, B], hdu: AMP}", "two amplifiers are in one HDU, AMP"),
    "some in HDUs": (
        "  - amplifiers: {A: {hdu: X}, B: {data: D, trimmed: T}}",
        "either all of its amplifiers need an hdu, or none",
    ),
    "overlapping amplifiers": (
        "  - " + AMPS % ("'[1:4,1:4]'", "'[4:7,1:4]'"),
        r"amplifiers A \(\[1:4,1:4\]\) and B \(\[4:7,1:4\]\) overlap",
    ),
    "two sizes": (
        "  - " + AMPS % ("'[1:4,1:4]'", "'[5:9,1:4]'"),
        "amplifier B: data has 4 x 4 pixels, trimmed 5 x 4",
    ),
    "outside of the detector": (
        "  - size: [7, 4]\n    " + AMPS % ("'[1:4,1:4]'", "'[5:8,1:4]'"),
        r"amplifier B is at \[5:8,1:4\], outside of the detector, which has 7 x 4",
    ),
    "a section that is none": (
        "  - " + AMPS % ("'[1:4]'", "CCDSEC"),
        r"amplifier A: trimmed: '\[1:4\]' is not an image section",
    ),
    "a box of three": ("  - {amplifiers: [A], data: [1, 2, 3], trimmed: T}", "data is a box"),
    "a gain that is none": ("  - {amplifiers: [A], hdu: A, gain: true}", "gain has to be text or"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_file_can_be_is_refused_when_the_camera_is_loaded(
    tmp_path: Path, case: str
) -> None:
    text, message = REFUSED[case]
    with pytest.raises(PolicyError, match=rf"camera.yaml:\d+: .*{message}"):
        of(tmp_path, text)


def test_amplifiers_that_touch_do_not_overlap() -> None:
    places = {"A": Box(0, 0, 4, 4), "B": Box(4, 0, 4, 4), "C": Box(0, 4, 8, 1)}
    assert layouts.overlapping(places) is None
    assert layouts.overlapping({**places, "D": Box(7, 3, 3, 3)}) == ("B", "D")
