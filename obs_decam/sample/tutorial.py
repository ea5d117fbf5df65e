"""The directory in which LSST's tutorial of alert production begins, with a small field in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from obs_decam.sample.evaluate import fields
from obs_decam.sample.realistic import generate, references
from obs_decam.sample.realistic.scene import Numbers

# The visit to process, and the one that is its template; the detector.
VISIT, TEMPLATE, DETECTOR = 123456, 234567, 42
# The default catalog of processCcd.py.
_CATALOG = "ps1_pv3_3pi_20170110"
# By the size of the chip.
NUMBERS: Mapping[str, Numbers] = {
    "stamp": Numbers(70, 8, transients=12, variables=3, brightest=15.0, faintest=22.0),
    "window": Numbers(250, 150, transients=20, variables=6, brightest=13.0),
}


def write(
    folder: str,
    seed: int,
    size: str = "stamp",
    visits: Sequence[dict[str, Any]] = generate.VISITS,
    rays: int = 5,
) -> str:
    """Generate raw exposures, and ingest them with all calibrations that their processing needs.

    Parameters
    ----------
    folder : `str`
        The directory of ``repo``, with ``calibs`` and ``ref_cats``; and of ``sky``, with ``truth``.
    seed : `int`
        The seed of all random numbers.
    size : `str`
        ``stamp`` (384 x 384 pixels) or ``window`` (1024 x 1024).
    visits : sequence of `dict`
        The epochs; see `~obs_decam.sample.realistic.epochs.plan`.
    rays : `int`
        Cosmic rays in each exposure.

    Returns
    -------
    root : `str`
        The repository's directory.
    """
    sky, root = (os.path.join(folder, name) for name in ("sky", "repo"))
    generate.write(sky, seed, visits, size, DETECTOR, NUMBERS[size], rays=rays)
    catalogs = os.path.join(sky, "ref_cats")
    os.symlink(references.NAME, os.path.join(catalogs, _CATALOG))
    fields.repository(sky, root, catalogs=catalogs, calibs="calibs")
    return root
