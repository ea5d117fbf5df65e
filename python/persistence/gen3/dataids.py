"""Gen2's data IDs as Gen3's, and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import DataIdError, NotInSkyMap
from persistence.gen3 import names
from persistence.gen3.names import EXPOSURE_KEYS, Instrument
from persistence.policy.dataset_type import DatasetType
from persistence.skymap.base import SkyMap

RAW, CALIBRATION, REFCAT, SKYMAP, OUTPUT = "raw", "calibration", "refcat", "skymap", "output"
SKYMAP_ENDING = "_skyMap"
# Shards of reference catalogs: trixels of this depth.
_TRIXELS = range(8 * 4**7, 16 * 4**7)


class Sky(NamedTuple):
    """A sky map, and its name in Gen3."""

    name: str
    map: SkyMap


class Translation(NamedTuple):
    """How data IDs of a dataset type are called in Gen3.

    Attributes
    ----------
    kind : `str`
        What the type is, which decides its run.
    dimensions : `tuple` [`str`]
        Its dimensions in Gen3.
    exposure : `str` or None
        Gen2's key of the exposure or the visit.
    """

    kind: str
    dimensions: tuple[str, ...]
    exposure: str | None = None


def translation(
    dataset: DatasetType, instrument: Instrument, registered: Collection[str]
) -> Translation | str:
    """Return how a dataset type's data IDs are called in Gen3, or why they cannot be.

    Parameters
    ----------
    dataset : `DatasetType`
        The dataset type.
    instrument : `Instrument`
        The camera.
    registered : collection of `str`
        The columns of the registry of exposures: keys that an exposure determines.

    Returns
    -------
    translation : `Translation` or `str`
        The translation, or the reason why Gen3 has no such data IDs.
    """
    keys = dict(dataset.keys)
    kind = _kind(dataset)
    exposure = next((key for key in EXPOSURE_KEYS if key in keys), None)
    if "pixel_id" in keys:
        return Translation(REFCAT, ("htm7",))
    if dataset.name.endswith(SKYMAP_ENDING) and not keys:
        return Translation(SKYMAP, ("skymap",))
    dimensions: list[str] = []
    known = {*EXPOSURE_KEYS}
    if exposure is not None:
        dimensions.append("exposure" if kind == RAW else "visit")
        known |= {"filter", *registered}
    if instrument.detector_key in keys or {"raftName", "detectorName"} <= set(keys):
        dimensions.append("detector")
        known |= {instrument.detector_key, "raftName", "detectorName"}
    if kind == CALIBRATION:
        known |= {"calibDate", "hdu", "calib_hdu", "path"}
    if "tract" in keys:
        dimensions += ["skymap", "tract", *(["patch"] if "patch" in keys else [])]
        known |= {"tract", "patch"}
    if "filter" in keys and exposure is None:
        dimensions.append("band" if "tract" in keys else "physical_filter")
        known.add("filter")
    strange = [key for key in keys if key not in known]
    if strange:
        keys_ = "its key" if len(strange) == 1 else "each of its keys"
        return f"{keys_} {', '.join(strange)} has no dimension in Gen3"
    if {"exposure", "visit", "detector", "physical_filter"} & set(dimensions):
        dimensions.insert(0, "instrument")
    return Translation(kind, tuple(dimensions), exposure)


def _kind(dataset: DatasetType) -> str:
    if dataset.section == "calibrations":
        return CALIBRATION
    # among Gen2's exposures are processed ones, of afw's own type
    python = (dataset.python or "").rpartition(".")[2]
    is_processed = dataset.name != RAW and python.startswith("Exposure")
    return RAW if dataset.section == "exposures" and not is_processed else OUTPUT


class Translator:
    """Translate data IDs of one camera.

    Parameters
    ----------
    mapper : `CameraMapper`
        The camera's mapper.
    instrument : `Instrument`
        Gen3's names of the camera.
    sky : `Sky` or None
        The sky map.
    """

    def __init__(self, mapper: CameraMapper, instrument: Instrument, sky: Sky | None) -> None:
        self._mapper, self._instrument, self._sky = mapper, instrument, sky
        self._values: Mapping[str, Any] = {
            "instrument": lambda row, how: instrument.name,
            "exposure": lambda row, how: int(row[how.exposure]),
            "visit": lambda row, how: int(row[how.exposure]),
            "detector": lambda row, how: self._detector(row),
            "physical_filter": lambda row, how: names.physical(self._label(row)),
            "band": lambda row, how: names.band(self._label(row)),
            "skymap": lambda row, how: self._known_sky.name,
            "tract": lambda row, how: int(row["tract"]),
            "patch": lambda row, how: self._patch(row),
            "htm7": lambda row, how: self._trixel(row),
        }

    def gen3(self, row: Mapping[str, Any], how: Translation) -> dict[str, Any]:
        """Return Gen3's data ID.

        Raises
        ------
        DataIdError
            If a value has no counterpart: the tract is not in the sky map, or there is none.
        """
        return {name: self._values[name](row, how) for name in how.dimensions}

    @property
    def _known_sky(self) -> Sky:
        if self._sky is None:
            raise DataIdError("there is no sky map: of tracts and patches nothing is known")
        return self._sky

    def _label(self, row: Mapping[str, Any]) -> Any:
        return names.label(self._mapper, str(row["filter"]))

    def _detector(self, row: Mapping[str, Any]) -> int:
        key = self._instrument.detector_key
        full = row if key in row else self._mapper._transformId(row)
        if key not in full:
            raise DataIdError(f"the number of the detector is unknown ({key})")
        return int(full[key])

    def _patch(self, row: Mapping[str, Any]) -> int:
        try:
            return self._known_sky.map[int(row["tract"])][str(row["patch"])].sequential_index
        except NotInSkyMap as error:
            raise DataIdError(str(error)) from error

    @staticmethod
    def _trixel(row: Mapping[str, Any]) -> int:
        text = str(row["pixel_id"])
        if not text.isdecimal() or int(text) not in _TRIXELS:
            raise DataIdError(f"{text} is not a trixel of depth 7, by which Gen3 knows shards")
        return int(text)
