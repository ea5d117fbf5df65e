"""What can be set of alert production."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import Config, ConfigurableField, Field

from persistence.tasks.dia_pipe import DiaPipelineTask
from persistence.tasks.image_difference import ImageDifferenceTask
from persistence.tasks.process_ccd import ProcessCcdTask


class ApPipeConfig(Config):
    """The configuration of the alert production pipeline: its steps."""

    ccdProcessor: Any = ConfigurableField(target=ProcessCcdTask, doc="Calibrates raw exposures.")
    differencer: Any = ConfigurableField(
        target=ImageDifferenceTask, doc="Subtract templates, and detect sources in the difference."
    )
    diaPipe: Any = ConfigurableField(
        target=DiaPipelineTask, doc="Associate sources with objects, and store them."
    )
    doForcedSources = Field[bool](
        doc="Measure all objects on a detector, also where nothing was found now?",
        dtype=bool,
        default=True,
    )

    def validate(self) -> None:
        """Raise ValueError if a step lacks what it reads from another."""
        super().validate()
        if not self.differencer.value.doWriteSources:
            raise ValueError("differencer.doWriteSources must be True: diaPipe reads its output")
