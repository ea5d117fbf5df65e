"""Dataset types that Gen2's mappers had without a policy (doc/gen2/gen2-core.md 6.7).

None of them is a file: the camera, the integer of an exposure with its bits, and the sky policy.
They are hooks, so that a camera may define its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cameras.identifiers import ExposureIdInfo
from persistence.dataids.location import Location
from persistence.errors import PolicyError

if TYPE_CHECKING:
    from persistence.cameras.versions import Version
    from persistence.policy.load import CameraPolicy
    from persistence.types.exposure.camera import Camera


class SpecialTypes:
    """The dataset types ``camera``, ``expIdInfo`` and ``skypolicy`` of a camera's mapper.

    Attributes
    ----------
    repositoryDir : `str` or None
        The directory of the camera's description in Gen2's camera packages; None for the policy's
        directory.
    """

    policy: CameraPolicy
    repositoryDir: str | None = None

    @property
    def detector_names(self) -> Mapping[int, str]:
        """The names of the detectors by number."""
        raise NotImplementedError("the mapper defines it")

    def hook_keys(self, name: str) -> tuple[str, ...]:
        """Return the keys on which a dataset without a file depends, if they are in the data ID.

        Parameters
        ----------
        name : `str`
            The dataset type.

        Returns
        -------
        `tuple` [`str`, ...]
            The keys.
        """
        raise NotImplementedError("the mapper defines it")

    def hook(self, kind: str, dataset_type: str) -> Callable[..., Any] | None:
        """Return a hook of the mapper; None without one.

        Parameters
        ----------
        kind : `str`
            The kind of the hook.
        dataset_type : `str`
            The dataset type.

        Returns
        -------
        callable or None
            The bound method.
        """
        raise NotImplementedError("the mapper defines it")

    @functools.cached_property
    def camera(self) -> Camera | None:
        """The camera's detectors in its focal plane; None if the policy does not describe them.

        If there are several geometries, it is the last.
        """
        from persistence.cameras import versions  # lazy: rarely needed

        known = versions.of(self.policy)
        if known:
            return self._of_version(known[-1])
        made = self._makeCamera(self.policy, self.repositoryDir)
        # Cameras of Gen2 create afw's, which wrap ours.
        ours: Camera | None = getattr(made, "astropy", made)
        return ours

    def camera_on(self, date: Any) -> Camera | None:
        """Return the camera as it was on a date; see `camera`.

        Parameters
        ----------
        date : object
            A date, ``2024-03-01``.

        Returns
        -------
        `Camera` or None
            The camera.

        Raises
        ------
        DataIdError
            If it is not a date.
        NoResults
            If no geometry in the policy is valid on it.
        """
        from persistence.cameras import versions  # as above

        known, key = versions.of(self.policy), versions.key_of(self.policy)
        return self.camera if key is None else self._of_version(versions.chosen(known, date, key))

    def _of_version(self, version: Version) -> Camera:
        from persistence.cameras import versions  # as above

        if version.where not in self._cameras:
            self._cameras[version.where] = versions.camera(
                self.policy, version, self.repositoryDir, self.detector_names
            )
        return self._cameras[version.where]

    @functools.cached_property
    def _cameras(self) -> dict[str, Camera]:
        """The cameras of geometries used so far, so that one geometry is one object."""
        return {}

    def _makeCamera(self, policy: CameraPolicy, repositoryDir: str | None) -> Camera | None:
        """Return the camera that a policy describes; cameras of Gen2 override it."""
        from persistence.cameras import geometry  # lazy: rarely needed

        return geometry.camera(policy, repositoryDir, self.detector_names)

    def map_camera(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        """Return a location without a file: the camera is not read.

        Parameters
        ----------
        dataId : mapping
            The data ID.
        write : `bool`, optional
            Ignored.

        Returns
        -------
        `Location`
            The location.
        """
        return _nowhere("camera", "lsst.afw.cameraGeom.Camera", dataId)

    def bypass_camera(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> Camera:
        """Return the camera, as it was on the date in the data ID, if there is one.

        Parameters
        ----------
        datasetType, pythonType, location : `str`
            The arguments of Gen2's hooks; ignored.
        dataId : mapping
            The data ID.

        Returns
        -------
        `Camera`
            The camera.

        Raises
        ------
        PolicyError
            If the policy does not describe it.
        """
        for key in self.hook_keys("camera"):
            camera = None if dataId.get(key) is None else self.camera_on(dataId[key])
            if camera is not None:
                return camera
        if self.camera is None:
            from persistence.cameras import geometry

            raise PolicyError(
                f"No camera dataset available: {self.policy.path} has no positions of detectors: "
                "it has no focalPlane, and its camera names no directory with "
                f"{geometry.TABLE} or {geometry.GEN2}"
            )
        return self.camera

    def map_expIdInfo(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        """Return a location without a file: the integer is computed.

        Parameters
        ----------
        dataId : mapping
            The data ID.
        write : `bool`, optional
            Ignored.

        Returns
        -------
        `Location`
            The location.
        """
        return _nowhere("expIdInfo", "lsst.obs.base.ExposureIdInfo", dataId)

    def bypass_expIdInfo(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> ExposureIdInfo:
        """Return the integer of an exposure, and its number of bits.

        Parameters
        ----------
        datasetType, pythonType, location : `str`
            The arguments of Gen2's hooks; passed on.
        dataId : mapping
            The data ID.

        Returns
        -------
        `ExposureIdInfo`
            The integer, with its bits.

        Raises
        ------
        PolicyError
            If the policy does not number exposures.
        """
        makers = [self.hook("bypass", f"ccdExposureId{end}") for end in ("", "_bits")]
        known = [make(datasetType, None, location, dataId) for make in makers if make is not None]
        if len(known) < len(makers):
            raise PolicyError(f"{self.policy.path} does not define numbers of exposures")
        return ExposureIdInfo(*known)

    def map_skypolicy(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        """Return a location without a file: the sky policy is in the policy.

        Parameters
        ----------
        dataId : mapping
            The data ID.
        write : `bool`, optional
            Ignored.

        Returns
        -------
        `Location`
            The location.
        """
        return _nowhere("skypolicy", "lsst.pex.policy.Policy", dataId)

    def bypass_skypolicy(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> Any:
        """Return the policy's section ``skytiles``.

        Parameters
        ----------
        datasetType, pythonType, location, dataId : `str`
            The arguments of Gen2's hooks; ignored.

        Returns
        -------
        object
            The section, as plain data.

        Raises
        ------
        PolicyError
            If the policy has no such section.
        """
        if "skytiles" not in self.policy.settings:
            raise PolicyError(f"{self.policy.path} has no skytiles, which is the sky policy")
        return self.policy.settings["skytiles"]


def _nowhere(dataset_type: str, python: str, data_id: Mapping[str, Any]) -> Location:
    return Location("", "", None, "ignored", python, dataset_type, data_id, {})
