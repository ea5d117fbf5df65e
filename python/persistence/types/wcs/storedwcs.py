"""World coordinate systems in archives (doc/gen2/afw-files.md 2.2 and 2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from astropy.coordinates import FK4, FK5, ICRS, BaseCoordinateFrame, Galactic
from astropy.wcs import WCS, NoConvergence, Sip
from astropy.wcs.utils import wcs_to_celestial_frame

from persistence.errors import FormatterError, told
from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.archives.cells import numbers_of, text_of
from persistence.types.wcs.astdump import Dump, parse
from persistence.types.wcs.astframes import FrameSet, frame_set
from persistence.types.wcs.astmaps import Points
from persistence.types.wcs.skywcs import SkyWcs

# AST's names of celestial frames. Source: the attribute System of AST's SkyFrame.
_SYSTEMS: Mapping[str, Callable[[float], BaseCoordinateFrame]] = {
    "ICRS": lambda _: ICRS(),
    "FK5": lambda equinox: FK5(equinox=_epoch(equinox)),
    "FK4": lambda equinox: FK4(equinox=_epoch(equinox)),
    "GALACTIC": lambda _: Galactic(),
}
# afw's number for a missing equinox. Source: afw-files 2.3.
_NO_EQUINOX = 9.87654321e107


@dataclass(frozen=True, eq=False)
class HeaderMap:
    """A FITS WCS as a mapping from pixels, counted from 0, to longitude and latitude (rad)."""

    wcs: WCS
    nin = 2
    nout = 2

    def forward(self, points: Points) -> Points:
        return np.asarray(np.radians(self.wcs.all_pix2world(*points, 0)))

    def inverse(self, points: Points) -> Points:
        """Return the origins of points; NaN where astropy's iteration finds no pixel."""
        sky = np.degrees(points)
        found = np.array(self.wcs.wcs_world2pix(*sky, 0))
        if not self.wcs.has_distortion:
            return found
        # astropy's iteration warns about positions outside of the projection
        shown = np.isfinite(found).all(axis=0)
        if shown.any():
            found[:, shown] = self._iterated(sky[:, shown])
        return found

    def _iterated(self, sky: Points) -> Points:
        try:
            return np.asarray(self.wcs.all_world2pix(*sky, 0, tolerance=1e-8, maxiter=50))
        except NoConvergence as error:
            found = error.best_solution.T.copy()
            for lost in (error.divergent, error.slow_conv):
                found[:, [] if lost is None else lost] = np.nan
            return np.asarray(found)


def from_header(wcs: WCS) -> SkyWcs:
    """Return the SkyWcs of a FITS WCS in pixels of the parent image."""
    first, second = (float(each) - 1 for each in wcs.wcs.crpix)
    return SkyWcs(HeaderMap(wcs), wcs_to_celestial_frame(wcs), (first, second), wcs)


def from_text(text: str) -> SkyWcs:
    """Return the SkyWcs of afw's text: a version, the class, a flag, and AST's dump of a frame set.

    Raises
    ------
    FormatterError
        If it is another text or version, or its frames do not lead from pixels to the sky.
    """
    version, name, _, dump = [*text.split(maxsplit=3), "", "", "", ""][:4]
    if (version, name) != ("1", "SkyWcs"):
        raise FormatterError(f"the text of a SkyWcs begins with '1 SkyWcs', not {text[:20]!r}")
    frames = frame_set(parse(dump))
    sky = frames.frames[frames.current]
    to_sky = frames.map
    if sky.name != "SkyFrame" or (to_sky.nin, to_sky.nout) != (2, 2) or sky.integer("Prm1", 1) != 1:
        raise FormatterError(
            "the frames of a SkyWcs do not lead from pixels to longitude and latitude"
        )
    return SkyWcs(to_sky, _system(sky), _tangent(frames), text=text)


def _system(sky: Dump) -> BaseCoordinateFrame:
    name = sky.text("System", "ICRS")
    if name not in _SYSTEMS:
        raise FormatterError(
            f"the celestial frame {name!r} is not supported; supported are {', '.join(_SYSTEMS)}"
        )
    return _SYSTEMS[name](sky.number("Eqnox", 1950 if name == "FK4" else 2000))


def _epoch(year: float) -> str:
    # Source: AST 9.0.5, which dumps the equinox J1975 as 1975.0007.
    return f"{'B' if year < 1984 else 'J'}{year}"


def _tangent(frames: FrameSet) -> tuple[float, float] | None:
    """Return the pixel with intermediate world coordinates (FITS) 0; None if there is none."""
    plane = frames.numbered("IWC")
    if plane is None:
        return None
    x, y = frames.between(frames.base, plane).inverse(np.zeros((2, 1)))[:, 0]
    return (float(x), float(y)) if np.isfinite([x, y]).all() else None


def make(tables: Tables, load: Load) -> SkyWcs:
    """Return the SkyWcs of its table."""
    (table,) = tables
    return from_text(text_of(table["wcs"][0]))


def make_old(tables: Tables, load: Load) -> SkyWcs:
    """Return the WCS of a Wcs or a TanWcs, with or without polynomials.

    Raises
    ------
    FormatterError
        If its numbers are invalid.
    """
    numbers = [float(tables[0][name][0]) for name in ("crval_x", "crval_y", "crpix_x", "crpix_y")]
    if not np.isfinite([*numbers, *numbers_of(tables[0]["cd"][0])]).all():
        raise FormatterError(f"the WCS has a number that is not finite: {numbers}")
    try:
        return from_header(_old(tables))
    except ValueError as error:  # errors of wcslib, and of shapes
        raise FormatterError(f"the WCS is invalid: {' '.join(told(error).split())}") from error


def _old(tables: Tables) -> WCS:
    table = tables[0]
    wcs = WCS(naxis=2)
    names = [str(table[f"ctype{axis}"][0]).strip() for axis in (1, 2)]
    wcs.wcs.crpix = [float(table[f"crpix_{axis}"][0]) + 1 for axis in "xy"]
    wcs.wcs.crval = [float(table[f"crval_{axis}"][0]) for axis in "xy"]
    wcs.wcs.cd = numbers_of(table["cd"][0]).reshape(2, 2).T  # by columns
    wcs.wcs.cunit = [str(table[f"cunit{axis}"][0]).strip() or "deg" for axis in (1, 2)]
    wcs.wcs.radesys = str(table["radesys"][0]).strip()
    equinox = float(table["equinox"][0])
    if equinox < _NO_EQUINOX:
        wcs.wcs.equinox = equinox
    if len(tables) > 1:
        wcs.sip = Sip(*(_square(tables[1], name) for name in ("A", "B", "Ap", "Bp")), wcs.wcs.crpix)
        names = [name if name.endswith("-SIP") else f"{name}-SIP" for name in names]
    wcs.wcs.ctype = names
    wcs.wcs.set()
    return wcs


def _square(table: Table, name: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    flat = numbers_of(table[name][0])
    side = round(len(flat) ** 0.5)
    return np.ascontiguousarray(flat.reshape(side, side).T)  # by columns: A_p_q is at p + n q
