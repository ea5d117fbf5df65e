"""ID arguments of coadds."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler, Exposure, skymap
from persistence.dataids import grammar
from persistence.errors import UsageError
from persistence.pipe.cmdline import coaddcontainers

# Two tracts: of 2 x 2 patches, and of 1 x 1.
TILED = {
    "tractOverlap": 0.0,
    "pixelScale": 1.0,
    "patchInnerDimensions": [200, 200],
    "patchBorder": 10,
    "projection": "TAN",
}
MAP = {"raList": [10.0, 20.0], "decList": [0.0, 0.0], "radiusList": [0.05, 0.02], **TILED}


@pytest.fixture
def tiled(own: Path) -> Butler:
    """Return a repository with a sky map and a coadd catalog of one patch."""
    butler = Butler(own)
    butler.put(skymap.make("discrete", **MAP), "deepCoadd_skyMap")
    butler.put({}, "deep_makeCoaddTempExp_metadata", tract=0, patch="1,0", filter="g")
    return butler


def contained(kind: str, butler: Butler, *options: str, name: str = "deepCoadd") -> Any:
    made = getattr(coaddcontainers, f"{kind}DataIdContainer")()
    made.setDatasetType(name)
    for option in options:
        made.idList += grammar.parse(option.split())
    made.castDataIds(butler)
    log = logging.getLogger("toy")
    made.makeDataRefList(
        argparse.Namespace(butler=butler, log=log, config=SimpleNamespace(coaddName="deep"))
    )
    return made


def told(references: list[Any]) -> list[str]:
    return [" ".join(str(value) for value in one.dataId.values()) for one in references]


OF_ONE = ["0 0,0", "0 1,0", "0 0,1", "0 1,1"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["filter=g"], [f"{one} g" for one in [*OF_ONE, "1 0,0"]]),
        (["filter=g^r tract=1"], ["0,0 g 1", "0,0 r 1"]),
        (["tract=0 filter=g"], [f"{one.split()[1]} 0 g" for one in OF_ONE]),
        (["filter=g tract=0 patch=1,0^0,1"], ["g 0 1,0", "g 0 0,1"]),
        ([], []),
    ],
)
def test_patches_are_those_of_the_sky_map(
    tiled: Butler, options: list[str], found: list[str]
) -> None:
    made = contained("Coadd", tiled, *options)
    assert told(made.refList) == found
    assert all(one.butlerSubset.datasetType == "deepCoadd" for one in made.refList)


def test_the_keys_that_were_not_typed_come_first(tiled: Butler) -> None:
    assert list(contained("Coadd", tiled, "filter=g").refList[0].dataId) == [
        "tract",
        "patch",
        "filter",
    ]
    assert list(contained("Coadd", tiled, "filter=g tract=1").refList[0].dataId) == [
        "patch",
        "filter",
        "tract",
    ]


@pytest.mark.parametrize("kind", ["Coadd", "ExistingCoadd", "AssembleCoadd", "TractObject"])
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("filter=g tract=2 patch=0,0", "there is no tract 2: this discrete sky map has 0 to 1"),
        ("filter=g tract=1 patch=1,0", "tract 1 has no patch '1,0': its grid is 1 x 1"),
        ("filter=g tract=1 patch=x", "'x' is not a patch: use"),
        (
            "tract=1 patch=0,0",
            "deepCoadd needs filter in the data ID, besides {'tract': 1, 'patch': '0,0'}",
        ),
    ],
)
def test_what_a_sky_map_lacks_is_refused(
    tiled: Butler, kind: str, option: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        contained(kind, tiled, option)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("filter=g tract=2", "there is no tract 2"),
        ("filter=g patch=0,0", "patch=0,0 exists in each tract: pass the tract, too"),
    ],
)
def test_tracts_are_checked_too(tiled: Butler, option: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        contained("Coadd", tiled, option)


def test_a_single_patch_needs_no_sky_map_but_others_do(own: Path) -> None:
    assert told(contained("Coadd", Butler(own), "filter=g tract=5 patch=3,3").refList) == [
        "g 5 3,3"
    ]
    with pytest.raises(
        UsageError,
        match=r"those of a sky map .makeSkyMap.py.: No locations for get: deepCoadd_skyMap",
    ):
        contained("Coadd", Butler(own), "filter=g")


def test_the_sky_map_is_read_once(tiled: Butler, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    get = tiled.get
    monkeypatch.setattr(tiled, "get", lambda name: (read.append(name), get(name))[1])
    contained("Coadd", tiled, "filter=g tract=0^1", "filter=r", "filter=r tract=0 patch=0,0")
    assert read == ["deepCoadd_skyMap"]


def test_only_patches_with_files_exist(tiled: Butler) -> None:
    made = contained("ExistingCoadd", tiled, "filter=g^r", name="deep_makeCoaddTempExp_metadata")
    assert told(made.refList) == ["0 1,0 g"]


@pytest.mark.parametrize("option", ["filter=g", "filter=g tract=0", "tract=0 patch=0,0"])
def test_an_assembled_coadd_needs_all_keys(tiled: Butler, option: str) -> None:
    with pytest.raises(
        UsageError, match=r"deepCoadd needs (tract, patch|patch|filter) in the data ID"
    ):
        contained("AssembleCoadd", tiled, option)
    assert told(contained("AssembleCoadd", tiled, "filter=g tract=0 patch=0,0").refList) == [
        "g 0 0,0"
    ]


def test_a_tract_is_the_list_of_its_patches_that_there_are(tiled: Butler) -> None:
    for patch in ("0,0", "1,1"):
        tiled.put({}, "deep_makeCoaddTempExp_metadata", tract=0, patch=patch, filter="g")
    tiled.put({}, "deep_makeCoaddTempExp_metadata", tract=1, patch="0,0", filter="g")
    made = contained("TractObject", tiled, "filter=g", name="deep_makeCoaddTempExp_metadata")
    assert [told(one) for one in made.refList] == [["0 0,0 g", "0 1,0 g", "0 1,1 g"], ["1 0,0 g"]]
    made = contained("TractObject", tiled, "filter=r", name="deep_makeCoaddTempExp_metadata")
    assert made.refList == []


def test_a_visit_is_the_list_of_its_data_that_there_are(own: Path) -> None:
    butler = Butler(own)
    for visit, ccdnum in ((410877, 1), (410877, 3), (410878, 2)):
        butler.put({}, "processCcd_metadata", visit=visit, ccdnum=ccdnum)
    made = contained("Visit", butler, "visit=410878^410877", "ccdnum=1", name="processCcd_metadata")
    assert [told(one) for one in made.refList] == [["410878 2"], ["410877 1", "410877 3"]]


def test_selected_exposures_tell_where_they_lie(own: Path, caplog: Any) -> None:
    butler = Butler(own)
    header = fits.Header(
        {
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRVAL1": 150.0,
            "CRVAL2": 2.0,
            "CRPIX1": 50.5,
            "CRPIX2": 100.5,
        }
        | {
            "CD1_1": -0.001,
            "CD1_2": 0.0,
            "CD2_1": 0.0,
            "CD2_2": 0.001,
            "CUNIT1": "deg",
            "CUNIT2": "deg",
        }
    )
    butler.put(Exposure(np.zeros((200, 100), "f4"), header), "calexp", visit=410877, ccdnum=3)
    butler.put(Exposure(np.zeros((200, 100), "f4"), header), "calexp", visit=410877, ccdnum=4)
    Path(butler.getUri("calexp", visit=410877, ccdnum=4)).write_bytes(b"not FITS")
    made = contained("Select", butler, "visit=410877", name="calexp")
    assert len(made.refList) == 2
    (data,) = made.dataList
    assert data.dataRef.dataId["ccdnum"] == 3
    assert (data.bbox.width, data.bbox.height) == (100, 200)
    assert data.wcs.all_pix2world([[49.5, 99.5]], 0)[0] == pytest.approx([150.0, 2.0])
    (message,) = caplog.messages
    assert message.startswith("calexp {'visit': 410877, 'ccdnum': 4} is skipped: ")
