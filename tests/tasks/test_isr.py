"""Signature removal: each step alone on a toy detector, all of them on the generator's chips."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

import obs_decam
from obs_decam.headers import DecamHeaders
from obs_decam.sample import curated, generate
from obs_decam.sample import sky as generate_sky
from obs_decam.sample.cards import science_chips
from obs_decam.sample.curated import boxes_of
from obs_decam.sample.realistic import ccd
from obs_decam.sample.realistic.ccd import Ccd
from obs_decam.sample.sky import Attitude
from persistence import Butler, Exposure
from persistence.files import yaml_nodes
from persistence.pipe.task import TaskError
from persistence.tasks import amplifiers
from persistence.tasks.amplifiers import corner
from persistence.tasks.isr import IsrTask
from persistence.tasks.isr_config import IsrConfig
from persistence.types.exposure.detector import Amplifier, Detector, FocalPlane
from persistence.types.metadata.defects import Defects
from persistence.types.metadata.isr import Crosstalk
from persistence.types.pixels.box import Box

ROWS, COLUMNS, OVER = 6, 4, 3
GAIN, NOISE, FULL = 2.0, 5.0, 40000.0
CAMERA = Path(obs_decam.__file__).parent / "camera" / "detectors.yaml"
NONE = Box(0, 0, 0, 0)
HEADER = fits.Header([("DATASEC", "[4:7,1:6]"), ("BUNIT", "adu"), ("OBJECT", "[a field]")])


def amplifier(name: str, at: int, flip: bool = False, gain: float = GAIN) -> Amplifier:
    """Describe one whose overscan lies before its pixels in the raw image."""
    start = at * (COLUMNS + OVER)
    return Amplifier(
        name,
        data=Box(start + OVER, 0, COLUMNS, ROWS),
        overscan=Box(start, 0, OVER, ROWS),
        prescan=NONE,
        postscan=NONE,
        trimmed=Box(at * COLUMNS, 0, COLUMNS, ROWS),
        gain=gain,
        read_noise=NOISE,
        saturation=FULL,
        flip_x=flip,
    )


def raw(image: Any, *amplifiers: Amplifier) -> Exposure:
    return Exposure(image, HEADER.copy()).replaced(
        detector=Detector("toy", 1, amplifiers=amplifiers)
    )


def flat_raw(counts: float = 100.0, level: Any = 1000.0) -> Exposure:
    image = np.zeros((ROWS, OVER + COLUMNS)) + level
    image[:, OVER:] += counts
    return raw(image, amplifier("A", 0))


def isr(**settings: Any) -> IsrTask:
    config = IsrConfig()
    config.update(**{"edgeWidth": 0, "growSaturation": 0, **settings})
    return IsrTask(config=config)


def like(value: Any) -> Exposure:
    return Exposure(np.zeros((ROWS, COLUMNS), np.float32) + value, fits.Header())


def test_counts_become_electrons_with_their_variance() -> None:
    made: Any = isr().run(flat_raw(100.0), like(10.0), like(0.5)).exposure
    assert made.image.dtype == made.variance.dtype == np.float32
    assert np.allclose(made.image, (100 - 10) * GAIN / 0.5)
    assert np.allclose(made.variance, ((100 - 10) * GAIN + NOISE**2) / 0.5**2)
    assert str(made.unit) == "electron"
    # no section of the raw image
    assert dict(made.header) == {"BUNIT": "electron", "OBJECT": "[a field]"}
    assert made.mask.counts() == {}


def test_below_zero_there_is_read_noise_alone() -> None:
    made: Any = isr().run(flat_raw(-50.0)).exposure
    assert np.allclose(made.image, -100.0)
    assert np.allclose(made.variance, NOISE**2)


DRIFT = 1000.0 + np.arange(ROWS)[:, np.newaxis] ** 2


@pytest.mark.parametrize(
    ("settings", "level", "left"),
    [
        ({"overscanFitType": "MEDIAN"}, 1000.0, 0.0),
        ({"overscanFitType": "MEDIAN"}, DRIFT, DRIFT - np.median(DRIFT)),
        ({"overscanFitType": "MEDIAN_PER_ROW"}, DRIFT, 0.0),
        (
            {"overscanFitType": "MEDIAN_PER_ROW", "overscanSmoothing": 1.5},
            DRIFT,
            DRIFT - gaussian_filter1d(DRIFT, 1.5, axis=0, mode="nearest", truncate=3.3),
        ),
        ({"overscanFitType": "MEAN_PER_ROW"}, DRIFT, 0.0),
        ({"overscanFitType": "POLY", "overscanOrder": 2}, DRIFT, 0.0),
        ({"doOverscan": False}, 1000.0, 1000.0),
    ],
)
def test_the_overscan_is_taken_off_as_asked(
    settings: dict[str, Any], level: Any, left: Any
) -> None:
    made: Any = isr(**settings).run(flat_raw(100.0, level)).exposure
    assert np.allclose(made.image, (100.0 + left) * GAIN * np.ones((ROWS, COLUMNS)), rtol=1e-5)


def test_amplifiers_come_together_as_they_lie_on_the_detector() -> None:
    image = np.arange(ROWS * 2 * (OVER + COLUMNS), dtype=float).reshape(ROWS, -1)
    two = amplifier("A", 0), amplifier("B", 1, flip=True, gain=3.0)
    made: Any = isr(doOverscan=False).run(raw(image, *two)).exposure
    assert np.array_equal(made.image[:, :COLUMNS], 2 * image[:, OVER : OVER + COLUMNS])
    assert np.array_equal(made.image[:, COLUMNS:], 3 * image[:, : -COLUMNS - 1 : -1])


def test_full_pixels_and_defects_are_flagged_and_filled_from_their_row() -> None:
    exposure = flat_raw(100.0)
    exposure.image[2, OVER + 1] = FULL
    defects = Defects(
        rows=[(0, 4, 2, 1), (0, 5, COLUMNS, 1)], names=("x0", "y0", "width", "height")
    )
    made: Any = isr().run(exposure, None, None, defects).exposure
    assert made.mask.counts() == {"SAT": 1, "BAD": 2 + COLUMNS, "INTRP": 3}
    assert np.allclose(made.image[2, 1], 200.0)
    assert np.allclose(made.image[4], 200.0)
    assert not made.mask["INTRP"][5].any()  # a row without a good pixel stays as it is
    bare: Any = (
        isr(doInterpolate=False, doSaturation=False).run(exposure, None, None, defects).exposure
    )
    assert bare.mask.counts() == {"BAD": 2 + COLUMNS}
    assert bare.image[2, 1] == (FULL - 1000) * GAIN


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_flat_that_cannot_be_divided_by_makes_bad_pixels(value: float) -> None:
    response = like(1.0)
    response.image[3, 2] = value
    made: Any = isr().run(flat_raw(100.0), None, response).exposure
    assert np.argwhere(made.mask["BAD"]).tolist() == [[3, 2]]
    assert np.isfinite(made.image).all()
    assert np.isfinite(made.variance).all()


@pytest.mark.parametrize(
    ("exposure", "calibs", "said"),
    [
        (Exposure(np.zeros((4, 4)), fits.Header()), {}, "has no amplifiers"),
        (
            flat_raw(),
            {"bias": Exposure(np.zeros((3, 5)), fits.Header())},
            "the bias has 5 x 3 pixels, the detector 4 x 6",
        ),
        (
            flat_raw(FULL),
            {},
            "100% of the pixels are bad or saturated; -c maxBadFraction=0.8 is the most",
        ),
        (flat_raw(np.nan), {}, "100% of the pixels are bad"),
    ],
)
def test_what_cannot_be_processed_is_told(
    exposure: Exposure, calibs: dict[str, Any], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        isr().run(exposure, **calibs)


def test_an_amplifier_without_the_overscan_that_is_asked_for_is_told() -> None:
    short = amplifier("A", 0)
    object.__setattr__(short, "overscan", Box(0, 0, OVER, 2))
    exposure = raw(np.ones((ROWS, OVER + COLUMNS)), short)
    with pytest.raises(
        TaskError, match=r"amplifier A has 6 rows, its overscan 2: .*overscanFitType=MEDIAN"
    ):
        isr(overscanFitType="POLY").run(exposure)
    object.__setattr__(short, "overscan", NONE)
    with pytest.raises(
        TaskError, match="amplifier A has no overscan; doOverscan=False goes without"
    ):
        isr().run(exposure)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.floats(1, 30000),
    level=st.floats(0, 5000),
    response=st.floats(0.2, 2.0),
    bias=st.floats(-20, 20),
)
def test_what_the_camera_does_is_undone(
    counts: float, level: float, response: float, bias: float
) -> None:
    exposure = flat_raw(counts * response + bias, level)
    made: Any = isr(doSaturation=False).run(exposure, like(bias), like(response)).exposure
    assert np.allclose(made.image, counts * GAIN, rtol=1e-4, atol=0.05)


@pytest.mark.parametrize("ccdnum", [25, 26])
def test_a_chip_of_the_generator_comes_out_flat_with_its_defects_flagged(
    processed: dict[int, tuple[Any, Any, Butler]], ccdnum: int
) -> None:
    exposure = processed[ccdnum][2].get("postISRCCD", visit=410877, ccdnum=ccdnum)
    (chip,) = science_chips([ccdnum])
    layout = generate.LAYOUTS["small"]
    expected = np.zeros(exposure.image.shape, bool)
    for x0, y0, width, height in boxes_of(chip, "1970-01-01", layout):
        expected[y0 : y0 + height, x0 : x0 + width] = True
    assert np.array_equal(exposure.mask["BAD"], expected)
    _stars, *places = generate_sky.falling(410877, chip.name, chip.place, layout)
    rows, columns = np.mgrid[: layout.rows, : 2 * layout.columns]
    far = ~expected
    for x, y in zip(*places, strict=True):
        far &= np.hypot(columns - x, rows - y) > 9
    sky = generate_sky.SKY["g"] * (1 + 0.05 * (columns / 128 - 0.5) + 0.03 * (rows / 256 - 0.5))
    pull = (exposure.image - sky) / np.sqrt(exposure.variance)
    # Of 8000 pixels: means of 1000 are known to 0.03, and so are levels of bias and overscan. The
    # width is known to 0.01, but each variance follows from its own pixel, so that low ones weigh
    # more.
    for axis in (rows, columns):
        means = [
            part.mean()
            for part in np.array_split(pull[far][np.argsort(axis[far], kind="stable")], 8)
        ]
        assert np.abs(means).max() < 0.12
    assert pull[far].std() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(
    ("unknown", "problem"),
    [
        ("gain", r"-c gains=\{'A'"),
        ("read_noise", r"-c readNoises=\{'A'"),
        ("saturation", "doSaturation=False"),
    ],
)
def test_an_amplifier_of_which_not_all_is_known_is_refused(unknown: str, problem: str) -> None:
    image = np.zeros((ROWS, OVER + COLUMNS))
    described: Any = dataclasses.replace(amplifier("A", 0), **{unknown: None})
    with pytest.raises(TaskError, match=f"{problem}.*amplifier A|amplifier A.*{problem}"):
        isr().run(raw(image, described))
    if unknown == "saturation":
        made: Any = isr(doSaturation=False).run(raw(image, described)).exposure
        assert made.mask.counts() == {}


@pytest.mark.parametrize("plane", [None, FocalPlane(20.0)])
def test_the_boresights_wcs_counts_the_trimmed_pixels_already(plane: FocalPlane | None) -> None:
    sky = WCS(naxis=2)
    sky.wcs.ctype, sky.wcs.crpix = ["RA---TAN", "DEC--TAN"], [64.5, 48.5]
    made = raw(np.ones((ROWS, 2 * (OVER + COLUMNS))), amplifier("A", 0), amplifier("B", 1))
    detector = Detector("toy", 1, amplifiers=made.detector.amplifiers, plane=plane)
    made = made.replaced(detector=detector, wcs=sky)
    wcs = isr().run(made).exposure.wcs
    assert wcs is None if plane is None else wcs.wcs.crpix.tolist() == [64.5, 48.5]


def wide_raw(
    counts: Any = 100.0, noise: float = 0.0, gains: tuple[float, ...] = (2.0, 2.0), rows: int = 40
) -> Exposure:
    """Return two amplifiers beside each other, each with its overscan before its pixels."""
    rng = np.random.default_rng(3)
    boxes = []
    for at, gain in enumerate(gains):
        start = at * (20 + 10)
        boxes.append(
            Amplifier(
                "AB"[at],
                data=Box(start + 10, 0, 20, rows),
                overscan=Box(start, 0, 10, rows),
                prescan=NONE,
                postscan=NONE,
                trimmed=Box(at * 20, 0, 20, rows),
                gain=gain,
                read_noise=NOISE,
                saturation=FULL,
                corner=("LL", "LR")[at],
            )
        )
    image = 1000 + noise * rng.normal(size=(rows, 60))
    for each, level in zip(boxes, np.broadcast_to(counts, 2), strict=True):
        image[each.data.slices] += level
    return raw(image, *boxes)


@pytest.mark.parametrize(
    ("exposure", "settings", "said"),
    [
        (wide_raw(gains=(2.0, 0.0)), {}, "amplifier B of toy is BAD: its gain is 0"),
        (wide_raw(gains=(2.0, np.nan)), {}, "its gain is nan"),
        (
            wide_raw((1000.0, 10.0)),
            {},
            r"at 20\.0 electrons, the others at 2000\.0; .*minLevelRatio=0\.2",
        ),
        (
            wide_raw(noise=40.0, gains=(0.5, 2.0)),
            {},
            r"scatters by \d+\.\d electrons.*maxNoiseRatio=5",
        ),
        (wide_raw(), {"readNoises": {"B": -1.0}}, "its read noise is -1 electrons"),
    ],
)
def test_an_amplifier_that_is_not_plausible_is_bad(
    exposure: Exposure, settings: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    each = isr(**settings, maxBadFraction=1.0)
    made: Any = each.run(exposure).exposure
    assert made.mask["BAD"].sum() == 20 * 40
    assert made.mask["BAD"][:, 20:].all()
    assert each.metadata["badAmplifiers"] == "B"
    assert re.search(said, caplog.text)


def test_a_dim_sky_is_no_fault_of_amplifiers() -> None:
    made: Any = isr().run(wide_raw((10.0, 0.5))).exposure
    assert made.mask.counts() == {}


@pytest.mark.parametrize("gains", [(0.0, 0.0), (-1.0, np.nan)])
def test_a_chip_without_a_plausible_amplifier_is_refused(gains: tuple[float, float]) -> None:
    with pytest.raises(TaskError, match=r"no amplifier is plausible:\n.*A of toy.*\n.*B of toy"):
        isr().run(wide_raw(gains=gains))


def test_gain_and_read_noise_of_the_configuration_count() -> None:
    settings: dict[str, Any] = {"gains": {"A": 3.0}, "readNoises": {"A": 7.0}}
    made: Any = isr(**settings).run(flat_raw(-10.0)).exposure
    assert np.allclose(made.image, -30.0)
    assert np.allclose(made.variance, 49.0)


def test_what_is_full_grows_and_the_edge_is_flagged() -> None:
    exposure = wide_raw()
    exposure.image[20, 20] = FULL
    made: Any = isr(growSaturation=2, edgeWidth=3).run(exposure).exposure
    steps = np.abs(np.arange(40)[:, np.newaxis] - 20) + np.abs(np.arange(40) - 10)
    assert np.array_equal(made.mask["SAT"], steps <= 2)
    inner = np.zeros((40, 40), bool)
    inner[3:-3, 3:-3] = True
    assert np.array_equal(made.mask["EDGE"], ~inner)


def test_the_dark_is_scaled_by_the_dark_time() -> None:
    exposure = flat_raw(100.0)
    seen = dataclasses.replace(exposure.visit_info, exposure_time=30.0, dark_time=40.0)
    made: Any = isr().run(exposure.replaced(visit_info=seen), dark=like(0.5)).exposure
    assert np.allclose(made.image, (100 - 40 * 0.5) * GAIN)
    nowhere = exposure.replaced(
        visit_info=dataclasses.replace(seen, exposure_time=None, dark_time=None)
    )
    with pytest.raises(TaskError, match="doDark=False goes without"):
        isr().run(nowhere, dark=like(0.5))


def test_the_noise_of_the_flat_is_in_the_variance() -> None:
    response = like(0.5).replaced(variance=np.full((ROWS, COLUMNS), 1e-4, np.float32))
    made: Any = isr().run(flat_raw(1000.0), None, response).exposure
    # var(a / f) = var(a) / f^2 + (a / f^2)^2 var(f)
    light = 1000 * GAIN
    assert np.allclose(made.variance, (light + NOISE**2) / 0.25 + (light / 0.25) ** 2 * 1e-4)


def test_crosstalk_between_amplifiers_is_taken_off() -> None:
    """What the generator of realistic chips adds, of its own knowledge, is gone again."""
    (chip,) = science_chips([28])
    detector = Ccd(chip, generate.LAYOUTS["small"])
    light = np.full(detector.shape, 500.0)
    light[:, 20] = 1.5e5
    rng = np.random.default_rng(1)
    header = fits.Header(list(generate.chip_cards(chip, detector.layout, Attitude(0.0, 0.0))))
    exposure = Exposure(ccd.read_out(light, detector, rng), header)
    exposure = exposure.replaced(detector=DecamHeaders().detector(header))
    bias = Exposure(detector.bias().astype(np.float32), fits.Header())
    columns = [column for column in range(128) if column not in (20, 127 - 20)]
    there, back = curated.crosstalk_of(chip, curated.EPOCHS[0])
    coefficients = np.array([[0, there], [back, 0]])
    assert [each.name for each in exposure.detector.amplifiers] == ["A", "B"]
    table = Crosstalk("CROSSTALK", {}, (Table({"CT_COEFFS": [coefficients.ravel()]}),))
    gain_a, gain_b = (each.gain for each in exposure.detector.amplifiers)
    trace = back * 1.5e5 * gain_a / gain_b  # B is the left one
    left = []
    for calibs in ({}, {"crosstalk": table}):
        made: Any = isr(overscanFitType="MEDIAN_PER_ROW").run(exposure, bias, **calibs).exposure
        left.append(float(np.mean(made.image[:, 127 - 20]) - np.mean(made.image[:, columns])))
    assert left[0] == pytest.approx(trace, abs=3.0)
    assert abs(left[1]) < 3.0


def test_the_mean_of_a_row_has_less_noise_than_its_median_and_no_outlier() -> None:
    rng = np.random.default_rng(1)
    over = np.rint(rng.normal(1500.3, 1.6, (4000, 50))).astype(np.float32)
    struck = over.copy()
    struck[::3, 7] += 4000.0
    medians = np.median(over, axis=1) - 1500.3
    means = amplifiers._means(struck, np.median(struck, axis=1, keepdims=True)) - 1500.3
    assert abs(means.mean()) < 0.02
    assert means.std() == pytest.approx(1.6 / np.sqrt(50), rel=0.05)
    assert means.std() < 0.7 * medians.std()


def test_crosstalk_of_other_amplifiers_is_refused() -> None:
    table = Crosstalk("CROSSTALK", {}, (Table({"CT_COEFFS": [np.zeros(9)]}),))
    with pytest.raises(
        TaskError, match="crosstalk of 3 x 3 coefficients is not that of 2 amplifiers"
    ):
        isr().run(wide_raw(), crosstalk=table)


@pytest.mark.parametrize("name", ["S4", "N4"])
def test_the_corner_that_is_read_first_is_that_of_the_cameras_table(name: str) -> None:
    """Headers do not tell it; the camera's own description of its amplifiers does."""
    (chip,) = (each for each in science_chips(range(1, 63)) if each.name == name)
    header = fits.Header(
        list(generate.chip_cards(chip, generate.LAYOUTS["full"], Attitude(0.0, 0.0)))
    )
    detector = DecamHeaders().detector(header)
    assert detector is not None
    described = yaml_nodes.load(str(CAMERA))["focalPlane"]["amplifiers"][name[0]]
    for each in detector.amplifiers:
        bare = dataclasses.replace(each, corner=None)
        assert corner(bare) == described[each.name]["corner"]
