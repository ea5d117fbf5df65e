"""How afw's tables become catalogs: real files of every version, and what only invented ones show."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.table import Table

from persistence.errors import DataIdError, FormatterError
from persistence.formatters import catalog
from persistence.types.table.catalog import Catalog

# Type, rows, columns with flags, and some of the columns.
REAL = {
    "afw_files/sourceCatalog-hsc-v2": (
        5,
        228,
        ["id", "calib_detected", "base_PsfFlux_flux", "footprint"],
    ),
    "afw_files/sourceTable-v1": (3, 20, ["id", "a_flux", "a_flag", "b_xSigma", "c_flag"]),
    "afw_files/sourceTable-v2": (3, 20, ["id", "a_flux", "a_flag", "b_xErr", "c_flag"]),
    "afw_files/version-0-ExposureCatalog": (1, 8, ["wcs", "calib", "bbox_min_x", "bbox_max_y"]),
    "afw_files/version-1-ExposureCatalog": (1, 9, ["wcs", "apCorrMap", "bbox_min_x", "bbox_max_y"]),
    "afw_files/CompoundFieldConversion": (
        1,
        28,
        ["point_i_x", "moments_xy", "coord_ra", "cov_z_0_3_Cov"],
    ),
    "afw_files/ps1-refcat-v1": (10, 22, ["coord_ra", "g_flux", "epoch"]),
    "refcats/ps1/157216": (14781, 22, ["coord_ra", "g_flux", "epoch"]),
    "refcats/ps1/master_schema": (0, 22, ["coord_ra", "g_flux", "epoch"]),
    "refcats/gaia/628864": (181, 6, ["coord_ra", "phot_g_mean_mag_flux"]),
    "refcats/gaia/master_schema": (0, 6, ["coord_ra", "phot_g_mean_mag_flux"]),
}


@pytest.fixture
def disk(disk_of):
    """Return a folder of tables."""
    return disk_of("FitsCatalogStorage", "lsst.afw.table.SourceCatalog", ".fits")


@pytest.fixture
def stored(disk, real):
    """Return a function that finds a real file."""
    return lambda name: disk.place(f"{name}.fits")._replace(root=str(real))


def made(disk, columns, **cards):
    """Store a table with some cards of afw's; a list is a card that is repeated."""
    hdu = fits.BinTableHDU.from_columns(columns)
    for keyword, value in cards.items():
        for each in value if isinstance(value, list) else [value]:
            hdu.header.append((keyword.replace("__", " "), each), end=True)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return disk.put(stream.getvalue())


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_every_catalog_that_afw_wrote_is_read(stored, name):
    location = stored(name)
    found = catalog.read(location)
    rows, columns, some = REAL[name]
    assert isinstance(found, Catalog)
    assert (len(found), len(found.colnames)) == (rows, columns)
    assert [column for column in found.colnames if column in some] == some
    assert catalog.read_length(location) == rows
    schema = catalog.read_schema(location)
    assert (schema.colnames, len(schema)) == (found.colnames, 0)
    for column in found.colnames:
        one, other = found[column], schema[column]
        assert (type(one), one.dtype, one.unit) == (type(other), other.dtype, other.unit)
        assert one.info.description == other.info.description


@pytest.mark.real
@pytest.mark.parametrize(
    "name", [name for name in REAL if "Exposure" not in name and "Compound" not in name]
)
def test_the_values_are_those_that_astropy_reads(stored, name):
    location = stored(name)
    found = catalog.read(location)
    with fits.open(location.full_path) as hdus:
        data = hdus[1].data
        flags = [column for column in found.colnames if found[column].dtype == bool]
        if flags:
            named = [
                hdus[1].header[f"TFLAG{number}"] for number in range(1, data["flags"].shape[1] + 1)
            ]
            assert flags == named
            assert np.array_equal(np.stack([found[flag] for flag in named], axis=1), data["flags"])
        for column in set(found.colnames) - set(flags):
            assert np.array_equal(
                np.asarray(found[column]), data[column], equal_nan=data[column].dtype.kind == "f"
            )


@pytest.mark.real
def test_a_real_catalog_says_what_its_columns_are(stored):
    found = catalog.read(stored("afw_files/sourceCatalog-hsc-v2"))
    assert found["id"].info.description == "unique ID"
    assert found["calib_detected"].info.description == "Source was detected as an icSource"
    assert found["base_PsfFlux_flux"].unit == units.ct
    assert isinstance(found["coord_ra"], units.Quantity)
    assert found["coord_ra"].to_value("deg")[0] == pytest.approx(150.30004925)
    assert found["coord_ra"].info.description == "position in ra/dec"


