"""Reference catalogs of surveys' tables: columns, units, shards; and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from persistence import DataIdError, FormatterError, PolicyError
from persistence.errors import FileConflict
from persistence.refcats import convert, source, write
from persistence.refcats.catalog import ReferenceCatalog
from persistence.refcats.columns import Wishes

AB = {"phot_g_mean_mag": "ABmag"}


def survey(number: int = 400) -> Table:
    """Return a table as the archive of Gaia hands it out, across RA 0."""
    random = np.random.default_rng(7)
    ra = random.uniform(-1.5, 1.5, number) % 360.0
    return Table(
        {
            "source_id": 6 * 10**18 + np.arange(number),
            "ra": ra * u.deg,
            "ra_error": random.uniform(0.1, 1, number) * u.mas,
            "dec": random.uniform(-1.5, 1.5, number) * u.deg,
            "dec_error": random.uniform(0.1, 1, number) * u.mas,
            "pmra": random.normal(0, 20, number) * u.mas / u.yr,
            "pmdec": random.normal(0, 20, number) * u.mas / u.yr,
            "ref_epoch": np.full(number, 2016.0) * u.yr,
            "phot_g_mean_mag": random.uniform(14, 20, number) * u.mag,
        }
    )


@pytest.fixture
def read() -> Callable[..., Any]:
    """Return a function that makes the table of a catalog of a survey's."""
    return lambda table, **wishes: convert.convert(table, Wishes(**wishes))


# -- what is written
# ----------------------------------------------------------------------------------------


def test_a_catalog_holds_what_the_survey_says(tmp_path: Path) -> None:
    table = survey()
    table.write(tmp_path / "gaia.ecsv")
    whole, notes = write.gather([str(tmp_path / "gaia.ecsv")], Wishes(units=AB), lambda it, _: it)
    assert notes == []
    folder = tmp_path / "ref_cats" / "gaia"
    written = write.write(str(folder), "gaia", whole)
    assert (written.status, written.sources) == ("new", 400)
    shards = {path.stem for path in folder.glob("[0-9]*.fits")}
    assert written.shards == len(shards) > 4
    assert sorted(path.name for path in folder.parent.iterdir()) == ["gaia"]
    rows = np.concatenate([np.asarray(fits.getdata(folder / f"{name}.fits", 1)) for name in shards])
    rows = rows[np.argsort(rows["id"])]
    assert rows["id"].tolist() == table["source_id"].tolist()
    position = SkyCoord(rows["coord_ra"], rows["coord_dec"], unit="rad")
    assert position.separation(SkyCoord(table["ra"], table["dec"])).max() < 1e-9 * u.arcsec
    for name, column, unit in (
        ("coord_raErr", "ra_error", "rad"), ("pm_ra", "pmra", "rad/yr"), ("pm_dec", "pmdec", "rad/yr")
    ):  # fmt: skip
        assert rows[name] == pytest.approx(table[column].quantity.to_value(unit), rel=1e-6)
    # AB magnitudes: 31.4 - 2.5 lg(nJy) (doc/gen2/afw-files.md, 1.8)
    magnitudes = 31.4 - 2.5 * np.log10(rows["phot_g_mean_flux"])
    assert magnitudes == pytest.approx(np.asarray(table["phot_g_mean_mag"]), abs=1e-9)
    assert rows["epoch"] == pytest.approx(Time("J2016.0").tai.mjd, abs=1e-3)
    header = fits.getheader(folder / f"{min(shards)}.fits", 1)
    units = {header[f"TTYPE{n}"]: header.get(f"TUNIT{n}") for n in range(1, header["TFIELDS"] + 1)}
    assert units["coord_ra"] == "rad"
    assert units["phot_g_mean_flux"] == "nJy"
    assert header["REFCAT_FORMAT_VERSION"] == 1


