"""Cameras' mappers: a policy, and hooks."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from persistence.cameras import hooks
from persistence.cameras.mapper import Mapper
from persistence.cameras.special import SpecialTypes
from persistence.dataids import request
from persistence.errors import PolicyError
from persistence.policy import load as policy
from persistence.policy.load import CameraPolicy


class CameraMapper(Mapper, SpecialTypes):
    """Maps the dataset types of one camera.

    A camera subclasses this, names its policy file, and defines hooks (see
    `persistence.cameras.hooks`).

    Parameters
    ----------
    policy : `str`, mapping or `CameraPolicy`, optional
        The camera's policy, its file, or what such a file says; by default the class's own
        ``policyFile``.
    repositoryDir : `str`, optional
        Where Gen2's camera packages kept their camera's description.
    overlay : mapping, optional
        What is laid over the policy; by default, what the repository's configuration says.
    root : `str`, optional
        The repository's root.
    parentRegistry, repositoryCfg : optional
        What a repository tells its mapper besides.
    **mapperArgs
        What else Gen2's mappers took (``calibRoot``, ``registry``, ...); kept for the repository.

    Attributes
    ----------
    packageName : `str`
        The camera package.
    policyFile : `str`
        The camera's policy file.
    ingestCalibsFile : `str`
        How the camera's calibrations are ingested; see `persistence.ingest.calibconfig`.
    """

    policyFile: ClassVar[str | None] = None
    ingestCalibsFile: ClassVar[str | None] = None
    # Whether the policy lies in a package, beside the camera's other files.
    _packaged: ClassVar[bool] = True

    def __init__(
        self,
        policy: str | Mapping[str, Any] | CameraPolicy | None = None,
        repositoryDir: str | None = None,
        *,
        overlay: Mapping[str, Any] | None = None,
        root: str | None = None,
        parentRegistry: Any = None,
        repositoryCfg: Any = None,
        **mapperArgs: Any,
    ) -> None:
        if overlay is None and repositoryCfg is not None:
            overlay = repositoryCfg.policy
        self.policy = _policy_of(policy, type(self), overlay)
        self.types = self.policy.types
        self.root = root
        self.repositoryDir = repositoryDir
        self.mapperArgs = mapperArgs
        self.parentRegistry = parentRegistry
        if self.strict_hooks:
            hooks.check_types(
                type(self), self.hooks, self.types, lambda: request.all_names(self.types)
            )

    @functools.cached_property
    def mappings(self) -> Mapping[str, Any]:
        """Each dataset type as Gen2's camera packages asked for it.

        See `persistence.cameras.gen2_mappings`.
        """
        from persistence.cameras import gen2_mappings  # only Gen2's camera packages ask

        return gen2_mappings.of(self.types, self.root)

    @classmethod
    def getCameraName(cls) -> str:
        """Give the camera's short name: the class's, without ``Mapper``."""
        name = cls.__name__.removesuffix("Mapper")
        return name[:1].lower() + name[1:]

    @classmethod
    def getPackageName(cls) -> str:
        """Give the name of the camera package."""
        if cls.packageName is None:
            raise PolicyError(f"{cls.__name__} has no packageName")
        return cls.packageName

    @classmethod
    def getPackageDir(cls) -> str:
        """Give the directory of the camera package.

        ``OBS_DECAM_DIR``, if that is set, or where its policy lies.

        Raises
        ------
        PolicyError
            If neither says it.
        """
        variable = f"{cls.getPackageName().upper()}_DIR"
        if variable in os.environ:
            return os.environ[variable]
        if cls._packaged and cls.policyFile is not None:
            # <package>/policy/<camera>.yaml
            return os.path.dirname(os.path.dirname(os.path.abspath(cls.policyFile)))
        raise PolicyError(
            f"{variable} is not set: the package {cls.getPackageName()} is not set up"
        )


def _policy_of(
    given: Any, cls: type[CameraMapper], overlay: Mapping[str, Any] | None
) -> CameraPolicy:
    if isinstance(given, CameraPolicy):
        return given
    if isinstance(given, Mapping):
        return policy.of(given, f"<the policy of {cls.__name__}>", overlay)
    if given is not None and not isinstance(given, str | os.PathLike):
        raise PolicyError(f"policy has to be a path or a mapping, not {given!r}")
    path = given or cls.policyFile
    if path is None:
        raise PolicyError(f"{cls.__name__} names no policyFile, and was given no policy")
    return policy.load(os.fspath(path), overlay)