@pytest.mark.real
def test_flags_stand_in_the_schema_where_they_were_defined(stored):
    names = catalog.read_schema(stored("afw_files/sourceCatalog-hsc-v2")).colnames
    assert names[3:10] == [
        *(
            "parent",
            "calib_detected",
            "calib_psf_candidate",
            "calib_psf_used",
            "calib_psf_reserved",
        ),
        *("deblend_nChild", "deblend_deblendedAsPsf"),
    ]


@pytest.mark.real
def test_metadata_are_kept_without_the_cards_of_columns(stored):
    meta = catalog.read(stored("afw_files/sourceCatalog-hsc-v2")).meta
    assert meta["base_CircularApertureFlux_radii"] == [
        3.0,
        4.5,
        6.0,
        9.0,
        12.0,
        17.0,
        25.0,
        35.0,
        50.0,
        70.0,
    ]
    assert meta["NOISE_SOURCE"] == "measure"
    assert not [
        key for key in meta if re.match("T[A-Z]+[0-9]|ALIAS|NAXIS|AFW_|AR_HDU|FLAGCOL", key)
    ]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "any_objects"), [("sourceCatalog-hsc-v2", True), ("sourceTable-v1", False)]
)
def test_an_archive_is_remembered_if_there_is_anything_in_it(stored, name, any_objects):
    assert ("archives" in catalog.read(stored(f"afw_files/{name}")).meta) is any_objects


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "alias", "column"),
    [
        ("sourceCatalog-hsc-v2", "slot_Centroid_x", "base_SdssCentroid_x"),
        ("sourceCatalog-hsc-v2", "slot_PsfFlux_instFlux", "base_PsfFlux_flux"),
        ("sourceCatalog-hsc-v2", "slot_PsfFlux_instFluxErr", "base_PsfFlux_fluxErr"),
        (
            "sourceCatalog-hsc-v2",
            "base_PsfFlux_flag_badCentroid_edge",
            "base_SdssCentroid_flag_edge",
        ),
        ("sourceTable-v1", "a_instFlux", "a_flux"),
        ("sourceTable-v1", "slot_PsfFlux_instFluxErr", "a_fluxSigma"),
        ("sourceTable-v1", "slot_Centroid_xErr", "b_xSigma"),
        ("sourceTable-v1", "slot_Shape_flag", "c_flag"),
        ("sourceTable-v2", "a_instFluxErr", "a_fluxErr"),
        ("ps1-refcat-v1", "i_fluxErr", "i_fluxSigma"),
    ],
)
def test_names_of_today_lead_to_columns_of_old_files(stored, name, alias, column):
    found = catalog.read(stored(f"afw_files/{name}"))
    assert found.resolve(alias) == column
    assert found[alias].info.name == column


@pytest.mark.real
def test_cells_that_held_several_values_become_a_column_for_each(stored):
    [row] = catalog.read(stored("afw_files/CompoundFieldConversion"))
    assert [row[name] for name in ("point_i_x", "point_i_y", "point_d_x", "point_d_y")] == [
        4,
        5,
        3.5,
        2.0,
    ]
    assert [row[name] for name in ("moments_xx", "moments_yy", "moments_xy")] == [5.0, 6.5, 2.25]
    assert [row["coord_ra"], row["coord_dec"]] == [1.0 * units.rad, 0.5 * units.rad]


@pytest.mark.real
@pytest.mark.parametrize(
    ("stem", "names"), [("cov_z", "0 1 2 3"), ("cov_p", "x y"), ("cov_m", "xx yy xy")]
)
def test_covariances_are_those_of_the_packed_triangle(stored, stem, names):
    location = stored("afw_files/CompoundFieldConversion")
    [row] = catalog.read(location)
    packed = iter(fits.getdata(location.full_path)[stem][0])
    names = names.split()
    for number, one in enumerate(names):
        for other in names[:number]:
            assert row[f"{stem}_{other}_{one}_Cov"] == next(packed)
        assert row[f"{stem}_{one}Err"] == pytest.approx(next(packed) ** 0.5)


