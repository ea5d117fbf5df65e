"""Fields to process: created once by the realistic generator, and ingested into repositories."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from obs_decam.sample.facts import LAYOUTS, Layout
from obs_decam.sample.realistic import generate
from obs_decam.sample.realistic.scene import Numbers
from obs_decam.sample.realistic.seeing import Seeing
from persistence.cli import ingest_calibs, ingest_curated, ingest_images

CHIP = generate.CHIP


class Field(NamedTuple):
    """A field of the generator.

    Attributes
    ----------
    name : `str`
        Its directory.
    seed : `int`
        The seed of its random numbers.
    visits : `tuple` [`dict`, ...]
        Its epochs; see `~obs_decam.sample.realistic.epochs.plan`.
    size : `str`
        A name in `~obs_decam.sample.facts.LAYOUTS`.
    numbers : `~obs_decam.sample.realistic.scene.Numbers`
        The numbers of its objects.
    rays : `int`
        Cosmic rays in an exposure.
    """

    name: str
    seed: int
    visits: tuple[dict[str, Any], ...] = generate.VISITS
    size: str = "full"
    numbers: Numbers = Numbers(transients=300, variables=60)
    rays: int = 80

    @property
    def layout(self) -> Layout:
        """The chip's size."""
        return LAYOUTS[self.size]


class Truth(NamedTuple):
    """The true properties of an exposure.

    Attributes
    ----------
    stars, galaxies, transients, rays : `~astropy.table.Table`
        See `~obs_decam.sample.realistic.generate.seen`; ``rays`` are pixels that cosmic rays hit.
    wcs : `~astropy.wcs.WCS`
        The true one of the trimmed image.
    zero_point : `float`
        The magnitude of one electron.
    seeing : `~obs_decam.sample.realistic.seeing.Seeing`
    sky : `float`
        Electrons a pixel.
    layout : `~obs_decam.sample.facts.Layout`
    """

    stars: Table
    galaxies: Table
    transients: Table
    rays: Table
    wcs: WCS
    zero_point: float
    seeing: Seeing
    sky: float
    layout: Layout


def make(field: Field, home: str) -> str:
    """Create a field in a directory, unless it exists; return its path."""
    os.makedirs(home, exist_ok=True)
    folder = os.path.join(home, field.name)
    if not os.path.exists(folder):
        # Created beside, and renamed: other processes may need the same field.
        part = tempfile.mkdtemp(dir=home)
        own = field.visits, field.size
        generate.write(part, field.seed, *own, numbers=field.numbers, rays=field.rays)
        try:
            os.rename(part, folder)
        except OSError:
            if not os.path.isdir(folder):
                raise
            shutil.rmtree(part)
    return folder


def truth(field: Field, folder: str, visit: int) -> Truth:
    """Read the truth of an exposure."""
    with open(os.path.join(folder, "truth", "epochs.json"), encoding="utf-8") as stream:
        epoch = json.load(stream)[str(visit)]
    tables = {
        kind: Table.read(os.path.join(folder, "truth", f"{kind}-{visit}.fits"))
        for kind in ("stars", "galaxies", "transients", "rays")
    }
    wcs = WCS(fits.Header.fromstring(epoch["wcs"]))
    seeing = Seeing(**epoch["seeing"])
    return Truth(
        **tables,
        wcs=wcs,
        zero_point=epoch["zeroPoint"],
        seeing=seeing,
        sky=epoch["sky"],
        layout=field.layout,
    )


def repository(
    folder: str,
    root: str,
    raws: Callable[[str], bool] = lambda path: True,
    catalogs: str | None = None,
    calibs: str = "CALIB",
) -> str:
    """Create a repository of a field's files; return its calibration root.

    Parameters
    ----------
    folder : `str`
        The directory of a field, from `make`.
    root : `str`
        The repository.
    raws : callable
        Selects the raw files.
    catalogs : `str`, optional
        A directory like ``ref_cats``. Default: the field's own.
    calibs : `str`
        The name of the calibration root.
    """
    calibs = os.path.join(root, calibs)
    os.makedirs(calibs)
    with open(os.path.join(root, "_mapper"), "w", encoding="utf-8") as stream:
        stream.write("lsst.obs.decam.DecamMapper\n")
    os.symlink(
        os.path.abspath(catalogs or os.path.join(folder, "ref_cats")),
        os.path.join(root, "ref_cats"),
    )
    masters = os.path.join(folder, "masters")
    files = sorted(
        os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("DECam_")
    )
    files = [path for path in files if raws(path)]
    paths = sorted(os.path.join(masters, name) for name in os.listdir(masters))
    curated = os.path.join(folder, "curated", "decam")
    link = ["--mode", "link"]
    statuses = (
        ingest_images.main([root, *files, *link]),
        ingest_calibs.main([root, *paths, "--calib", calibs, "--validity", "3650", *link]),
        ingest_curated.main([root, curated, "--calib", calibs]),
    )
    if any(statuses):
        raise RuntimeError(f"the files in {folder} could not be ingested into {root}: {statuses}")
    return calibs
