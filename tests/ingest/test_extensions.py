"""Which extensions of a file get a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.ingest import calibconfig, config
from persistence.ingest.config import ParseConfig
from persistence.ingest.extensions import wanted

MAPPER = DecamMapper()
RAWS = config.load(DecamMapper.ingestFile).parse
MASTERS = calibconfig.load(DecamMapper.ingestCalibsFile, "decam").parse
OPEN = ParseConfig(extnames=("EAST", "WEST"))
S4, S5, S6 = (("S4", 28), ("S5", 29), ("S6", 30))


def ask(folder: Path, parse: ParseConfig, *extensions: Any) -> list[int]:
    """Return the HDUs that get a row of a file of some extensions: pairs of EXTNAME and CCDNUM, or HDUs."""
    hdus = [fits.PrimaryHDU()]
    for extension in extensions:
        if isinstance(extension, tuple):
            cards = {"EXTNAME": extension[0], "CCDNUM": extension[1]}
            header = fits.Header({key: value for key, value in cards.items() if value is not None})
            extension = fits.ImageHDU(np.zeros((2, 2), "f4"), header)
        hdus.append(extension)
    path = folder / "a.fits"
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return [hdu for hdu, _ in wanted(fits_headers.scan(str(path)), parse, MAPPER.translator)]


def table() -> fits.BinTableHDU:
    return fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])], name="NOTES")


@pytest.mark.parametrize(
    ("parse", "extensions", "rows"),
    [
        (RAWS, [S4, S5, S6], [1, 2, 3]),
        (RAWS, [(None, 28), ("", 29), ("COMPRESSED_IMAGE", 30)], [1, 2, 3]),
        (RAWS, [("S4", None), ("im2", 29)], [1, 2]),
        (RAWS, [("FS1", 72), S4, ("N30", 61), ("GN2", None)], [2]),
        (RAWS, [S4, table()], [1]),
        (RAWS, [S4, fits.ImageHDU(name="EMPTY")], [1]),
        (MASTERS, [("S30", 2), S4], [2]),
        (MASTERS, [("IMAGE", None), ("MASK", None), ("VARIANCE", None)], []),
        (MASTERS, [("flat", None)], []),
        (MASTERS, [("IMAGE", 28), ("MASK", None), ("VARIANCE", None)], [1]),
        (OPEN, [("EAST", None), ("GUIDE", None), ("WEST", None)], [1, 3]),
    ],
)
def test_an_extension_is_known_by_its_name_or_by_its_detectors_number(
    tmp_path: Path, parse: ParseConfig, extensions: list[Any], rows: list[int]
) -> None:
    assert ask(tmp_path, parse, *extensions) == rows


@pytest.mark.parametrize(
    ("parse", "extensions", "problem"),
    [
        (
            RAWS,
            [S4, ("im2", None)],
            r"detector of HDU 2 \(im2\) is unknown: neither EXTNAME nor CCDNUM is",
        ),
        (RAWS, [S4, (None, None)], r"detector of HDU 2 \(without EXTNAME\)"),
        (RAWS, [S4, ("COMPRESSED_IMAGE", 99)], r"detector of HDU 2 \(COMPRESSED_IMAGE\)"),
        (RAWS, [S4, ("S5", 28)], "HDU 2: CCDNUM = 28 .S4., but EXTNAME = 'S5' .29."),
        (RAWS, [S4, S5, S4], "HDUs 1 and 3 are both S4"),
        (RAWS, [S4, (None, 28)], "HDUs 1 and 2 are both S4"),
        (RAWS, [("FOCUS", None)], "none of its 1 extensions is one of S1, S2, S3"),
        (MASTERS, [(None, None), (None, None)], "detector of its 2 images"),
        (MASTERS, [("S30", 2), ("N30", 61)], "detector of its 2 images"),
        (OPEN, [("EAST", None), (None, None)], r"detector of HDU 2 \(without EXTNAME\)"),
    ],
)
def test_an_image_whose_detector_cannot_be_told_fails_its_file(
    tmp_path: Path, parse: ParseConfig, extensions: list[Any], problem: str
) -> None:
    with pytest.raises(FormatterError, match=problem):
        ask(tmp_path, parse, *extensions)
