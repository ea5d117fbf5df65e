"""Every real file as the object that it is, through a Butler; nothing in their folders is changed by that.

The values are those of the headers and of doc/gen2/afw-files.md, 2.2, or were computed with astropy alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from persistence import Butler, Exposure, FormatterError
from persistence.skymap.rings import RingsSkyMap
from persistence.types.archives.archive import Unknown
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.metadata.config import Config
from persistence.types.metadata.defects import Defects
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.table.catalog import Catalog
from persistence.types.table.footprint import Footprint, HeavyFootprint
from persistence.types.wcs.skywcs import SkyWcs

pytestmark = pytest.mark.real
FOLDERS = ("afw_files", "refcats", "gen2_repos", "decam_instcal")
# What a repository is made of beside its data; test_real_repositories opens each.
OF_REPOSITORIES = (
    "_mapper",
    "_parent",
    "repositoryCfg.yaml",
    "registry.sqlite3",
    "calibRegistry.sqlite3",
    "ReadMe.md",
)


class Kind(NamedTuple):
    """What a policy says of a file, what comes of it, and what that is asked."""

    python: str
    made: type
    ask: Callable[[Any], tuple[Any, ...]]
    storage: str = "FitsStorage"


def sky(wcs: Any, *pixels: tuple[float, float]) -> tuple[float, ...]:
    return tuple(float(degrees) for pixel in pixels for degrees in wcs.wcs_pix2world([pixel], 0)[0])


def positions(wcs: SkyWcs, *pixels: tuple[float, float]) -> tuple[float, ...]:
    return tuple(
        float(degrees) for pixel in pixels for degrees in wcs.pixel_to_world_values(*pixel)
    )


def total(exposure: Exposure) -> tuple[Any, ...]:
    return (*exposure.image.shape, float(exposure.image.sum(dtype="f8")))


def parts(exposure: Exposure) -> tuple[Any, ...]:
    name = exposure.filter and exposure.filter.name
    return (*total(exposure), name, " ".join(sorted(exposure.components)))


def whole(exposure: Exposure) -> tuple[Any, ...]:
    """Return of an exposure of afw's: its planes, its calibration, where it lies on the sky."""
    assert exposure.mask is not None
    assert exposure.variance is not None
    assert exposure.photo_calib is not None
    flagged = tuple(exposure.mask.counts().items())
    # The header's WCS has the file's pixels; the positions are those of the parent's.
    x0, y0 = exposure.origin
    there = tuple((x - x0, y - y0) for x, y in PIXELS)
    variance = float(exposure.variance.mean(dtype="f8"))
    return (
        *parts(exposure),
        flagged,
        variance,
        exposure.photo_calib.mean,
        *sky(exposure.wcs, *there),
    )


