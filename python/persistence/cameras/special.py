"""Dataset types that Gen2's mappers of cameras had without a policy (gen2-core 6.7).

None of them is a file: the camera itself, the integer of an exposure with its bits, and the policy
of the sky. They are hooks, so that a camera may define its own.
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
        Where Gen2's camera packages kept their camera's description; None for the policy's
        directory.
    """

    policy: CameraPolicy
    repositoryDir: str | None = None

    @property
    def detector_names(self) -> Mapping[int, str]:
        """The name of each detector by its number."""
        raise NotImplementedError("the mapper says")

    def hook_keys(self, name: str) -> tuple[str, ...]:
        """Return the keys by which a dataset is made that has no file, as far as they are known."""
        raise NotImplementedError("the mapper says")

    def hook(self, kind: str, dataset_type: str) -> Callable[..., Any] | None:
        """Return a hook of the mapper."""
        raise NotImplementedError("the mapper says")

    @functools.cached_property
    def camera(self) -> Camera | None:
        """The camera's detectors in its focal plane; None if the policy does not describe them.

        Of several geometries, the last.
        """
        from persistence.cameras import versions  # few ask for the camera

        known = versions.of(self.policy)
        if known:
            return self._of_version(known[-1])
        made = self._makeCamera(self.policy, self.repositoryDir)
        # Cameras of Gen2 make afw's, which are faces of ours.
        ours: Camera | None = getattr(made, "astropy", made)
        return ours

    def camera_on(self, date: Any) -> Camera | None:
        """Return the camera as it was on a date; see `camera`.

        Raises
        ------
        DataIdError
            If it is no date.
        NoResults
            If the policy has no geometry that is valid then.
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
        """The cameras of geometries that were asked for, so that one geometry is one object."""
        return {}

    def _makeCamera(self, policy: CameraPolicy, repositoryDir: str | None) -> Camera | None:
        """Return the camera that a policy describes; cameras of Gen2 override it."""
        from persistence.cameras import geometry  # few ask for the camera

        return geometry.camera(policy, repositoryDir, self.detector_names)

    def map_camera(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        return _nowhere("camera", "lsst.afw.cameraGeom.Camera", dataId)

    def bypass_camera(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> Camera:
        """Return the camera, as it was on the date of the data ID, if that has one.

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
                f"No camera dataset available: {self.policy.path} does not say where the detectors "
                "lie: it has no focalPlane, and its camera names no directory with "
                f"{geometry.TABLE} or {geometry.GEN2}"
            )
        return self.camera

    def map_expIdInfo(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        return _nowhere("expIdInfo", "lsst.obs.base.ExposureIdInfo", dataId)

    def bypass_expIdInfo(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> ExposureIdInfo:
        """Return the integer of an exposure, and how many bits it takes."""
        makers = [self.hook("bypass", f"ccdExposureId{end}") for end in ("", "_bits")]
        known = [make(datasetType, None, location, dataId) for make in makers if make is not None]
        if len(known) < len(makers):
            raise PolicyError(f"{self.policy.path} does not say how exposures are numbered")
        return ExposureIdInfo(*known)

    def map_skypolicy(self, dataId: Mapping[str, Any], write: bool = False) -> Location:
        return _nowhere("skypolicy", "lsst.pex.policy.Policy", dataId)

    def bypass_skypolicy(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Mapping[str, Any]
    ) -> Any:
        """Return what the policy says of ``skytiles``."""
        if "skytiles" not in self.policy.settings:
            raise PolicyError(f"{self.policy.path} has no skytiles, which is the sky policy")
        return self.policy.settings["skytiles"]


def _nowhere(dataset_type: str, python: str, data_id: Mapping[str, Any]) -> Location:
    return Location("", "", None, "ignored", python, dataset_type, data_id, {})
