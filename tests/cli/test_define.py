"""``persistence define``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from persistence import Butler

WORDS = (
    "--template", "gaia/%(visit)07d/%(ccdnum)02d.fits", "--storage", "FitsCatalogStorage",
    "--python", "astropy.table.Table",
)  # fmt: skip
TEXT = """datasets:
  gaiaCat:
    template: gaia/%(visit)07d/%(ccdnum)02d.fits
    storage: FitsCatalogStorage
    python: astropy.table.Table
"""


def test_a_type_is_defined_once_and_kept_by_the_repository(run: Any, root: Path) -> None:
    shown = f"gaiaCat {{}}: {WORDS[1]}, FitsCatalogStorage, astropy.table.Table\n"
    before = sorted(root.iterdir())
    assert run("define", root, "gaiaCat", *WORDS, "-n") == (0, shown.format("would be defined"), "")
    assert sorted(root.iterdir()) == before
    assert run("define", root, "gaiaCat", *WORDS) == (0, shown.format("is defined"), "")
    assert (root / "policy" / "gaiaCat.yaml").read_text() == TEXT
    assert run("define", root, "gaiaCat", *WORDS) == (0, shown.format("is defined already"), "")
    (row,) = json.loads(run("define", root, "gaiaCat", *WORDS, "--format=json").out)
    assert (row["status"], row["keys"]) == ("same", {"visit": "int", "ccdnum": "int"})
    Butler(root).put(Table({"id": [1]}), "gaiaCat", visit=1, ccdnum=2)
    assert (root / "gaia" / "0000001" / "02.fits").exists()


def test_one_type_builds_on_another(run: Any, root: Path) -> None:
    assert run("define", root, "blue(src)").status == 0
    assert Butler(root).getKeys("blue") == Butler(root).getKeys("src")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("x",), "--template and --storage are required"),
        (("src", *WORDS), "dataset type 'src' already has a different definition"),
        (("a b", *WORDS), "'a b' is not a name of a dataset type"),
        (("x", "--template", "%(visit"), "template '%(visit'"),
        (("x", *WORDS[:2], "--storage", "FitStorage"), "did you mean 'FitsStorage'"),
        (("x", *WORDS, "--section", "exposure"), "exposure"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("-n",)])
def test_what_cannot_be_meant_is_status_2_and_changes_nothing(
    run: Any, root: Path, words: tuple[str, ...], message: str, dry: tuple[str, ...]
) -> None:
    done = run("define", root, *words, *dry)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (root / "policy").exists()
