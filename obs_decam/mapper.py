"""DECam's mapper: what its policy file cannot express."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from obs_decam.headers import DecamHeaders
from persistence import CameraMapper, Location
from persistence.files import yaml_nodes

if TYPE_CHECKING:
    from persistence.policy.dataset_type import DatasetType

_HERE = os.path.dirname(os.path.abspath(__file__))
# Master calibrations of the Community Pipeline: all detectors in one file.
_ALL_IN_ONE = frozenset({"cpBias", "cpFlat", "cpIllumcor"})


@functools.cache
def detectors() -> Mapping[int, str]:
    """Return the name of each science detector by its number: 25 -> ``S1``."""
    table = yaml_nodes.load(os.path.join(_HERE, "camera", "detectors.yaml"))
    return {int(number): entry["name"] for number, entry in table["science"].items()}


class DecamMapper(CameraMapper):
    """Maps DECam's data IDs (visit, ccdnum, filter) to files."""

    packageName = "obs_decam"
    policyFile = os.path.join(_HERE, "policy", "DecamMapper.yaml")
    ingestFile = os.path.join(_HERE, "config", "ingest.yaml")
    ingestCalibsFile = os.path.join(_HERE, "config", "ingestCalibs.yaml")
    translatorClass = DecamHeaders

    def locate(
        self,
        dataset: DatasetType,
        full_id: Mapping[str, Any],
        root: str,
        options: Mapping[str, Any] = {},
    ) -> Location:
        # Gen2's templates take the detector's number for the HDU; but the Community Pipeline leaves
        # detectors out. What is read is the detector's, wherever it stands: this is where to look
        # first.
        location = super().locate(dataset, full_id, root, options)
        known = full_id.get("calib_hdu") if dataset.name in _ALL_IN_ONE else None
        return location if known is None else location._replace(hdu=known)

    @functools.cached_property
    def detector_names(self) -> Mapping[int, str]:
        # A camera's file that builds on this one may say others.
        if self.policy.settings["detectors"].get("names"):
            return super().detector_names
        # N30 (61) died in 2012: Gen2's table of names leaves it out.
        return {number: name for number, name in detectors().items() if number != 61}
