"""Gen2's names of the classes on which camera packages build."""

from persistence.cameras.gen2_mappings import (
    CalibrationMapping,
    DatasetMapping,
    ExposureMapping,
    ImageMapping,
    Mapping,
)
from persistence.cameras.identifiers import ExposureIdInfo
from persistence.gen2types import absent
from persistence.gen2types.obs.filters import (
    FilterDefinition,
    FilterDefinitionCollection,
)
from persistence.gen2types.obs.instrument import Instrument
from persistence.gen2types.obs.rawvisitinfo import MakeRawVisitInfo
from persistence.gen2types.obs.skywcs import (
    InitialSkyWcsError,
    bboxFromIraf,
    createInitialSkyWcs,
    createInitialSkyWcsFromBoresight,
)
from persistence.gen2types.obs.standardise import exposureFromImage
from persistence.gen2types.obs.viaobsinfo import MakeRawVisitInfoViaObsInfo
from persistence.gen2types.obsbase import CameraMapper

__all__ = [
    "CalibrationMapping",
    "CameraMapper",
    "DatasetMapping",
    "ExposureIdInfo",
    "ExposureMapping",
    "FilterDefinition",
    "FilterDefinitionCollection",
    "ImageMapping",
    "InitialSkyWcsError",
    "Instrument",
    "MakeRawVisitInfo",
    "MakeRawVisitInfoViaObsInfo",
    "Mapping",
    "bboxFromIraf",
    "createInitialSkyWcs",
    "createInitialSkyWcsFromBoresight",
    "exposureFromImage",
]

absent.install()
