"""Repair of an exposure: cosmic rays are flagged, and filled with what the PSF would show there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.errors import MissingExtra
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import cosmic_rays, prediction, sky
from persistence.tasks.options import option
from persistence.tasks.prediction import Pixels, Places
from persistence.types.pixels.mask import Mask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf, PsfImage


class RepairTask(Task):
    """Finds pixels that cosmic rays hit, and fills them."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.repair_config", "RepairConfig")
    _DefaultName = "repair"

    @timeMethod
    def run(self, exposure: Exposure, psf: Psf) -> Struct:
        """Flag cosmic rays, and fill their pixels.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            Its background is subtracted; with mask and variance. It stays as it is.
        psf : `~persistence.types.psf.psfimage.Psf`
            What is sharper cannot have come through the telescope. It may be too sharp: then some
            rays are missed, but no stars are taken for rays.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``, in which what was hit is CR and, where it is filled, INTRP; ``number`` of
            cosmic rays.

        Raises
        ------
        TaskError
            If more pixels are hit than there may be, or mask or variance are missing.
        """
        mask, variance = sky.planes(exposure)
        if not self.config.doCosmicRay:
            return Struct(exposure=exposure, number=0)
        pixels = Pixels(exposure.image, variance, sky.unusable(exposure))
        point = psf.kernel_image(*_middle(exposure))
        hit = _METHODS[self.config.method](pixels, point, self.config)
        self._check(hit)
        number = int(cosmic_rays.tracks(hit, exposure.image.shape).max(initial=-1)) + 1
        if self.config.cosmicray.keepCRs:
            repaired = exposure.replaced(mask=_flagged(mask, hit, "CR"))
        else:
            image = prediction.filled(pixels, hit, point)
            repaired = exposure.replaced(image=image, mask=_flagged(mask, hit, "CR", "INTRP"))
        self.metadata.set("numCosmicRays", number)
        self.metadata.set("numPixelsCR", int(hit.size))
        self.log.info("%d cosmic rays in %d pixels", number, hit.size)
        return Struct(exposure=repaired, number=number)

    def _check(self, hit: Places) -> None:
        most = self.config.cosmicray.nCrPixelMax
        if hit.size > most:
            raise TaskError(
                f"{hit.size} pixels or more look like cosmic rays, and "
                f"-c {option(self, 'cosmicray.nCrPixelMax')}={most} are the most that may; if the "
                "image is not full of them, its variance is too small, or the PSF is wrong, and "
                f"-c {option(self, 'doCosmicRay')}=False goes without"
            )


def _middle(exposure: Exposure) -> tuple[float, float]:
    (x0, y0), (rows, columns) = exposure.origin, exposure.image.shape
    return x0 + (columns - 1) / 2, y0 + (rows - 1) / 2


def _flagged(mask: Mask, places: Places, *names: str) -> Mask:
    """Return a mask with pixels flagged, which are given by their numbers in the flattened one."""
    planes = dict(mask.planes)
    array = mask.array.copy()
    for name in names:
        bit = planes.setdefault(name, max(planes.values(), default=-1) + 1)
        array.ravel()[places] |= 1 << bit
    return Mask(array, planes)


def _by_psf(pixels: Pixels, psf: PsfImage, config: Any) -> Places:
    return cosmic_rays.find(pixels, psf, config.cosmicray)


def _by_astroscrappy(pixels: Pixels, _psf: PsfImage, config: Any) -> Places:
    try:
        from astroscrappy import detect_cosmics
    except ImportError as error:
        raise MissingExtra("astroscrappy", "test", "repair.method=astroscrappy") from error
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
        satlevel=np.inf,  # what is saturated is bad already
    )
    return np.flatnonzero(hit & ~pixels.bad)


# How cosmic rays are found, by `RepairConfig.method`.
_METHODS = {"psf": _by_psf, "astroscrappy": _by_astroscrappy}
