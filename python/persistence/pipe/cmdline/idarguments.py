"""Arguments that select data, and the sources of their dataset types.

Source: doc/gen2/gen2-cli.md, 3.7.
"""

from __future__ import annotations

import argparse
import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from persistence.errors import UsageError
from persistence.pipe.cmdline.containers import DataIdContainer


class DynamicDatasetType(ABC):
    """A dataset type that is known only after the command line has been parsed."""

    def addArgument(self, parser: argparse.ArgumentParser, idName: str) -> None:  # noqa: B027  # most need none
        """Add the argument for the dataset type, if it has one.

        Parameters
        ----------
        parser : `argparse.ArgumentParser`
            The parser.
        idName : `str`
            The ID argument's name, without dashes.
        """

    @abstractmethod
    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Return the dataset type."""


class DatasetArgument(DynamicDatasetType):
    """A dataset type that is an argument of the command.

    Parameters
    ----------
    name : `str`, optional
        The option ``--name``, or the positional argument ``name``. Default: the ID argument's
        option followed by ``_dstype``.
    help : `str`, optional
        Its help.
    default : `str`, optional
        The default; without it, an option is required. A positional argument has none.
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
        """Return the value of the argument."""
        value: str | None = getattr(namespace, str(self.name).lstrip("-").replace("-", "_"))
        return value


class ConfigDatasetType(DynamicDatasetType):
    """A dataset type that is the value of a configuration field.

    Parameters
    ----------
    name : `str`
        The field, such as ``isr.datasetType``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Return the field's value.

        Raises
        ------
        UsageError
            If the configuration no longer has the field: the task may have been replaced.
        """
        try:
            value: str | None = functools.reduce(getattr, self.name.split("."), namespace.config)
        except AttributeError as error:
            raise UsageError(
                f"the dataset type is config.{self.name}, but there is no such field: {error}"
            ) from error
        return value


@dataclass(frozen=True)
class DataIdArgument:
    """An argument that selects data.

    Attributes
    ----------
    name : `str`
        Its name, without dashes.
    datasetType : `str` or `DynamicDatasetType`
        The dataset type, or its source.
    level : `str` or None
        The level at which datasets are distinguished.
    doMakeDataRefList : `bool`
        Whether references are created from the data IDs.
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
                f"the name of an ID argument must not begin with dashes, as in {self.name!r}"
            )

    @property
    def argName(self) -> str:
        """The option."""
        return f"--{self.name}"

    @property
    def isDynamicDatasetType(self) -> bool:
        """Whether the dataset type is known only after the command line has been parsed."""
        return isinstance(self.datasetType, DynamicDatasetType)

    def getDatasetType(self, namespace: argparse.Namespace) -> str | None:
        """Return the dataset type."""
        if isinstance(self.datasetType, DynamicDatasetType):
            return self.datasetType.getDatasetType(namespace)
        return str(self.datasetType)

    def container(self) -> DataIdContainer:
        """Return an empty container."""
        return self.ContainerClass(level=self.level)
