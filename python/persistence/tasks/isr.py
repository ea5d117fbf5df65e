"""Instrument signature removal: from a raw exposure to one in electrons, with mask and variance."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.struct import Struct
from persistence.pipe.task import Task, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import amplifiers, implausible, planes, trim
from persistence.tasks.isr_config import IsrConfig
from persistence.tasks.options import needed, option

if TYPE_CHECKING:
    from persistence.types.exposure.detector import Detector
    from persistence.types.exposure.exposure import Exposure

Bools = NDArray[np.bool_]

# Dataset type -> the setting that requires it.
_CALIBRATIONS = {
    "bias": "doBias",
    "crosstalk": "doCrosstalk",
    "dark": "doDark",
    "flat": "doFlat",
    "defects": "doDefect",
}


class IsrTask(Task):
    """Remove the instrument signature from an exposure of a detector with amplifiers."""

    ConfigClass: ClassVar[Any] = IsrConfig
    _DefaultName = "isr"

    @timeMethod
    def runDataRef(self, sensorRef: Any) -> Struct:
        """Read a raw exposure and its calibrations, and process them.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to one detector's exposure.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``; see `run`.

        Raises
        ------
        TaskError
            If a calibration is missing, or as for `run`.
        """
        raw = sensorRef.get("raw")
        result = self.run(raw, **self.readIsrData(sensorRef).getDict())
        if self.config.doWrite:
            sensorRef.put(result.exposure, "postISRCCD")
        return result

    def readIsrData(self, sensorRef: Any) -> Struct:
        """Return the required ones of ``bias crosstalk dark flat defects``; the others are None."""
        statistics = {
            kind: needed(self, sensorRef, kind, f"{setting}=False")
            if getattr(self.config, setting)
            else None
            for kind, setting in _CALIBRATIONS.items()
        }
        flat = statistics["flat"]
        if flat is not None and flat.variance is None:
            # Where the policy has an image, as DECam's, it was read without the plane beside it.
            statistics["flat"] = flat.replaced(variance=sensorRef.get("flat.variance"))
        return Struct(**statistics)

    @timeMethod
    def run(
        self,
        raw: Exposure,
        bias: Any = None,
        flat: Any = None,
        defects: Any = None,
        dark: Any = None,
        crosstalk: Any = None,
    ) -> Struct:
        """Remove the signature.

        Parameters
        ----------
        raw : `~persistence.types.exposure.exposure.Exposure`
            As it was read out.
        bias, dark, flat : `~persistence.types.exposure.exposure.Exposure` or None
            Master calibrations, of the trimmed detector. The dark is that of one second (counts).
        defects : `~persistence.types.metadata.defects.Defects` or None
            Boxes of bad pixels, of the trimmed detector.
        crosstalk : `~persistence.types.metadata.isr.Crosstalk` or None
            Between the detector's amplifiers.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``: image (electrons), mask (BAD, SAT, INTRP, EDGE) and variance, all float32.

        Raises
        ------
        TaskError
            If the detector is unknown, a calibration has another shape, no amplifier is plausible,
            or too few pixels are good.

        Notes
        -----
        The variance is that of the photons, of the read noise, and of the flat where that has one.
        Pixels below zero have read noise alone.
        """
        from persistence.types.pixels.mask import Mask

        detector = self._described(raw)
        shape = trim.trimmed_shape(detector)
        image = np.full(shape, np.nan, np.float32)
        flags = {name: np.zeros(shape, bool) for name in ("BAD", "SAT")}
        overscans = []
        for amplifier in detector.amplifiers:
            counts, full, overscan = amplifiers.read(raw.image, amplifier, self.config)
            image[amplifier.trimmed.slices] = counts
            flags["SAT"][amplifier.trimmed.slices] = full
            overscans.append(overscan)
        self._subtract(image, raw, detector, bias, dark, crosstalk)
        variance = self._to_electrons(image, detector)
        flags["BAD"] |= self._flatten(image, variance, flat)
        self._refuse_implausible(image, detector, overscans, flags["BAD"], raw)
        flags["BAD"] |= ~np.isfinite(image)
        if defects is not None:
            flags["BAD"] |= defects.mask(shape)["BAD"]
        flags["SAT"] = planes.grown(flags["SAT"], self.config.growSaturation)
        flags["INTRP"] = flags["BAD"] | flags["SAT"]
        self._check(flags["INTRP"], raw)
        flags["INTRP"] = self._interpolate(image, variance, flags["INTRP"])
        flags["EDGE"] = planes.edge(shape, self.config.edgeWidth)
        self._note(flags, detector)
        wcs = trim.wcs(raw, detector)
        if raw.wcs is not None and wcs is None:
            self.log.warning(
                "the amplifiers are separate in the raw image, so the trimmed one has no WCS"
            )
        calibrated = raw.replaced(
            image=image,
            variance=variance,
            mask=Mask.from_flags(flags),
            header=trim.header(raw.metadata),
            primary=None,
            cutout=(0, 0),
            wcs=wcs,
            unit="electron",
        )
        return Struct(exposure=calibrated)

    def _described(self, raw: Exposure) -> Detector:
        """Return the detector, with the gains and read noises of the configuration.

        Raises
        ------
        TaskError
            If there are no amplifiers, or a property of one is unknown.
        """
        detector = raw.detector
        if detector is None or not detector.amplifiers:
            raise TaskError("the raw exposure has no amplifiers; is it trimmed already?")
        described = []
        for amplifier in detector.amplifiers:
            gain = self.config.gains.get(amplifier.name, amplifier.gain)
            noise = self.config.readNoises.get(amplifier.name, amplifier.read_noise)
            for quantity, value, setting in (
                ("gain", gain, "gains"),
                ("read noise", noise, "readNoises"),
            ):
                if value is None:
                    where = f" of {raw.path}" if raw.path else ""
                    raise TaskError(
                        f"the {quantity} of amplifier {amplifier.name} of detector {detector.name}"
                        f"{where} is not known; -c {option(self, setting)}="
                        f"{{{amplifier.name!r}: ...}} says it"
                    )
            described.append(dataclasses.replace(amplifier, gain=gain, read_noise=noise))
        return dataclasses.replace(detector, amplifiers=tuple(described))

    def _subtract(
        self, image: Any, raw: Exposure, detector: Detector, bias: Any, dark: Any, crosstalk: Any
    ) -> None:
        """Subtract bias, crosstalk and dark from the counts."""
        level = self._pixels("bias", bias, image.shape)
        if level is not None:
            image -= level
        if crosstalk is not None:
            image[:] = amplifiers.crossed(image, detector.amplifiers, crosstalk.coefficients)
        current = self._pixels("dark", dark, image.shape)
        if current is not None:
            image -= np.float32(self._dark_time(raw)) * current

    def _dark_time(self, raw: Exposure) -> float:
        visit_info = raw.visit_info
        seconds = (
            visit_info.dark_time if visit_info.dark_time is not None else visit_info.exposure_time
        )
        if seconds is None:
            raise TaskError(
                "neither dark time nor exposure time is known, by which the dark is scaled; "
                f"-c {option(self, 'doDark')}=False goes without"
            )
        return float(seconds)

    def _to_electrons(self, image: Any, detector: Detector) -> Any:
        """Convert counts to electrons, and return the variance."""
        variance = np.full(image.shape, np.nan, np.float32)
        for amplifier in detector.amplifiers:
            part, noise = amplifier.trimmed.slices, np.float32(amplifier.read_noise)
            image[part] *= np.float32(amplifier.gain)
            np.maximum(image[part], 0, out=variance[part])
            variance[part] += noise * noise
        return variance

    def _flatten(self, image: Any, variance: Any, flat: Any) -> Any:
        """Divide by the flat; returns which of its pixels cannot be divided by."""
        response = self._pixels("flat", flat, image.shape)
        if response is None:
            return np.zeros(image.shape, bool)
        unflat = ~(np.isfinite(response) & (response > 0))
        if unflat.any():
            response = np.where(unflat, np.float32(1), response)
        image /= response
        variance /= response
        variance /= response
        if flat.variance is not None:
            own = np.nan_to_num(flat.variance, posinf=0.0, neginf=0.0)
            np.maximum(own, 0, out=own)
            for _ in range(2):
                own *= image
                own /= response
            variance += own
        return unflat

    def _refuse_implausible(
        self, image: Any, detector: Detector, overscans: Any, bad: Bools, raw: Exposure
    ) -> None:
        """Flag amplifiers that cannot be believed, and warn.

        Raises
        ------
        TaskError
            If none can.
        """
        wrong = implausible.faults(image, detector.amplifiers, overscans, self)
        for amplifier in detector.amplifiers:
            if amplifier.name in wrong:
                bad[amplifier.trimmed.slices] = True
        self.metadata.set("badAmplifiers", " ".join(wrong))
        reasons = [
            f"amplifier {name} of {detector.name} is BAD: {why}" for name, why in wrong.items()
        ]
        if len(wrong) == len(detector.amplifiers):
            where = f" of {raw.path}" if raw.path else ""
            raise TaskError("\n  ".join([f"no amplifier{where} is plausible:", *reasons]))
        for line in reasons:
            self.log.warning("%s", line)

    def _pixels(self, kind: str, master: Any, shape: tuple[int, int]) -> Any:
        if master is None:
            return None
        if master.image.shape != shape:
            given = " x ".join(map(str, master.image.shape[::-1]))
            raise TaskError(f"the {kind} has {given} pixels, the detector {shape[1]} x {shape[0]}")
        return np.asarray(master.image, np.float32)

    def _check(self, bad: Bools, raw: Exposure) -> None:
        fraction = float(bad.mean())
        if fraction > self.config.maxBadFraction:
            allowed = option(self, "maxBadFraction")
            raise TaskError(
                f"{fraction:.0%} of the pixels are bad or saturated; "
                f"-c {allowed}={self.config.maxBadFraction:g} is the most that is taken"
            )

    def _interpolate(self, image: Any, variance: Any, bad: Bools) -> Bools:
        """Interpolate bad pixels along rows, and return which ones; others become 0."""
        fill = np.zeros_like(bad)
        if self.config.doInterpolate:
            fill = planes.fill_along_rows((image, variance), bad)
        lost = ~np.isfinite(image)
        image[lost], variance[lost] = 0.0, np.inf
        return fill

    def _note(self, flags: dict[str, Bools], detector: Any) -> None:
        for name, flagged in flags.items():
            self.metadata.set(f"numPixels{name}", int(np.count_nonzero(flagged)))
        numbers = ", ".join(
            f"{name} {np.count_nonzero(flagged)}" for name, flagged in flags.items()
        )
        self.log.info("detector %s: %s of %d pixels", detector.name, numbers, flags["BAD"].size)
