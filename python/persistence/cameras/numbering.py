"""The integers that identify data IDs of exposures and coadds, as defined by a camera's policy.

Methods with an underscore are Gen2's: camera packages override them, and scripts call them.
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
        """The translator of the camera's headers, with its filters."""
        raise NotImplementedError("the mapper defines it")

    def telling(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys that identify an exposure, visit and detector, with their values.

        The whole data ID is returned if the policy does not number exposures, or for other
        datasets.

        Parameters
        ----------
        dataId : mapping
            The data ID.

        Returns
        -------
        `dict` [`str`, object]
            The identifying part.
        """
        for keys in () if self.exposure_packer is None else self.exposure_packer.terms:
            if keys and all(key in dataId for key in keys):
                return {key: dataId[key] for key in keys}
        return dict(dataId)

    @functools.cached_property
    def exposure_packer(self) -> ExposurePacker | None:
        """The packing of data IDs of exposures; None if the policy has none."""
        return identifiers.exposure_packer(self.policy.settings.get("identifiers", {}))

    @functools.cached_property
    def coadd_packer(self) -> CoaddPacker | None:
        """The packing of data IDs of coadds; None if the policy has none."""
        return identifiers.coadd_packer(self.policy.settings.get("identifiers", {}))

    def _computeCcdExposureId(self, dataId: Mapping[str, Any]) -> int:
        """Return the integer of a detector's exposure."""
        if self.exposure_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not define numbers of the camera's exposures"
            )
        full = self._transformId(dataId)
        if self._detectors.get("key") in full:
            self._checked_detector(full)  # a larger number would overflow into the exposure's
        return self.exposure_packer.pack(full)

    def exposure_of(self, identifier: Any) -> dict[str, Any]:
        """Return the data ID of the exposure with an integer, or of each in an array.

        Parameters
        ----------
        identifier : `int` or integer array
            A result of ``butler.get("ccdExposureId", ...)``.

        Returns
        -------
        `dict` [`str`, object]
            The data ID; its values are arrays for an array.

        Raises
        ------
        PolicyError
            If the policy does not number exposures.
        DataIdError
            If no exposure has such a number.
        """
        if self.exposure_packer is None:
            raise PolicyError(
                f"{self.policy.path} does not define numbers of the camera's exposures"
            )
        data_id = self.exposure_packer.unpack(identifier)
        if isinstance(identifier, int) and self._detectors.get("key") in data_id:
            self._checked_detector(data_id)
        return data_id

    def coadd_of(self, identifier: int, singleFilter: bool = True) -> dict[str, Any]:
        """Return the data ID of the patch of a coadd with an integer.

        Parameters
        ----------
        identifier : `int`
            A result of ``butler.get("deepCoaddId", ...)``, or, without ``singleFilter``, of
            ``deepMergedCoaddId``.
        singleFilter : `bool`, optional
            Whether the integer contains a filter.

        Returns
        -------
        `dict` [`str`, object]
            The data ID.

        Raises
        ------
        PolicyError
            If the policy does not number coadds.
        DataIdError
            If no patch has such a number.
        """
        if self.coadd_packer is None:
            raise PolicyError(f"{self.policy.path} does not define numbers of the camera's coadds")
        labels = self.translator.filters
        packed = identifier if singleFilter else identifier << self.coadd_packer.filter_bits
        parts = self.coadd_packer.unpack(packed)
        if parts["tract"] >> self.coadd_packer.tract_bits or parts["filter"] >= len(labels):
            raise DataIdError(
                f"{identifier} is not the number of a patch of a coadd of this camera"
            )
        data_id = {"tract": parts["tract"], "patch": f"{parts['patch_x']},{parts['patch_y']}"}
        return data_id | ({"filter": labels[parts["filter"]].name} if singleFilter else {})

    def _computeCoaddExposureId(self, dataId: Mapping[str, Any], singleFilter: bool) -> int:
        """Return the integer of a patch of a coadd, in one filter or for all."""
        if self.coadd_packer is None:
            raise PolicyError(f"{self.policy.path} does not define numbers of the camera's coadds")
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
            f"filter={name!r} is not one of the camera's: "
            f"{', '.join(known)}{did_you_mean(name, known)}"
        )

    def numbered(self, dataset_type: str) -> Callable[..., int] | None:
        """Return a function that computes an identifier's dataset type, as a ``bypass_`` hook.

        Parameters
        ----------
        dataset_type : `str`
            The dataset type, such as ``ccdExposureId``.

        Returns
        -------
        callable or None
            The function; None for other dataset types.
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
            f"{mapper.policy.path} does not define the number of bits of an exposure's number"
        )
    return mapper.exposure_packer.bits


def _coadd(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    return mapper._computeCoaddExposureId(data_id, True)


def _merged(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    return mapper._computeCoaddExposureId(data_id, False)


def _coadd_bits(mapper: Numbering, data_id: Mapping[str, Any]) -> int:
    if mapper.coadd_packer is None:
        raise PolicyError(
            f"{mapper.policy.path} does not define the number of bits of a coadd's number"
        )
    return mapper.coadd_packer.bits


# Dataset types without files: they are computed as the policy defines (doc/gen2/gen2-core.md 6.7).
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
