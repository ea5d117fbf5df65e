"""Reads templates: the calibrated exposure of another visit, or coadds, warped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from lsst.pex.config import Config, Field

from persistence.errors import PersistenceError
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import sky
from persistence.tasks.difference.warp import NO_DATA, warp
from persistence.tasks.options import option
from persistence.types.pixels.mask import Mask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure


class GetTemplateConfig(Config):
    """Where templates come from."""

    coaddName = Field[str](
        doc="Without --templateId the template is this coadd: deep of deepCoadd.",
        dtype=str, default="deep",
    )  # fmt: skip
    doSameFilter = Field[bool](
        doc="Refuse a template that was taken in another filter?", dtype=bool, default=True
    )


class GetTemplateTask(Task):
    """Reads the template of a science exposure, and warps it."""

    ConfigClass: ClassVar[Any] = GetTemplateConfig
    _DefaultName = "getTemplate"

    @timeMethod
    def run(
        self, exposure: Exposure, sensorRef: Any, templateIdList: Sequence[Any] | None = None
    ) -> Struct:
        """Return a template in the pixels of a science exposure.

        Parameters
        ----------
        exposure : `~persistence.types.exposure.exposure.Exposure`
            The science exposure.
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            The reference from which it was read.
        templateIdList : sequence of `dict`, optional
            The data IDs of calibrated exposures, such as ``{"visit": 234567}``; missing keys are
            those of the science exposure. Without them, the template is a coadd.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``: the warped template; ``inputs``: the data IDs of its inputs.

        Raises
        ------
        TaskError
            If there is no template, it has another filter, or does not overlap.
        """
        if exposure.wcs is None:
            raise TaskError("the science exposure has no WCS, by which a template could be warped")
        read = (
            self._calexps(sensorRef, templateIdList)
            if templateIdList
            else self._coadds(exposure, sensorRef)
        )
        parts, inputs = [], []
        for template, name, data_id in read:
            self._check(exposure, template, name, data_id)
            try:
                parts.append(warp(template, exposure.wcs, exposure.bbox))
                inputs.append(data_id)
            except TaskError as error:
                self.log.warning("%s %s: %s", name, data_id, error)
        if not parts:
            raise TaskError(
                "no template overlaps with the science exposure; tried: "
                + "; ".join(_words(data_id) for _, _, data_id in read)
            )
        return Struct(exposure=_together(parts), inputs=inputs)

    def _calexps(self, sensorRef: Any, ids: Sequence[Any]) -> list[Any]:
        butler = sensorRef.getButler()
        read = []
        for given in ids:
            # The detector is the science exposure's; all else of it is another visit's.
            rest = _apart(butler, sensorRef.dataId)
            data_id = {**rest, **given}
            try:
                read.append((butler.get("calexp", data_id), "calexp", data_id))
            except PersistenceError as error:
                raise TaskError(f"there is no template {_words(data_id)}: {error}") from error
        return read

    def _coadds(self, exposure: Exposure, sensorRef: Any) -> list[Any]:
        butler, name = sensorRef.getButler(), f"{self.config.coaddName}Coadd"
        try:
            sky_map = butler.get(f"{name}_skyMap")
        except PersistenceError as error:
            raise TaskError(
                f"there is neither a template of --templateId nor a sky map of {name}: {error}"
            ) from error
        if exposure.filter is None:
            raise TaskError("it is not known in which filter the science exposure was taken")
        corners, band = _corners(exposure), exposure.filter.name
        read = []
        for tract, patches in sky_map.findTractPatchList(corners):
            for patch in patches:
                data_id = {
                    "tract": tract.getId(),
                    "patch": "{},{}".format(*patch.getIndex()),
                    "filter": band,
                }
                if butler.datasetExists(name, data_id):
                    read.append((butler.get(name, data_id), name, data_id))
        if not read:
            raise TaskError(
                f"no {name} in filter {band} overlaps with the science exposure; "
                "the calibrated exposure of another visit is a template with --templateId visit=..."
            )
        return read

    def _check(self, exposure: Exposure, template: Exposure, name: str, data_id: Any) -> None:
        for needed in ("wcs", "psf", "mask", "variance"):
            if getattr(template, needed) is None:
                raise TaskError(f"the template {name} {_words(data_id)} has no {needed}")
        labels = [
            image.filter.name if image.filter is not None else None
            for image in (exposure, template)
        ]
        if self.config.doSameFilter and None not in labels and labels[0] != labels[1]:
            raise TaskError(
                f"the template {name} {_words(data_id)} was taken in {labels[1]}, the science "
                f"exposure in {labels[0]} (-c {option(self, 'doSameFilter')}=False takes it all "
                "the same)"
            )


class GetCalexpAsTemplateTask(GetTemplateTask):
    """Reads the calibrated exposure of another visit as template, and nothing else."""

    def _coadds(self, exposure: Exposure, sensorRef: Any) -> list[Any]:
        raise TaskError(
            "the template is to be a calibrated exposure; --templateId visit=... says of which"
        )


class GetCoaddAsTemplateTask(GetTemplateTask):
    """Reads coadds as template, and nothing else."""

    def _calexps(self, sensorRef: Any, ids: Sequence[Any]) -> list[Any]:
        raise TaskError(
            "the template is to be a coadd, so that --templateId says nothing; for another visit: "
            "-C $AP_PIPE_DIR/config/calexpTemplates.py"
        )


def _apart(butler: Any, data_id: Any) -> dict[str, Any]:
    """Return the part of a data ID that identifies the detector."""
    keys = set(butler.getKeys("raw")) - set(butler.getKeys("raw", "visit"))
    return {key: value for key, value in data_id.items() if key in keys and key != "hdu"}


def _words(data_id: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in data_id.items())


def _corners(exposure: Exposure) -> Any:
    from persistence.types.wcs import sphere

    box = exposure.bbox
    x = box.x0 + np.array([0, box.width - 1, box.width - 1, 0])
    y = box.y0 + np.array([0, 0, box.height - 1, box.height - 1])
    return sphere.sky(*sphere.of_pixels(exposure.wcs, x, y))


def _together(parts: Sequence[Exposure]) -> Exposure:
    """Combine warped templates: each pixel comes from the first that has it."""
    first, *others = parts
    mask, noise = sky.planes(first)
    image, variance, array = first.image.copy(), noise.copy(), mask.array.copy()
    planes = mask.planes
    for other in others:
        its, noise = sky.planes(other)
        missing = ((array >> planes[NO_DATA]) & 1).astype(bool) & ~its[NO_DATA]
        scale = np.float32(_relative(other, first))
        image[missing] = other.image[missing] * scale
        variance[missing] = noise[missing] * scale**2
        array[missing] = 0
        for name, bit in planes.items():
            if name in its.planes:
                array[missing] |= its[name][missing].astype(np.int32) << bit
    return first.replaced(image=image, variance=variance, mask=Mask(array, planes))


def _relative(other: Exposure, first: Exposure) -> float:
    """Return how many counts of the first one count of another is."""
    its, wanted = other.photo_calib, first.photo_calib
    if its is None or wanted is None:
        return 1.0
    return float(its.getCalibrationMean() / wanted.getCalibrationMean())
