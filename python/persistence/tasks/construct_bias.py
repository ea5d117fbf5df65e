"""`BiasTask`: master biases from raw ones."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from persistence.pipe.struct import Struct
from persistence.pipe.task import Later
from persistence.tasks import input_quality
from persistence.tasks.construct import ConstructTask, Recipe
from persistence.tasks.input_quality import Levels
from persistence.tasks.prepared_inputs import Prepared


class BiasTask(ConstructTask):
    """Create master biases, in counts: the structure that remains after overscan subtraction."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.construct_config", "BiasConfig")
    _DefaultName = "bias"
    calibName = "bias"
    EXAMPLES: ClassVar = {
        "repo --rerun calibs --id visit=410400..410404 ccdnum=1..62 -j 4": (
            "create biases from five exposures, in repo/rerun/calibs"
        ),
    }

    def make(self, outputRef: Any, prepared: Prepared, levels: Levels | None) -> Struct:
        """Create a bias; see `ConstructTask.make`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``exposure``: the master (counts).
        """
        detector, used = prepared.detector, prepared.used()
        self.note_levels(prepared)
        gains = self.gains(detector)
        counts = np.full(prepared.stack.shape, np.nan, np.float32)
        for amplifier in detector.amplifiers:
            with np.errstate(divide="ignore"):
                counts[amplifier.trimmed.slices] = 1 / np.float32(gains[amplifier.name])
            noise = input_quality.read_noise(prepared.stack, list(used.values()), amplifier)
            self.metadata.set(f"readNoise_{amplifier.name}", noise)
        combined = self.combined(prepared, list(used), [1.0] * len(used))
        exposure = self.finished(outputRef, prepared, combined, Recipe("adu", counts))
        outputRef.put(exposure, self.calibName)
        noises = ", ".join(
            f"{each.name} {self.metadata[f'readNoise_{each.name}']:.2f}"
            for each in detector.amplifiers
        )
        self.log.info("%d inputs; read noise (electrons): %s", len(used), noises)
        return Struct(exposure=exposure)
