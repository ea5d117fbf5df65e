"""Masters of one's own: against the generator's truth, and against numpy on the raw files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam.sample import calibraws
from obs_decam.sample.cards import science_chips
from obs_decam.sample.curated import boxes_of
from obs_decam.sample.facts import LAYOUTS, readouts
from obs_decam.sample.pixels import pattern
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.tasks.construct_bias import BiasTask
from persistence.tasks.construct_defects import DefectsTask
from persistence.tasks.construct_flat import FlatTask
from persistence.tasks.isr import IsrTask
from persistence.tasks.isr_config import IsrConfig

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")

CHIPS, DAY, LAYOUT = (25, 28), "2014-02-26", LAYOUTS["small"]
FIRST = calibraws.FIRST
NUMBERS = {"bias": 5, "dark": 3, "flat": 5}
BIASES, FLATS = f"visit={FIRST}..{FIRST + 4}", f"visit={FIRST + 8}..{FIRST + 12}"
SHAPE = (LAYOUT.rows, 2 * LAYOUT.columns)
# What rounding to whole counts adds to the variance (counts squared).
ROUNDING = 1 / 12


def repository(folder: Path, paths: list[str]) -> Path:
    root = folder / "repo"
    (root / "CALIB").mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    assert ingest_images.main([str(root), *paths]) == 0
    return root


def run(task: Any, root: Path, rerun: str, *words: str) -> Any:
    """Run a command as a user does, in this process."""
    where = [str(root), "--calib", str(root / "CALIB"), "--rerun", rerun]
    return task.parseAndRun([*where, *words], doReturnResults=True).resultList


def ingest(root: Path, rerun: str, kind: str) -> None:
    files = sorted(map(str, (root / "rerun" / rerun / kind).rglob("*.fits")))
    where = ["--calib", str(root / "CALIB"), "--validity", "365", "--mode", "copy"]
    assert ingest_calibs.main([str(root), *files, *where]) == 0


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a night of biases, darks and flats, and masters of them."""
    folder = tmp_path_factory.mktemp("night")
    root = repository(folder, calibraws.write_calib_raws(str(folder / "raw"), NUMBERS, chips=CHIPS))
    run(BiasTask, root, "bias", "--id", BIASES)
    ingest(root, "bias", "BIAS")
    run(FlatTask, root, "flat", "--id", FLATS)
    ingest(root, "flat", "FLAT")
    run(DefectsTask, root, "defects", "--id", f"visit={FIRST + 5}..{FIRST + 12}")
    defects, calib = str(root / "rerun/defects/defects"), str(root / "CALIB")
    assert ingest_curated.main([str(root), defects, "--calib", calib]) == 0
    return root


@pytest.fixture(scope="module")
def butler(night: Path) -> Butler:
    return Butler(str(night), calibRoot="CALIB")


def chip_of(number: int) -> Any:
    (chip,) = science_chips([number])
    return chip


def truth(kind: str, number: int) -> Any:
    band = "g" if kind == "flat" else "NONE"
    return pattern(kind, band, number, chip_of(number).place, LAYOUT)


def bad(number: int) -> Any:
    flagged = np.zeros(SHAPE, bool)
    for x0, y0, width, height in boxes_of(chip_of(number), "1970-01-01", LAYOUT):
        flagged[y0 : y0 + height, x0 : x0 + width] = True
    return flagged


def halves(number: int) -> list[tuple[Any, Any]]:
    """Return the columns of each amplifier in the trimmed image, with what it does."""
    columns = [np.s_[:, : LAYOUT.columns], np.s_[:, LAYOUT.columns :]]
    return list(zip(columns, readouts(chip_of(number).name, number), strict=True))


def metadata(night: Path, kind: str, number: int) -> Any:
    return Butler(str(night / "rerun" / kind)).get(
        f"{kind}_metadata",
        calibDate=DAY,
        ccdnum=number,
        **({"filter": "g"} if kind == "flat" else {}),
    )[kind]


