"""Bad input through a Butler: nothing is half read, nothing is run, and the error names the file."""

from __future__ import annotations

import gzip
import os
import pickle
import resource
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs_decam.headers import DecamHeaders
from persistence import Butler, DataIdError, Exposure, FormatterError, UnsafeContent
from persistence.files import fits_headers
from persistence.refcats import htm
from persistence.refcats.catalog import ReferenceCatalog
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.fields.boundedfield import ChebyshevField
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.table.catalog import Catalog

CAMERA = """
exposures:
  calexp: {template: calexp.fits, python: lsst.afw.image.ExposureF, storage: FitsStorage, recipe: noCompression}
  amplifier: {template: 'calexp.fits[17]', python: lsst.afw.image.DecoratedImageF, storage: FitsStorage}
datasets:
  calib: {template: calib.fits, python: lsst.afw.image.PhotoCalib, storage: FitsStorage}
  sources: {template: sources.fits, python: lsst.afw.table.SourceCatalog, storage: FitsCatalogStorage}
  thing: {template: thing.pickle, storage: PickleStorage}
  skyMap: {template: skyMap.pickle, python: lsst.skymap.BaseSkyMap, storage: PickleStorage}
  packages: {template: packages.pickle, python: lsst.base.Packages, storage: PickleStorage}
  settings: {template: settings.py, python: lsst.pex.config.Config, storage: ConfigStorage}
  ref_cat_config: {template: 'ref_cats/%(name)s/config.py', python: lsst.pex.config.Config, storage: ConfigStorage}
"""
_LONGEST, _MOST = 10, 300 * 1024  # seconds of CPU time, and KiB beyond what the process has
_SIZE = 4 * 6
FIELD = ChebyshevField(Box(0, 0, 6, 4), np.array([[2.0, 1.0]]))


@pytest.fixture
def butler(tmp_path: Path) -> Iterator[Butler]:
    """Yield a Butler on an empty repository; what a file would run would leave something beside it."""
    (tmp_path / "camera.yaml").write_text(CAMERA)
    root = {"root": str(tmp_path / "repo"), "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    yield Butler(outputs=root, cache=False)
    assert not (tmp_path / "hacked").exists()


def place(butler: Butler, name: str) -> Path:
    return Path(butler.getUri(name, write=True).partition("[")[0])


def exposure(bits: int = 1) -> Exposure:
    pixels = np.arange(_SIZE, dtype="f4").reshape(4, 6)
    mask = Mask(np.full((4, 6), bits, "i4"), {"BAD": 0, "CROSSTALK": 9})
    whole = Exposure(pixels, fits.Header({"EXPTIME": 30.0}), mask=mask, variance=pixels + 1)
    return whole.replaced(photo_calib=PhotoCalib(2.0, 0.1, FIELD))


def refused(
    butler: Butler, name: str, error: type[Exception], message: str, file: str, **data_id: Any
) -> None:
    folder = Path(butler.getUri(name, write=True)).parent
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(error, match=message) as caught:
        butler.get(name, **data_id)
    assert file in str(caught.value)
    assert {path: path.read_bytes() for path in before} == before


# -- FITS
# ----------------------------------------------------------------------------------------------------


def cut(path: Path, hdus: int, spare: int = 0) -> None:
    """Truncate a file behind some HDUs, or a little before the end of the last."""
    content = path.read_bytes()
    stop = [span for _cards, span in fits_headers.walk(str(path), content)][hdus - 1].stop
    path.write_bytes(content[: stop - spare])


def truncated_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes())[:-100])


def rewritten(change: Callable[[fits.HDUList], None]) -> Callable[[Path], None]:
    """Rewrite a file with astropy."""

    def rewrite(path: Path) -> None:
        with fits.open(path, mode="update") as hdus:
            change(hdus)

    return rewrite


def lead_nowhere(hdus: fits.HDUList) -> None:
    hdus[4].data["cat.archive"][:] = 99


def rows_beyond(hdus: fits.HDUList) -> None:
    hdus[4].data["row0"][:] = 1000


def of_itself(hdus: fits.HDUList) -> None:
    """Use the calibration's field as the calibration."""
    next(hdu for hdu in hdus[5:] if "field" in hdu.columns.names).data["field"][:] = hdus[0].header[
        "PHOTOCALIB_ID"
    ]


