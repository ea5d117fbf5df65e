"""How long the ingest of 10,000 master calibrations takes, and their windows alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from persistence.calibs.validity import around
from persistence.cli import ingest_calibs
from persistence.ingest import calibconfig, calibs
from persistence.ingest.windows import Sharing, share_out

DATES, CHIPS = 167, 60  # 10,020 files of one chip


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return a bias of each chip for each of many dates."""
    folder = tmp_path_factory.mktemp("masters")
    header = fits.Header(
        {"OBSTYPE": "zero", "PROCTYPE": "x", "CCDNUM": 1, "DATE-OBS": "2015-01-01T00:00:00"}
    )
    for number in range(100):
        header[f"KEY{number}"] = (number * 1.5, "a card of a master's header")
    fits.PrimaryHDU(np.zeros((4, 4), np.int16), header).writeto(folder / "first.fits")
    content = (folder / "first.fits").read_bytes()
    (folder / "first.fits").unlink()
    paths = []
    for number in range(DATES * CHIPS):
        date = f"20{number // CHIPS // 12:02d}-{number // CHIPS % 12 + 1:02d}-01"
        changed = content.replace(b"2015-01-01T", f"{date}T".encode(), 1)
        path = folder / f"b{number:05d}.fits"
        path.write_bytes(
            changed.replace(
                b"CCDNUM  =                    1", b"CCDNUM  = %20d" % (number % CHIPS + 1)
            )
        )
        paths.append(str(path))
    return paths


def test_ingesting_ten_thousand_masters(
    bench: Any, masters: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = [0.0]

    class Timed(calibs.Sharer):
        def __call__(self, *given: Any) -> Any:
            begin = time.perf_counter()
            try:
                return super().__call__(*given)
            finally:
                spent[0] += time.perf_counter() - begin

    monkeypatch.setattr(calibs, "Sharer", Timed)
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    line = [str(tmp_path), *masters, "--calib", str(tmp_path), "--validity", "999", "--mode=link"]
    for what, more in (
        ("ingestCalibs of 10,020 links", []),
        ("  the same again, --recompute", ["--recompute"]),
    ):
        spent[0] = 0.0
        begin = time.perf_counter()
        assert ingest_calibs.main([*line, *more]) == 0
        took = time.perf_counter() - begin
        bench.tell(what, took, "s", f"of it windows {spent[0]:.2f} s", 10)
        bench.tell(
            "  its windows, foreseen and in the transaction",
            spent[0],
            "s",
            f"of {took:.1f} s in all",
            2,
        )


def test_sharing_out_ten_thousand_days(bench: Any) -> None:
    register = calibconfig.load(DecamMapper.ingestCalibsFile, "DecamMapper").register
    rows = [
        {"filter": "NONE", "ccdnum": chip, "calibDate": f"{1990 + number // 12}-{number % 12 + 1:02d}-01",
         "validStart": "None", "validEnd": "None"}
        for number in range(DATES) for chip in range(CHIPS)
    ]  # fmt: skip
    begin = time.perf_counter()
    made = share_out(
        "bias", register, list(enumerate(rows)), [], Sharing(around(999), touching=True)
    )
    took = time.perf_counter() - begin
    assert len(made.changed) == len(rows)
    bench.tell("windows of 10,020 rows", took, "s", "", 2)
