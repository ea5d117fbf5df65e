"""Families of dataset types on the command line: all flavours, or the one that --id names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from persistence import Butler

Run = Callable[..., Any]
DCR = {"subfilter": 0, "numSubfilters": 2}


@pytest.fixture
def repo(root: Path) -> Path:
    butler = Butler(root, durable=False)
    for band in "gr":
        butler.put(Table({"id": [1]}), "deepCoadd_det", tract=0, patch="0,0", filter=band)
    butler.put(Table({"id": [1]}), "dcrCoadd_det", tract=0, patch="0,0", filter="g", **DCR)
    return root


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("uri coadd_det", ["*/deepCoadd-results/g/*", "*/deepCoadd-results/r/*", "*/dcrCoadd-*"]),
        ("uri coadd_det --id flavour=deep", ["*/deepCoadd-results/g/*", "*/deepCoadd-results/r/*"]),
        ("find coadd_det --paths --id filter=g", ["*/deepCoadd-*", "*/dcrCoadd-*"]),
        ("find coadd_det --paths --id flavour=dcr^deep filter=r", ["*/deepCoadd-results/r/*"]),
        ("find coadd_det --where flavour=='dcr'", ["flavour *", "dcr *"]),
        ("find coadd_det --columns flavour --distinct", ["flavour", "deep", "dcr"]),
        ("find coadd_det --short --id flavour=deep", ["--id flavour=deep filter=g^r tract=0 patch=0,0"]),
        (
            "show-data coadd_det --id filter=g",
            [
                "flavour=deep filter=g tract=0 patch=0,0",
                "flavour=dcr filter=g tract=0 patch=0,0 subfilter=0 numSubfilters=2",
            ],
        ),
        ("get coadd_det --id flavour=deep tract=0 patch=0,0 filter=g", ["column *", "id *"]),
        ("why coadd_det --id flavour=deep tract=0 patch=0,0 filter=g", ["deepCoadd_det *", "*", "*"]),
    ],
)  # fmt: skip
def test_commands_take_families(run: Run, repo: Path, words: str, lines: list[str]) -> None:
    import fnmatch

    command, *rest = words.split()
    done = run(command, repo, *rest)
    assert (done.status, done.err) == (0, "")
    printed = done.out.splitlines()
    assert len(printed) == len(lines), printed
    assert all(map(fnmatch.fnmatchcase, printed, lines)), printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("get coadd_det --id tract=0 patch=0,0 filter=g", "needs a flavour (known: deep, dcr)"),
        ("uri coadd_det --id flavour=deeep", "no flavour 'deeep'; did you mean 'deep'"),
        ("uri coadd_det --id flavour=deep tract=7", "No locations for uri: deepCoadd_det"),
        ("get coadd_det -o x.fits --id flavour=deep tract=7 patch=0,0 filter=g", "deepCoadd_det"),
        ("uri coadd_deet --id flavour=deep", "no dataset type 'deepCoadd_deet'"),
    ],
)
def test_what_is_missing_is_told_by_the_types_name(
    run: Run, repo: Path, words: str, message: str
) -> None:
    command, *rest = words.split()
    done = run(command, repo, *rest)
    assert done.status != 0
    assert message in done.err
