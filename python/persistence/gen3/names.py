"""What Gen3 calls a camera: its instrument, the class of it, and the keys of its data IDs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence.cameras.camera_mapper import CameraMapper
from persistence.cameras.mapper import Mapper
from persistence.errors import PolicyError
from persistence.types.exposure.translator import FilterLabel

# Gen2's names of what Gen3 calls an exposure, or, once it is processed, a visit.
EXPOSURE_KEYS = ("expId", "visit")
# Gen3's default limits: numbers of exposures and detectors are smaller.
_EXPOSURES, _DETECTORS = 2**31, 1000
# A night begins at noon, UTC less so many hours: that of astro_metadata_translator.
_DAY_OFFSET = 12.0
# Gen3's types of observations for those of headers.
_TYPES: Mapping[str, str] = {
    "object": "science",
    "zero": "bias",
    "dome flat": "flat",
    "domeflat": "flat",
    "skyflat": "flat",
    "sky flat": "flat",
}
# R22_S11: a raft and a detector in it; S29: a half of the focal plane.
_IN_RAFT = re.compile(r"(?P<raft>[^_]+)_(?P<name>.+)|(?P<half>[NS])(?P<number>\d+)")


class Instrument(NamedTuple):
    """A camera as Gen3 knows it.

    Attributes
    ----------
    name : `str`
        The value of ``instrument`` in Gen3's data IDs.
    class_name : `str`
        The dotted name of Gen3's class; empty if there is none.
    raw_formatter : `str`
        The dotted name of the class by which the full stack reads raws; empty if unknown.
    exposure_max, detector_max : `int`
        Numbers of exposures, and of detectors, are smaller.
    day_offset : `float`
        Hours after midnight (UTC) at which Gen3's ``day_obs`` begins.
    detector_key : `str`
        Gen2's key of the detector's number.
    """

    name: str
    class_name: str = ""
    raw_formatter: str = ""
    exposure_max: int = _EXPOSURES
    detector_max: int = _DETECTORS
    day_offset: float = _DAY_OFFSET
    detector_key: str = "ccd"


def instrument(mapper: Mapper) -> Instrument:
    """Return Gen3's names of a camera: those that its policy states under ``gen3``.

    Parameters
    ----------
    mapper : `Mapper`
        The camera's mapper.

    Returns
    -------
    instrument : `Instrument`
        The names. A camera without them has the name of its mapper's class or file.

    Raises
    ------
    PolicyError
        If the mapper has no numbered detectors.
    """
    if not isinstance(mapper, CameraMapper):
        raise PolicyError(
            f"{type(mapper).__name__} is not a CameraMapper: what its keys are in Gen3 is unknown"
        )
    stated: Mapping[str, Any] = mapper.policy.settings.get("gen3", {})
    return Instrument(
        str(stated.get("instrument", _default_name(mapper))),
        str(stated.get("class", "")),
        str(stated.get("raw", "")),
        int(stated.get("exposures", _EXPOSURES)),
        int(stated.get("detectors", _DETECTORS)),
        float(stated.get("dayOffset", _DAY_OFFSET)),
        mapper.detector_key or "ccd",
    )


def _default_name(mapper: CameraMapper) -> str:
    name = mapper.policy.settings.get("camera")
    if isinstance(name, str) and os.sep not in name:
        return name
    return type(mapper).__name__.removesuffix("Mapper")


def label(mapper: CameraMapper, name: str) -> FilterLabel:
    """Return the filter of a name in data IDs: the one that is called so, else one that answers.

    A name that the camera does not know is a filter of that name, which is its own band.
    """
    filters = mapper.translator.filters
    return next(
        (known for known in filters if name in (known.name, known.physical)),
        next((known for known in filters if known.answers_to(name)), FilterLabel(name)),
    )


def physical(label: FilterLabel) -> str:
    """Return Gen3's ``physical_filter``."""
    return label.physical or label.name


def band(label: FilterLabel) -> str:
    """Return Gen3's ``band``."""
    return label.band or label.name


def detector_records(mapper: CameraMapper, numbers: set[int]) -> list[dict[str, Any]]:
    """Return the records of detectors: those of the camera, and any others that have data."""
    known = mapper.detector_names
    return [
        {"id": number, "full_name": name, **_raft(name), "purpose": None}
        for number in sorted({*known, *numbers})
        for name in [known.get(number, str(number))]
    ]


def _raft(name: str) -> dict[str, str | None]:
    parts = _IN_RAFT.fullmatch(name)
    if parts is None:
        return {"name_in_raft": name, "raft": None}
    return {
        "name_in_raft": parts["name"] or parts["number"],
        "raft": parts["raft"] or parts["half"],
    }


def observation_type(text: str | None) -> str | None:
    """Return Gen3's type of an observation: science, bias, flat ..."""
    return None if text is None else _TYPES.get(text.lower(), text.lower())


def is_science(text: str | None) -> bool:
    """Return whether an observation of a type is one of the sky."""
    return observation_type(text) == "science"
