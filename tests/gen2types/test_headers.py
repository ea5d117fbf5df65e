"""Headers by the names of lsst.afw.fits, against astropy, of real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits

from persistence.gen2types.headers import FitsError, readMetadata

FILES = [
    "instcal/c4d_180908_000426_ooi_g_ls9.N10.fits",
    "dqmask/c4d_180518_044138_ood_r_ls9.N12.fits",
]


@pytest.mark.real
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("hdu", [0, 1, None])
def test_a_header_has_the_cards_that_astropy_reads(real: Path, name: str, hdu: int | None) -> None:
    path = str(real / "decam_instcal" / name)
    header = readMetadata(path) if hdu is None else readMetadata(path, hdu=hdu)
    theirs = fits.getheader(path, 1 if hdu is None else hdu)
    known = set(theirs) - {"", "COMMENT", "HISTORY"}
    assert {key: header[key] for key in known} == {key: theirs[key] for key in known}
    inherited = set(header.names()) - known - {"COMMENT", "HISTORY"}
    assert bool(inherited) is (theirs.get("INHERIT") is True)
    assert inherited <= set(fits.getheader(path, 0))
    assert header.getComment("INSTRUME" if hdu == 0 else "BITPIX")
    stripped = readMetadata(path, *([] if hdu is None else [hdu]), strip=True)
    assert not {"BITPIX", "NAXIS", "XTENSION", "SIMPLE"} & set(stripped.names())


@pytest.mark.parametrize("content", [None, b"this is no FITS", b""])
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.fits"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FitsError, match=r"a\.fits") as caught:
        readMetadata(str(path))
    assert ("(104)" in str(caught.value)) is (content is None)


def test_an_hdu_that_is_not_there_is_told(tmp_path: Path) -> None:
    fits.PrimaryHDU().writeto(tmp_path / "a.fits")
    assert readMetadata(str(tmp_path / "a.fits"))["NAXIS"] == 0
    with pytest.raises(FitsError, match="HDU 3"):
        readMetadata(str(tmp_path / "a.fits"), hdu=3)