@pytest.mark.parametrize("depth", [5, 7, 9])
def test_each_source_is_in_the_shard_where_sphgeom_has_it(tmp_path: Path, depth: int) -> None:
    sphgeom = pytest.importorskip("lsst.sphgeom")
    whole = convert.convert(survey(), Wishes(units=AB)).table
    write.write(str(tmp_path / "cat"), "cat", whole, depth=depth)
    mesh = sphgeom.HtmPixelization(depth)
    for path in (tmp_path / "cat").glob("[0-9]*.fits"):
        for row in fits.getdata(path, 1):
            lonlat = sphgeom.LonLat.fromRadians(row["coord_ra"], row["coord_dec"])
            assert mesh.index(sphgeom.UnitVector3d(lonlat)) == int(path.stem)


def test_what_is_written_is_read_as_a_catalog_and_moved(tmp_path: Path) -> None:
    table = survey()
    write.write(str(tmp_path / "cat"), "cat", convert.convert(table, Wishes(units=AB)).table)
    catalog = ReferenceCatalog(tmp_path / "cat")
    assert (catalog.name, catalog.depth, catalog.info().format_version) == ("cat", 7, 1)
    epoch = Time("2026-01-01")
    found = catalog.cone(SkyCoord(0, 0, unit="deg"), 1.0, epoch=epoch)
    rows = table[np.searchsorted(table["source_id"], found["id"])]
    there = SkyCoord(
        rows["ra"], rows["dec"], pm_ra_cosdec=rows["pmra"], pm_dec=rows["pmdec"], distance=1 * u.kpc,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    ).apply_space_motion(epoch)  # fmt: skip
    ours = SkyCoord(found["coord_ra"], found["coord_dec"])
    assert len(found) > 30
    assert ours.separation(there).max() < 0.01 * u.mas


