"""What a camera's policy says of its detectors and of the integers that stand for data IDs.

The names with an underscore are Gen2's: camera packages override them, and scripts call them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cameras import identifiers
from persistence.cameras.identifiers import CoaddPacker, ExposurePacker
from persistence.dataids.dataid import cast
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError, MissingKey, PolicyError, did_you_mean

if TYPE_CHECKING:
    from persistence.policy.load import CameraPolicy
    from persistence.types.exposure.translator import HeaderTranslator


class Numbering:
    """The part of a camera's mapper that numbers and names its detectors, exposures and coadds."""

    policy: CameraPolicy

    @property
    def translator(self) -> HeaderTranslator:
        """What reads the camera's headers, and knows its filters."""
        raise NotImplementedError("the mapper says")

    # -- detectors
    # -----------------------------------------------------------------------------------

    @property
    def _detectors(self) -> Mapping[str, Any]:
        """What the policy says of the detectors."""
        said: Mapping[str, Any] = self.policy.settings.get("detectors", {})
        return said

    @functools.cached_property
    def detector_names(self) -> Mapping[int, str]:
        """The name of each detector by its number, as far as the policy lists them."""
        return {int(number): str(name) for number, name in self._detectors.get("names", {}).items()}

    @functools.cached_property
    def detector_form(self) -> PathTemplate | None:
        """How the name of a detector is made of a data ID.

        None if the policy says nothing of it.
        """
        return PathTemplate(self._detectors["name"]) if "name" in self._detectors else None

    def _extractDetectorName(self, dataId: Mapping[str, Any]) -> Any:
        """Give the name of a data ID's detector: by the policy's form of it, else by its number."""
        key, form = self._detectors.get("key"), self.detector_form
        full = self._transformId(dataId)
        if form is not None and set(form.keys) <= set(full):
            return form.format({part: kind(full[part]) for part, kind in form.keys.items()})
        if key is None:
            raise PolicyError(
                f"{self.policy.path} does not say what the camera's detectors are called"
            )
        if key not in full:
            raise DataIdError(f"No name found for dataId: {dict(dataId)}: it has no {key}")
        number: int = cast(key, full[key], int)
        if self.detector_names and number not in self.detector_names:
            raise DataIdError(
                f"No name found for dataId: {dict(dataId)}: the camera has no detector {number}"
            )
        return self.detector_names.get(number, number)

    def _transformId(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        """Add the camera's own names of keys, and the number of a detector given by name."""
        full = dict(dataId)
        for other, key in self.policy.aliases.items():
            if other in full:
                full.setdefault(key, full[other])
        form, names = self.detector_form, self.detector_names
        if (
            names
            and form is not None
            and self._detectors["key"] not in full
            and set(form.keys) <= set(full)
        ):
            name = form.format({part: full[part] for part in form.keys})
            full.update(
                (self._detectors["key"], number) for number, known in names.items() if known == name
            )
        return full

    def telling(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        """Give the part of an exposure's data ID that tells it from all others: visit and detector.

        All of the data ID, where the policy numbers no exposures, or this is of something else.
        """
        for keys in () if self.exposure_packer is None else self.exposure_packer.terms:
            if keys and all(key in dataId for key in keys):
                return {key: dataId[key] for key in keys}
        return dict(dataId)

    @staticmethod
    def getShortCcdName(name: str) -> str:
        """Give a detector's name without blanks, as it stands in paths."""
        return name.replace(" ", "_")

    # -- integers
    # ------------------------------------------------------------------------------------

    @functools.cached_property
    def exposure_packer(self) -> ExposurePacker | None:
        """What packs the data IDs of exposures; None if the policy says nothing of it."""
        return identifiers.exposure_packer(self.policy.settings.get("identifiers", {}))

    @functools.cached_property
    def coadd_packer(self) -> CoaddPacker | None:
        """What packs the data IDs of coadds; None if the policy says nothing of it."""
        return identifiers.coadd_packer(self.policy.settings.get("identifiers", {}))

    def _computeCcdExposureId(self, dataId: Mapping[str, Any]) -> int:
        """Give the integer that stands for one detector's exposure."""
        if self.exposure_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not say how the camera's exposures are numbered"
            )
        return self.exposure_packer.pack(self._transformId(dataId))

    def _computeCoaddExposureId(self, dataId: Mapping[str, Any], singleFilter: bool) -> int:
        """Give the integer that stands for a patch of a coadd, in one filter or in all."""
        if self.coadd_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not say how the camera's coadds are numbered"
            )
        missing = [
            key
            for key in ("tract", "patch", *(["filter"] if singleFilter else []))
            if key not in dataId
        ]
        if missing:
            raise MissingKey(f"an identifier needs {missing[0]!r}; the data ID is {dict(dataId)}")
        tract, patch = int(dataId["tract"]), dataId["patch"]
        if not singleFilter:
            return self.coadd_packer.merged(tract, patch)
        return self.coadd_packer.filtered(tract, patch, self._filter_number(dataId["filter"]))

    def _filter_number(self, name: str) -> int:
        labels = self.translator.filters
        for number, label in enumerate(labels):
            if label.answers_to(name):
                return number
        known = [label.name for label in labels]
        raise DataIdError(
            f"filter={name!r} is none of the camera's: "
            f"{', '.join(known)}{did_you_mean(name, known)}"
        )

    def numbered(self, dataset_type: str) -> Callable[..., int] | None:
        """Give what makes an identifier's dataset type, called as a ``bypass_`` hook.

        None if it is none of them.
        """
        make = _NUMBERS.get(dataset_type)
        if make is None or not {"exposure", "coadd"} & set(
            self.policy.settings.get("identifiers", {})
        ):
            return None
        return lambda datasetType, pythonType, location, dataId: make(self, dataId)


def _exposure(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    return mapper._computeCcdExposureId(data_id)


def _exposure_bits(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    if mapper.exposure_packer is None or mapper.exposure_packer.bits is None:
        raise PolicyError(
            f"{mapper.policy.path} does not say how many bits the number of an exposure takes"
        )
    return mapper.exposure_packer.bits


def _coadd(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    return mapper._computeCoaddExposureId(data_id, True)


def _merged(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    return mapper._computeCoaddExposureId(data_id, False)


def _coadd_bits(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    if mapper.coadd_packer is None:
        raise PolicyError(
            f"{mapper.policy.path} does not say how many bits the number of a coadd takes"
        )
    return mapper.coadd_packer.bits


# Dataset types that have no file: the policy says how they are computed (gen2-core 6.7).
_NUMBERS: Mapping[str, Callable[[Numbering, Mapping[str, Any]], int]] = {
    "ccdExposureId": _exposure,
    "ccdExposureId_bits": _exposure_bits,
    **dict.fromkeys(("deepCoaddId", "dcrCoaddId", "CoaddExposureId"), _coadd),
    **dict.fromkeys(("deepMergedCoaddId", "dcrMergedCoaddId"), _merged),
    **dict.fromkeys(
        (
            "deepCoaddId_bits", "dcrCoaddId_bits", "CoaddExposureId_bits", "deepMergedCoaddId_bits",
            "dcrMergedCoaddId_bits",
        ),
        _coadd_bits,
    ),
}  # fmt: skip
