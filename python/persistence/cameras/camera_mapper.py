"""Mappers of cameras: a policy, and hooks."""

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
    """The mapper of one camera: its dataset types, from a policy, and its hooks.

    A camera subclasses this, names its policy file, and defines hooks (see
    `persistence.cameras.hooks`). Gen2's class is ``lsst.obs.base.CameraMapper``
    (doc/gen2/gen2-core.md).

    Parameters
    ----------
    policy : `str`, mapping or `CameraPolicy`, optional
        The camera's policy, its file, or the content of such a file; by default the class's own
        ``policyFile``.
    repositoryDir : `str` or `None`, optional
        The directory of the camera's description in Gen2's camera packages.
    overlay : mapping or `None`, optional
        Policy entries that override the policy; by default those of the repository's configuration.
    root : `str` or `None`, optional
        The repository's root.
    parentRegistry, repositoryCfg : object, optional
        Further arguments that a repository passes to its mapper.
    **mapperArgs : object
        Further arguments of Gen2's mappers (``calibRoot``, ``registry``, ...); kept for the
        repository.

    Attributes
    ----------
    packageName : `str`
        The camera package.
    policyFile : `str`
        The camera's policy file.
    ingestCalibsFile : `str`
        The configuration for ingesting the camera's calibrations; see
        `persistence.ingest.calibconfig`.

    Examples
    --------
    >>> from obs_decam.mapper import DecamMapper
    >>> mapper = DecamMapper()
    >>> mapper.getKeys("calexp")
    {'visit': <class 'int'>, 'ccdnum': <class 'int'>}
    """

    policyFile: ClassVar[str | None] = None
    ingestCalibsFile: ClassVar[str | None] = None
    # Whether the policy is in a package, beside the camera's other files.
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
        """All dataset types as Gen2's mapping objects; see `persistence.cameras.gen2_mappings`."""
        from persistence.cameras import gen2_mappings  # lazy: only for Gen2's camera packages

        return gen2_mappings.of(self.types, self.root)

    @classmethod
    def getCameraName(cls) -> str:
        """Return the camera's short name: the class's name without ``Mapper``."""
        name = cls.__name__.removesuffix("Mapper")
        return name[:1].lower() + name[1:]

    @classmethod
    def getPackageName(cls) -> str:
        """Return the name of the camera package.

        Raises
        ------
        PolicyError
            If the class has no ``packageName``.
        """
        if cls.packageName is None:
            raise PolicyError(f"{cls.__name__} has no packageName")
        return cls.packageName

    @classmethod
    def getPackageDir(cls) -> str:
        """Return the directory of the camera package.

        It is ``OBS_DECAM_DIR`` if that is set, or the directory of the package with the camera's
        policy.

        Raises
        ------
        PolicyError
            If neither is known.
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
        raise PolicyError(f"{cls.__name__} has no policyFile, and got no policy")
    return policy.load(os.fspath(path), overlay)
