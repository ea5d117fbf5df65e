"""The geometries of a camera over time, each with its dates of validity."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from persistence.cameras import geometry
from persistence.errors import DataIdError, NoResults, PolicyError
from persistence.files import header_values
from persistence.policy.load import CameraPolicy

if TYPE_CHECKING:
    from persistence.types.exposure.camera import Camera

KEY = "date"
_DAY = len("2024-03-01")


@dataclass(frozen=True)
class Version:
    """One geometry.

    Attributes
    ----------
    begin, end : `str` or None
        The first date of validity, and the first date after it; None if unlimited.
    settings : mapping
        Its ``focalPlane`` or ``camera``.
    where : `str`
        Its position: file and line.
    """

    begin: str | None
    end: str | None
    settings: Mapping[str, Any]
    where: str

    def holds(self, date: str) -> bool:
        """Return whether it is valid on a date."""
        return (self.begin is None or self.begin <= date) and (self.end is None or date < self.end)

    def __str__(self) -> str:
        return f"{self.begin or '...'} to {self.end or '...'}"


def key_of(policy: CameraPolicy) -> str | None:
    """Return the key of data IDs with the date; None if there is only one geometry."""
    section = policy.settings.get("geometry")
    return None if section is None else str(section.get("key", KEY))


def of(policy: CameraPolicy) -> tuple[Version, ...]:
    """Return the geometries of a policy, the earliest first; empty without versions."""
    entries = policy.settings.get("geometry", {}).get("versions", ())
    return tuple(_version(policy, number, entry) for number, entry in enumerate(entries))


def _version(policy: CameraPolicy, number: int, entry: Mapping[str, Any]) -> Version:
    begin, end = (None if date is None else str(date) for date in entry["valid"])
    settings = {name: entry[name] for name in ("camera", "focalPlane") if name in entry}
    if "camera" in settings:  # relative to the file that says it
        said = policy.where("geometry", "versions", number, "camera")
        settings["camera"] = os.path.join(os.path.dirname(said), settings["camera"])
    return Version(begin, end, settings, policy.where("geometry", "versions", number))


def chosen(versions: Sequence[Version], date: Any, key: str) -> Version:
    """Return the geometry that is valid on a date.

    Raises
    ------
    DataIdError
        If it is not a date.
    NoResults
        If none is valid.
    """
    day = header_values.date(date if isinstance(date, int) else str(date))
    if day is None:
        raise DataIdError(f"{key}={date!r} is not a date")
    for version in versions:
        if version.holds(day[:_DAY]):
            return version
    known = [f"valid  {version}  ({version.where})" for version in versions]
    raise NoResults("No geometry is valid then:", "camera", {key: date}, known)


def camera(
    policy: CameraPolicy, version: Version, directory: str | None, names: Mapping[int, str]
) -> Camera:
    """Return the camera of a geometry; see `persistence.cameras.geometry.camera`.

    Raises
    ------
    PolicyError
        If it has no positions of detectors.
    """
    settings = dict(policy.settings)
    if "focalPlane" in version.settings and "camera" not in version.settings:
        settings.pop("camera", None)
    settings |= version.settings
    described = geometry.camera(
        CameraPolicy(policy.path, policy.types, settings, policy.layers), directory, names
    )
    if described is None:
        raise PolicyError(f"{version.where}: the geometry has no positions of detectors")
    return described
