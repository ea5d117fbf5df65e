"""Instrument signature removal: from a raw exposure to one in electrons, with mask and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import amplifiers, trim
from persistence.tasks.isr_config import IsrConfig
from persistence.tasks.options import needed, option

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Bools = NDArray[np.bool_]

# Dataset type -> the setting that asks for it.
_CALIBRATIONS = {"bias": "doBias", "flat": "doFlat", "defects": "doDefect"}


class IsrTask(Task):
    """Removes the instrument's signature from an exposure whose detector has amplifiers."""

    ConfigClass: ClassVar[Any] = IsrConfig
    _DefaultName = "isr"

    @timeMethod
    def runDataRef(self, sensorRef: Any) -> Struct:
        """Read a raw exposure and its calibrations, and process them.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            Of one detector's exposure.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``; see `run`.

        Raises
        ------
        TaskError
            If a calibration is missing, or as `run` says.
        """
        raw = sensorRef.get("raw")
        result = self.run(raw, **self.readIsrData(sensorRef).getDict())
        if self.config.doWrite:
            sensorRef.put(result.exposure, "postISRCCD")
        return result

    def readIsrData(self, sensorRef: Any) -> Struct:
        """Read those of ``bias``, ``flat`` and ``defects`` that are asked for.

        The others are None.
        """
        found = {
            kind: needed(self, sensorRef, kind, f"{setting}=False")
            if getattr(self.config, setting)
            else None
            for kind, setting in _CALIBRATIONS.items()
        }
        return Struct(**found)

    @timeMethod
    def run(self, raw: Exposure, bias: Any = None, flat: Any = None, defects: Any = None) -> Struct:
        """Remove the signature.

        Parameters
        ----------
        raw : `~persistence.types.exposure.exposure.Exposure`
            As it was read out.
        bias, flat : `~persistence.types.exposure.exposure.Exposure` or None
            Master calibrations, of the trimmed detector.
        defects : `~persistence.types.metadata.defects.Defects` or None
            Boxes of bad pixels, of the trimmed detector.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``: image (electrons), mask (BAD, SAT, INTRP) and variance, all float32.

        Raises
        ------
        TaskError
            If the detector is unknown, a calibration has another shape, or too few pixels are good.
        """
        from persistence.types.pixels.mask import Mask

        detector = raw.detector
        if detector is None or not detector.amplifiers:
            raise TaskError(
                "the raw exposure does not tell of its amplifiers; is it trimmed already?"
            )
        image, variance, flags = self._corrected(raw.image, detector, bias, flat)
        if defects is not None:
            flags["BAD"] |= defects.mask(image.shape)["BAD"]
        self._check(flags["BAD"] | flags["SAT"], raw)
        flags["INTRP"] = self._interpolate(image, variance, flags["BAD"] | flags["SAT"])
        self._note(flags, detector)
        wcs = trim.wcs(raw, detector)
        if raw.wcs is not None and wcs is None:
            self.log.warning(
                "the amplifiers lie apart in the raw image, so the trimmed one has no WCS"
            )
        made = raw.replaced(
            image=image.astype(np.float32),
            variance=variance.astype(np.float32),
            mask=Mask.from_flags(flags),
            header=trim.header(raw.metadata),
            primary=None,
            cutout=(0, 0),
            wcs=wcs,
            unit="electron",
        )
        return Struct(exposure=made)

    def _corrected(
        self, raw: Any, detector: Any, bias: Any, flat: Any
    ) -> tuple[Any, Any, dict[str, Bools]]:
        """Give image and variance, put together from the amplifiers, and the flags BAD and SAT."""
        shape = trim.trimmed_shape(detector)
        image, variance = (np.full(shape, np.nan) for _ in range(2))
        saturated, unflat = (np.zeros(shape, bool) for _ in range(2))
        level, response = self._pixels("bias", bias, shape), self._pixels("flat", flat, shape)
        if response is not None:
            unflat = ~(np.isfinite(response) & (response > 0))
            response = np.where(unflat, 1.0, response)
        for amplifier in detector.amplifiers:
            part = amplifier.trimmed.slices
            image[part], variance[part], saturated[part] = amplifiers.correct(
                raw, amplifier, level, response, self.config
            )
        saturated &= self.config.doSaturation
        return image, variance, {"BAD": unflat | ~np.isfinite(image), "SAT": saturated}

    def _pixels(self, kind: str, master: Any, shape: tuple[int, int]) -> Any:
        if master is None:
            return None
        if master.image.shape != shape:
            given = " x ".join(map(str, master.image.shape[::-1]))
            raise TaskError(f"the {kind} has {given} pixels, the detector {shape[1]} x {shape[0]}")
        return master.image

    def _check(self, bad: Bools, raw: Exposure) -> None:
        fraction = float(bad.mean())
        if fraction > self.config.maxBadFraction:
            allowed = option(self, "maxBadFraction")
            raise TaskError(
                f"{fraction:.0%} of the pixels are bad or saturated; "
                f"-c {allowed}={self.config.maxBadFraction:g} is the most that is taken"
            )

    def _interpolate(self, image: Any, variance: Any, bad: Bools) -> Bools:
        """Fill bad pixels along the rows that have good ones; gives which were filled.

        The others become 0.
        """
        fill = bad & ~bad.all(axis=1, keepdims=True) & self.config.doInterpolate
        columns = np.arange(bad.shape[1])
        for row in np.flatnonzero(fill.any(axis=1)):
            good = ~bad[row]
            for plane in (image, variance):
                plane[row, ~good] = np.interp(columns[~good], columns[good], plane[row, good])
        lost = ~np.isfinite(image)
        image[lost], variance[lost] = 0.0, np.inf
        return np.asarray(fill)

    def _note(self, flags: dict[str, Bools], detector: Any) -> None:
        for name, flagged in flags.items():
            self.metadata.set(f"numPixels{name}", int(np.count_nonzero(flagged)))
        numbers = ", ".join(
            f"{name} {np.count_nonzero(flagged)}" for name, flagged in flags.items()
        )
        self.log.info("detector %s: %s of %d pixels", detector.name, numbers, flags["BAD"].size)
