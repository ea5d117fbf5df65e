"""Whether a file is whole: what others wrote is, and it is not when its end is missing."""

from __future__ import annotations

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.files import whole

# A chunk of no pixels (PNG, W3C recommendation, section 12.11) between its signature and its end.
PNG = b"\x89PNG\r\n\x1a\n" + bytes(25) + b"\0\0\0\0IEND\xaeB`\x82"


def image(path: Path) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(3000.0))]).writeto(path)


def table(path: Path) -> None:
    Table({"id": [1, 2], "name": ["a", "bc"]}).write(path, format="fits")


def compressed(path: Path) -> None:
    hdu = fits.CompImageHDU(np.arange(90000, dtype="i4").reshape(300, 300))
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)


def packed(path: Path) -> None:
    image(path.with_suffix(".raw.fits"))
    path.write_bytes(gzip.compress(path.with_suffix(".raw.fits").read_bytes()))


def pickled(protocol: int) -> Callable[[Path], None]:
    thing = {"versions": {"afw": "21.0", "numpy": b"1.18"}, "values": list(range(300))}
    return lambda path: path.write_bytes(pickle.dumps([thing, np.arange(9.0)], protocol)) and None


def dumped(path: Path) -> None:
    path.write_text(yaml.safe_dump({"a": [1, 2, {"b": "c"}], "d": 1.5}))


def ecsv(path: Path) -> None:
    Table({"id": [1, 2]}).write(path, format="ascii.ecsv")


WRITERS: dict[str, Callable[[Path], object]] = {
    "image.fits": image,
    "table.fits": table,
    "compressed.fits.fz": compressed,
    "packed.fits.gz": packed,
    "packed.fits": packed,
    **{f"{protocol}.pickle": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "unnamed": pickled(4),
    "dumped.yaml": dumped,
    "table.ecsv": ecsv,
    "picture.png": lambda path: path.write_bytes(PNG),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_whole_and_what_is_cut_is_not(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    assert whole.fault(str(path)) == ""
    content = path.read_bytes()
    sizes = {*range(max(1, len(content) - 40), len(content)), *np.geomspace(1, len(content), 60)}
    bounds = {0}
    if content.startswith(b"SIMPLE"):
        # As it lies there: older versions of astropy do not say where a compressed image lies.
        with fits.open(
            path, disable_image_compression=True
        ) as hdus:  # a file that ends with one of its HDUs is a file
            bounds |= {hdu.fileinfo()["hdrLoc"] for hdu in hdus}
    lines = {place + 1 for place, byte in enumerate(content) if byte == 10}
    bounds |= lines if name.endswith((".yaml", ".ecsv")) else set()
    for size in {int(size) for size in sizes} - bounds - {len(content)}:
        path.write_bytes(content[:size])
        assert whole.fault(str(path)), size


def test_parquet_is_whole_with_its_footer(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pip install '.[tables]'")
    arrow = pytest.importorskip("pyarrow")
    path = tmp_path / "table.parq"
    parquet.write_table(arrow.table({"id": [1, 2, 3]}), path)
    assert whole.fault(str(path)) == ""
    os.truncate(path, path.stat().st_size - 1)
    assert whole.fault(str(path)) == "is truncated"


def test_real_files_are_whole_and_cut_ones_are_not(real: Path, tmp_path: Path) -> None:
    paths = [path for path in sorted((real / "afw_files").iterdir()) if path.stat().st_size]
    paths += sorted((real / "packages").iterdir())
    assert len(paths) > 20
    for path in paths:
        assert whole.fault(str(path)) == "", path
        cut = tmp_path / path.name
        cut.write_bytes(path.read_bytes()[:-100])
        assert whole.fault(str(cut)), path


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.fits", None, "is missing"),
        ("a.fits", b"", "is empty"),
        ("a.txt", b"", "is empty"),
        ("a.txt", b"no end of line", ""),
        ("a.fits", bytes(2880), f"is not a FITS file: it begins with {bytes(16)!r}"),
        ("a.pickle", b"\x80\x02X\xff\xff\xff\x7fa.", "is truncated"),
        ("a.yaml", b"- [a, b", "is truncated"),
        ("a.gz", b"plain text", "is damaged: Not a gzipped file (b'pl')"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, name: str, content: bytes | None, fault: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert whole.fault(str(tmp_path / name)) == fault


def test_how_much_is_missing_is_said(tmp_path: Path) -> None:
    image(tmp_path / "a.fits")
    os.truncate(tmp_path / "a.fits", 20000)
    assert whole.fault(str(tmp_path / "a.fits")) == (
        "is truncated: 9760 bytes are missing from HDU 1"
    )


def test_a_directory_and_a_link_to_nothing_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert (
        whole.fault(str(tmp_path / "link")) == f"is a link to {tmp_path}/gone, which is not there"
    )
    assert whole.fault(str(tmp_path)) == "cannot be read (Is a directory)"


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([b"", b"SIMPLE  =", b"\x1f\x8b", b"\x80", b"PAR1"]), st.binary())
def test_whatever_the_bytes_something_is_said(tmp_path: Path, start: bytes, rest: bytes) -> None:
    for name in ("a", "a.fits", "a.pickle"):
        (tmp_path / name).write_bytes(start + rest)
        assert isinstance(whole.fault(str(tmp_path / name)), str)
