"""DECam's mapper: the policy file says nearly all; here is what a table cannot say."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

from obs_decam.headers import DecamHeaders
from persistence import CameraMapper, yamlfile

_HERE = os.path.dirname(os.path.abspath(__file__))


@functools.cache
def detectors() -> Mapping[int, str]:
    """Give the name of each science detector by its number: 25 -> ``S1``."""
    table = yamlfile.load(os.path.join(_HERE, "camera", "detectors.yaml"))
    return {int(number): entry["name"] for number, entry in table["science"].items()}


class DecamMapper(CameraMapper):
    """Maps DECam's data IDs (visit, ccdnum, filter) to files."""

    packageName = "obs_decam"
    policyFile = os.path.join(_HERE, "policy", "DecamMapper.yaml")
    ingestFile = os.path.join(_HERE, "config", "ingest.yaml")
    ingestCalibsFile = os.path.join(_HERE, "config", "ingestCalibs.yaml")
    translatorClass = DecamHeaders

    @functools.cached_property
    def detector_names(self) -> Mapping[int, str]:
        # N30 (61) died in 2012: Gen2's table of names leaves it out.
        return {number: name for number, name in detectors().items() if number != 61}
