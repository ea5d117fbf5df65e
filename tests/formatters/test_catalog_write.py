"""How catalogs are written: there and back for any schema, the original's cards, and what cannot be kept."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import Column, MaskedColumn, QTable, Table, vstack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.formatters import catalog, formatter
from persistence.formatters.catalog_layout import unit_text
from persistence.types.table.catalog import Catalog

BASE, SOURCE, EXPOSURE = (
    f"lsst.afw.table.{name}Catalog" for name in ("Base", "Source", "Exposure")
)
UNITS = [
    "",
    "count",
    "pixel",
    "pixel^2",
    "nJy",
    "dn",
    "adu",
    "electron",
    "rad",
    "mag(AB)",
    "furlongs",
    "count^2",
]
# astropy takes a quotation mark and a stroke for the end of a text (its `Card._value_FSC_RE`).
ASCII = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="'")
PRINTABLE = st.text(ASCII, max_size=120).map(str.strip) | st.sampled_from(
    ["the object's class", "an 'odd' one & more"]
)
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.]{0,90}", fullmatch=True)
ROWS = st.shared(st.integers(0, 5), key="rows")


@pytest.fixture
def disk(disk_of):
    """Return a folder of tables."""
    return disk_of("FitsCatalogStorage", SOURCE, ".fits")


def cells(dtype, width=None):
    return ROWS.flatmap(lambda rows: arrays.arrays(dtype, rows if width is None else (rows, width)))


def varying(dtype):
    def column(made):
        found = np.empty(len(made), dtype=object)
        for row, cell in enumerate(made):
            found[row] = cell
        return found

    one = arrays.arrays(dtype, st.integers(0, 3))
    return ROWS.flatmap(lambda rows: st.lists(one, min_size=rows, max_size=rows)).map(column)


def texts():
    one = st.text("ab é&'", max_size=9)
    return ROWS.flatmap(lambda rows: st.lists(one, min_size=rows, max_size=rows)).map(
        lambda made: np.array(made, "U9")
    )


@st.composite
def columns(draw):
    """Return a column of any kind that afw has."""
    fixed = st.sampled_from(["?", "u1", "u2", "i4", "i8", "f4", "f8"])
    many = st.sampled_from(["u1", "u2", "i4", "f4", "f8"])
    form = draw(st.sampled_from(["scalar", "angle", "array", "varying", "text", "varying text"]))
    unit = draw(st.sampled_from(UNITS)) or None
    if form == "angle":
        made = units.Quantity(draw(cells("f8")), "rad")
    elif form == "varying":
        letter, dtype = draw(
            st.sampled_from([("B", "u1"), ("I", "u2"), ("J", "i4"), ("E", "f4"), ("D", "f8")])
        )
        made = Column(draw(varying(dtype)), meta={"variable": letter})
    elif form == "varying text":
        made = Column(draw(texts()), meta={"variable": "A"})
    elif form == "text":  # which FITS fills with blanks
        made = Column(np.char.rstrip(draw(texts()), " "))
    else:
        data = draw(
            cells(draw(fixed)) if form == "scalar" else cells(draw(many), draw(st.integers(1, 4)))
        )
        known = (
            None if unit is None or data.dtype == bool else units.Unit(unit, parse_strict="silent")
        )
        made = Column(data, unit=known)
    made.info.description = draw(PRINTABLE) or None
    return made


VALUES = st.one_of(
    st.booleans(), st.integers(-(2**62), 2**62), st.floats(-1e300, 1e300), PRINTABLE, st.none()
)
# FITS has cards of no value, but none in a list: several of them are several cards.
META = st.dictionaries(
    st.from_regex(r"[A-Z]{3,7}|[a-z_]{9,30}|[A-Z_]{9,30}", fullmatch=True).filter(
        lambda key: key != "HISTORY"
    ),
    st.one_of(VALUES, st.lists(VALUES, min_size=2, max_size=3)),
    max_size=4,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    made=st.dictionaries(NAMES, columns(), min_size=1, max_size=6),
    meta=META,
    aliases=st.dictionaries(NAMES, NAMES, max_size=3),
)
def test_any_schema_is_read_as_it_was_written(disk, made, meta, aliases):
    table = Catalog(list(made.values()), names=list(made))
    table.meta = {**meta, **({"aliases": aliases} if aliases else {})}
    found = disk.there_and_back(table, name="any.fits", python=BASE)
    assert found.colnames == table.colnames
    assert found.meta == table.meta
    for name in table.colnames:
        same(table[name], found[name])
    schema = catalog.read_schema(disk.place("any.fits"))
    assert disk.there_and_back(schema, name="schema.fits", python=BASE).colnames == table.colnames


def same(one, other):
    assert isinstance(other, units.Quantity) == isinstance(one, units.Quantity)
    assert other.unit == one.unit
    assert other.info.description == one.info.description
    kinds = [(each.info.meta or {}).get("variable") for each in (one, other)]
    assert kinds[0] == kinds[1]
    if one.dtype.kind == "O":
        assert [(cell.dtype, cell.tobytes()) for cell in other] == [
            (cell.dtype, cell.tobytes()) for cell in one
        ]
    elif one.dtype.kind == "U":
        assert other.tolist() == one.tolist()
    else:
        assert (other.dtype, other.shape) == (one.dtype, one.shape)
        assert np.array_equal(np.asarray(other), np.asarray(one), equal_nan=one.dtype.kind == "f")


def sources(**more):
    """Return the least that afw takes for a catalog of sources, and more."""
    sky = {"coord_ra": [1.0, 2.0] * units.rad, "coord_dec": [0.5, 0.6] * units.rad}
    return Catalog({"id": [1, 2], **sky, "parent": [0, 1], **more})


def test_the_cards_are_those_that_the_original_looks_for(disk):
    table = sources(flag_a=[True, False], flux=Column([1.0, 2.0], unit="ct"), flag_b=[False, True])
    table["flag_b"].info.description = "the second flag"
    table["flux"].info.description = "a flux"
    table.meta = {"aliases": {"slot_PsfFlux": "flux", "short": "flag_a"}, "RADII": [3.0, 4.5]}
    with fits.open(disk.write(table).full_path) as hdus:
        hdus.verify("exception")
        header, data = hdus[1].header, hdus[1].data
        assert [header[f"TTYPE{number}"] for number in range(1, 7)] == [
            *("flags", "id", "coord_ra", "coord_dec", "parent", "flux")
        ]
        assert (header["FLAGCOL"], header["TFORM1"]) == (1, "2X")
        assert [header[f"TFLAG{number}"] for number in (1, 2)] == ["flag_a", "flag_b"]
        assert header["TFDOC2"] == "the second flag"
        assert data["flags"].tolist() == [[True, False], [False, True]]
        assert (header["TUNIT6"], header["TDOC6"], header["TCCLS6"]) == (
            "count",
            "a flux",
            "Scalar",
        )
        assert (header["TUNIT3"], header["TCCLS3"]) == ("rad", "Angle")
        assert list(header["ALIAS*"].values()) == ["slot_PsfFlux:flux", "short:flag_a"]
        assert list(header["RADII*"].values()) == [3.0, 4.5]
        assert (header["AFW_TYPE"], header["AFW_TABLE_VERSION"]) == ("SOURCE", 3)
        assert hdus[0].header["NAXIS"] == 0


@pytest.mark.parametrize(
    ("python", "kind"),
    [
        ("Base", None),
        ("Simple", "SIMPLE"),
        ("Source", "SOURCE"),
        ("Exposure", "EXPOSURE"),
        ("Peak", "PEAK"),
    ],
)
@pytest.mark.parametrize("storage", ["FitsCatalogStorage", "FitsStorage"])
def test_each_of_afws_catalogs_has_its_type(disk, python, kind, storage):
    table = sources(f_x=np.zeros(2, "f4"), f_y=np.zeros(2, "f4"), peakValue=np.zeros(2, "f4"))
    for name in ("bbox_min_x", "bbox_min_y", "bbox_max_x", "bbox_max_y", "i_x", "i_y"):
        table[name] = np.zeros(2, "i4")
    disk.storage = storage
    location = disk.write(table, python=f"lsst.afw.table.{python}Catalog")
    assert fits.getheader(location.full_path, 1).get("AFW_TYPE") == kind
    assert isinstance(disk.read(location), Catalog)
    assert type(formatter(storage, location.python)) is type(formatter("FitsCatalogStorage"))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.remove_column("parent"),
        lambda table: table.replace_column("id", Column([1.0, 2.0])),
        lambda table: table.replace_column("coord_ra", Column([1.0, 2.0])),
        lambda table: table.add_column(MaskedColumn([1, 2], mask=[True, False]), name="masked"),
        lambda table: table.add_column([1j, 2], name="complex"),
        lambda table: table.add_column(np.zeros((2, 2, 2)), name="cube"),
        lambda table: table.add_column(np.zeros(2, "i2"), name="short"),
        lambda table: table.add_column(np.zeros(2, "u8"), name="unsigned"),
    ],
)
def test_a_table_that_afw_could_not_read_is_written_as_a_plain_one(disk, change):
    table = Table(sources())
    change(table)
    found = disk.there_and_back(table)
    assert type(found) is Table
    assert found.colnames == table.colnames
    assert found[found.colnames[-1]].tolist() == table[table.colnames[-1]].tolist()


def test_a_catalog_with_a_column_that_afw_has_not_is_written_with_a_warning(disk):
    table = sources(flag=[True, False], complex=[1j, 2])
    table.meta = {"aliases": {"short": "flag"}, "OBJECT": "field"}
    with pytest.warns(UserWarning, match="thing is written as a plain table, without its aliases"):
        found = disk.there_and_back(table)
    assert type(found) is Table
    assert found["flag"].tolist() == [True, False]
    assert found.meta == {"OBJECT": "field"}
    assert "aliases" in table.meta


def test_a_catalog_that_lacks_a_field_of_its_type_keeps_its_flags_and_aliases(disk):
    table = sources(flag=[True, False])
    table.meta["aliases"] = {"short": "flag"}
    table.remove_column("parent")
    found = disk.there_and_back(table)
    assert isinstance(found, Catalog)
    assert found["short"].tolist() == [True, False]


@pytest.mark.parametrize("table", [Table, QTable])
@pytest.mark.parametrize("unit", ["deg", "rad", "hourangle"])
def test_positions_become_the_radians_that_afw_has(disk, table, unit):
    sky = {name: Column([1.0, 2.0], unit=unit) for name in ("coord_ra", "coord_dec")}
    found = disk.there_and_back(table({"id": [1, 2], **sky, "parent": [0, 0]}))
    assert isinstance(found["coord_ra"], units.Quantity)
    assert found["coord_ra"].unit == units.rad
    assert found["coord_ra"].to_value(unit) == pytest.approx([1.0, 2.0])


def test_other_angles_keep_their_unit(disk):
    found = disk.there_and_back(sources(size=[1.0, 2.0] * units.arcsec))
    assert found["size"].unit == units.arcsec


def test_a_mask_that_masks_nothing_is_no_hindrance(disk):
    found = disk.there_and_back(
        Catalog(sources(n=MaskedColumn([1, 2], mask=[False, False])), masked=True)
    )
    assert isinstance(found, Catalog)
    assert found["n"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(float("nan"), "ODD"), ({"a": 1}, "ODD"), ("naïve", "ODD"), ([1, object()], "ODD")],
)
def test_metadata_that_a_header_cannot_hold_are_named_in_a_warning(disk, value, shown):
    table = sources()
    table.meta = {"ODD": value, "EVEN": 2, "NAXIS1": 5, "comments": ["one", "two"]}
    with pytest.warns(
        UserWarning, match=f"without metadata that a FITS header cannot hold: {shown}$"
    ):
        found = disk.there_and_back(table).meta
    assert {key: value for key, value in found.items() if key != "ODD"} == {
        "EVEN": 2,
        "comments": ["one", "two"],
    }


@pytest.mark.parametrize("text", UNITS)
def test_units_are_written_as_afw_calls_them(text):
    assert unit_text(units.Unit(text, parse_strict="silent") if text else None) == text


# -- Objects that rows refer to
# ----------------------------------------------------------------------------


@pytest.fixture
def src(real, disk):
    """Return a copy of a real catalog with footprints."""
    return disk.put((real / "afw_files" / "sourceCatalog-hsc-v2.fits").read_bytes())


def areas(table):
    return [footprint.area for footprint in table.footprints]


@pytest.mark.real
@pytest.mark.parametrize(
    "change",
    [lambda table: table, lambda table: table[::-2], lambda table: vstack([table[3:], table[:1]])],
    ids=["all", "some", "stacked"],
)
def test_footprints_are_written_with_the_rows_that_have_them(disk, src, change):
    table = change(disk.read(src))
    before = areas(table)
    location = disk.write(table)
    Path(src.full_path).unlink()
    assert areas(disk.read(location)) == before
    assert fits.getheader(location.full_path, 1)["AR_HDU"] == 3


@pytest.mark.real
def test_footprints_of_a_file_that_changed_are_left_out_with_a_warning(disk, src):
    table = disk.read(src)
    os.utime(src.full_path, (1, 1))
    with pytest.warns(
        UserWarning, match="thing is written without the objects that footprint refers to.*changed"
    ):
        found = disk.there_and_back(table)
    assert found["footprint"].tolist() == [0] * 5
    assert list(found.footprints) == [None] * 5


@pytest.mark.real
def test_footprints_of_several_files_are_left_out_with_a_warning(disk, src):
    table = vstack([disk.read(src), disk.read(disk.put(Path(src.full_path).read_bytes()))])
    with pytest.warns(UserWarning, match="its rows come from several files"):
        found = disk.there_and_back(table)
    assert list(found.footprints) == [None] * 10


@pytest.mark.real
def test_a_type_without_footprints_has_none(disk, src):
    with pytest.warns(UserWarning, match="a table of its type cannot have an archive"):
        found = disk.there_and_back(disk.read(src), python=BASE)
    assert found["footprint"].tolist() == [0] * 5


@pytest.mark.real
def test_what_exposures_refer_to_is_written_with_them(real, disk):
    content = (real / "afw_files" / "version-1-ExposureCatalog.fits").read_bytes()
    table = disk.read(disk.put(content))
    found = disk.there_and_back(table, python=EXPOSURE)
    assert type(found.objects("apCorrMap")[0]) is type(table.objects("apCorrMap")[0])
    assert found.objects("wcs")[0] is None


@pytest.mark.parametrize("python", [SOURCE, EXPOSURE])
def test_a_catalog_whose_rows_refer_to_nothing_has_an_empty_archive(disk, python):
    table = sources(footprint=np.zeros(2, "i4"), wcs=np.zeros(2, "i4"))
    for name in ("bbox_min_x", "bbox_min_y", "bbox_max_x", "bbox_max_y"):
        table[name] = np.zeros(2, "i4")
    location = disk.write(table, python=python)
    with fits.open(location.full_path) as hdus:
        hdus.verify("exception")
        assert len(hdus) == 3
        assert hdus[1].header.get("AR_HDU") == (3 if python == SOURCE else None)
        assert (hdus[2].header["EXTTYPE"], hdus[2].header["AR_NCAT"], len(hdus[2].data)) == (
            "ARCHIVE_INDEX",
            1,
            0,
        )
        assert hdus[2].columns.names == [
            "id",
            "cat.archive",
            "cat.persistable",
            "row0",
            "nrows",
            "name",
            "module",
        ]
    assert list(disk.read(location).objects("footprint")) == [None, None]
