"""Data IDs off the names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError
from persistence.registry.filesystem import FilesystemRegistry, scan


def test_the_names_of_files_answer_as_the_original_did(tmp_path: Path) -> None:
    """Acceptance vector V20."""
    for name in ("im-07-u.dat", "im-07-z.dat", "im-08-z.dat"):
        (tmp_path / name).touch()
    template = PathTemplate("im-%(chip)02d-%(band)s.dat")
    found = FilesystemRegistry(str(tmp_path)).lookup(["band"], {"chip": 7}, template=template)
    assert sorted(found) == [("u",), ("z",)]


def test_an_hdu_in_brackets_is_in_no_name(tmp_path: Path) -> None:
    """Acceptance vector V21."""
    (tmp_path / "55q.dat.fz").touch()
    template = PathTemplate("%(num)d%(kind)1s.dat.fz[%(ext)d]")
    assert list(scan(str(tmp_path), template, {})) == [{"num": 55, "kind": "q"}]


@pytest.mark.parametrize("ending", ["", ".gz", ".fz"])
def test_a_compressed_file_is_found_too(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"x7.fits{ending}").touch()
    assert list(scan(str(tmp_path), PathTemplate("x%(visit)d.fits"), {})) == [{"visit": 7}]
    assert list(scan(str(tmp_path), PathTemplate("x%(visit)d.fits"), {"visit": 7})) == [
        {"visit": 7}
    ]
    assert list(scan(str(tmp_path), PathTemplate("x%(visit)d.fits"), {"visit": 8})) == []


def test_a_name_that_is_not_exactly_of_the_template_is_passed(tmp_path: Path) -> None:
    for name in ("x7.fits", "x07.fits", "x7_old.fits", "y7.fits", ".part-host-1-ab-x9.fits"):
        (tmp_path / name).touch()
    assert list(scan(str(tmp_path), PathTemplate("x%(visit)d.fits"), {})) == [{"visit": 7}]


def test_a_directory_that_is_missing_holds_nothing(tmp_path: Path) -> None:
    assert list(scan(str(tmp_path / "nowhere"), PathTemplate("%(a)s/%(b)d.fits"), {})) == []


def test_validity_needs_a_real_registry(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="a validity range cannot be looked up"):
        FilesystemRegistry(str(tmp_path)).lookup(["a"], {}, between=("x", "a", "b"))


def test_there_are_no_tables_to_count(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="has no registry, and so no table 'raw'"):
        FilesystemRegistry(str(tmp_path)).count("raw")


@pytest.mark.real
def test_a_directory_without_registry_answers_from_its_file_names(real: Path) -> None:
    registry = FilesystemRegistry(str(real / "gen2_repos" / "no_registry"))
    template = PathTemplate("foo-%(ccd)02d-%(filter)s.fits")
    assert sorted(registry.lookup(["filter"], {"ccd": 1}, template=template)) == [("g",), ("h",)]
    assert sorted(registry.lookup(["ccd", "filter"], {}, template=template)) == [
        (1, "g"), (1, "h"), (2, "g"), (2, "h"), (3, "i"),
    ]  # fmt: skip
