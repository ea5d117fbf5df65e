"""Repair of an exposure: cosmic rays are flagged, and their pixels predicted from the PSF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.files import extras
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import cosmic_rays, prediction, sky
from persistence.tasks.options import option
from persistence.tasks.prediction import Pixels, Places, around
from persistence.types.pixels.mask import Mask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf, PsfImage

_NOTHING: Places = np.zeros(0, np.intp)
_NARROW = 2  # pixels from a defect's pixel within which there are good ones


class RepairTask(Task):
    """Finds pixels that cosmic rays hit, and fills them."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.repair_config", "RepairConfig")
    _DefaultName = "repair"

    @timeMethod
    def run(self, exposure: Exposure, psf: Psf) -> Struct:
        """Flag cosmic rays, and replace their pixels.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The background-subtracted exposure, with mask and variance; it is not modified.
        psf : `~persistence.types.psf.psfimage.Psf`
            The PSF. If it is too sharp, some cosmic rays are missed, but no stars are flagged.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``, in which affected pixels are flagged CR and, where replaced, INTRP, and
            narrow defects are replaced, too; ``number`` of cosmic rays.

        Raises
        ------
        TaskError
            If more pixels are affected than allowed, or mask or variance are missing.
        """
        mask, variance = sky.planes(exposure)
        pixels = Pixels(exposure.image, variance, sky.unusable(exposure))
        point = psf.kernel_image(*_middle(exposure))
        hit = self._find(pixels, point) if self.config.doCosmicRay else _NOTHING
        kept = self.config.cosmicray.keepCRs
        mask = _flagged(mask, hit, *(["CR"] if kept else ["CR", "INTRP"]))
        fill = _NOTHING if kept else hit
        if self.config.doInterpolate:
            fill = np.union1d(fill, _narrow(mask))
        number = int(cosmic_rays.tracks(hit, exposure.image.shape).max(initial=-1)) + 1
        self.metadata.set("numCosmicRays", number)
        self.metadata.set("numPixelsCR", int(hit.size))
        if self.config.doCosmicRay:
            self.log.info("%d cosmic rays in %d pixels", number, hit.size)
        image = prediction.filled(pixels, fill, point) if fill.size else exposure.image
        return Struct(exposure=exposure.replaced(image=image, mask=mask), number=number)

    def _find(self, pixels: Pixels, point: PsfImage) -> Places:
        """Find the pixels that cosmic rays hit; raises TaskError if there are too many."""
        hit = _METHODS[self.config.method](pixels, point, self.config)
        most = self.config.cosmicray.nCrPixelMax
        if hit.size > most:
            raise TaskError(
                f"{hit.size} pixels or more look like cosmic rays, and "
                f"-c {option(self, 'cosmicray.nCrPixelMax')}={most} are the most that may; if the "
                "image is not full of them, its variance is too small, or the PSF is wrong, and "
                f"-c {option(self, 'doCosmicRay')}=False goes without"
            )
        return hit


def _middle(exposure: Exposure) -> tuple[float, float]:
    (x0, y0), (rows, columns) = exposure.origin, exposure.image.shape
    return x0 + (columns - 1) / 2, y0 + (rows - 1) / 2


def _flagged(mask: Mask, places: Places, *names: str) -> Mask:
    """Return a mask with additional flagged pixels, by their indices in the flattened mask."""
    planes = dict(mask.planes)
    array = mask.array.copy()
    for name in names:
        bit = planes.setdefault(name, max(planes.values(), default=-1) + 1)
        array.ravel()[places] |= 1 << bit
    return Mask(array, planes)


def _narrow(mask: Mask) -> Places:
    """Return the pixels of defects that have good ones near on both sides."""
    defect, known = (
        mask.any_of(mask.planes.keys() & names) for names in ({"BAD"}, {"BAD", "SAT", "NO_DATA"})
    )
    if {"BAD", "INTRP"} <= mask.planes.keys():
        defect &= mask["INTRP"]
    np.logical_not(known, out=known)
    places = np.flatnonzero(defect)
    is_narrow = np.zeros(places.size, bool)
    for direction in ((0, 1), (1, 0)):
        steps = np.outer(np.arange(1, _NARROW + 1), direction)
        sides = []
        for side in (steps, -steps):
            near, inside = around(places, side, known.shape)
            sides.append((inside & known.ravel()[near]).any(axis=1))
        is_narrow |= sides[0] & sides[1]
    return np.asarray(places[is_narrow])


def _by_psf(pixels: Pixels, psf: PsfImage, config: Any) -> Places:
    return cosmic_rays.find(pixels, psf, config.cosmicray)


def _by_astroscrappy(pixels: Pixels, _psf: PsfImage, config: Any) -> Places:
    with extras.needed("astroscrappy", "repair.method=astroscrappy"):
        from astroscrappy import detect_cosmics
    settings = config.astroscrappy
    hit, _clean = detect_cosmics(
        np.ascontiguousarray(pixels.image, np.float32),
        inmask=pixels.bad,
        invar=np.ascontiguousarray(pixels.variance, np.float32),
        sigclip=settings.sigclip,
        sigfrac=settings.sigfrac,
        objlim=settings.objlim,
        niter=settings.niter,
        gain=1.0,
        satlevel=np.inf,  # saturated pixels are already flagged
    )
    return np.flatnonzero(hit & ~pixels.bad)


# How cosmic rays are found, by `RepairConfig.method`.
_METHODS = {"psf": _by_psf, "astroscrappy": _by_astroscrappy}
