"""What a camera's policy says of the integers that stand for data IDs of exposures and coadds.

The names with an underscore are Gen2's: camera packages override them, and scripts call them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cameras import identifiers
from persistence.cameras.detectors import Detectors
from persistence.cameras.identifiers import CoaddPacker, ExposurePacker
from persistence.errors import DataIdError, MissingKey, PolicyError, did_you_mean

if TYPE_CHECKING:
    from persistence.types.exposure.translator import HeaderTranslator


class Numbering(Detectors):
    """The part of a camera's mapper that numbers exposures and coadds."""

    @property
    def translator(self) -> HeaderTranslator:
        """What reads the camera's headers, and knows its filters."""
        raise NotImplementedError("the mapper says")

    def telling(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        """Give the part of an exposure's data ID that tells it from all others: visit and detector.

        All of the data ID, where the policy numbers no exposures, or this is of something else.
        """
        for keys in () if self.exposure_packer is None else self.exposure_packer.terms:
            if keys and all(key in dataId for key in keys):
                return {key: dataId[key] for key in keys}
        return dict(dataId)

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
        full = self._transformId(dataId)
        if self._detectors.get("key") in full:
            self._checked_detector(full)  # its number would run over into the exposure's
        return self.exposure_packer.pack(full)

    def exposure_of(self, identifier: Any) -> dict[str, Any]:
        """Return the data ID of the exposure that an integer, or each of an array, stands for.

        Parameters
        ----------
        identifier : `int` or integer array
            What ``butler.get("ccdExposureId", ...)`` gives.

        Raises
        ------
        PolicyError
            If the policy does not say how exposures are numbered.
        DataIdError
            If no exposure has such a number.
        """
        if self.exposure_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not say how the camera's exposures are numbered"
            )
        data_id = self.exposure_packer.unpack(identifier)
        if isinstance(identifier, int) and self._detectors.get("key") in data_id:
            self._checked_detector(data_id)
        return data_id

    def coadd_of(self, identifier: int, singleFilter: bool = True) -> dict[str, Any]:
        """Return the data ID of the patch of a coadd that an integer stands for.

        Parameters
        ----------
        identifier : `int`
            What ``butler.get("deepCoaddId", ...)`` gives, or, without ``singleFilter``,
            ``deepMergedCoaddId``.

        Raises
        ------
        PolicyError
            If the policy does not say how coadds are numbered.
        DataIdError
            If no patch has such a number.
        """
        if self.coadd_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not say how the camera's coadds are numbered"
            )
        labels = self.translator.filters
        packed = identifier if singleFilter else identifier << self.coadd_packer.filter_bits
        parts = self.coadd_packer.unpack(packed)
        if parts["tract"] >> self.coadd_packer.tract_bits or parts["filter"] >= len(labels):
            raise DataIdError(f"{identifier} is no number of a patch of a coadd of this camera")
        data_id = {"tract": parts["tract"], "patch": f"{parts['patch_x']},{parts['patch_y']}"}
        return data_id | ({"filter": labels[parts["filter"]].name} if singleFilter else {})

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
