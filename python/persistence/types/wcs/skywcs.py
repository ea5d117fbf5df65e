"""World coordinate systems as afw's SkyWcs and its older Wcs and TanWcs (afw-files 2.2, 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from astropy.wcs import WCS
from astropy.wcs.wcsapi import BaseLowLevelWCS, HighLevelWCSMixin
from numpy.typing import ArrayLike

from persistence.types.pixels.box import Box
from persistence.types.wcs.astmaps import Map, applied
from persistence.types.wcs.sipfit import SipFit, fit, vectors


@dataclass(frozen=True, eq=False)
class SkyWcs(BaseLowLevelWCS, HighLevelWCSMixin):  # type: ignore[misc]  # astropy has no types
    """A WCS that may not be one of FITS, with astropy's interface (APE 14).

    Pixels are those of the parent image; the centre of its first pixel is (0, 0). Gen2's class is
    ``lsst.afw.geom.SkyWcs``.

    Attributes
    ----------
    to_sky : `Map`
        Pixels to longitude and latitude (rad).
    frame : `astropy.coordinates.BaseCoordinateFrame`
        The frame of these.
    tangent : `tuple` [`float`, `float`] or None
        The pixel of the projection's tangent point, if known.
    header_wcs : `astropy.wcs.WCS` or None
        The same as a FITS WCS, if it was stored as one.
    text : `str` or None
        afw's text, so that it can be stored again.
    """

    to_sky: Map
    frame: BaseCoordinateFrame
    tangent: tuple[float, float] | None = None
    header_wcs: WCS | None = None
    text: str | None = None

    # astropy's low-level interface
    pixel_n_dim = 2
    world_n_dim = 2
    world_axis_units = ("deg", "deg")

    @property
    def world_axis_physical_types(self) -> tuple[str, str]:
        """The physical types of the world axes (APE 14)."""
        return (
            ("pos.galactic.lon", "pos.galactic.lat")
            if self.frame.name == "galactic"
            else ("pos.eq.ra", "pos.eq.dec")
        )

    @property
    def world_axis_object_components(self) -> list[tuple[Any, ...]]:
        """The components of the world object (APE 14)."""
        return [("celestial", 0, "spherical.lon.degree"), ("celestial", 1, "spherical.lat.degree")]

    @property
    def world_axis_object_classes(self) -> dict[str, tuple[Any, ...]]:
        """The classes of the world object (APE 14)."""
        return {"celestial": (SkyCoord, (), {"frame": self.frame, "unit": (units.deg, units.deg)})}

    def pixel_to_world_values(self, *pixel_arrays: ArrayLike) -> tuple[Any, Any]:
        """Return longitudes, 0 to 360, and latitudes (deg) of columns and rows, broadcast."""
        longitude, latitude = np.degrees(applied(self.to_sky.forward, *pixel_arrays))
        return longitude % 360, latitude

    def world_to_pixel_values(self, *world_arrays: ArrayLike) -> tuple[Any, Any]:
        """Return columns and rows of longitudes and latitudes (deg), which are broadcast.

        The result is NaN where there are none.
        """
        columns, rows = applied(self.to_sky.inverse, *(np.radians(each) for each in world_arrays))
        return columns, rows

    def pixel_scale(self, x: float | None = None, y: float | None = None) -> units.Quantity:
        """Return the side (arcsec) of a square with the area of a pixel.

        By default it is the pixel at the tangent point.
        """
        if x is None or y is None:
            x, y = self.tangent or (0.0, 0.0)
        edges = np.array([[0.5, -0.5, 0, 0], [0, 0, 0.5, -0.5]]) + [[x], [y]]
        right, left, upper, lower = vectors(self.to_sky.forward(edges))
        area = np.linalg.norm(np.cross(right - left, upper - lower))
        return (np.sqrt(area) * units.rad).to(units.arcsec)

    def fitted(self, bbox: Any) -> SipFit:
        """Return a FITS WCS fitted over a box, with its residual.

        Parameters
        ----------
        bbox : `Box`
            The area of validity, in pixels of the parent image.

        Returns
        -------
        fit : `SipFit`
            The WCS, TAN or TAN-SIP, in pixels of the parent image, and its largest error in pixels.
            That is rounding only (1e-8) if the original is a TAN or TAN-SIP itself.
        """
        return fit(self.to_sky, self.frame, self.tangent, Box.from_any(bbox))

    def to_astropy(self, bbox: Any) -> WCS:
        """Return a FITS WCS that is valid in a box; see `fitted`, which also returns the residual.

        A WCS that was stored as one of FITS is returned unchanged, whatever the box.
        """
        return self.header_wcs.deepcopy() if self.header_wcs is not None else self.fitted(bbox).wcs

    # afw's names, for scripts written for them
    def pixelToSky(self, x: float, y: float) -> Any:
        """Return the position of a pixel on the sky."""
        return self.pixel_to_world(x, y)

    def getPixelScale(self) -> units.Quantity:
        """Return the side (arcsec) of a pixel at the tangent point."""
        return self.pixel_scale()
