"""`FlatTask`: master flats from raw ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, TaskError
from persistence.tasks import input_quality
from persistence.tasks.construct import ConstructTask, Recipe
from persistence.tasks.construct_command import detector_name
from persistence.tasks.construct_inputs import Input
from persistence.tasks.input_quality import Levels, Look
from persistence.tasks.prepared_inputs import Prepared


class FlatTask(ConstructTask):
    """Create master flats: the relative sensitivity of pixels, about 1."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.construct_config", "FlatConfig")
    _DefaultName = "flat"
    calibName = "flat"
    EXAMPLES: ClassVar = {
        "repo --calib repo/CALIB --rerun calibs --id visit=410410..410414 "
        "ccdnum=1..62 --calibId calibDate=2014-02-20": (
            "create flats, with the date that they are to have"
        ),
    }

    @classmethod
    def compares(cls, config: Any, number: int) -> bool:
        """Return whether detectors are compared; see `ConstructTask.compares`."""
        return bool(number > 1 and config.normalize == "FOCAL_PLANE")

    def levels(self, inputs: Sequence[Input]) -> dict[str, float]:
        """Return the levels of inputs (electrons); of those that cannot be used there is none."""
        ratios = {}
        for each in inputs:
            try:
                prepared = Prepared()
                prepared.add(each, self.isr.runDataRef(each.reference).exposure)
            except Exception as error:  # it will be reported when the master is created
                self.log.debug("%s has no level: %s", each.name, error)
                continue
            prepared.stack.close()
            if not self.refusal(prepared.looks[each.name], each.kind):
                ratios[each.name] = prepared.looks[each.name].level
        return ratios

    def refusal(self, look: Look, kind: str) -> str:
        """Return why an input is not used; see `ConstructTask.refusal`."""
        reason = super().refusal(look, kind)
        if reason:
            return reason
        if look.level <= 0 or look.level < self.config.minLevel:
            return (
                f"it has {look.level:.0f} electrons, and minLevel={self.config.minLevel:g} is the "
                "least"
            )
        if look.full > self.config.maxSaturated:
            return (
                f"{look.full:.0%} of its pixels are saturated, and "
                f"maxSaturated={self.config.maxSaturated:g} is the most"
            )
        return ""

    def make(self, outputRef: Any, prepared: Prepared, levels: Levels | None) -> Struct:
        """Create a flat; see `ConstructTask.make`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``: the master. ``level``: that of this detector, where 1 is the mean of all.
        """
        used = prepared.used()
        self.note_levels(prepared)
        own = [prepared.looks[name].level for name in used]
        self._note_gains(prepared, own)
        level = self._relative(outputRef, levels)
        self.metadata.set("relativeLevel", level)
        combined = self.combined(prepared, list(used), own)
        exposure = self.finished(outputRef, prepared, combined, Recipe("", level))
        outputRef.put(exposure, self.calibName)
        self.log.info(
            "%d inputs of %.0f electrons; level %.4f",
            len(used),
            self.metadata["level"],
            level,
        )
        return Struct(exposure=exposure, level=level)

    def _relative(self, outputRef: Any, levels: Levels | None) -> float:
        if levels is None:
            self.metadata.set("numDetectors", 1)
            return 1.0
        name = detector_name(outputRef)
        known = {each: inputs for each, inputs in levels.items() if inputs}
        missing = sorted(levels.keys() - known.keys())
        if missing:
            self.log.warning("not compared with %s, which have no level", ", ".join(missing))
        self.metadata.set("numDetectors", len(known))
        try:
            return input_quality.relative_levels(known)[name]
        except ValueError as error:
            raise TaskError(
                f"detectors cannot be compared: {error}; -c normalize=DETECTOR normalizes each "
                "flat to 1"
            ) from error

    def _note_gains(self, prepared: Prepared, levels: Sequence[float]) -> None:
        detector = prepared.detector
        places, gains = list(prepared.used().values()), self.gains(detector)
        for amplifier in detector.amplifiers:
            noise = math.sqrt(max(0.0, float(np.median(prepared.noise[amplifier.trimmed.slices]))))
            assumed = gains[amplifier.name]
            gain = input_quality.gain(prepared.stack, places, levels, amplifier, assumed, noise)
            self.metadata.set(f"gain_{amplifier.name}", gain)
            if abs(gain - assumed) > 0.1 * assumed:
                self.log.warning(
                    "the gain of amplifier %s is %.2f electrons a count by pairs of flats, and "
                    "%.2f by the header (or -c isr.gains)",
                    amplifier.name, gain, assumed,
                )  # fmt: skip