@pytest.mark.parametrize("name", ["calexp", "calexp.image", "calexp.mask", "calexp.photoCalib"])
def test_a_truncated_gzip_is_damage_whatever_is_read_of_its_data(butler: Butler, name: str) -> None:
    butler.put(exposure(), "calexp")
    truncated_gzip(place(butler, "calexp"))
    refused(butler, name, FormatterError, "damaged|truncated|end", "calexp.fits")


@pytest.mark.parametrize(
    ("name", "hdus", "spare", "message"),
    [
        ("calexp", 3, 2880, "truncated"),
        ("calexp", 4, 2880, "truncated"),
        ("calexp.variance", 4, 2880, "truncated"),
        ("calexp", 2, 2880, "truncated"),
        ("calexp", 1, 0, "no pixels"),
        ("amplifier", 4, 0, "no HDU 17"),
        ("calexp.photoCalib", 4, 0, "no archive where"),
    ],
)
def test_what_a_file_lacks_is_said(
    butler: Butler, name: str, hdus: int, spare: int, message: str
) -> None:
    butler.put(exposure(), "calexp")
    cut(place(butler, "calexp"), hdus, spare)
    refused(butler, name, FormatterError, message, "calexp.fits")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lead_nowhere, "table 99 is missing"),
        (rows_beyond, "rows"),
        (of_itself, "refer to each other in a circle"),
        (lambda hdus: hdus[0].header.set("AR_HDU", 77), "no HDU 76|no archive"),
        (lambda hdus: hdus[0].header.set("AR_HDU", 2), "no archive"),
        (lambda hdus: hdus[0].header.set("ARCHIVE_ID_PHOTOCALIB", 55), "no object 55"),
    ],
)
def test_an_archive_that_leads_nowhere_is_refused_and_the_pixels_are_not(
    butler: Butler, change: Callable[[fits.HDUList], None], message: str
) -> None:
    butler.put(exposure(), "calexp")
    rewritten(change)(place(butler, "calexp"))
    refused(butler, "calexp.photoCalib", FormatterError, message, "calexp.fits")
    whole = butler.get("calexp")
    assert whole.image.sum() == sum(range(_SIZE))
    with pytest.raises(FormatterError, match=message):
        _ = whole.photo_calib


def test_a_file_of_one_object_whose_archive_leads_nowhere_is_refused(butler: Butler) -> None:
    butler.put(PhotoCalib(2.0, 0.1), "calib")
    with fits.open(place(butler, "calib"), mode="update") as hdus:
        hdus[1].data["cat.archive"][:] = 99
    refused(butler, "calib", FormatterError, "table 99 is missing", "calib.fits")


def test_bits_of_a_mask_without_a_name_are_kept_and_told(butler: Butler) -> None:
    butler.put(exposure(bits=1 | 1 << 20), "calexp")
    for mask in (butler.get("calexp").mask, butler.get("calexp.mask")):
        assert (mask.array == 1 | 1 << 20).all()
        assert mask.unnamed == (20,)
        assert "no name for bits 20" in str(mask)
    butler.put(butler.get("calexp"), "calexp")
    assert butler.get("calexp.mask").unnamed == (20,)


@pytest.mark.parametrize("version", [4, -1, 1.5, "new"])
@pytest.mark.parametrize("name", ["sources", "sources_schema"])
def test_a_table_of_an_unknown_version_is_refused(butler: Butler, name: str, version: Any) -> None:
    butler.put(Catalog({"id": np.arange(3)}), "sources")
    with fits.open(place(butler, "sources"), mode="update") as hdus:
        hdus[1].header["AFW_TYPE"] = "SOURCE"
        hdus[1].header["HIERARCH AFW_TABLE_VERSION"] = version
    refused(
        butler, name, FormatterError, "versions 0 to 3 of afw's tables are known", "sources.fits"
    )


# -- pickles
# -------------------------------------------------------------------------------------------------


