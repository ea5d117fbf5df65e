"""``persistence ingest-refcat``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from astropy import units as u
from astropy.table import Table

from persistence import Butler
from persistence.refcats.catalog import ReferenceCatalog


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the path of a table, relative to the current directory."""
    monkeypatch.chdir(tmp_path)
    columns = {"RAdeg": [10.0, 20.0], "DEdeg": [1.0, 2.0], "gmag": [20.0, 21.0]}
    Table({**columns, "r_flux": [1.0, 2.0] * u.uJy}).write("cat.ecsv")
    return "cat.ecsv"


WORDS = (
    "--map", "coord_ra=RAdeg", "coord_dec=DEdeg", "g_flux=gmag",
    "--unit", "RAdeg=deg", "DEdeg=deg", "gmag=ABmag",
)  # fmt: skip


def test_a_catalog_is_made_once(run: Any, root: Path, table: str) -> None:
    words = ("ingest-refcat", root, "mine", table, *WORDS)
    shown = "2 sources in 2 shards: id, coord_ra, coord_dec, g_flux, r_flux\n"
    folder = root / "ref_cats" / "mine"
    assert run(*words, "-n") == (0, f"{folder}: would be new, {shown}", "")
    assert not folder.parent.exists()
    assert run(*words) == (0, f"{folder}: new, {shown}", "")
    assert run(*words) == (0, f"{folder}: same, {shown}", "")
    (row,) = json.loads(run(*words, "--format", "json").out)
    assert (row["status"], row["sources"], row["path"]) == ("same", 2, str(folder))
    assert ReferenceCatalog.of(Butler(root), "mine").info().shards == 2


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ((), 1, "cat.ecsv: no column is coord_ra (it has RAdeg, DEdeg, gmag, r_flux)"),
        (WORDS[:4], 1, "the table has no units for RAdeg, DEdeg, gmag"),
        ((*WORDS, "--epoch", "once"), 2, "'once' is not an epoch"),
        ((*WORDS, "--map", "x"), 2, "--map x: write --map NAME=VALUE"),
        ((*WORDS, "--unit", "gmag=Jy"), 2, "--unit: gmag is repeated"),
        ((*WORDS, "nowhere*"), 2, "nowhere*: no such file"),
        ((*WORDS, "--depth", "99"), 2, "invalid choice: 99"),
    ],
)
def test_what_cannot_be_meant_is_told_and_changes_nothing(
    run: Any, root: Path, table: str, words: tuple[str, ...], status: int, message: str
) -> None:
    files = [word for word in words if word.startswith("nowhere")]
    options = [word for word in words if word not in files]
    done = run("ingest-refcat", root, "mine", table, *files, *options)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert not (root / "ref_cats").exists()


@pytest.mark.parametrize("name", ["../mine", "a/b", ""])
def test_a_name_is_a_name(run: Any, root: Path, table: str, name: str) -> None:
    done = run("ingest-refcat", root, name, table, *WORDS)
    assert done.status in (1, 2)
    assert not list(root.parent.rglob("config.py"))
