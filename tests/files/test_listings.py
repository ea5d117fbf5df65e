"""persistence.files.listings: existence of files."""

from __future__ import annotations

import pytest

from persistence.files import listings


@pytest.mark.parametrize(
    ("there", "asked", "found"),
    [
        (["a.fits"], "a.fits", "a.fits"),
        (["a.fits.gz"], "a.fits", "a.fits.gz"),
        (["a.fits.fz"], "a.fits", "a.fits.fz"),
        (["a.fits", "a.fits.gz"], "a.fits", "a.fits"),
        (["a.fits.gz", "a.fits.fz"], "a.fits", "a.fits.gz"),
        (["a.fits"], "a.fits.gz", None),
        (["a.fits.gz.gz"], "a.fits.gz", None),
        ([], "a.fits", None),
        (["ab.fits"], "a*.fits", None),
        (["a*.fits"], "a*.fits", "a*.fits"),
        (["a1.fits"], "a[1].fits", None),
        (["a[1].fits.gz"], "a[1].fits", "a[1].fits.gz"),
    ],
)
def test_a_file_is_found_by_its_literal_name_or_compressed(tmp_path, there, asked, found):
    (tmp_path / "in").mkdir()
    for name in there:
        (tmp_path / "in" / name).touch()
    answer = listings.find(str(tmp_path), f"in/{asked}")
    assert answer == (None if found is None else f"in/{found}")


def test_a_link_to_nothing_is_not_found(tmp_path):
    (tmp_path / "a.fits").symlink_to(tmp_path / "gone")
    assert listings.find(str(tmp_path), "a.fits") is None
