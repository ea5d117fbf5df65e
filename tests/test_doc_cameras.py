"""The camera of four amplifiers in doc/cameras.rst: its commands are run, on stars that are known."""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from persistence import Butler

PAGE = Path(__file__).resolve().parents[1] / "doc" / "cameras.rst"
W, H, PRE, OVER = 128, 96, 4, 16
GAINS = {"A": 1.5, "B": 2.0, "C": 2.5, "D": 1.0}
PLACES = {"C": (0, 1), "A": (0, 0), "D": (1, 1), "B": (1, 0)}  # in no order
SKY, SIGMA, NOISE = 300.0, 1.6, 4.0


def block(before: str) -> str:
    """Return the literal block that follows a line of the page."""
    text = PAGE.read_text().split(before, 1)[1].split("::\n\n", 1)[1]
    lines = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("    "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


CAMERA = block("A camera of four amplifiers\n")
COMMANDS = block("Its files are ingested and processed by").splitlines()


def stars() -> Any:
    """Return x, y and flux (electrons) of a grid of stars."""
    rng = np.random.default_rng(11)
    y, x = (axis.ravel() for axis in np.mgrid[16 : 2 * H - 10 : 24, 16 : 2 * W - 10 : 24])
    shift = rng.uniform(-2, 2, (2, x.size))
    flux = np.geomspace(4e5, 4e3, x.size)
    rng.shuffle(flux)
    return x + shift[0], y + shift[1], flux


def write_files(folder: Path) -> None:
    """Write a raw exposure of stars, the masters that it was made with, and a list of defects."""
    y, x = np.mgrid[: 2 * H, : 2 * W]
    light = np.full(x.shape, SKY)
    for star_x, star_y, flux in zip(*stars(), strict=True):
        light += (
            flux
            / (2 * np.pi * SIGMA**2)
            * np.exp(-((x - star_x) ** 2 + (y - star_y) ** 2) / (2 * SIGMA**2))
        )
    flat, bias = 1 + 0.1 * (x - W) / W, 50 + 5 * np.sin(x / 20)
    rng = np.random.default_rng(12)
    electrons = rng.poisson(light * flat)
    sky = WCS(naxis=2)
    sky.wcs.ctype, sky.wcs.crval = ["RA---TAN", "DEC--TAN"], [40.0, -20.0]
    sky.wcs.crpix, sky.wcs.cd = [W + 0.5 + PRE, H + 0.5], np.diag([-1.0, 1.0]) / 3600
    primary = fits.Header(
        {"RUN": 12, "SEQ": 3, "FILTER": 1, "EXPTIME": 30.0, "DATE-OBS": "2024-03-02T02:03:04",
         "OBJECT": "M31", "INSTRUME": "QUAD"}
    )  # fmt: skip
    hdus = fits.HDUList([fits.PrimaryHDU(header=primary)])
    for name, (i, j) in PLACES.items():
        part = slice(j * H, j * H + H), slice(i * W, i * W + W)
        counts = (electrons[part] / GAINS[name] + bias[part])[:: 1 - 2 * j, :: 1 - 2 * i]
        image = 1000 + rng.normal(0, NOISE, (H, PRE + W + OVER)) / GAINS[name]
        image[:, PRE : PRE + W] += counts
        header = sky.to_header() if name == "A" else fits.Header()
        header["DATASEC"] = f"[{PRE + 1}:{PRE + W},1:{H}]"
        header["BIASSEC"] = f"[{PRE + W + 1}:{PRE + W + OVER},1:{H}]"
        ends = [(k * n + 1, k * n + n)[:: 1 - 2 * k] for k, n in ((i, W), (j, H))]
        header["DETSEC"] = "[" + ",".join(f"{a}:{b}" for a, b in ends) + "]"
        header["GAIN"], header["RDNOISE"] = GAINS[name], NOISE
        hdus.append(fits.ImageHDU(np.rint(image).astype("u2"), header, name=f"AMP_{name}"))
    for name in ("night", "masters", "curated/quad/defects/quad", "repo/CALIB"):
        (folder / name).mkdir(parents=True)
    hdus.writeto(folder / "night" / "q.fits")
    for kind, pixels, cards in (("bias", bias, {}), ("flat", flat, {"FILTER": 1})):
        header = fits.Header({"OBSTYPE": kind, "DATE-OBS": "2024-03-01T12:00:00", **cards})
        fits.PrimaryHDU(pixels.astype("f4"), header).writeto(folder / "masters" / f"{kind}.fits")
    meta = {"OBSTYPE": "defects", "DETECTOR": 0, "CALIBDATE": "1970-01-01", "INSTRUME": "QUAD"}
    Table({"x0": [30], "y0": [40], "width": [3], "height": [5]}, meta=meta).write(
        folder / "curated" / "quad" / "defects" / "quad" / "19700101T000000.ecsv"
    )


def calibration(seq: int, kind: str, light: Any) -> fits.HDUList:
    """Return a raw exposure of light (electrons) that falls on all four amplifiers."""
    rng = np.random.default_rng(seq)
    electrons = rng.poisson(light)
    cards = {"RUN": 20, "SEQ": seq, "FILTER": 1, "EXPTIME": 5.0 * (kind != "zero"), "OBSTYPE": kind,
             "DATE-OBS": f"2024-03-02T0{seq}:03:04", "INSTRUME": "QUAD", "OBJECT": "cal"}  # fmt: skip
    hdus = fits.HDUList([fits.PrimaryHDU(header=fits.Header(cards))])
    for name, (i, j) in PLACES.items():
        part = slice(j * H, j * H + H), slice(i * W, i * W + W)
        image = 1000 + rng.normal(0, NOISE, (H, PRE + W + OVER)) / GAINS[name]
        image[:, PRE : PRE + W] += (electrons[part] / GAINS[name])[:: 1 - 2 * j, :: 1 - 2 * i]
        image[:, PRE : PRE + W] += 50 + 10 * i
        ends = [(k * n + 1, k * n + n)[:: 1 - 2 * k] for k, n in ((i, W), (j, H))]
        header = fits.Header(
            {
                "DATASEC": f"[{PRE + 1}:{PRE + W},1:{H}]",
                "BIASSEC": f"[{PRE + W + 1}:{PRE + W + OVER},1:{H}]",
                "DETSEC": "[" + ",".join(f"{a}:{b}" for a, b in ends) + "]",
                "GAIN": GAINS[name],
                "RDNOISE": NOISE,
            }
        )
        hdus.append(fits.ImageHDU(np.rint(image).astype("u2"), header, name=f"AMP_{name}"))
    return hdus


def test_masters_are_made_of_its_raws(tmp_path: Path) -> None:
    pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
    from persistence.cli import ingest_calibs, ingest_curated, ingest_images
    from persistence.tasks.construct_bias import BiasTask
    from persistence.tasks.construct_defects import DefectsTask
    from persistence.tasks.construct_flat import FlatTask

    x = np.mgrid[: 2 * H, : 2 * W][1]
    flat = 1 + 0.1 * (x - W) / W
    flat[10:13, 20:22] *= 0.3
    repo, calib = tmp_path / "repo", str(tmp_path / "repo/CALIB")
    (tmp_path / "repo/CALIB").mkdir(parents=True)
    (tmp_path / "quad_camera.yaml").write_text(CAMERA)
    (repo / "_mapper").write_text("../quad_camera.yaml\n")
    for seq in range(6):
        kind, light = ("zero", 0.0 * flat) if seq < 3 else ("dome flat", 15000 * flat)
        calibration(seq, kind, light).writeto(tmp_path / f"q{seq}.fits")
    assert ingest_images.main([str(repo), str(tmp_path / "q*.fits")]) == 0
    for task, rerun, main, files, more in (
        (BiasTask, "b", ingest_calibs.main, "bias/*.fits", ["--validity", "9"]),
        (FlatTask, "f", ingest_calibs.main, "flat/*.fits", ["--validity", "9"]),
        (DefectsTask, "d", ingest_curated.main, "defects", []),
    ):
        task.parseAndRun([str(repo), "--calib", calib, "--rerun", rerun, "--id"])
        assert main([str(repo), str(repo / "rerun" / rerun / files), "--calib", calib, *more]) == 0
    butler = Butler(str(repo), calibRoot="CALIB")
    # The night of 2024-03-02, by UTC, is that of the first of March; so are its masters.
    bias, master, defects = (butler.get(kind, visit=2003) for kind in ("bias", "flat", "defects"))
    for name, (i, j) in PLACES.items():
        part = slice(j * H, j * H + H), slice(i * W, i * W + W)
        assert np.median(bias.image[part]) == pytest.approx(50 + 10 * i, abs=0.5)
        noise = np.sqrt((NOISE / GAINS[name]) ** 2 + 1 / 12) / np.sqrt(3)
        assert np.std(bias.image[part]) == pytest.approx(noise, rel=0.05)
    assert np.std(master.image / flat) == pytest.approx(1 / np.sqrt(3 * 15000), rel=0.1)
    (box,) = defects.boxes
    assert (box.x0, box.y0, box.width, box.height) == (20, 10, 2, 3)


def test_the_camera_has_60_lines() -> None:
    assert len(CAMERA.splitlines()) <= 60


def test_its_commands_take_raw_counts_to_calibrated_stars(tmp_path: Path) -> None:
    for needed in ("lsst.pex.config", "sep"):
        pytest.importorskip(needed, reason="pip install '.[tasks]'")
    write_files(tmp_path)
    (tmp_path / "quad_camera.yaml").write_text(CAMERA)
    folder = Path(sys.executable).parent
    for command in COMMANDS:
        name = command.partition(" ")[0]
        line = f"{shlex.quote(str(folder / name))} {command.partition(' ')[2]}"
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert " failed  " not in done.stdout, done.stdout
    butler = Butler(tmp_path / "out", calibRoot=str(tmp_path / "repo" / "CALIB"))
    assert butler.queryMetadata("raw", ["visit", "date", "filter"]) == [(1203, "2024-03-01", "V")]
    calexp = butler.get("calexp", visit=1203)
    assert calexp.image.shape == (2 * H, 2 * W)
    # The defects, and nothing else but what the task found itself.
    assert calexp.mask["BAD"][40:45, 30:33].all()
    assert np.count_nonzero(calexp.mask["BAD"]) == 15
    # The sky is subtracted; its noise is that of the photons and of the read-out.
    empty = calexp.image[~(calexp.mask["DETECTED"] | calexp.mask["EDGE"])]
    assert np.median(empty) == pytest.approx(0.0, abs=0.6)
    assert np.std(empty[np.abs(empty) < 60]) == pytest.approx(np.sqrt(SKY + NOISE**2), rel=0.05)
    sources = butler.get("src", visit=1203)
    x, y, flux = stars()
    apart = np.hypot(
        sources["slot_Centroid_x"] - x[:, None], sources["slot_Centroid_y"] - y[:, None]
    )
    star, source = np.nonzero(apart < 0.5)
    assert len({*star}) > 0.9 * x.size
    bright = flux[star] > 2e4
    measured = np.asarray(sources["slot_PsfFlux_instFlux"])[source][bright]
    assert np.median(measured / flux[star][bright]) == pytest.approx(1.0, abs=0.01)
    assert np.std(measured / flux[star][bright]) < 0.03
    # The amplifier's header has the sky, of its own pixels; those of the detector have it now.
    sky = calexp.wcs.all_pix2world([[W - 0.5, H - 0.5]], 0)[0]
    assert np.abs(sky - [40.0, -20.0]).max() * 3600 < 1e-3
