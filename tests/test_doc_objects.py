"""The page doc/objects.rst: it names every type that is read, and its examples are what they show."""

from __future__ import annotations

import dataclasses
import doctest
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Box, Butler, Exposure, Location
from persistence.cameras import installed
from persistence.errors import FormatterError, UnsafeContent
from persistence.formatters import OBJECTS, formatter
from persistence.policy.storages import OWN
from persistence.types.fields.transmission import Identity

PAGE = Path(__file__).resolve().parents[1] / "doc" / "objects.rst"
TEXT = PAGE.read_text()
BLOCK = re.compile(r"^    >>> .*\n(?:    .*\n|\n)*", re.M)
NAMED = set(re.findall(r"``([\w.]+)``", TEXT))
CAMERAS = [name for name in sorted(installed.announced()) if "." not in name]


def sessions() -> list[str]:
    """Return the examples of the page, in order; those of real files name the directory ``data``."""
    return [textwrap.dedent(found) for found in BLOCK.findall(TEXT)]


def failures(session: str, names: dict[str, Any]) -> str:
    """Run an example among names, to which it adds; gives what went otherwise than is shown."""
    test = doctest.DocTestParser().get_doctest(session, names, PAGE.name, str(PAGE), 0)
    test.globs = names
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
    return "".join(report)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_object_that_has_a_reader_is_in_the_page() -> None:
    assert {name for table in OBJECTS.values() for name in table} - NAMED == set()


def test_every_storage_is_in_the_page() -> None:
    assert set(OWN) - NAMED == set()


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_type_of_the_policies_is_in_the_page(place: Path, camera: str) -> None:
    """All configurations are read alike, whatever their class; Gen2's policies call what is no object None."""
    types = installed.find(camera)(root=".").policy.types.values()
    stored = [kind.python or "" for kind in types if kind.storage in set(OWN) - {"ConfigStorage"}]
    assert len(stored) > 100
    assert {python.rpartition(".")[2] for python in stored} - NAMED - {"", "None"} == set()


def test_the_examples_are_what_they_show(place: Path) -> None:
    names: dict[str, Any] = {}
    own = [session for session in sessions() if "data/" not in session]
    assert len(own) == 8
    assert [failures(session, names) for session in own] == [""] * len(own)


@pytest.mark.real
def test_the_examples_with_real_files_are_what_they_show(place: Path, real: Path) -> None:
    (place / "data").symlink_to(real)
    (session,) = [session for session in sessions() if "data/" in session]
    assert failures(session, {}) == ""


def location(path: Path, storage: str, python: str) -> Location:
    return Location(str(path.parent), path.name, None, storage, f"lsst.{python}", "thing", {})


def test_brightObjectMask_is_not_read_but_found(place: Path) -> None:
    folder = Path("repo/deepCoadd/BrightObjectMasks/0")
    folder.mkdir(parents=True)
    (folder / "BrightObjectMask-0-1,1-g.reg").write_text('circle(150.1, 2.2, 10")\n')
    butler = Butler("repo", mapper="decam")
    with pytest.raises(
        FormatterError,
        match=r"BrightObjectMask-0-1,1-g\.reg holds .*ObjectMaskCatalog, which this package cannot read",
    ):
        butler.get("brightObjectMask", tract=0, patch="1,1", filter="g")
    (path,) = butler.get("brightObjectMask_filename", tract=0, patch="1,1", filter="g")
    assert path.endswith("BrightObjectMask-0-1,1-g.reg")


@pytest.mark.parametrize(
    "name", ["BrighterFatterGain", "BrighterFatterKernel", "ApertureCorrection"]
)
def test_pickled_classes_are_refused_by_name(place: Path, name: str) -> None:
    path = place / "thing.pickle"
    path.write_bytes(f"clsst.x\n{name}\n.".encode())
    with pytest.raises(UnsafeContent, match=f"lsst.x.{name}, which is not trusted"):
        formatter("PickleStorage", f"lsst.x.{name}").read(
            location(path, "PickleStorage", f"x.{name}")
        )


@pytest.mark.parametrize("name", ["BrightStarStamps", "ObjectMaskCatalog"])
def test_what_is_not_read_is_refused_whole(place: Path, name: str) -> None:
    planes = [
        fits.ImageHDU(np.full((2, 3), number, np.float32), name="IMAGE", ver=number)
        for number in (1, 2)
    ]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto("stamps.fits")
    where = location(place / "stamps.fits", "FitsStorage", f"x.{name}")
    with pytest.raises(
        FormatterError, match=rf"stamps\.fits holds lsst\.x\.{name}, which this package cannot read"
    ):
        formatter("FitsStorage", where.python).read(where)
    with pytest.raises(FormatterError, match=rf"cannot write lsst\.x\.{name}"):
        formatter("FitsStorage", where.python).write(1, "x", where)


@pytest.mark.real
def test_a_wcs_that_fits_cannot_express_is_put_as_it_was_stored_or_as_one_of_fits(
    place: Path, real: Path
) -> None:
    where = location(
        real / "afw_files" / "jointcal_wcs-0030600-088.fits",
        "FitsCatalogStorage",
        "afw.geom.SkyWcs",
    )
    its = formatter("FitsCatalogStorage", where.python)
    wcs = its.read(where)
    its.write(wcs, "stored.fits", where)
    again = its.read(where._replace(root=str(place), path="stored.fits"))
    assert again.text == wcs.text
    assert np.array_equal(
        again.pixel_to_world_values(100, 200), wcs.pixel_to_world_values(100, 200)
    )
    with fits.open("stored.fits") as hdus:
        hdus.verify("exception")
        assert bytes(hdus[2].data["wcs"][0]).decode() == wcs.text
    with pytest.raises(
        FormatterError, match=r"no archive had cannot be written to one: put its to_astropy\(bbox\)"
    ):
        its.write(dataclasses.replace(wcs, text=None), "new.fits", where)
    its.write(wcs.to_astropy(Box(0, 0, 2048, 4176)), "wcs.fits", where)
    back = its.read(where._replace(root=str(place), path="wcs.fits"))
    assert back.pixel_to_world(100, 200).separation(wcs.pixel_to_world(100, 200)).arcsec < 1e-6


@pytest.mark.parametrize(
    ("name", "thing"),
    [("transmission_curve", Identity())],
    ids=str,
)
def test_what_is_written_only_with_its_exposure_is_refused(
    place: Path, name: str, thing: Any
) -> None:
    where = location(place / "one.fits", "FitsStorage", "afw.image.ExposureF")
    exposure = Exposure(np.zeros((2, 3), np.float32), fits.Header()).replaced(**{name: thing})
    with pytest.raises(FormatterError, match=f"the component {name} cannot be written"):
        formatter("FitsStorage", where.python).write(exposure, "one.fits", where)