@pytest.mark.real
def test_the_columns_that_are_asked_for_are_read_and_no_others(stored):
    location = stored("afw_files/sourceCatalog-hsc-v2")
    whole = catalog.read(location)
    names = ["slot_Centroid_x", "calib_psf_used", "coord_ra", "id", "base_SdssCentroid_x"]
    part = catalog.read(location._replace(options={"columns": names}))
    assert part.colnames == ["base_SdssCentroid_x", "calib_psf_used", "coord_ra", "id"]
    for name in part.colnames:
        assert np.array_equal(part[name], whole[name])
    assert np.array_equal(part["slot_Centroid_x"], whole["slot_Centroid_x"])


@pytest.mark.parametrize("afw", [True, False])
def test_a_column_that_is_not_there_is_refused_with_its_neighbour(disk, afw):
    cards = {"AFW_TYPE": "SOURCE", "HIERARCH__AFW_TABLE_VERSION": 3} if afw else {}
    location = made(
        disk, [fits.Column("parent", "K", array=[1]), fits.Column("id", "K", array=[2])], **cards
    )
    assert disk.read(location._replace(options={"columns": ["id"]})).colnames == ["id"]
    with pytest.raises(DataIdError, match="no column 'parnet'; did you mean 'parent'"):
        disk.read(location._replace(options={"columns": ["id", "parnet"]}))


@pytest.mark.parametrize("version", [4, 99, -1, "three", 2.5, True])
def test_a_version_that_is_not_known_is_refused_by_name(disk, version):
    location = made(disk, [fits.Column("id", "K", array=[1])], HIERARCH__AFW_TABLE_VERSION=version)
    for ask in (disk.read, catalog.read_schema):
        with pytest.raises(FormatterError, match="AFW_TABLE_VERSION") as caught:
            ask(location)
        assert location.full_path in str(caught.value)


def test_a_table_that_afw_did_not_write_stays_a_plain_one(disk):
    location = made(
        disk, [fits.Column("flags", "3X", array=np.eye(3, dtype=bool))], ALIAS=["a:flags"]
    )
    found = disk.read(location)
    assert type(found) is Table
    assert found["flags"].shape == (3, 3)


def texts_of_varying_length(disk, **cards):
    """Store texts with blanks, of which astropy makes arrays of characters."""
    texts = ["detector 1", "", " x ", "naïve"]
    cells = [np.frombuffer(text.encode(), "S1") for text in texts]
    column = fits.Column("name", "QA()", array=np.array([*cells, None], dtype=object)[:-1])
    return texts, made(disk, [column], TCCLS1="String", **cards)


def test_texts_of_varying_length_keep_their_blanks(disk):
    texts, location = texts_of_varying_length(disk)
    assert disk.read(location)["name"].tolist() == texts


@pytest.mark.parametrize("form", ["PE()", "QE()", "QD()", "QJ()", "QB()", "QI()"])
def test_arrays_of_varying_length_are_read_with_their_type(disk, form):
    arrays = [np.arange(size).astype(fits.column.FITS2NUMPY[form[1]]) for size in (2, 0, 2)]
    cells = np.empty(3, dtype=object)
    cells[:] = arrays
    found = disk.read(made(disk, [fits.Column("a", form, array=cells)], TCCLS1="Array"))["a"]
    assert [cell.tolist() for cell in found] == [[0, 1], [], [0, 1]]
    assert {cell.dtype for cell in found} == {arrays[0].dtype}


@pytest.mark.parametrize(
    "column",
    [
        fits.Column("x", "L", array=[True, False]),
        fits.Column("x", "B", array=np.array([0, 255], "u1")),
        fits.Column("x", "I", array=np.array([0, 65535], "u2"), bzero=1 << 15),
        fits.Column("x", "I", array=np.array([-1, 5], "i2")),
        fits.Column("x", "J", array=np.array([0, 2**32 - 1], "u4"), bzero=1 << 31),
        fits.Column("x", "C", array=np.array([1j, 2], "c8")),
        fits.Column("x", "5A", array=["ab  c", "d"]),
        fits.Column("x", "3E", array=np.arange(6.0).reshape(2, 3)),
        fits.Column("x", "6J", dim="(3,2)", array=np.arange(12).reshape(2, 2, 3)),
        fits.Column("x", "J", array=[1, -99], null=-99),
    ],
    ids=lambda column: column.format + str(column.bzero or ""),
)
def test_a_column_is_what_a_plain_table_makes_of_it(disk, column):
    afw, plain = (
        disk.read(made(disk, [column], **cards))["x"] for cards in ({"TCCLS1": "Scalar"}, {})
    )
    assert afw.tolist() == plain.tolist()
    assert afw.dtype.newbyteorder("=") == plain.dtype.newbyteorder("=")
    assert type(afw) is type(plain)


