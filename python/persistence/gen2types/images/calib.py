"""`Calib`: afw's predecessor of `PhotoCalib`, by the counts of a source of magnitude 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from persistence.gen2types.exceptions import DomainError, InvalidParameterError
from persistence.gen2types.face import Face
from persistence.types.exposure.photocalib import PhotoCalib as OurCalib


class Calib(Face["OurCalib | None"]):
    """A photometric zero point.

    Parameters
    ----------
    fluxMag0 : `float`, metadata or list [`Calib`], optional
        The counts of a source of magnitude 0; the metadata with the card FLUXMAG0; or calibrations
        that are the same.
    """

    _throws: ClassVar[bool] = True
    _exptime: float = 0.0
    _owner: Any = None

    def __init__(self, fluxMag0: Any = None) -> None:
        self._ours = None
        if fluxMag0 is None:
            return
        if isinstance(fluxMag0, list | tuple):
            first, *others = fluxMag0
            if any(other != first for other in others):
                raise InvalidParameterError("the calibrations differ, so they have no common one")
            self._ours = first.astropy
        elif isinstance(fluxMag0, Mapping) or hasattr(fluxMag0, "names"):
            metadata = {name: fluxMag0[name] for name in _CARDS if name in fluxMag0}
            self.setFluxMag0(*(float(metadata.get(name, 0.0)) for name in _CARDS[:2]))
            self._exptime = float(metadata.get(_CARDS[2], 0.0))
        else:
            self.setFluxMag0(fluxMag0)

    @classmethod
    def of(cls, ours: OurCalib | None, owner: Any = None) -> Self:
        """Return the face of a calibration, or of none.

        Parameters
        ----------
        ours : `PhotoCalib` or None
            The calibration.
        owner : `Exposure`, optional
            What it is the calibration of: to set it sets that of the exposure.
        """
        face = super().of(ours)
        face._owner = owner
        return face

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_owner": None}

    def getFluxMag0(self) -> tuple[float, float]:
        """Return the counts of a source of magnitude 0 and their error; 0 if they are not known."""
        ours = self._ours
        return (0.0, 0.0) if ours is None else (ours.fluxmag0, ours.fluxmag0_error)

    def setFluxMag0(self, fluxMag0: Any, fluxMag0Sigma: float = 0.0) -> None:
        if isinstance(fluxMag0, tuple):
            fluxMag0, fluxMag0Sigma = fluxMag0
        self._ours = OurCalib.from_fluxmag0(float(fluxMag0), float(fluxMag0Sigma))
        if self._owner is not None:
            self._owner.photo_calib = self._ours

    @classmethod
    def setThrowOnNegativeFlux(cls, raiseException: bool) -> None:
        """Choose for all calibrations whether fluxes below 0 are an error, or give NaN."""
        Calib._throws = bool(raiseException)

    @classmethod
    def getThrowOnNegativeFlux(cls) -> bool:
        return Calib._throws

    def _known(self) -> OurCalib:
        if self._ours is None:
            raise InvalidParameterError("the Calib has no fluxMag0: setFluxMag0() sets it")
        return self._ours

    def getMagnitude(self, flux: Any, fluxErr: Any = None) -> Any:
        """Return the magnitude of counts, or, with their error, a pair; arrays are taken too.

        Raises
        ------
        DomainError
            If counts are not above 0, unless ``setThrowOnNegativeFlux(False)`` was called: then
            the magnitude is NaN.
        """
        ours, counts = self._known(), np.asarray(flux, float)
        if Calib._throws and np.any(counts <= 0):
            raise DomainError(
                f"counts have to be positive to have a magnitude; the lowest is {counts.min():g}"
            )
        result = ours.to_magnitude(counts, None if fluxErr is None else np.asarray(fluxErr, float))
        if fluxErr is None:
            return _plain(np.where(counts > 0, result, np.nan))
        return tuple(_plain(np.where(counts > 0, each, np.nan)) for each in result)

    def getFlux(self, mag: Any, magSigma: Any = None) -> Any:
        """Return the counts of a magnitude, or, with its error, a pair; arrays are taken too."""
        ours = self._known()
        flux = ours.fluxmag0 * 10.0 ** (-0.4 * np.asarray(mag, float))
        if magSigma is None:
            return _plain(flux)
        relative = np.hypot(
            np.asarray(magSigma, float) * 0.4 * np.log(10), ours.fluxmag0_error / ours.fluxmag0
        )
        return _plain(flux), _plain(flux * relative)

    def getExptime(self) -> float:
        return self._exptime

    def setExptime(self, exptime: float) -> None:
        self._exptime = float(exptime)

    def __imul__(self, scale: float) -> Self:
        flux, error = self.getFluxMag0()
        self.setFluxMag0(flux * scale, error * scale)
        return self

    def __itruediv__(self, scale: float) -> Self:
        return self.__imul__(1 / scale)

    def __repr__(self) -> str:
        return f"Calib({self.getFluxMag0()[0]:g})"


_CARDS = ("FLUXMAG0", "FLUXMAG0ERR", "EXPTIME")


def _plain(value: Any) -> Any:
    return value if np.ndim(value) else float(value)