class Call:
    """Becomes a call as it is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


_DEEP = 200_000
BOMBS: dict[str, Callable[[Path], bytes]] = {
    "a command": lambda folder: pickle.dumps(Call(os.system, f"touch {folder}/hacked")),
    "a command inside": lambda folder: pickle.dumps(
        {"a": [Call(os.system, f"touch {folder}/hacked")]}, 0
    ),
    "code": lambda folder: pickle.dumps(Call(eval, f"open({str(folder / 'hacked')!r}, 'w')")),
    "a file": lambda folder: pickle.dumps(Call(open, str(folder / "hacked"), "w")),
    "deep lists": lambda _: b"\x80\x04" + b"]" * _DEEP + b"a" * (_DEEP - 1) + b".",
    "a deep key": lambda _: b"\x80\x04}" + b")" + b"\x85" * _DEEP + b"Ns.",
    "huge bytes": lambda _: b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"abc.",
    "huge bytes made": lambda _: pickle.dumps(Call(bytes, 1 << 36)),
    "a huge array": lambda _: pickle.dumps(Call(np.ndarray, (1 << 36,))),
    "a far memo": lambda _: b"\x80\x04Nr\xff\xff\xff\x7f.",
}


def fate(butler: Butler, name: str) -> str:
    """Get an object in a process of its own; gives what was raised, or the signal that ended it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST, _LONGEST))
        before, told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "read"
        resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))
        try:
            butler.get(name)
        except BaseException as error:  # it is told to the parent
            told = f"{type(error).__name__}: {error}"
        took = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(writer, (told if took < _MOST else f"took {took} KiB").encode()[:2000])
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader) as stream:
        return stream.read() or f"ended by {os.waitstatus_to_exitcode(status)}"


@pytest.mark.parametrize("name", ["thing", "skyMap", "packages"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_pickle_that_is_a_bomb_is_refused(
    butler: Butler, tmp_path: Path, name: str, bomb: str
) -> None:
    place(butler, name).write_bytes(BOMBS[bomb](tmp_path))
    told = fate(butler, name)
    # lists have no hash that calls itself
    harmless = told == "read" and (name, bomb) == ("thing", "deep lists")
    assert harmless or (
        told.startswith(("UnsafeContent", "FormatterError")) and f"{name}.pickle" in told
    )


# -- configurations
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "for number in range(3): config.a=number",
        "while True: pass",
        "import os; os.system('touch {}')",
        "from hacking import touch\ntouch('{}')",
        "config.a=__import__('os').system('touch {}')",
        "config.a=open('{}', 'w')",
        "config.load('{}')",
        "exec(\"open('{}', 'w')\")",
        "def touch(): open('{}', 'w')",
        "config.a=[touch for touch in (1,)]",
    ],
)
def test_a_configuration_that_is_a_program_is_refused(
    butler: Butler, tmp_path: Path, statement: str
) -> None:
    text = f"import lsst.x\nassert type(config)==lsst.x.Config, 'no'\n{statement.format(tmp_path / 'hacked')}\n"
    place(butler, "settings").write_text(text)
    refused(butler, "settings", UnsafeContent, ":[34]:", "settings.py")