def test_scaled_numbers_are_scaled(disk):
    location = made(
        disk, [fits.Column("x", "I", array=[1, -2])], TCCLS1="Scalar", TSCAL1=0.5, TZERO1=1.0
    )
    assert disk.read(location)["x"].tolist() == [1.5, 0.0]


def changed(disk, location, old, new):
    """Store a file in which some bytes are others."""
    content = Path(location.full_path).read_bytes()
    assert content.count(old) == 1
    return disk.put(content.replace(old, new))


def test_texts_lose_the_blanks_and_the_nuls_that_fill_them(disk):
    location = made(
        disk, [fits.Column("x", "5A", array=["abcde", "fghij", "klmno"])], TCCLS1="String"
    )
    location = changed(disk, location, b"abcdefghijklmno", b" b c f  \0\0k\0mno")
    assert disk.read(location)["x"].tolist() == [" b c", "f", "k"]


def test_the_heap_begins_where_the_header_says(disk):
    cells = np.empty(1, dtype=object)
    cells[0] = np.arange(3.0)
    location = made(disk, [fits.Column("a", "QD()", array=cells)], TCCLS1="Array", XHEAP=24)
    location = changed(disk, location, b"XHEAP ", b"THEAP ")
    location = changed(
        disk, location, b"PCOUNT  =                   24", b"PCOUNT  =                   32"
    )
    content = Path(location.full_path).read_bytes()
    start = content.index(struct.pack(">qq", 3, 0)) + 16
    found = disk.read(disk.put((content[:start] + bytes(8) + content[start:])[:-8]))
    assert found["a"][0].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("place", [(3, 100), (4, 0), (-1, 0), (3, -8)])
def test_a_cell_outside_the_heap_is_damage(disk, place):
    cells = np.empty(1, dtype=object)
    cells[0] = np.arange(3.0)
    location = made(disk, [fits.Column("a", "QD()", array=cells)], TCCLS1="Array")
    location = changed(disk, location, struct.pack(">qq", 3, 0), struct.pack(">qq", *place))
    with pytest.raises(FormatterError, match="heap") as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@pytest.mark.parametrize("form", ["2D", "1W", ""])
def test_a_column_that_does_not_fit_the_rows_is_damage(disk, form):
    location = made(disk, [fits.Column("a", "D", array=[1.0])], TCCLS1="Scalar")
    location = changed(disk, location, b"'D       '", f"'{form:8}'".encode())
    for ask in (disk.read, catalog.read_schema):
        with pytest.raises(FormatterError) as caught:
            ask(location)
        assert location.full_path in str(caught.value)


@pytest.mark.filterwarnings("ignore:File may have been truncated")
def test_a_truncated_catalog_is_refused(disk):
    location = made(disk, [fits.Column("a", "D", array=np.zeros(3000))], TCCLS1="Scalar")
    content = Path(location.full_path).read_bytes()
    location = disk.put(content[: len(content) // 2])
    assert catalog.read_schema(location).colnames == ["a"]
    with pytest.raises(FormatterError, match="truncated"):
        disk.read(location)


def test_slots_of_version_0_are_aliases(disk):
    columns = [
        fits.Column("flux_psf", "D", array=[1.0]),
        fits.Column("flux_psf_err", "D", array=[0.5]),
        fits.Column("centroid_sdss", "2D", array=[[3.0, 4.0]]),
        fits.Column("centroid_sdss_err", "3E", array=[[4.0, 1.0, 9.0]]),
    ]
    location = made(
        disk,
        columns,
        AFW_TYPE="SOURCE",
        TCCLS3="Point",
        TCCLS4="Covariance(Point)",
        HIERARCH__PSF_FLUX_SLOT="flux_psf",
        HIERARCH__PSF_FLUX_ERR_SLOT="flux_psf_err",
        HIERARCH__CENTROID_SLOT="centroid_sdss",
    )
    [row] = found = disk.read(location)
    asked = (
        "slot_PsfFlux_instFlux",
        "slot_PsfFlux_instFluxErr",
        "slot_Centroid_y",
        "slot_Centroid_yErr",
    )
    assert [row[name] for name in asked] == [1.0, 0.5, 4.0, 3.0]
    assert row["centroid_sdss_x_y_Cov"] == 1.0
    assert set(found.meta) == {"aliases"}