@pytest.mark.parametrize(("name", "depth"), [("ps1/157216", 7), ("gaia/628864", 8)])
def test_a_real_shard_comes_out_as_it_is(real: Path, tmp_path: Path, name: str, depth: int) -> None:
    path = real / "refcats" / f"{name}.fits"
    drop = [
        column for column in fits.getdata(path, 1).names
        if column.startswith(("pm_", "epoch", "coord_ra_err", "coord_dec_err"))
    ]  # fmt: skip
    whole, _ = write.gather([str(path)], Wishes(drop=drop), lambda items, _: items)
    write.write(str(tmp_path / "cat"), "cat", whole, depth=depth)
    (shard,) = (tmp_path / "cat").glob("[0-9]*.fits")
    assert shard.name == path.name
    before, after = fits.getdata(path, 1), fits.getdata(shard, 1)
    for column in ("id", "coord_ra", "coord_dec"):
        assert np.array_equal(before[column], after[column])
    for column in after.names:
        if column.endswith("_flux"):  # format 0 has Jy
            assert after[column] == pytest.approx(before[column] * 1e9, rel=1e-12, nan_ok=True)
        if column.endswith("_fluxErr"):
            old = before[column.replace("Err", "Sigma")]
            assert after[column] == pytest.approx(old * 1e9, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("ending", ["ecsv", "fits", "vot", "csv", "parquet"])
def test_each_kind_of_file_gives_the_same_catalog(tmp_path: Path, ending: str) -> None:
    table, path = survey(50), tmp_path / f"x.{ending}"
    told = dict(AB)
    if ending in ("csv", "parquet"):  # which have no units
        told |= {name: str(table[name].unit) for name in table.colnames[1:-1]}
        table = Table({name: np.asarray(table[name]) for name in table.colnames})
    table.write(path, **({"format": "votable"} if ending == "vot" else {}))
    found = convert.convert(source.read(str(path)), Wishes(units=told)).table
    expected = convert.convert(survey(50), Wishes(units=AB)).table
    assert found.colnames == expected.colnames
    for name in found.colnames:
        one, other = (getattr(t[name], "value", t[name]) for t in (found, expected))
        assert np.array_equal(one, other), name


# -- columns and units
# ----------------------------------------------------------------------------------------

PLACES = {"ra": [10.0, 350.0] * u.deg, "dec": [-5.0, 89.0] * u.deg}


@pytest.mark.parametrize(
    ("columns", "wishes", "name", "values"),
    [
        ({"r_flux": [1.0, 2.0] * u.uJy}, {}, "r_flux", [1e3, 2e3]),
        ({"r_mag": [20.0, np.nan] * u.ABmag}, {}, "r_flux", [10 ** (11.4 / 2.5), np.nan]),
        ({"rPSF": [1.0, 2.0] * u.Jy}, {"names": {"r_flux": "rPSF"}}, "r_flux", [1e9, 2e9]),
        ({"r_flux": [1.0, 2.0]}, {"units": {"r_flux": "mJy"}}, "r_flux", [1e6, 2e6]),
        (
            {"g": [20.0, 15.0], "e": [0.1, 0.2] * u.mag},
            {"names": {"g_flux": "g", "g_fluxErr": "e"}, "units": {"g": "ABmag"}},
            "g_fluxErr",
            [0.1 * 10 ** (11.4 / 2.5) * np.log(10) / 2.5, 0.2 * 10 ** (16.4 / 2.5) * np.log(10) / 2.5],
        ),
        ({"epoch": [57388.5, 51544.5] * u.d}, {}, "epoch", [57388.5, 51544.5]),
        ({"epoch": [2457389.0, 2451545.0] * u.d}, {}, "epoch", [57388.5, 51544.5]),
        ({}, {"epoch": "2016-01-01T12:00:00"}, "epoch", [57388.5, 57388.5]),
        ({"resolved": [True, False]}, {}, "resolved", [True, False]),
        ({"teff": [5000.0, 6000.0] * u.K}, {"keep": ["teff"]}, "teff", [5000.0, 6000.0]),
        ({"objID": [7, 8]}, {}, "id", [7, 8]),
        ({}, {}, "id", [1, 2]),
    ],
)  # fmt: skip
def test_a_column_is_known_by_its_name_or_by_the_map(
    read: Any, columns: dict[str, Any], wishes: dict[str, Any], name: str, values: list[float]
) -> None:
    table = read(Table({**PLACES, **columns}), **wishes).table
    assert np.asarray(table[name]).tolist() == pytest.approx(values, rel=1e-12, nan_ok=True)


def test_hours_count_where_they_are_said(read: Any) -> None:
    table = Table({"ra": [1.0, 23.5], "dec": [0.0, 1.0]})
    ra = read(table, units={"ra": "hourangle", "dec": "deg"}).table["coord_ra"]
    assert ra.to_value("deg").tolist() == pytest.approx([15.0, 352.5])


def test_what_looks_like_hours_is_told(read: Any) -> None:
    table = Table({"ra": np.linspace(0.1, 23.9, 9) * u.deg, "dec": np.linspace(-80, 80, 9) * u.deg})
    (note,) = read(table).notes
    assert note == "all of ra is from 0.1 to 23.9 deg: if these are hours, add --unit ra=hourangle"


def test_what_is_in_no_unit_of_fluxes_is_left_out_and_told(read: Any) -> None:
    table = Table(
        {
            **PLACES,
            "g_flux": [1.0, 2.0] * u.electron / u.s,
            "g_flux_error": [1.0, 2.0] * u.electron / u.s,
            "bp_mag": [15.0, 16.0] * u.mag,
            "name": ["a", "b"],
        }
    )
    made = read(table)
    assert made.table.colnames == ["id", "coord_ra", "coord_dec"]
    assert made.notes == [
        "left out: bp_mag is in magnitudes with an unknown zero point (--unit bp_mag=ABmag)",
        "left out: g_flux is in electron / s, which is not a unit of flux density",
        "left out: g_flux_error is the error of a missing flux",
        "left out: name (--keep COLUMN keeps one)",
    ]


MOTIONS = {"pmra": [1.0, 2.0] * u.mas / u.yr, "pmdec": [1.0, 2.0] * u.mas / u.yr}
BAD: dict[str, tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = {
    "no units": (
        {"ra": [1.0, 2.0], "dec": [1.0, 2.0]}, {}, FormatterError,
        "has no units for ra, dec: add them, such as --unit ra=deg dec=deg",
    ),
    "hours": ({"ra": [1.0, 2.0] * u.h}, {}, FormatterError, "ra is in hours.*--unit ra=hourangle"),
    "sexagesimal": ({"ra": ["10:00:00", "11:00:00"]}, {"units": {"ra": "deg"}}, FormatterError,
        "ra holds no numbers .the first: '10:00:00'."),
    "no position": ({"ra": [np.nan, 2.0] * u.deg}, {}, FormatterError, "no position in row 1"),
    "beyond": ({"dec": [0.0, 91.0] * u.deg}, {}, FormatterError, "dec is not from -90 to 90.* row 2: 91"),
    "negative RA": ({"ra": [-1.0, 2.0] * u.deg}, {}, FormatterError, "ra is not from 0 to 360"),
    "unit of another kind": ({"ra": [1.0, 2.0] * u.m}, {}, FormatterError, "ra is in m, not in a unit such as rad"),
    "unknown unit": ({"ra": [1.0, 2.0]}, {"units": {"ra": "degg"}}, FormatterError, "'degg'"),
    "several": (
        {"RAJ2000": [1.0, 2.0] * u.deg}, {}, FormatterError,
        "ra and RAJ2000 may all be coord_ra: choose one with --map coord_ra=ra",
    ),
    "half a motion": (
        {"pmra": MOTIONS["pmra"]}, {"epoch": "J2016.0"}, FormatterError, "no column is pm_dec"
    ),
    "motions without an epoch": (MOTIONS, {}, FormatterError, "nothing says at which epoch"),
    "motions without units": (
        {"pmra": [1.0, 2.0], "pmdec": [1.0, 2.0]}, {"epoch": "J2016.0"}, FormatterError,
        "no units for pmra, pmdec: .* --unit pmra=mas/yr",
    ),
    "motions without time": (
        {"pmra": [1.0, 2.0] * u.mas, "pmdec": MOTIONS["pmdec"]}, {"epoch": "J2016.0"}, FormatterError,
        "pmra is in mas, not in a unit such as rad",
    ),
    "a nonsense epoch": ({"epoch": [20.16, 2016.0] * u.yr}, {}, FormatterError, "not an epoch in row 1: 20.16"),
    "an epoch in metres": ({"epoch": [1.0, 2.0] * u.m}, {}, FormatterError, "epoch is in m, not in years"),
    "an epoch that is none": ({}, {"epoch": "yesterday"}, DataIdError, "'yesterday' is not an epoch"),
    "an epoch of long ago": ({}, {"epoch": "J1066.0"}, DataIdError, "from 1850 to 2100"),
    "ids that are no integers": ({"id": [1.0, 2.0]}, {}, FormatterError, "id holds float64, not integers"),
    "a flux in magnitudes": (
        {"g": [1.0, 2.0] * u.mag}, {"names": {"g_flux": "g"}}, FormatterError, "unknown zero point"
    ),
    "an unknown column": ({}, {"names": {"coord_ra": "raa"}}, PolicyError, "'raa'; did you mean 'ra'"),
    "an unknown target": ({}, {"names": {"cord_ra": "ra"}}, PolicyError, "did you mean 'coord_ra'"),
    "a unit of nothing": ({}, {"units": {"x": "deg"}}, PolicyError, "the table has no column 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_would_be_wrong_is_refused(read: Any, what: str) -> None:
    columns, wishes, kind, message = BAD[what]
    with pytest.raises(kind, match=message):
        read(Table({**PLACES, **columns}), **wishes)


def test_without_positions_there_is_no_catalog(read: Any) -> None:
    with pytest.raises(FormatterError, match=r"no column is coord_dec .it has ra, x."):
        read(Table({"ra": [1.0] * u.deg, "x": [1.0]}))


# -- duplicates
# ----------------------------------------------------------------------------------------


def test_one_source_in_two_files_counts_once(tmp_path: Path) -> None:
    table = survey(20)
    paths = [str(tmp_path / name) for name in ("a.ecsv", "b.ecsv")]
    table[:12].write(paths[0])
    table[10:].write(paths[1])
    whole, notes = write.gather(paths, Wishes(units=AB), lambda items, _: items)
    assert whole["id"].tolist() == table["source_id"].tolist()
    assert notes == ["2 rows repeat another one, and were used once"]


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    table = survey(20)
    paths = [str(tmp_path / name) for name in ("a.ecsv", "b.ecsv")]
    table[:12].write(paths[0])
    table["dec"][11] += 0.001
    table[10:].write(paths[1])
    with pytest.raises(
        FormatterError,
        match=rf"have the id {table['source_id'][11]}: {paths[0]}, row 12 and {paths[1]}, row 2",
    ):
        write.gather(paths, Wishes(units=AB), lambda items, _: items)


def test_tables_of_other_columns_are_no_one_catalog(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.ecsv", "b.ecsv")]
    survey(5).write(paths[0])
    other = survey(5)
    other.remove_column("phot_g_mean_mag")
    other.write(paths[1])
    with pytest.raises(PolicyError, match="the table has no column 'phot_g_mean_mag'"):
        write.gather(paths, Wishes(units=AB), lambda items, _: items)
    other["r_flux"] = 1.0 * u.nJy
    other.write(paths[1], overwrite=True)
    with pytest.raises(FormatterError, match=r"has other columns than .*: r_flux"):
        write.gather(paths, Wishes(), lambda items, _: items)


# -- its place
# ----------------------------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    folder = str(tmp_path / "cat")
    one, other = (convert.convert(survey(n), Wishes(units=AB)).table for n in (30, 31))
    assert write.write(folder, "cat", one, dry_run=True).status == "new"
    assert list(tmp_path.iterdir()) == []
    write.write(folder, "cat", one)
    before = snapshot(tmp_path)
    for dry_run in (True, False):
        assert write.write(folder, "cat", one, dry_run=dry_run).status == "same"
        with pytest.raises(FileConflict, match="cat is another catalog: --replace replaces it"):
            write.write(folder, "cat", other, dry_run=dry_run)
    assert write.write(folder, "cat", other, replace=True, dry_run=True).status == "replaced"
    assert snapshot(tmp_path) == before
    assert write.write(folder, "cat", other, replace=True).status == "replaced"
    assert ReferenceCatalog(folder).box((0, 360), (-90, 90))["id"].size == 31
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat"]


def test_what_is_no_catalog_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "mine.txt").write_text("mine")
    table = convert.convert(survey(3), Wishes(units=AB)).table
    with pytest.raises(FileConflict, match="is not a reference catalog"):
        write.write(str(tmp_path / "cat"), "cat", table, replace=True)
    assert (tmp_path / "cat" / "mine.txt").exists()


@pytest.mark.parametrize("number", range(1, 4))
def test_whatever_rename_fails_the_old_catalog_is_there_after_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    folder = str(tmp_path / "cat")
    one, other = (convert.convert(survey(n), Wishes(units=AB)).table for n in (30, 31))
    write.write(folder, "cat", one)
    calls = []

    def killed(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == number:
            raise KeyboardInterrupt
        real_rename(*arguments)

    real_rename = os.rename
    monkeypatch.setattr(os, "rename", killed)
    if number < 3:
        with pytest.raises(KeyboardInterrupt):
            write.write(folder, "cat", other, replace=True)
    monkeypatch.undo()
    with pytest.raises(FileConflict):
        write.write(folder, "cat", other)  # which first ends what was left
    assert ReferenceCatalog(folder).box((0, 360), (-90, 90))["id"].size == 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat"]
