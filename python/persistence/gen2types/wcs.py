"""`SkyWcs`: pixels to the sky, by the names of ``lsst.afw.geom``."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types import exceptions, mappings
from persistence.gen2types.angle import Angle, AngleUnit, degrees
from persistence.gen2types.coordinates import Extent2D, Point2D
from persistence.gen2types.face import Face
from persistence.gen2types.mappings import TransformPoint2ToSpherePoint
from persistence.gen2types.spherepoint import SpherePoint
from persistence.gen2types.transforms import AffineTransform
from persistence.gen2types.wcscards import metadata_of, of_numbers, wcs_of_metadata
from persistence.types.wcs.astmaps import Points, Scaled, Series
from persistence.types.wcs.headerwcs import shifted
from persistence.types.wcs.sipfit import vectors
from persistence.types.wcs.skywcs import SkyWcs as OurSkyWcs
from persistence.types.wcs.storedwcs import from_header

__all__ = ["SkyWcs"]


class SkyWcs(Face[Any]):
    """Pixels of the parent image to the sky (ICRS); the middle of the first pixel is (0, 0).

    Made of a header or of metadata; see also `makeSkyWcs`.

    Parameters
    ----------
    metadata : mapping or `astropy.io.fits.Header`
        The cards of a header.
    """

    def __init__(self, metadata: Any, strip: bool = False) -> None:
        self._ours = wcs_of_metadata(metadata, strip)

    @property
    def _exact(self) -> OurSkyWcs:
        """An equivalent WCS, if the face's object is a WCS of astropy."""
        kept: OurSkyWcs | None = self.__dict__.get("_kept")
        if kept is None:
            ours = self._ours
            kept = self.__dict__["_kept"] = (
                ours if isinstance(ours, OurSkyWcs) else from_header(ours)
            )
        return kept

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self._ours}

    # -- positions
    def pixelToSky(self, *pixel: Any, **named: Any) -> Any:
        """Return the position on the sky of a pixel: ``(x, y)``, a `Point2D`, or a list of them."""
        asked = _single(pixel, named, ("pixel", "x", "y"))
        return mappings.sky_like(asked, self._to_icrs(mappings.positions(asked)))

    def skyToPixel(self, *sky: Any) -> Any:
        """Return the pixel of a position on the sky, a `SpherePoint`, or of each of a list."""
        asked = SpherePoint(*sky) if len(sky) == 2 else sky[0]
        positions = self._from_icrs(mappings.sky(asked))
        several = [asked] if isinstance(asked, SpherePoint) else asked
        points = [Point2D(float(x), float(y)) for x, y in positions.T]
        return points if several is asked else points[0]

    def pixelToSkyArray(self, x: Any, y: Any, degrees: bool = False) -> tuple[Any, Any]:
        """Return right ascensions and declinations (rad, or deg) of arrays of pixels."""
        x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        ra, dec = self._to_icrs(np.stack([x.ravel(), y.ravel()]))
        turn = np.degrees if degrees else np.asarray
        return turn(ra % (2 * np.pi)).reshape(x.shape), turn(dec).reshape(x.shape)

    def skyToPixelArray(self, ra: Any, dec: Any, degrees: bool = False) -> tuple[Any, Any]:
        """Return the pixels of arrays of right ascensions and declinations (rad, or deg)."""
        turn = np.radians if degrees else np.asarray
        ra, dec = np.broadcast_arrays(np.asarray(turn(ra), float), np.asarray(turn(dec), float))
        x, y = self._from_icrs(np.stack([ra.ravel(), dec.ravel()]))
        return x.reshape(ra.shape), y.reshape(ra.shape)

    def _to_icrs(self, pixels: Points) -> Points:
        sky = self._exact.to_sky.forward(pixels)
        return sky if self._exact.frame.name == "icrs" else _turned(sky, self._exact.frame, "icrs")

    def _from_icrs(self, sky: Points) -> Points:
        frame = self._exact.frame
        own = sky if frame.name == "icrs" else _turned(sky, "icrs", frame)
        return self._exact.to_sky.inverse(own)

    # -- what it is
    def getPixelOrigin(self) -> Point2D:
        """Return the pixel of the reference: CRPIX - 1."""
        tangent = self._exact.tangent
        if tangent is None:
            raise exceptions.RuntimeError(
                "this WCS has no reference pixel: its projection's origin is at no pixel"
            )
        return Point2D(*tangent)

    def getSkyOrigin(self) -> SpherePoint:
        """Return the position on the sky of the reference: CRVAL."""
        header = self._exact.header_wcs
        if header is None or self._exact.frame.name != "icrs":
            position: SpherePoint = self.pixelToSky(self.getPixelOrigin())
            return position
        return SpherePoint(*(float(angle) for angle in header.wcs.crval), degrees)

    def getPixelScale(self, pixel: Any = None) -> Angle:
        """Return the side of a square as large as a pixel, at a pixel or at the reference."""
        x, y = self.getPixelOrigin() if pixel is None else pixel
        return Angle(float(self._exact.pixel_scale(float(x), float(y)).to_value("rad")))

    pixelScale = getPixelScale

    def getCdMatrix(self, pixel: Any = None) -> Any:
        """Return the CD matrix (deg): at the reference that of the header, else the local one."""
        header = self._exact.header_wcs
        if pixel is None and header is not None:
            return np.array(header.pixel_scale_matrix, float)
        origin = self.getPixelOrigin()
        return self._local_cd(origin if pixel is None else pixel, origin)

    getCDMatrix = getCdMatrix

    def _local_cd(self, pixel: Any, origin: Any) -> Any:
        """Return the CD matrix (deg) at a pixel, in the plane that touches the sky at another."""
        middle = self._to_icrs(mappings.positions(origin))
        (outward,), longitude = vectors(middle), middle[0, 0]
        east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])

        def to_plane(pixels: Points) -> Points:
            towards = vectors(self._to_icrs(pixels))
            plane = np.stack([towards @ east, towards @ np.cross(outward, east)])
            return np.asarray(np.degrees(plane / (towards @ outward)))

        return mappings.jacobian(to_plane, mappings.positions(pixel))

    def getTanWcs(self, pixel: Any) -> SkyWcs:
        """Return the TAN WCS that touches this one at a pixel."""
        point = Point2D(*pixel)
        origin: SpherePoint = self.pixelToSky(point)
        return SkyWcs.of(of_numbers(point, origin, self._local_cd(point, point)))

    @property
    def isFits(self) -> bool:
        """Whether it is a TAN or a TAN-SIP of FITS."""
        header = self._exact.header_wcs
        return header is not None and all(
            name.partition("-")[2].strip("-") in ("TAN", "TAN-SIP") for name in header.wcs.ctype
        )

    @property
    def isFlipped(self) -> bool:
        """Whether x points to the east where y points to the north."""
        return bool(np.linalg.det(self.getCdMatrix()) > 0)

    def getFitsMetadata(self, precise: bool = False) -> Any:
        """Return the cards of an equivalent header.

        Raises
        ------
        RuntimeError
            If it is not a FITS WCS. Then one can be fitted over a box of pixels
            (``wcs.astropy.to_astropy(bbox)``).
        """
        return metadata_of(self._exact)

    def hasFitsApproximation(self) -> bool:
        return False

    def getTransform(self) -> TransformPoint2ToSpherePoint:
        """Return the transform of pixels to the sky."""
        return TransformPoint2ToSpherePoint(_Icrs(self))

    # -- near a position
    def linearizePixelToSky(self, position: Any, skyUnit: AngleUnit) -> AffineTransform:
        """Return the affine transform from pixels near a position to the sky.

        Parameters
        ----------
        position : `Point2D` or `SpherePoint`
            Where it holds, in pixels or on the sky.
        skyUnit : `AngleUnit`
            The unit of the result: distances on the sky, which are added to the longitude and
            latitude of the position.
        """
        on_sky = isinstance(position, SpherePoint)
        sky: SpherePoint = position if on_sky else self.pixelToSky(position)
        pixel: Point2D = self.skyToPixel(position) if on_sky else Point2D(*position)
        columns = [
            [angle.asAngularUnits(skyUnit) for angle in sky.getTangentPlaneOffset(beside)]
            for beside in self.pixelToSky([pixel + Extent2D(1, 0), pixel + Extent2D(0, 1)])
        ]
        matrix = np.array(columns).T
        here = np.array(tuple(sky.getPosition(skyUnit)))
        return AffineTransform(matrix, Extent2D(*(here - matrix @ np.array(tuple(pixel)))))

    def linearizeSkyToPixel(self, position: Any, skyUnit: AngleUnit) -> AffineTransform:
        return self.linearizePixelToSky(position, skyUnit).inverted()

    def copyAtShiftedPixelOrigin(self, shift: Any) -> SkyWcs:
        """Return the WCS of pixels whose numbers are larger by a shift."""
        dx, dy = (float(number) for number in shift)
        header = self._exact.header_wcs
        if header is not None:
            return SkyWcs.of(shifted(header, (-dx, -dy)))
        move = Scaled(np.ones(2), -np.array([dx, dy]))
        tangent = self._exact.tangent
        pixel = None if tangent is None else (tangent[0] + dx, tangent[1] + dy)
        moved = OurSkyWcs(Series(move, self._exact.to_sky), self._exact.frame, pixel)
        return SkyWcs.of(moved)

    def writeString(self) -> str:
        """Return the text that afw stored.

        Raises
        ------
        RuntimeError
            If it was not read from an archive of afw.
        """
        if self._exact.text is None:
            raise exceptions.RuntimeError(
                "only a WCS that was read from an archive of afw has afw's text"
            )
        return self._exact.text

    def __eq__(self, other: object) -> bool:
        """Compare the definitions of two WCS: the cards of headers, or afw's texts."""
        if not isinstance(other, SkyWcs):
            return NotImplemented
        if self._ours is other._ours:
            return True
        mine, two = self._exact, other._exact
        if mine.header_wcs is not None and two.header_wcs is not None:
            return _cards(mine) == _cards(two)
        return mine.text is not None and mine.text == two.text

    def __hash__(self) -> int:
        return hash(self._exact.tangent)

    def __str__(self) -> str:
        kind = "FITS standard SkyWcs" if self.isFits else "Non-standard SkyWcs"
        try:
            scale = f"{self.getPixelScale().asArcseconds():.7g} arcsec"
            origin = f"Sky Origin: {self.getSkyOrigin()}\nPixel Origin: {self.getPixelOrigin()}"
        except exceptions.RuntimeError:
            return f"{kind}:"
        return f"{kind}:\n{origin}\nPixel Scale: {scale}"

    __repr__ = __str__


