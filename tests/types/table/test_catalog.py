"""Catalogs as astropy's tables: what survives what users do with them."""

from __future__ import annotations

import copy
import os
import pickle

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Column, QTable, Table, hstack, join, vstack

from persistence import Butler
from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import catalog
from persistence.types.table.catalog import Catalog


@pytest.fixture
def made():
    """Return a small catalog."""
    table = Catalog(
        {
            "id": [3, 1, 2],
            "coord_ra": [0.1, 0.2, 0.3] * units.rad,
            "coord_dec": [0.0, 0.5, 1.0] * units.rad,
            "base_PsfFlux_instFlux": Column([1.0, 2.0, 3.0], unit="ct", description="a flux"),
            "base_PsfFlux_flag": [True, False, True],
            "box_x": Column([4, 5, 6], unit="pix"),
        }
    )
    table.meta = {"aliases": {"slot_PsfFlux": "base_PsfFlux"}, "RADII": [3.0, 4.5]}
    return table


def sort(table):
    table.sort("id")
    return table


WAYS = {
    "slice": lambda table: table[:2],
    "boolean rows": lambda table: table[table["slot_PsfFlux_flag"]],
    "rows by number": lambda table: table[[2, 0]],
    "columns": lambda table: table["id", "coord_ra", "base_PsfFlux_instFlux"],
    "copy": lambda table: table.copy(),
    "deepcopy": copy.deepcopy,
    "pickle": lambda table: pickle.loads(pickle.dumps(table)),
    "sort": sort,
    "vstack": lambda table: vstack([table, table]),
    "hstack": lambda table: hstack([table, Table({"more": [1, 2, 3]})]),
    "join": lambda table: join(table, Table({"id": [1, 2], "more": [5, 6]}), keys="id"),
    "group": lambda table: table.group_by("base_PsfFlux_flag"),
    "QTable": lambda table: Catalog(QTable(table)),
}


@pytest.mark.parametrize("way", WAYS)
def test_aliases_angles_and_descriptions_survive(made, way):
    found = WAYS[way](made)
    assert isinstance(found, Catalog)
    assert len(found) > 0
    assert isinstance(found["coord_ra"], units.Quantity)
    assert np.array_equal(found["slot_PsfFlux_instFlux"], found["base_PsfFlux_instFlux"])
    assert found["slot_PsfFlux_instFlux"].info.description == "a flux"
    assert found[0]["slot_PsfFlux_instFlux"] == found["base_PsfFlux_instFlux"][0]
    assert found.aliases == {"slot_PsfFlux": "base_PsfFlux"}


def test_only_angles_are_quantities(made):
    assert type(made["base_PsfFlux_instFlux"]) is Column
    assert made["base_PsfFlux_instFlux"].unit == units.ct
    assert made["box_x"].dtype.kind == "i"
    assert np.sin(made["coord_dec"][0]) == 0
    assert SkyCoord(made["coord_ra"], made["coord_dec"])[1].dec.rad == pytest.approx(0.5)


def test_an_alias_is_a_name_wherever_one_is_taken(made):
    assert made["slot_PsfFlux_instFlux", "id"].colnames == ["base_PsfFlux_instFlux", "id"]
    assert made.get("slot_PsfFlux_flag") is made["base_PsfFlux_flag"]
    assert made[1].get("slot_PsfFlux_instFlux") == 2.0
    assert made[1].get("nothing", 7) == 7
    made["slot_PsfFlux_instFlux"] = [7.0, 8.0, 9.0]
    assert made["base_PsfFlux_instFlux"].tolist() == [7.0, 8.0, 9.0]
    made["slot_New"] = 1
    assert made.colnames[-1] == "slot_New"


@pytest.mark.parametrize(
    ("name", "near"), [("slot_PsfFlx", "slot_PsfFlux"), ("coord_ta", "coord_ra")]
)
def test_a_name_that_is_none_is_refused_with_its_neighbour(made, name, near):
    with pytest.raises(KeyError, match=f"no column '{name}'; did you mean .*'{near}'"):
        made[name]


def test_a_catalog_becomes_a_frame_or_a_plain_table(made):
    frame = made.to_pandas()
    assert frame["base_PsfFlux_flag"].tolist() == [True, False, True]
    assert frame["coord_ra"].tolist() == [0.1, 0.2, 0.3]
    plain = made.asAstropy()
    assert type(plain) is Table
    assert plain["coord_ra"].unit == units.rad


def test_a_catalog_is_kept_in_other_formats(made, tmp_path):
    path = str(tmp_path / "catalog.ecsv")
    made.write(path)
    found = Catalog.read(path)
    assert found["slot_PsfFlux_instFlux"].value.tolist() == [1.0, 2.0, 3.0]


# -- Objects of rows
# ---------------------------------------------------------------------------------------


def read(path):
    where = (
        str(path.parent),
        path.name,
        None,
        "FitsCatalogStorage",
        "lsst.afw.table.SourceCatalog",
        "src",
        {},
    )
    return catalog.read(Location(*where))


@pytest.fixture
def source(real, tmp_path):
    """Return a copy of a real catalog with footprints, in a file of its own."""
    path = tmp_path / "src.fits"
    path.write_bytes((real / "afw_files" / "sourceCatalog-hsc-v2.fits").read_bytes())
    return path


@pytest.mark.real
def test_a_footprint_is_that_of_its_row(source):
    found = read(source)
    assert len(found.footprints) == 5
    for row, footprint in zip(found, found.footprints, strict=True):
        assert footprint.contains(round(row["slot_Centroid_x"]), round(row["slot_Centroid_y"]))
        assert footprint.contains(*(footprint.peaks[name][0] for name in ("i_x", "i_y")))
        assert row.getFootprint() is footprint