# -- the masters
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", CHIPS)
def test_a_master_bias_is_the_mean_of_the_raw_files_less_their_overscan(
    night: Path, butler: Butler, number: int
) -> None:
    master = butler.get("bias", calibDate=DAY, ccdnum=number)
    trimmed = []
    for visit in range(FIRST, FIRST + 5):
        with fits.open(night.parent / f"raw/DECam_{visit:08d}.fits") as hdus:
            (hdu,) = (each for each in hdus[1:] if each.header["CCDNUM"] == number)
            raw, header = hdu.data.astype(float), hdu.header
        parts = []
        for letter in sorted("AB", key=lambda name: _section(header, f"CCDSEC{name}")[1].start):
            over = np.median(raw[_section(header, f"BIASSEC{letter}")])
            parts.append(raw[_section(header, f"DATASEC{letter}")] - over)
        trimmed.append(np.concatenate(parts, axis=1))
    off = np.abs(master.image - np.mean(trimmed, axis=0))
    assert np.mean(off < 1e-3) > 0.99  # of the others, something was cut off
    assert str(master.unit) == "adu" or master.unit is None


def _section(header: Any, keyword: str) -> tuple[slice, slice]:
    x, y = header[keyword].strip("[]").split(",")
    across, along = (
        slice(int(first) - 1, int(last)) for first, last in (x.split(":"), y.split(":"))
    )
    return along, across


@pytest.mark.parametrize("number", CHIPS)
def test_a_master_bias_is_the_pattern_within_its_variance(butler: Butler, number: int) -> None:
    master = butler.get("bias", calibDate=DAY, ccdnum=number)
    variance = butler.get("bias.variance", calibDate=DAY, ccdnum=number)
    for part, readout in halves(number):
        off = master.image[part] - truth("bias", number)[part]
        # the median of whole counts, which the overscan's level is, is half a count off at most
        assert abs(np.mean(off)) < 0.5
        noise = (readout.read_noise / readout.gain) ** 2
        assert np.median(variance[part]) == pytest.approx(noise / 5, rel=0.01)
        assert np.var(off) == pytest.approx((noise + ROUNDING) / 5, rel=0.05)