def model(exposure: Exposure) -> tuple[Any, ...]:
    """Return of an exposure's PSF and of its other components."""
    image = exposure.psf.kernel_image(0, 0)
    centre = image.array[image.array.shape[0] // 2, image.array.shape[1] // 2]
    return (
        *parts(exposure),
        image.array.shape,
        float(image.array.sum()),
        float(centre),
        len(exposure.ap_corr_map),
    )


def counts(catalog: Catalog) -> tuple[Any, ...]:
    """Count rows, columns, and the flags among these."""
    return (
        len(catalog),
        len(catalog.colnames),
        sum(catalog[name].dtype == bool for name in catalog.colnames),
    )


def footprint(found: Footprint) -> tuple[Any, ...]:
    return (found.area, found.bbox, len(found.getPeaks()))


def heavy(found: HeavyFootprint) -> tuple[Any, ...]:
    return (
        *footprint(found),
        float(found.getImageArray().sum(dtype="f8")),
        float(found.getVarianceArray().sum(dtype="f8")),
    )


def frame(exposure: Exposure) -> tuple[Any, ...]:
    """Return of a calibration frame: its planes are of one shape."""
    assert exposure.mask is not None
    assert exposure.variance is not None
    shapes = {exposure.image.shape, exposure.mask.array.shape, exposure.variance.shape}
    detector = exposure.detector
    return (
        *shapes,
        detector.id,
        detector.name,
        len(detector.amplifiers),
        exposure.metadata["CALIB_ID"][-10:],
    )


def observed(exposure: Exposure) -> tuple[Any, ...]:
    header, band = exposure.metadata, str(exposure.filter)[0]
    return (
        *exposure.image.shape,
        header["CCDNUM"],
        header["EXPNUM"],
        exposure.visit_info.exposure_time,
        band,
    )


def visit(info: VisitInfo) -> tuple[Any, ...]:
    return (
        info.exposure_id,
        info.exposure_time,
        info.ra,
        info.dec,
        info.date_avg.isot,
        info.instrument,
    )


TABLE, IMAGE = "FitsCatalogStorage", "lsst.afw.image.ExposureF"
PIXELS = ((0, 0), (7, 3), (1000, 2000))
TANGENT = (1530.1824767147, 1530.1824767147)

PARTS, WHOLE, MODEL, FRAME, INSTCAL = (
    Kind(IMAGE, Exposure, ask) for ask in (parts, whole, model, frame, observed)
)
SOURCES = Kind("lsst.afw.table.SourceCatalog", Catalog, counts, TABLE)
ROWS = Kind("lsst.afw.table.BaseCatalog", Catalog, counts, TABLE)
EXPOSURES = Kind("lsst.afw.table.ExposureCatalog", Catalog, counts, TABLE)
CALIB = Kind("lsst.afw.image.PhotoCalib", PhotoCalib, lambda it: (it.mean, it.error))
VISIT = Kind("lsst.afw.image.VisitInfo", VisitInfo, visit)
TAN = Kind("lsst.afw.image.TanWcs", SkyWcs, lambda it: positions(it, (0, 0), TANGENT))
SKY = Kind("lsst.afw.geom.SkyWcs", SkyWcs, lambda it: positions(it, *PIXELS))
SKY_MAP = Kind(
    "lsst.skymap.BaseSkyMap",
    RingsSkyMap,
    lambda it: (len(it), it.getSha1().hex(), it[6312].centre.ra.deg, it[6312].centre.dec.deg),
    "PickleStorage",
)
SETTINGS = ("ref_dataset_name", "indexer['HTM'].depth")
CONFIG = Kind(
    "lsst.meas.algorithms.DatasetConfig",
    Config,
    lambda it: tuple(map(it.__getitem__, SETTINGS)),
    "ConfigStorage",
)
HEAVY = Kind("lsst.afw.detection.HeavyFootprintF", HeavyFootprint, heavy)
FOOTPRINT = Kind("lsst.afw.detection.Footprint", Footprint, footprint)
RAW = Kind(
    "lsst.afw.image.ExposureU", Exposure, lambda it: (*total(it), it.filter and it.filter.name)
)
# The first amplifier of a raw of many; test_real_repositories has them put together.
AMPLIFIER = Kind(
    "lsst.afw.image.DecoratedImageI", Exposure, lambda it: (*it.image.shape, it.metadata["EXTNAME"])
)
WEIGHT = Kind("lsst.afw.image.DecoratedImageF", Exposure, observed)
QUALITY = Kind("lsst.afw.image.MaskX", Mask, lambda it: it.array.shape)
DEFECTS = Kind(
    "lsst.ip.isr.Defects",
    Defects,
    lambda it: (len(it), *it["x0", "y0", "width", "height"][0]),
    TABLE,
)

# Source: doc/gen2/afw-files.md, 2.2.
VERSIONS = (30.0, 39.99968573, 29.99979487, 40.00007857, 30.05136965, 40.11752535)
JOINTCAL = (213.87630500, 53.03696899, 213.87607198, 53.03665420, 213.72372039, 52.99028876)
FLAGGED = (("BAD", 1), ("INTRP", 1))
F0 = 3.630780547701013e12  # the flux of magnitude 0 (nJy): 10^(48.6/-2.5) * 1e32
INFO = (10313423, 10.01, 23.1, 73.2, "2037-09-20T02:24:00.000")
# of a Gaussian of sigma 1.5 in 11 x 11 pixels
PEAK = float(np.exp(-(np.arange(-5, 6) ** 2) / 4.5).sum() ** -2)
CALIBS = "gen2_repos/{0}/CALIB/{1}/{2}/{1}-{3}_{2}.fits"
RAWS = {
    "raw_v1_fg": (2496790727, "g"),
    "raw_v2_fg": (2593128614, "g"),
    "raw_v3_fr": (3139643425, "r"),
}
# CCDNUM, EXPNUM, EXPTIME and band of each triple.
TRIPLES = {
    ("140818_232043", "z_ls9.N12"): (43, 349590, 118.0, "z"),
    ("150329_083320", "r_ls9.N11"): (42, 425858, 68.0, "r"),
    ("150329_083505", "g_ls9.N11"): (42, 425859, 79.0, "g"),
    ("150412_073257", "z_ls9.N11"): (42, 432164, 80.0, "z"),
    ("180218_090701", "z_ls9.N10"): (41, 722778, 99.0, "z"),
    ("180518_044138", "r_ls9.N12"): (43, 747382, 75.0, "r"),
    ("180809_002630", "g_ls9.N12"): (43, 763152, 93.0, "g"),
    ("180908_000426", "g_ls9.N10"): (41, 770496, 100.0, "g"),
}


def rows_of(expnum: int) -> int:
    return 50 if expnum == 770496 else 51


# File: what it is, and the answers.
FILES: dict[str, tuple[Kind, tuple[Any, ...]]] = {
    "afw_files/CompoundFieldConversion.fits": (ROWS, (1, 28, 0)),
    "afw_files/ZPN.fits": (PARTS, (10, 10, 0.0, None, "")),
    "afw_files/archiveImportTest.fits": (PARTS, (1, 1, 0.0, None, "psf")),
    "afw_files/exposure-version-0.fits": (
        WHOLE,
        (10, 10, 4950.0, "ha", "detector wcs", FLAGGED, 1.0, F0 / 1e6, *VERSIONS),
    ),
    "afw_files/exposure-version-1.fits": (
        WHOLE,
        (10, 10, 4950.0, "ha", "detector photo_calib wcs", FLAGGED, 1.0, 1e6, *VERSIONS),
    ),
    "afw_files/exposure-version-2.fits": (
        WHOLE,
        (10, 10, 4950.0, "ha", "detector filter photo_calib wcs", FLAGGED, 1.0, 1e6, *VERSIONS),
    ),
    "afw_files/jointcal_wcs-0030600-088.fits": (SKY, JOINTCAL),
    "afw_files/legacyHeavyFootprint.fits": (
        HEAVY,
        (552, Box(1779, 4102, 24, 30), 1, 749.3461553103734, 26508.294151306152),
    ),
    "afw_files/preSpanSetsFootprint.fits": (FOOTPRINT, (15738, Box(32676, 27387, 175, 153), 48)),
    "afw_files/oldTanSipWcs.fits": (
        TAN,
        (42.45891609, 43.87867213, 43.035511801383, 44.305697682784),
    ),
    "afw_files/oldTanWcs.fits": (TAN, (42.45882694, 43.8786054, 43.035511801383, 44.305697682784)),
    "afw_files/photoCalib-noversion.fits": (CALIB, (123 * F0, 45 * F0)),
    "afw_files/photoCalib-version0.fits": (CALIB, (123 * F0, 45 * F0)),
    "afw_files/photoCalib-version1.fits": (CALIB, (123.0, 45.0)),
    "afw_files/ps1-refcat-v1.fits": (SOURCES, (10, 22, 0)),
    # Its identity and the centre are those that the original computes for this configuration.
    "afw_files/skyMap-hsc.pickle": (
        SKY_MAP,
        (18938, "e29fe9f1008e359f36a3677e7d69cc439376d1e6", 270.3930131004367, -20.082644628099178),
    ),
    "afw_files/sourceCatalog-hsc-v2.fits": (SOURCES, (5, 228, 114)),
    "afw_files/sourceTable-v1.fits": (SOURCES, (3, 20, 3)),
    "afw_files/sourceTable-v2.fits": (SOURCES, (3, 20, 3)),
    "afw_files/version-0-ExposureCatalog.fits": (EXPOSURES, (1, 8, 0)),
    "afw_files/version-1-ExposureCatalog.fits": (EXPOSURES, (1, 9, 0)),
    "afw_files/visitInfo-noversion.fits": (VISIT, (*INFO, None)),
    **{
        f"afw_files/visitInfo-version-{number}.fits": (VISIT, (*INFO, "TestCameraOne"))
        for number in (1, 2, 3)
    },
    "refcats/gaia/config.py": (CONFIG, ("gaia", 8)),
    "refcats/gaia/628864.fits": (SOURCES, (181, 6, 0)),
    "refcats/gaia/master_schema.fits": (SOURCES, (0, 6, 0)),
    "refcats/ps1/config.py": (CONFIG, ("ps1_pv3_3pi_20170110", 7)),
    "refcats/ps1/157216.fits": (SOURCES, (14781, 22, 0)),
    "refcats/ps1/master_schema.fits": (SOURCES, (0, 22, 0)),
    CALIBS.format("imsim", "bias", "2022-01-01", "R11-S20-det042"): (
        FRAME,
        ((4000, 4072), 42, "R11_S20", 16, "2022-01-01"),
    ),
    CALIBS.format("imsim", "dark", "2022-01-01", "R11-S20-det042"): (
        FRAME,
        ((4000, 4072), 42, "R11_S20", 16, "2022-01-01"),
    ),
    "gen2_repos/imsim/CALIB/flat/i_sim_1.4/2022-08-06/flat_i_sim_1.4-R11-S20-det042_2022-08-06.fits": (
        FRAME,
        ((4000, 4072), 42, "R11_S20", 16, "2022-08-06"),
    ),
    CALIBS.format("latiss", "bias", "2018-09-21", "det000"): (
        FRAME,
        ((4000, 4072), 0, "RXX_S00", 16, "2018-09-21"),
    ),
    "gen2_repos/imsim/raw/204595/R11/00204595-R11-S20-det042.fits": (
        AMPLIFIER,
        (2048, 544, "Segment10"),
    ),
    "gen2_repos/latiss/raw/2018-09-20/3018092000065-det000.fits": (
        AMPLIFIER,
        (2048, 576, "Segment10"),
    ),
    **{
        f"gen2_repos/min_camera/raw/{raw}.fits.gz": (RAW, (2000, 1026, *known))
        for raw, known in RAWS.items()
    },
    **{
        f"gen2_repos/obs_test/input/raw/{raw}.fits.gz": (RAW, (2000, 1026, *known))
        for raw, known in RAWS.items()
    },
    "gen2_repos/obs_test/input/defects/defects.fits": (DEFECTS, (504, 151, 5, 1, 1)),
    "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz": (
        MODEL,
        (
            4,
            8,
            -132.68757650256157,
            "i",
            "ap_corr_map psf valid_polygon wcs",
            (11, 11),
            1.0,
            PEAK,
            14,
        ),
    ),
    **{
        f"decam_instcal/{folder}/c4d_{when}_{word}_{chip}.fits": (
            kind,
            (rows_of(known[1]), 41, *known),
        )
        for (when, chip), known in TRIPLES.items()
        for folder, word, kind in (("instcal", "ooi", INSTCAL), ("wtmap", "oow", WEIGHT))
    },
    **{
        f"decam_instcal/dqmask/c4d_{when}_ood_{chip}.fits": (QUALITY, (rows_of(known[1]), 41))
        for (when, chip), known in TRIPLES.items()
    },
}
# File: what the error says.
REFUSED = {
    f"gen2_repos/no_registry/foo-{name}.fits": "is not a FITS file: it is empty"
    for name in ("01-g", "01-h", "02-g", "02-h", "03-i")
}


def state(real: Path) -> dict[str, tuple[int, int, int]]:
    """Take down each file and directory with its mode, size and time."""
    found = {}
    for path in (
        inside for folder in FOLDERS for inside in [real / folder, *(real / folder).rglob("*")]
    ):
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return found


@pytest.fixture(scope="module")
def objects(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Butler]:
    """Yield a Butler on the real files where they lie, whose camera has a dataset type for each of them."""
    kinds = {name: kind for name, (kind, _answers) in FILES.items()} | dict.fromkeys(REFUSED, PARTS)
    types = {
        str(number): {"template": name, "python": kind.python, "storage": kind.storage}
        for number, (name, kind) in enumerate(kinds.items())
    }
    camera = tmp_path_factory.mktemp("camera") / "real.yaml"
    camera.write_text(yaml.safe_dump({"datasets": types}))
    before = state(real)
    yield Butler(real, mapper=str(camera))
    assert state(real) == before


def read(objects: Butler, name: str) -> Any:
    return objects.get(str([*FILES, *REFUSED].index(name)))


def is_same(found: Any, known: Any) -> bool:
    """Compare an answer to what is known of it: of positions that is eight places."""
    return bool(
        np.isclose(found, known, rtol=1e-10, atol=1e-8)
        if isinstance(known, float)
        else found == known
    )


def test_each_file_is_in_the_table(real: Path) -> None:
    there = {
        str(path.relative_to(real))
        for folder in FOLDERS
        for path in (real / folder).rglob("*")
        if path.is_file()
    }
    assert {name for name in there if Path(name).name not in OF_REPOSITORIES} == {*FILES, *REFUSED}


@pytest.mark.parametrize("name", FILES)
def test_it_is_read_as_what_it_is(objects: Butler, name: str) -> None:
    kind, answers = FILES[name]
    found = read(objects, name)
    assert type(found) is kind.made
    told = kind.ask(found)
    assert len(told) == len(answers)
    assert [pair for pair in zip(told, answers, strict=True) if not is_same(*pair)] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_file_of_its_kind_is_refused_by_name(objects: Butler, name: str) -> None:
    with pytest.raises(FormatterError, match=REFUSED[name]) as caught:
        read(objects, name)
    assert name in str(caught.value)


def test_a_class_that_nobody_knows_is_kept_as_it_was_stored(objects: Butler) -> None:
    psf = read(objects, "afw_files/archiveImportTest.fits").psf
    assert isinstance(psf, Unknown)
    assert psf.name == "DummyPsf"