@pytest.mark.real
@pytest.mark.parametrize("way", ["slice", "boolean", "pickle", "sort", "vstack", "join", "ecsv"])
def test_footprints_follow_their_rows(source, way, tmp_path):
    whole = read(source)
    expected = dict(
        zip(whole["id"].tolist(), (each.area for each in whole.footprints), strict=True)
    )
    found = {
        "slice": lambda: whole[::-2],
        "boolean": lambda: whole[whole["slot_Centroid_x"] > 1000],
        "pickle": lambda: pickle.loads(pickle.dumps(whole)),
        "sort": lambda: whole[np.argsort(whole["base_PsfFlux_flux"])],
        "vstack": lambda: vstack([whole[3:], whole[:1]]),
        "join": lambda: join(whole, whole["id", "parent"][1:3], keys="id"),
        "ecsv": lambda: (
            whole.write(str(tmp_path / "c.ecsv")),
            Catalog.read(str(tmp_path / "c.ecsv")),
        )[1],
    }[way]()
    assert len(found) > 0
    assert [each.area for each in found.footprints] == [
        expected[number] for number in found["id"].tolist()
    ]
    assert [each.area for each in found.footprints[1:]] == [
        expected[number] for number in found["id"].tolist()[1:]
    ]


@pytest.mark.real
def test_reading_a_catalog_reads_no_footprint(source):
    found = read(source)
    source.unlink()
    assert len(found) == 5
    with pytest.raises(FileNotFoundError):
        found.footprints[0]


@pytest.mark.real
def test_footprints_of_another_state_of_the_file_are_refused(source):
    found = read(source)
    os.utime(source, (1, 1))
    with pytest.raises(FormatterError, match="changed since the catalog was read"):
        found.footprints[0]


@pytest.mark.real
def test_rows_of_several_files_have_no_footprints_rather_than_wrong_ones(source, tmp_path):
    other = tmp_path / "other.fits"
    other.write_bytes(source.read_bytes())
    found = vstack([read(source), read(other)])
    with pytest.raises(FormatterError, match=r"several files: .*src\.fits, .*other\.fits"):
        found.footprints[0]


@pytest.mark.real
def test_the_objects_of_exposures_are_given_by_column(real):
    found = read(real / "afw_files" / "version-1-ExposureCatalog.fits")
    assert found.objects("apCorrMap")[0] is not None
    assert list(found.objects("psf")) == [None]


@pytest.mark.parametrize("name", ["footprnt", "coord_ra", "base_PsfFlux_instFlux"])
def test_a_column_that_holds_no_numbers_of_objects_is_refused(made, name):
    with pytest.raises(FormatterError, match=name):
        made.objects(name)


def test_a_catalog_without_an_archive_says_so(made):
    made["footprint"] = [0, 0, 5]
    assert made.footprints[0] is None
    with pytest.raises(FormatterError, match="no archive"):
        made.footprints[2]


def varying(*cells):
    found = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        found[row] = np.array(cell)
    return found


def test_footprints_of_version_0_lie_in_the_rows(tmp_path):
    columns = [
        fits.Column("id", "K", array=[1, 2, 3]),
        fits.Column("spans", "PJ()", array=varying([4, 10, 12, 5, 10, 10], [], [0, 0, 1])),
        fits.Column("peaks", "PE()", array=varying([11.2, 4.4, 99.0], [], [])),
        fits.Column("hvypix", "PE()", array=varying([1.0, 2.0, 3.0, 4.0], [], [])),
        fits.Column("hvymask", "PJ()", array=varying([0, 0, 1, 0], [], [])),
        fits.Column("hvyvar", "PE()", array=varying([9.0] * 4, [], [])),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    cards = {
        "SPANCOL": 2,
        "PEAKCOL": 3,
        "HVYPIXCO": 4,
        "HVYMSKCO": 5,
        "HVYVARCO": 6,
        "AFW_TYPE": "SOURCE",
    }
    hdu.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "old.fits")
    found = read(tmp_path / "old.fits")
    first, second, third = found.footprints
    assert second is None
    assert (first.area, third.area, first.isHeavy(), third.isHeavy()) == (4, 2, True, False)
    assert first.to_image().tolist() == [[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]]
    assert (first.peaks["i_x"].tolist(), first.peaks["i_y"].tolist()) == ([11], [4])
    assert found[2:].footprints[0].area == 2
    where = Location(
        str(tmp_path),
        "new.fits",
        None,
        "FitsCatalogStorage",
        "lsst.afw.table.BaseCatalog",
        "src",
        {},
    )
    catalog.write(found, str(tmp_path / "new.fits"), where)
    assert [each and each.area for each in catalog.read(where).footprints] == [4, None, 2]


# -- Through a Butler
# --------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_butler_keeps_a_catalog_with_all_that_belongs_to_it(root, source):
    butler = Butler(root)
    where = {"visit": 410877, "ccdnum": 28}
    table = read(source)
    butler.put(table, "src", where)
    found = butler.get("src", where)
    assert isinstance(found, Catalog)
    assert found.colnames == table.colnames
    assert found["slot_Centroid_x"].tolist() == table["slot_Centroid_x"].tolist()
    assert [each.area for each in found.footprints] == [each.area for each in table.footprints]
    assert butler.get("src_len", where) == 5
    assert butler.get("src_md", where)["AFW_TYPE"] == "SOURCE"


@pytest.mark.real
def test_a_schema_is_a_dataset_of_no_rows(root, source):
    butler = Butler(root)
    table = read(source)
    butler.put(table[:0], "src_schema")
    found = butler.get("src_schema")
    assert (len(found), found.colnames) == (0, table.colnames)
    assert found.aliases == table.aliases
    assert found["coord_ra"].info.description == "position in ra/dec"