def test_flats_of_several_chips_keep_their_relative_sensitivity(butler: Butler) -> None:
    found = []
    for number in CHIPS:
        master = butler.get("flat", calibDate=DAY, filter="g", ccdnum=number)
        ratio = (master.image / truth("flat", number))[~bad(number)]
        assert np.std(ratio) == pytest.approx(1 / np.sqrt(5 * 20000), rel=0.1)
        found.append((np.median(ratio), np.median(master.image)))
    # 16000 pixels of 0.3%, in five exposures: they are known to 5e-5
    assert found[0][0] == pytest.approx(found[1][0], rel=2e-4)
    assert np.mean([level for _, level in found]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("number", CHIPS)
def test_the_variance_of_a_flat_is_its_own_noise(butler: Butler, number: int) -> None:
    data_id = {"calibDate": DAY, "filter": "g", "ccdnum": number}
    variance, mask = (butler.get(f"flat.{plane}", data_id) for plane in ("variance", "mask"))
    ratio = butler.get("flat", data_id).image / truth("flat", number)
    good = ~bad(number)
    pulls = (ratio - np.median(ratio[good])) * truth("flat", number) / np.sqrt(variance)
    assert np.std(pulls[good]) == pytest.approx(1.0, abs=0.05)
    assert not mask["BAD"].any()


@pytest.mark.parametrize("number", CHIPS)
def test_gain_and_read_noise_are_those_of_the_amplifiers(night: Path, number: int) -> None:
    names = dict(zip(("left", "right"), readouts(chip_of(number).name, number), strict=True))
    south = {"B": names["left"], "A": names["right"]}  # S1 and S4 are read from below
    for letter, readout in south.items():
        noise = np.sqrt(readout.read_noise**2 + ROUNDING * readout.gain**2)
        # of two pairs of 16384 pixels: 0.4%; a gain goes with the square
        assert metadata(night, "bias", number)[f"readNoise_{letter}"] == pytest.approx(
            noise, rel=0.015
        )
        assert metadata(night, "flat", number)[f"gain_{letter}"] == pytest.approx(
            readout.gain, rel=0.025
        )


@pytest.mark.parametrize("number", CHIPS)
def test_defects_are_the_pixels_that_were_spoiled(butler: Butler, number: int) -> None:
    found = butler.get("defects", calibDate=DAY, ccdnum=number)
    wanted = sorted(boxes_of(chip_of(number), "1970-01-01", LAYOUT))
    assert [(box.x0, box.y0, box.width, box.height) for box in found.boxes] == wanted
    assert (found.meta["INSTRUME"], found.meta["DETECTOR"]) == ("DECam", number)


def test_processing_with_them_leaves_a_flat_flat(butler: Butler, night: Path) -> None:
    raw = butler.dataRef("raw", visit=FIRST + 8, ccdnum=25)
    result = IsrTask(config=IsrConfig(), name="isr").runDataRef(raw)
    exposure = result.exposure
    good = ~(exposure.mask["BAD"] | exposure.mask["SAT"])
    assert np.array_equal(exposure.mask["BAD"], bad(25))
    level = np.median(exposure.image[good])
    left, right = (np.median(exposure.image[part][good[part]]) for part, _ in halves(25))
    assert left == pytest.approx(right, rel=1e-3)
    # The flat's own noise is part of the variance; this exposure is a fifth of it, and so they
    # share some of theirs: (x - m) has the variance of x less that of m.
    scatter, told = np.var(exposure.image[good]), np.median(exposure.variance[good])
    assert told == pytest.approx(level / np.median(_flat(butler)) * 1.2, rel=0.05)
    assert scatter == pytest.approx(told / 1.2 * 0.8, rel=0.05)


def _flat(butler: Butler) -> Any:
    return butler.get("flat", calibDate=DAY, filter="g", ccdnum=25).image


# -- what they tell of themselves
# -----------------------------------------------------------------------------------------------


def test_the_header_tells_what_a_master_is_of_what_and_how_good(night: Path) -> None:
    with fits.open(night / f"rerun/flat/FLAT/{DAY}/g/FLAT-{DAY}-25.fits") as hdus:
        header = hdus[0].header
        assert [hdu.name for hdu in hdus[1:4]] == ["IMAGE", "MASK", "VARIANCE"]
    assert (header["OBSTYPE"], header["DATE-OBS"][:10], header["CCDNUM"]) == ("flat", DAY, 25)
    assert header["CALIB_ID"] == f"calibDate={DAY} filter=g ccdnum=25"
    assert header["CALIB_INPUT_0"] == f"visit={FIRST + 8}"
    assert "CALIB_INPUT_4" in header
    assert "CALIB_INPUT_5" not in header
    assert header["NINPUTS"] == 5
    assert header["CLIPPED"] < 0.002
    assert header["MEASURED GAIN A"] == pytest.approx(header["GAINA"], rel=0.03)
    with fits.open(night / f"rerun/bias/BIAS/{DAY}/BIAS-{DAY}-25.fits") as hdus:
        bias = hdus[0].header
    assert bias["CALIB_ID"] == f"calibDate={DAY} ccdnum=25 filter=NONE"
    assert "FILTER" not in bias  # whichever was in place
    # of one exposure alone
    assert not {"EXPNUM", "RA", "MJD-OBS", "OBJECT"} & {*header}


def test_the_metadata_name_the_inputs(night: Path) -> None:
    noted = metadata(night, "bias", 25)
    assert list(noted["inputs"]) == [f"visit={visit}" for visit in range(FIRST, FIRST + 5)]
    assert noted["numLeftOut"] == 0
    assert noted["levelScatter"] < 3
    assert metadata(night, "flat", 25)["numDetectors"] == 2


@pytest.mark.parametrize("kind", ["bias", "flat", "defects"])
def test_why_tells_of_the_raws_after_a_master_was_ingested(butler: Butler, kind: str) -> None:
    more = {"filter": "g"} if kind == "flat" else {}
    origin = butler.why(kind, calibDate=DAY, ccdnum=25, **more)
    visits = {"bias": range(5), "flat": range(8, 13), "defects": range(5, 13)}[kind]
    raws = [one.dataId["visit"] for one in origin.inputs if one.datasetType == "raw"]
    assert raws == [FIRST + number for number in visits]
    assert {one.dataId["ccdnum"] for one in origin.inputs} == {25}
    assert origin.run is not None
    assert not origin.notes
    assert "None is in its validity" not in str(origin)
    if kind == "flat":
        (bias,) = (one for one in origin.inputs if one.datasetType == "bias")
        assert len(bias.inputs) == 5


def test_to_ingest_again_takes_nothing_along_twice(night: Path) -> None:
    (path,) = (night / "CALIB/.persistence/journal").iterdir()
    before = path.read_text()
    ingest(night, "bias", "BIAS")
    assert path.read_text() == before
    lines = [json.loads(line) for line in before.splitlines()]
    assert [line["task"] for line in lines if line["op"] == "run"] == ["bias", "flat", "defects"]


# -- what cannot be, and what is left out
# -----------------------------------------------------------------------------------------------

DEAD = range(410610, 410613)  # of the right amplifier there is nothing
Told = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of one chip, with odd biases (from 410500 on) and flats (from 410600 on)."""
    folder = tmp_path_factory.mktemp("odd")
    paths = []

    def write(visit: int, kind: str, band: str = "g", **cards: Any) -> Any:
        hdus = calibraws.calib_raw(visit, kind, band, [25])
        hdus[0].header.update(cards)
        paths.append(str(folder / f"{visit}.fits"))
        return hdus

    for visit in range(410500, 410508):
        hdus = write(visit, "bias", **({"EXPTIME": 5.0} if visit == 410506 else {}))
        if visit == 410504:  # light
            hdus[1].data[:, 80:144] += 12
        if visit == 410507:  # none of its overscan is there
            for letter in "AB":
                del hdus[1].header[f"BIASSEC{letter}"]
        hdus.writeto(paths[-1])
    for visit in (*range(410600, 410608), *DEAD):
        more = {"EXPTIME": 20.0} if visit == 410604 else {}
        hdus = write(visit, "flat", "r" if visit == 410605 else "g", **more)
        if visit == 410606:
            hdus[1].data[:, :] = np.minimum(hdus[1].data * 20.0, 65535).astype(np.uint16)
        if visit in DEAD:
            hdus[1].data[:, 80:] = 1900
        if visit == 410607:
            hdus[1].data[:, :] = calibraws.calib_raw(visit, "bias", "g", [25])[1].data
        hdus.writeto(paths[-1])
    return repository(folder, paths)


@pytest.fixture
def told(odd: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Told:
    """Return what runs a command on it, and returns its status and what it printed."""

    def command(task: Any, *words: str) -> tuple[int, str]:
        status = 0
        try:
            task.parseAndRun([str(odd), "--output", str(tmp_path / "out"), *words])
        except SystemExit as end:
            status = int(end.code or 0)
        text = caplog.text
        caplog.clear()
        return status, text

    return command


@pytest.mark.parametrize(
    ("task", "words", "status", "said"),
    [
        (BiasTask, "visit=410500..410504", 0,
         ["left out: visit=410504: on large scales it is off by", "maxDeviation=5"]),
        (BiasTask, "visit=410500..410502^410506^410600", 0,
         ["left out: visit=410506: it is exposed for 5 s (-c maxExposureTime=0)",
          "left out: visit=410600: it is of the kind flat (-c obsTypes=bias)"]),
        (BiasTask, "visit=410500..410501", 1, ["2 inputs of 2 are left", "-c minInputs=3"]),
        (BiasTask, "visit=410500..410501 -c minInputs=2", 0, ["2 inputs; read noise"]),
        (BiasTask, "visit=410500..410502^410507", 0,
         ["left out: visit=410507: the raw exposure has no amplifiers"]),
        (BiasTask, "visit=410600..410602", 1,
         ["nothing was run: none of the 3 exposures is an input of a bias", "obsTypes"]),
        (BiasTask, "visit=410500..410502 --calibId calibdate=2014-01-01", 1,
         ["--calibId: bias has no key 'calibdate'", "did you mean 'calibDate'"]),
        (FlatTask, "visit=410600..410605 -c isr.doBias=False", 1,
         ["a flat has one filter, and the inputs have several:", "r: visit=410605",
          "--id filter=... chooses one"]),
        (FlatTask, "visit=410600..410604 -c isr.doBias=False", 0,
         ["the exposure times of the flats differ: 10 s: visit=410600", "20 s: visit=410604",
          "requireSameExposureTime=True"]),
        (FlatTask, "visit=410600..410604 -c requireSameExposureTime=True", 1,
         ["nothing was run: the exposure times of the flats differ"]),
        (FlatTask, "visit=410600..410602^410606^410607 -c isr.doBias=False", 0,
         ["left out: visit=410606: ", "left out: visit=410607: it has", "minLevel=1000"]),
        (FlatTask, "visit=410600..410602", 1, ["to go without bias: -c isr.doBias=False"]),
        (DefectsTask, "visit=410600..410602", 0,
         ["no darks or biases among the inputs: hot pixels are not looked for"]),
        (DefectsTask, "visit=410500..410502^410600^410601", 1, ["2 flats of 5 are left"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_inputs_is_said_with_the_setting(
    told: Told, task: Any, words: str, status: int, said: list[str]
) -> None:
    found, text = told(task, "--id", *words.split())
    assert found == status, text
    for part in said:
        assert part in text


def test_a_dead_amplifier_is_bad_in_its_master_and_a_defect(told: Told, tmp_path: Path) -> None:
    words = ["visit=410610..410612", "-c", "isr.doBias=False"]
    assert told(FlatTask, "--id", *words)[0] == 0
    with fits.open(tmp_path / f"out/FLAT/{DAY}/g/FLAT-{DAY}-25.fits") as hdus:
        image, mask = hdus["IMAGE"].data, hdus["MASK"].data
    assert np.isnan(image[:, 64:]).all()
    assert (mask[:, 64:] == 1).all()
    good = ~bad(25)[:, :64]
    ratio = (image / truth("flat", 25))[:, :64][good]
    assert np.std(ratio) == pytest.approx(1 / np.sqrt(3 * 19500), rel=0.1)
    assert not mask[:, :64].any()
    status, text = told(DefectsTask, "--id", *words)
    assert status == 0, text
    boxes = Butler(str(tmp_path / "out")).get("defects", calibDate=DAY, ccdnum=25).boxes
    assert (64, 0, 64, 256) in [(box.x0, box.y0, box.width, box.height) for box in boxes]


def test_a_key_of_the_result_can_be_given(told: Told, tmp_path: Path) -> None:
    words = ["visit=410500..410502", "--calibId", "calibDate=2015-01-01"]
    assert told(BiasTask, "--id", *words)[0] == 0
    assert (tmp_path / "out/BIAS/2015-01-01/BIAS-2015-01-01-25.fits").exists()


def test_options_of_batch_systems_are_taken_and_explained(told: Told) -> None:
    words = ["visit=410500..410502", "--batch-type", "slurm", "--queue", "big", "--batch-verbose"]
    status, text = told(BiasTask, "--id", *words)
    assert status == 0
    assert "--batch-type slurm, --queue, --batch-verbose: no job is submitted" in text
    status, text = told(BiasTask, "--id", "visit=410500..410502", "--batch-type", "smp")
    assert "no job" not in text


def test_what_is_done_is_not_done_again(told: Told) -> None:
    words = ["visit=410500..410502"]
    assert "1 done" in told(BiasTask, "--id", *words)[1]
    assert "1 skipped" in told(BiasTask, "--id", *words, "--skip-existing")[1]
