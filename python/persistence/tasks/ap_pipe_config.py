"""What can be set of alert production."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import Config, ConfigurableField, Field

from persistence.tasks.dia_pipe import DiaPipelineTask
from persistence.tasks.image_difference import ImageDifferenceTask
from persistence.tasks.process_ccd import ProcessCcdTask


class ApPipeConfig(Config):
    """Which tasks make DIASources of raw exposures, and how."""

    ccdProcessor: Any = ConfigurableField(target=ProcessCcdTask, doc="Calibrates raw exposures.")
    differencer: Any = ConfigurableField(
        target=ImageDifferenceTask, doc="Subtracts templates, and finds what is left."
    )
    diaPipe: Any = ConfigurableField(
        target=DiaPipelineTask, doc="Associates what is found, and stores it."
    )
    doForcedSources = Field[bool](
        doc="Measure all objects on a detector, also where nothing was found now?",
        dtype=bool,
        default=True,
    )

    def validate(self) -> None:
        super().validate()
        if not self.differencer.value.doWriteSources:
            raise ValueError(
                "differencer.doWriteSources has to stay True: diaPipe reads what it wrote"
            )