def test_a_module_that_a_configuration_names_is_not_imported(
    butler: Butler, tmp_path: Path
) -> None:
    module = tmp_path / "hacking.py"
    module.write_text(f"open({str(tmp_path / 'hacked')!r}, 'w')\n")
    place(butler, "settings").write_text(
        f"import sys\nimport hacking\nimport {tmp_path.name}.hacking\nconfig.a=1\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        assert dict(butler.get("settings")) == {"a": 1}


# -- reference catalogs
# --------------------------------------------------------------------------------------


def test_a_shard_that_is_missing_in_the_middle_of_a_cone_has_no_sources(butler: Butler) -> None:
    folder = place(butler, "sources").parent / "ref_cats" / "invented"
    folder.mkdir(parents=True)
    (folder / "config.py").write_text(
        "config.ref_dataset_name='invented'\nconfig.indexer['HTM'].depth=6\n"
    )
    ra, dec = (axis.ravel() for axis in np.meshgrid(np.linspace(8, 12, 80), np.linspace(3, 7, 80)))
    trixels = htm.index(ra, dec, 6)
    for number in set(trixels.tolist()):
        rows = trixels == number
        made = Catalog(
            {
                "id": np.flatnonzero(rows),
                "coord_ra": np.radians(ra[rows]),
                "coord_dec": np.radians(dec[rows]),
            }
        )
        for name in ("coord_ra", "coord_dec"):
            made[name].unit = "rad"
        butler.put(made, "sources")
        shutil.move(place(butler, "sources"), folder / f"{number}.fits")
    catalog = ReferenceCatalog.of(butler, "invented")
    whole = catalog.cone(SkyCoord(10, 5, unit="deg"), 1)
    (middle,) = {int(htm.index(10.0, 5.0, 6))}
    lost = np.isin(whole["id"], np.flatnonzero(trixels == middle))
    assert lost.any()
    assert not lost.all()
    shard = folder / f"{middle}.fits"
    shard.rename(folder / "elsewhere")
    rest = ReferenceCatalog.of(butler, "invented").cone(SkyCoord(10, 5, unit="deg"), 1)
    assert set(rest["id"]) == set(whole["id"][~lost])
    shard.write_bytes(b"SIMPLE  =")
    with pytest.raises(FormatterError, match=shard.name):
        ReferenceCatalog.of(butler, "invented").cone(SkyCoord(10, 5, unit="deg"), 1)


# -- printing
# ----------------------------------------------------------------------------------------------

# Keywords that mean something to some part of an exposure, or to a camera.
_MEANING = [
    "EXPTIME", "DARKTIME", "DATE-OBS", "TIMESYS", "RA", "DEC", "TELRA", "TELDEC", "AIRMASS", "EXPNUM", "FILTER",
    "CCDNUM", "DETPOS", "MAGZERO", "BUNIT", "OBSTYPE", "FLUXMAG0", "CTYPE1", "CTYPE2", "CRVAL1", "CRPIX1", "CD1_1",
    "CTYPE1A", "CRPIX1A", "CRVAL1A", "INHERIT", "EQUINOX", "RADESYS", "BIASSECA", "DATASECA", "GAINA", "HA", "ZD",
    "OBS-LAT", "OBS-LONG", "OBJECT", "MJD-OBS", "EXPINFO_V", "ROTTYPE", "EXPID", "DATE-AVG", "BORE-RA",
]  # fmt: skip
_WRITTEN = st.sampled_from(
    ["", "NaN", "2015_0218", "T", "-1", "1E999", "'thirty'", "'31/02/99'", "''", "'open", "NGC 1", "(1,2)", "'RA---TAN'",
     "'DEC--TAN'", "'a\x1bb'", "'2015-02-18T03:00:00'", "'unknown unit'", "99999999999999999999", "'[1:2,3:4]'", "0.0"]
)  # fmt: skip
_PARTS = (
    "wcs psf photo_calib filter visit_info detector unit bbox metadata observers_metadata".split()
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cards=st.dictionaries(st.sampled_from(_MEANING), _WRITTEN, max_size=12), decam=st.booleans())
def test_an_exposure_of_any_header_can_be_printed(
    tmp_path_factory: pytest.TempPathFactory, cards: dict[str, str], decam: bool
) -> None:
    root = tmp_path_factory.mktemp("printed")
    lines = [
        "SIMPLE  =                    T",
        "BITPIX  =                   16",
        "NAXIS   =                    2",
    ]
    lines += ["NAXIS1  =                    4", "NAXIS2  =                    3"]
    text = "".join(
        f"{line:80}"
        for line in [*lines, *[f"{key:8}= {value}" for key, value in cards.items()], "END"]
    )
    (root / "calexp.fits").write_bytes(
        text.encode("latin-1").ljust(-(-len(text) // 2880) * 2880) + bytes(2880)
    )
    (root / "camera.yaml").write_text(CAMERA)
    (root / "_mapper").write_text("camera.yaml\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = Butler(root).get("calexp")
        exposure = read.replaced(translator=DecamHeaders()) if decam else read
        assert str(exposure).startswith("Exposure of 4 x 3 pixels")
        assert repr(exposure).startswith("Exposure of ")
        for name in _PARTS:
            try:
                part = getattr(exposure, name)
            except (FormatterError, DataIdError):  # which say what is wrong
                continue
            assert isinstance(str(part) + repr(part), str)