class _Icrs:
    """A WCS as a mapping of pixels to longitude and latitude (rad, ICRS)."""

    nin = 2
    nout = 2

    def __init__(self, wcs: SkyWcs) -> None:
        self.forward = wcs._to_icrs
        self.inverse = wcs._from_icrs


def _turned(sky: Points, frame: Any, target: Any) -> Points:
    """Return longitudes and latitudes (rad) of one frame in another."""
    from astropy.coordinates import SkyCoord

    position = SkyCoord(*np.degrees(sky), unit="deg", frame=frame).transform_to(target).spherical
    return np.stack([position.lon.rad, position.lat.rad])


def _cards(wcs: OurSkyWcs) -> str:
    assert wcs.header_wcs is not None
    text: str = wcs.header_wcs.to_header_string(relax=True)
    return text


def _single(args: tuple[Any, ...], named: dict[str, Any], names: tuple[str, ...]) -> Any:
    """Return one position of arguments: by itself, or as two numbers."""
    values = [*args, *(named[name] for name in names if name in named)]
    unknown = set(named) - set(names)
    if unknown or len(values) not in (1, 2):
        raise TypeError(
            f"the arguments have to be a Point2D, x and y, or a list of Point2D, not {args} and "
            f"{named}"
        )
    return values[0] if len(values) == 1 else Point2D(*values)
