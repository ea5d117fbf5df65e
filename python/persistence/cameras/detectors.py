"""The names and numbers of detectors in a camera's policy.

Methods with an underscore are Gen2's: camera packages override them, and scripts call them.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from persistence.dataids.dataid import cast
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError, PolicyError

if TYPE_CHECKING:
    from persistence.policy.load import CameraPolicy

_SHOWN = 3


class Detectors:
    """The part of a camera's mapper about the names and numbers of detectors."""

    policy: CameraPolicy

    @property
    def _detectors(self) -> Mapping[str, Any]:
        """The policy's section about detectors."""
        said: Mapping[str, Any] = self.policy.settings.get("detectors", {})
        return said

    @property
    def detector_key(self) -> str | None:
        """The key of data IDs with the detector's number; None if the policy has none."""
        key: str | None = self._detectors.get("key")
        return key

    @functools.cached_property
    def detector_names(self) -> Mapping[int, str]:
        """The names of the detectors by number, as far as the policy lists them."""
        names = {
            int(number): str(name) for number, name in self._detectors.get("names", {}).items()
        }
        first, last = self._detectors.get("numbers", (min(names, default=0), max(names, default=0)))
        return {number: name for number, name in names.items() if first <= number <= last}

    @functools.cached_property
    def detector_numbers(self) -> Collection[int] | None:
        """The numbers of the detectors: those with names, or the policy's; None if unknown."""
        if self.detector_names:
            return self.detector_names.keys()
        first, last = self._detectors.get("numbers", (0, -1))
        return range(first, last + 1) or None

    @functools.cached_property
    def detector_form(self) -> PathTemplate | None:
        """The template of a detector's name, from keys of the data ID; None without one."""
        return PathTemplate(self._detectors["name"]) if "name" in self._detectors else None

    def _extractDetectorName(self, dataId: Mapping[str, Any]) -> Any:
        """Return the name of a data ID's detector, from the policy's template, or by its number."""
        key, form = self._detectors.get("key"), self.detector_form
        full = self._transformId(dataId)
        if form is not None and set(form.keys) <= set(full):
            return form.format({part: kind(full[part]) for part, kind in form.keys.items()})
        if key is None:
            raise PolicyError(
                f"{self.policy.path} does not define the names of the camera's detectors"
            )
        if key not in full:
            raise DataIdError(f"No name found for dataId: {dict(dataId)}: it has no {key}")
        number = self._checked_detector(full)
        return self.detector_names.get(number, number)

    def _checked_detector(self, full_id: Mapping[str, Any]) -> int:
        """Return the number of a data ID's detector.

        Raises
        ------
        DataIdError
            If the camera has no detector of that number.
        """
        key = self._detectors["key"]
        number: int = cast(key, full_id[key], int)
        if self.detector_numbers is not None and number not in self.detector_numbers:
            raise DataIdError(
                f"No name found for dataId: {dict(full_id)}: the camera has no detector {number} "
                f"({key} is {span(self.detector_numbers)})"
            )
        return number

    def _transformId(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        """Return a data ID with the camera's names of keys, and the number of a detector's name."""
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

    @staticmethod
    def getShortCcdName(name: str) -> str:
        """Return a detector's name as in paths, with underscores instead of blanks.

        Parameters
        ----------
        name : `str`
            The name.

        Returns
        -------
        `str`
            The short name.
        """
        return name.replace(" ", "_")


def span(numbers: Collection[int]) -> str:
    """Return numbers as text for messages: ``0 to 188``, ``1 to 62 without 61``."""
    first, last = min(numbers), max(numbers)
    absent = sorted(set(range(first, last + 1)).difference(numbers))
    if not absent:
        return f"{first} to {last}"
    if len(absent) > _SHOWN:
        return f"one of {len(numbers)} numbers from {first} to {last}"
    return f"{first} to {last} without {', '.join(map(str, absent))}"
