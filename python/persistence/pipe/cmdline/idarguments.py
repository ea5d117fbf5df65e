"""Arguments that choose data, and where the dataset type of one comes from (gen2-cli 3.7)."""

from __future__ import annotations

import argparse
import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from persistence.errors import UsageError
from persistence.pipe.cmdline.containers import DataIdContainer


class DynamicDatasetType(ABC):
    """A dataset type that is known when the command line has been read."""

    def addArgument(self, parser: argparse.ArgumentParser, idName: str) -> None:  # noqa: B027  # most need none
        """Add the argument that it is read from, if it has one of its own.

        Parameters
        ----------
        parser : `argparse.ArgumentParser`
            The parser.
        idName : `str`
            The ID argument's name, without dashes.
        """

    @abstractmethod
    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Give the dataset type."""


class DatasetArgument(DynamicDatasetType):
    """A dataset type that is typed.

    Parameters
    ----------
    name : `str`, optional
        The option ``--name``, or the positional argument ``name``, that it is typed as; by default,
        the ID argument's option with ``_dstype`` behind it.
    help : `str`, optional
        Its help.
    default : `str`, optional
        The dataset type if none is typed; without it, an option is required. A positional argument
        has none.
    """

    def __init__(
        self,
        name: str | None = None,
        help: str = "dataset type of the data to process",
        default: str | None = None,
    ) -> None:
        self.name = name
        self.help = help
        self.default = default

    @property
    def isOption(self) -> bool:
        """Whether it is an option."""
        return self.name is None or self.name.startswith("-")

    def addArgument(self, parser: argparse.ArgumentParser, idName: str) -> None:
        """Add the argument; see `DynamicDatasetType.addArgument`."""
        if self.name is None:
            self.name = f"--{idName}_dstype"
        if self.isOption:
            parser.add_argument(
                self.name, help=self.help, default=self.default, required=self.default is None
            )
        else:
            parser.add_argument(self.name, help=self.help)

    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Give what was typed."""
        found: str | None = getattr(namespace, str(self.name).lstrip("-").replace("-", "_"))
        return found


class ConfigDatasetType(DynamicDatasetType):
    """A dataset type that a field of the configuration holds.

    Parameters
    ----------
    name : `str`
        The field, such as ``isr.datasetType``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Give the field's value.

        Raises
        ------
        UsageError
            If the configuration has no such field any more: another task may be in its place.
        """
        try:
            found: str | None = functools.reduce(getattr, self.name.split("."), namespace.config)
        except AttributeError as error:
            raise UsageError(
                f"the dataset type is config.{self.name}, but there is no such field: {error}"
            ) from error
        return found


@dataclass(frozen=True)
class DataIdArgument:
    """An argument that chooses data.

    Attributes
    ----------
    name : `str`
        Its name, without dashes.
    datasetType : `str` or `DynamicDatasetType`
        The dataset type, or where it comes from.
    level : `str` or None
        The level at which data are told apart.
    doMakeDataRefList : `bool`
        Whether references are made of the data IDs.
    ContainerClass : `type`
        The class of its container.

    Raises
    ------
    RuntimeError
        If the name begins with a dash.
    """

    name: str
    datasetType: Any
    level: str | None = None
    doMakeDataRefList: bool = True
    ContainerClass: type[DataIdContainer] = DataIdContainer

    def __post_init__(self) -> None:
        if self.name.startswith("-"):
            raise RuntimeError(
                f"the name of an ID argument is given without dashes, not as {self.name!r}"
            )

    @property
    def argName(self) -> str:
        """The option."""
        return f"--{self.name}"

    @property
    def isDynamicDatasetType(self) -> bool:
        """Whether the dataset type is known only when the command line has been read."""
        return isinstance(self.datasetType, DynamicDatasetType)

    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Give the dataset type."""
        if isinstance(self.datasetType, DynamicDatasetType):
            return self.datasetType.getDatasetType(namespace)
        return str(self.datasetType)

    def container(self) -> DataIdContainer:
        """Make an empty container."""
        return self.ContainerClass(level=self.level)
