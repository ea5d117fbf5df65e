"""Reference catalogs: which shards are read, which sources are found, in which units and where."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

from persistence import Butler
from persistence.errors import DataIdError, FormatterError, NoResults, UnsafeContent
from persistence.formatters import catalog as catalog_files
from persistence.refcats import htm
from persistence.refcats.catalog import ReferenceCatalog, versions
from persistence.types.table import refcat
from persistence.types.wcs import sphere

CONFIG = """import lsst.meas.algorithms.ingestIndexReferenceTask
assert type(config)==lsst.meas.algorithms.ingestIndexReferenceTask.DatasetConfig, 'another type'
# String to pass to the butler to retrieve persisted files.
config.ref_dataset_name='invented'

config.indexer['HTM'].depth={depth}

config.indexer.name='HTM'
"""
EPOCH = 57388.0  # TAI, 2016-01-01
FLAGS = ("pm_flag", "photometric")


def write(path, ra, dec, version, with_units=True, **extra):
    """Write a shard as afw does; version None has no card, as format 0."""
    unit = "nJy" if version and with_units else None
    columns = [
        fits.Column("flags", f"{len(FLAGS)}X", array=np.stack([ra > 10.0, ra < 400], axis=1)),
        fits.Column("id", "K", array=np.arange(len(ra))),
        fits.Column("coord_ra", "D", unit="rad", array=np.radians(ra)),
        fits.Column("coord_dec", "D", unit="rad", array=np.radians(dec)),
        fits.Column("g_flux", "D", unit=unit, array=np.full(len(ra), 2000.0 if version else 2e-6)),
        fits.Column(
            "g_fluxErr" if version else "g_fluxSigma", "D", unit=unit, array=np.full(len(ra), 1.0)
        ),
        *(
            fits.Column(name, form, unit=its_unit, array=array)
            for name, (form, its_unit, array) in extra.items()
        ),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header["FLAGCOL"] = 1
    for number, column in enumerate(columns, 1):
        hdu.header[f"TCCLS{number}"] = "Angle" if str(column.unit).startswith("rad") else "Scalar"
    hdu.header["AFW_TYPE"] = "SIMPLE"
    hdu.header["HIERARCH AFW_TABLE_VERSION"] = 3
    for number, name in enumerate(FLAGS, 1):
        hdu.header[f"TFLAG{number}"] = name
    if version is not None:
        hdu.header["HIERARCH REFCAT_FORMAT_VERSION"] = version
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)


def fill(folder, ra, dec, depth=5, version=1, config=CONFIG, with_units=True, **extra):
    """Return a catalog of sources, with a schema; gives the trixels."""
    folder.mkdir(parents=True)
    (folder / "config.py").write_text(config.format(depth=depth))
    trixels = htm.index(ra, dec, depth)
    nothing = np.zeros(len(ra), bool)
    for name, rows in [
        ("master_schema", nothing),
        *((number, trixels == number) for number in set(trixels.tolist())),
    ]:
        columns = {
            column: (form, unit, array[rows]) for column, (form, unit, array) in extra.items()
        }
        write(folder / f"{name}.fits", ra[rows], dec[rows], version, with_units, **columns)
    return trixels


@pytest.fixture(scope="module")
def scattered():
    """Return positions all about (0, 0) and the north pole."""
    random = np.random.default_rng(5)
    ra = np.concatenate([random.uniform(-6, 6, 1500) % 360, random.uniform(0, 360, 500)])
    dec = np.concatenate([random.uniform(-6, 6, 1500), random.uniform(84, 90, 500)])
    return ra, dec


@pytest.fixture(scope="module")
def folder(scattered, tmp_path_factory):
    """Return a catalog of these."""
    path = tmp_path_factory.mktemp("ref_cats") / "invented"
    fill(path, *scattered)
    return path


@pytest.fixture
def opened(monkeypatch):
    """Return the list of the tables that have been opened."""
    names = []
    read = catalog_files.read

    def counting(location):
        names.append(location.path)
        return read(location)

    monkeypatch.setattr(catalog_files, "read", counting)
    return names


def places(table):
    return sorted(zip(*(angle.round(9).tolist() for angle in refcat.positions(table)), strict=True))


def expected(scattered, inside):
    ra, dec = scattered
    return sorted(zip(ra[inside].round(9).tolist(), dec[inside].round(9).tolist(), strict=True))


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(0, 0, 1), (359.5, 2, 1.5), (3, -3, 0.01), (0, 90, 2), (120, 88, 3), (0, 0, 7)],
)
def test_a_cone_has_its_sources_and_opens_its_shards_alone(
    folder, scattered, opened, ra, dec, radius
):
    found = ReferenceCatalog(folder).cone(SkyCoord(ra, dec, unit="deg"), radius * units.deg)
    apart = sphere.separation(sphere.vector(*scattered), sphere.vector(ra, dec))
    assert places(found) == expected(scattered, apart <= radius)
    there = {path.name for path in folder.glob("[0-9]*.fits")}
    needed = {f"{number}.fits" for number in htm.cone(ra, dec, radius, 5)} & there
    assert sorted(opened) == sorted(needed) or (not needed and opened == ["master_schema.fits"])
    assert len(needed) < len(there)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ((1, 3), (-2, 2)),
        ((359, 1), (-1, 1)),
        ((-1, 1), (-1, 1)),
        ((350, 10), (85, 90)),
        ((0, 360), (88, 90)),
    ]
    + [((5 * units.deg, 0.1 * units.rad), (0 * units.deg, 300 * units.arcmin))],
)
def test_a_box_has_its_sources_also_over_the_meridian(folder, scattered, opened, ra, dec):
    west, east, south, north = (units.Quantity(angle, units.deg).value for angle in (*ra, *dec))
    off = (scattered[0] - west) % 360
    inside = (off <= (east - west if east > west else east - west + 360)) & (scattered[1] >= south)
    assert places(ReferenceCatalog(folder).box(ra, dec)) == expected(
        scattered, inside & (scattered[1] <= north)
    )
    assert 0 < len(opened) < len(list(folder.glob("[0-9]*.fits")))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("ra", "dec"), [([359, 2, 1], [-1, 0, 3]), ([0, 90, 180, 270], [87, 88, 87, 88])]
)
def test_a_polygon_has_its_sources(folder, scattered, opened, ra, dec, order):
    found = ReferenceCatalog(folder).polygon(SkyCoord(ra[::order], dec[::order], unit="deg"))
    inside = htm.in_polygon(*scattered, htm.convex(ra, dec))
    assert inside.any()
    assert places(found) == expected(scattered, inside)
    assert 0 < len(opened) < len(list(folder.glob("[0-9]*.fits")))


def test_a_shard_that_is_missing_in_the_middle_has_no_sources(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    centre = SkyCoord(0.5, 0.5, unit="deg")
    whole = ReferenceCatalog(copy).cone(centre, 2)
    number = int(htm.index(0.5, 0.5, 5))
    lost = htm.index(*refcat.positions(whole), 5) == number
    assert lost.any()
    (copy / f"{number}.fits").unlink()
    assert places(ReferenceCatalog(copy).cone(centre, 2)) == places(whole[~lost])


@pytest.mark.parametrize(
    "damage", [lambda content: content[:4000], lambda _: b"nothing", lambda _: b""]
)
def test_a_damaged_shard_is_an_error_that_names_it(folder, tmp_path, damage):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    path = copy / f"{int(htm.index(0.5, 0.5, 5))}.fits"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatterError, match=path.name):
        ReferenceCatalog(copy).cone(SkyCoord(0.5, 0.5, unit="deg"), 2)
    # which has nothing to do with it
    assert len(ReferenceCatalog(copy).cone(SkyCoord(0, 88, unit="deg"), 1))


def test_where_there_are_no_sources_there_are_the_columns(folder):
    found = ReferenceCatalog(folder).cone(SkyCoord(180, -45, unit="deg"), 1)
    assert len(found) == 0
    assert found.colnames == ReferenceCatalog(folder).columns
    assert found["g_flux"].unit == units.nJy


def test_a_catalog_without_a_schema_takes_a_shards(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "master_schema.fits").unlink()
    assert ReferenceCatalog(copy).columns == ReferenceCatalog(folder).columns
    for path in copy.glob("*.fits"):
        path.unlink()
    with pytest.raises(FormatterError, match=r"has no master_schema\.fits, and no shards"):
        ReferenceCatalog(copy).cone(SkyCoord(0, 0, unit="deg"), 1)


@pytest.mark.parametrize(
    ("in_shard", "in_config", "flux"),
    [(1, 1, 2000), (1, 0, 2000), (None, 0, 2000), (0, 0, 2000), (None, None, 2000), (0, 1, 2000)],
)
def test_fluxes_of_each_format_are_in_nanojansky(tmp_path, in_shard, in_config, flux):
    text = CONFIG + ("" if in_config is None else f"config.format_version={in_config}\n")
    fill(tmp_path / "cat", np.array([1.0]), np.array([2.0]), version=in_shard, config=text)
    found = ReferenceCatalog(tmp_path / "cat").cone(SkyCoord(1, 2, unit="deg"), 1)
    assert found["g_flux"].tolist() == pytest.approx([flux])
    assert found["g_fluxErr"].tolist() == pytest.approx([1.0 if in_shard else 1e9])
    assert {str(found[name].unit) for name in ("g_flux", "g_fluxErr")} == {"nJy"}
    assert ReferenceCatalog(tmp_path / "cat").info().format_version == (
        in_shard or 0 if in_shard is not None else in_config or 0
    )


def test_fluxes_without_a_unit_are_in_that_of_the_format(tmp_path):
    fill(tmp_path / "cat", np.array([1.0]), np.array([2.0]), version=1, with_units=False)
    found = ReferenceCatalog(tmp_path / "cat").cone(SkyCoord(1, 2, unit="deg"), 1)
    assert (found["g_flux"].tolist(), str(found["g_flux"].unit)) == ([2000.0], "nJy")


def test_flags_have_columns_of_their_own(folder):
    found = ReferenceCatalog(folder).cone(SkyCoord(0, 0, unit="deg"), 1)
    ra, _dec = refcat.positions(found)
    assert found["pm_flag"].tolist() == (ra > 10).tolist()
    assert found["photometric"].all()
    assert "flags" not in found.colnames


# -- proper motions
# ----------------------------------------------------------------------------------------


def moving(tmp_path, unit="rad"):
    """Return a catalog: one source to the east, one to the north near the pole, one flagged, one without."""
    ra, dec = np.array([1.0, 5.0, 20.0, 3.0]), np.array([60.0, 89.9995, 0.0, -1.0])
    second = np.radians(1 / 3600)
    fill(
        tmp_path / "cat", ra, dec,
        epoch=("D", None, np.full(4, EPOCH)),
        pm_ra=("E", unit, np.array([second, 0, second, np.nan], "f4")),
        pm_dec=("E", unit, np.array([0, second, second, 0], "f4")),
        pm_raErr=("E", unit, np.full(4, second / 10, "f4")),
        pm_decErr=("E", unit, np.zeros(4, "f4")),
        coord_raErr=("E", "rad", np.full(4, second / 4, "f4")),
        coord_decErr=("E", "rad", np.full(4, second / 4, "f4")),
    )  # fmt: skip
    return ReferenceCatalog(tmp_path / "cat")


@pytest.mark.parametrize("unit", ["rad", "rad/year", "rad / yr"])
def test_sources_are_moved_to_an_epoch_on_request(tmp_path, unit):
    catalog = moving(tmp_path, unit)
    epoch = Time(EPOCH + 10 * 365.25, format="mjd", scale="tai")
    still = catalog.box((0, 360), (-90, 90))
    found = catalog.box((0, 360), (-90, 90), epoch=epoch.utc)
    still.sort("coord_dec")
    order = {round(ra): row for row, ra in enumerate(refcat.positions(found)[0])}
    ra, dec = refcat.positions(found)
    # pm_ra has the cosine
    assert ra[order[1]] == pytest.approx(1 + 10 / 3600 / np.cos(np.radians(60)), abs=1e-9)
    assert dec[order[1]] == pytest.approx(60, abs=1e-6)
    assert (ra[order[185]], dec[order[185]]) == pytest.approx(
        (185, 180 - 89.9995 - 10 / 3600), abs=1e-8
    )  # over the pole
    assert (ra[order[20]], dec[order[20]]) == pytest.approx((20, 0), abs=1e-12)  # flagged
    assert (ra[order[3]], dec[order[3]]) == pytest.approx((3, -1), abs=1e-12)  # not known
    assert found["epoch"][order[1]] == pytest.approx(epoch.mjd)
    assert found["epoch"][order[20]] == EPOCH
    errors = np.degrees(np.asarray(found["coord_raErr"], float)) * 3600
    assert errors[order[1]] == pytest.approx(np.hypot(0.25, 1), rel=1e-6)
    assert errors[order[20]] == pytest.approx(0.25, rel=1e-6)
    assert np.degrees(float(np.asarray(found["coord_decErr"])[order[1]])) * 3600 == pytest.approx(
        0.25, rel=1e-6
    )


def test_sources_are_chosen_where_they_are_at_the_epoch(tmp_path):
    catalog = moving(tmp_path)
    here = SkyCoord(1, 60, unit="deg")
    assert len(catalog.cone(here, 5 * units.arcsec)) == 1
    assert (
        len(
            catalog.cone(
                here, 5 * units.arcsec, epoch=Time(EPOCH + 3652.5, format="mjd", scale="tai")
            )
        )
        == 0
    )
    assert (
        len(
            catalog.cone(
                here, 15 * units.arcsec, epoch=Time(EPOCH + 3652.5, format="mjd", scale="tai")
            )
        )
        == 1
    )


def test_motion_agrees_with_astropys(tmp_path):
    catalog = moving(tmp_path)
    epoch = Time(EPOCH - 5000, format="mjd", scale="tai")
    found = catalog.cone(SkyCoord(1, 60, unit="deg"), 1, epoch=epoch)
    start = SkyCoord(
        1 * units.deg, 60 * units.deg, pm_ra_cosdec=1 * units.arcsec / units.yr, pm_dec=0 * units.arcsec / units.yr,
        distance=100 * units.pc, obstime=Time(EPOCH, format="mjd", scale="tai"),
    )  # fmt: skip
    there = start.apply_space_motion(epoch)
    assert (
        there.separation(SkyCoord(found["coord_ra"], found["coord_dec"], unit="rad")).arcsec.max()
        < 1e-3
    )


def test_motions_that_are_no_angles_are_not_applied_and_that_is_said(tmp_path):
    catalog = moving(tmp_path, unit=None)
    whole = catalog.box((0, 360), (-90, 90))
    with pytest.warns(UserWarning, match="cat has no proper motions that could be applied"):
        found = catalog.box((0, 360), (-90, 90), epoch=Time("J2030"))
    assert places(found) == places(whole)


# -- catalogs
# ----------------------------------------------------------------------------------------------


def test_catalogs_are_listed_side_by_side(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "new")
    fill(tmp_path / "old", np.array([1.0]), np.array([2.0]), depth=3, version=None)
    (tmp_path / "no_catalog").mkdir()
    (tmp_path / "a_file").write_text("")
    new, old = versions(tmp_path)
    assert (new.name, new.path, new.depth, new.format_version) == (
        "invented",
        str(tmp_path / "new"),
        5,
        1,
    )
    assert (old.depth, old.format_version, old.shards) == (3, 0, 1)
    assert new.shards == len(list(folder.glob("[0-9]*.fits")))
    assert (
        old.columns == new.columns == ("id", "coord_ra", "coord_dec", "g_flux", "g_fluxErr", *FLAGS)
    )


def test_a_catalog_without_a_name_is_called_as_its_directory_and_of_depth_7(tmp_path):
    fill(
        tmp_path / "bare",
        np.array([1.0]),
        np.array([2.0]),
        depth=7,
        config="config.indexer.name='HTM'\n",
    )
    catalog = ReferenceCatalog(tmp_path / "bare")
    assert (catalog.name, catalog.depth) == ("bare", 7)
    assert len(catalog.cone(SkyCoord(1, 2, unit="deg"), 1)) == 1


def test_a_configuration_is_not_run(tmp_path):
    (tmp_path / "config.py").write_text(f"open({str(tmp_path / 'hacked')!r}, 'w')\n")
    with pytest.raises(UnsafeContent, match="nothing was run"):
        ReferenceCatalog(tmp_path)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "is not a reference catalog: it has no config.py"),
        ("config.indexer.name='Flat'", "is indexed by Flat; only HTM is known"),
        (
            "config.indexer['HTM'].depth=6",
            r"\d+\.fits is not a trixel of depth 6, the depth in config\.py",
        ),
    ],
)
def test_what_is_no_catalog_of_ours_is_refused(folder, tmp_path, config, message):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "config.py").unlink()
    if config:
        (copy / "config.py").write_text(config)
    with pytest.raises(FormatterError, match=message):
        ReferenceCatalog(copy).cone(SkyCoord(0, 0, unit="deg"), 1)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (Table({"id": [1]}), "it has no column coord_ra"),
        (
            Table({"coord_ra": [0.0], "coord_dec": [0.0], "g_flux": [1.0] * units.m}),
            "its column g_flux is in m",
        ),
    ],
)
def test_a_table_of_other_things_is_refused_by_name(tmp_path, table, message):
    fill(tmp_path / "cat", np.array([1.0]), np.array([2.0]))
    (path,) = (tmp_path / "cat").glob("[0-9]*.fits")
    table.write(path, overwrite=True)
    with pytest.raises(FormatterError, match=f"{path.name}: {message}"):
        ReferenceCatalog(tmp_path / "cat").cone(SkyCoord(1, 2, unit="deg"), 1)


@pytest.mark.parametrize(
    "ask",
    [
        lambda catalog: catalog.cone(SkyCoord([1, 2], [3, 4], unit="deg"), 1),
        lambda catalog: catalog.cone((1, 2), 1),
        lambda catalog: catalog.box((0, 1), (2, 1)),
        lambda catalog: catalog.box((0, 1), (-91, 1)),
        lambda catalog: catalog.polygon(SkyCoord([0, 1, 0, 1], [0, 1, 1, 0], unit="deg")),
    ],
)
def test_a_region_that_cannot_be_meant_is_refused(folder, ask):
    with pytest.raises(DataIdError):
        ask(ReferenceCatalog(folder))


def test_a_butler_finds_a_catalog_in_its_repositories(folder, root, tmp_path):
    shutil.copytree(folder, root / "ref_cats" / "invented")
    butler = Butler(inputs=str(root), outputs=str(tmp_path / "out"))
    catalog = ReferenceCatalog.of(butler, "invented")
    assert Path(catalog.path) == root / "ref_cats" / "invented"
    with pytest.raises(NoResults):
        ReferenceCatalog.of(butler, "gaia")


@pytest.mark.real
@pytest.mark.parametrize(("name", "count", "depth"), [("gaia", 181, 8), ("ps1", 14781, 7)])
def test_real_shards_are_read_whole(real, name, count, depth):
    catalog = ReferenceCatalog(real / "refcats" / name)
    (number,) = catalog.shards
    assert (catalog.depth, catalog.info().format_version) == (depth, 0)
    found = catalog.cone(SkyCoord(156.5, -6, unit="deg"), 2)
    assert len(found) == count
    ra, dec = refcat.positions(found)
    assert (htm.index(ra, dec, depth) == number).all()
    fluxes = [column for column in found.colnames if "_flux" in column]
    assert fluxes
    assert not [column for column in fluxes if column.endswith("Sigma")]
    assert {str(found[column].unit) for column in fluxes} == {"nJy"}
    with fits.open(real / "refcats" / name / f"{number}.fits") as hdus:
        assert np.allclose(
            found[fluxes[0]], hdus[1].data[fluxes[0]] * 1e9, rtol=1e-12, equal_nan=True
        )


@pytest.mark.real
def test_real_sources_are_found_in_a_cone(real):
    catalog = ReferenceCatalog(real / "refcats" / "ps1")
    ra, dec = refcat.positions(catalog.cone(SkyCoord(156.5, -6, unit="deg"), 2))
    apart = sphere.separation(sphere.vector(ra, dec), sphere.vector(156.3, -5.7))
    found = catalog.cone(SkyCoord(156.3, -5.7, unit="deg"), 6 * units.arcmin)
    assert len(found) == (apart <= 0.1).sum() > 100
    with pytest.warns(UserWarning, match="no proper motions"):
        catalog.cone(SkyCoord(156.3, -5.7, unit="deg"), 0.1, epoch=Time("J2020"))
