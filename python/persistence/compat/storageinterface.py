"""What Gen2 asked of a storage, and the functions that scripts register to read and write it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from persistence.cameras.hook_results import ButlerLocation
from persistence.dataids.location import Location
from persistence.errors import FormatterError

Reader = Callable[[Any], list[Any]]
Writer = Callable[[Any, Any], None]


class Located(Protocol):
    """What a storage asks of a location: Gen2's `ButlerLocation`, or what looks like it."""

    def getPythonType(self) -> Any:
        """Give the type of what lies there."""

    def getStorageName(self) -> str:
        """Give the storage format, such as ``FitsStorage``."""

    def getLocations(self) -> list[str]:
        """Give the paths, relative to the storage's root."""

    def getAdditionalData(self) -> Any:
        """Give what the reader or writer is told."""


class Registered:
    """The functions of a script for a kind of storage, or a class: a formatter like ours.

    Parameters
    ----------
    kind : `str` or `type`
        The storage's name, or the class of the objects.
    cls : `type`
        The class of Gen2's storage with which they were registered.
    reader, writer : callable, optional
        The functions: ``reader(location)`` returns a list, ``writer(location, obj)`` writes the
        location's first path.
    """

    def __init__(
        self,
        kind: str | type,
        cls: type[StorageInterface],
        reader: Reader | None = None,
        writer: Writer | None = None,
    ) -> None:
        self.kind, self.reader, self.writer = kind, reader, writer
        self._cls: Callable[..., Any] = cls

    def read(self, location: Location) -> Any:
        """Return what the function reads; of a list of one, this one, as Gen2 did."""
        objects = self.read_all(self._as_gen2(location, location.uri))
        return objects[0] if len(objects) == 1 else objects

    def write(self, obj: Any, path: str, location: Location) -> None:
        """Let the function write to a path.

        Raises
        ------
        FormatterError
            If there is no function, or no file afterwards.
        """
        if self.writer is None:
            raise FormatterError(f"{location.datasetType}: {self._lacks('writer')}")
        self.writer(self._as_gen2(location, path), obj)
        if not os.path.exists(path):
            raise FormatterError(
                f"{location.datasetType}: the writer registered for {self.kind!r} did not write "
                f"the first path of its location, {path}"
            )

    def read_all(self, location: Located) -> list[Any]:
        """Return the list that the function reads from Gen2's location."""
        if self.reader is None:
            raise FormatterError(f"{location}: {self._lacks('reader')}")
        objects = self.reader(location)
        if not isinstance(objects, list):
            raise FormatterError(
                f"{location}: the reader registered for {self.kind!r} has to return a list of "
                f"objects, not {type(objects)}"
            )
        return objects

    def write_first(self, location: Located, obj: Any) -> None:
        """Let the function write to Gen2's location."""
        if self.writer is None:
            raise FormatterError(f"{location}: {self._lacks('writer')}")
        self.writer(location, obj)

    def _lacks(self, verb: str) -> str:
        return f"no {verb} is registered for {self.kind!r}"

    def _as_gen2(self, location: Location, path: str) -> ButlerLocation:
        options = dict(location.options)
        mapper = options.pop("mapper", None)
        options.pop("trust", None)  # for our reader of pickles
        return ButlerLocation(
            location.python,
            None,
            location.storage,
            os.path.relpath(path, location.root),
            location.dataId,
            mapper,
            self._cls(location.root, create=False),
            datasetType=location.datasetType,
            additionalData=options,
        )


class StorageInterface:
    """A place that holds datasets. A subclass says how; see `PosixStorage`."""

    _registered: ClassVar[dict[Any, Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls._registered is StorageInterface._registered:
            # Each kind of storage has a table of its own, which what derives from it shares.
            cls._registered = {}

    @classmethod
    def registerFormatters(
        cls,
        formatable: Any,
        readFormatter: Reader | None = None,
        writeFormatter: Writer | None = None,
    ) -> None:
        """Set the functions that read and write a storage format, or a class of objects.

        Those of `PosixStorage` serve every Butler of this process. As in Gen2, those of a class are
        asked where there are none for the storage's name.

        Raises
        ------
        FormatterError
            If there is one already, or it cannot be used.
        """
        if cls is StorageInterface:
            raise FormatterError(
                f"{formatable!r} has to be registered with a kind of storage, such as PosixStorage"
            )
        if not isinstance(formatable, str | type) or not formatable:
            raise FormatterError(
                f"the name of a storage, or a class, can be registered, not {formatable!r}"
            )
        if readFormatter is None and writeFormatter is None:
            raise FormatterError(f"neither a reader nor a writer is given for {formatable!r}")
        before = cls._registered.get(formatable) or Registered(formatable, cls)
        for verb, function, known in (
            ("reader", readFormatter, before.reader),
            ("writer", writeFormatter, before.writer),
        ):
            if function is not None and not callable(function):
                raise FormatterError(f"the {verb} for {formatable!r} is no function: {function!r}")
            if function is not None and known is not None:
                raise second(formatable, cls, f"a {verb} is registered already")
        reader, writer = readFormatter or before.reader, writeFormatter or before.writer
        cls._register(formatable, Registered(formatable, cls, reader, writer))

    @classmethod
    def _register(cls, kind: Any, functions: Registered) -> None:
        cls._registered[kind] = functions

    @classmethod
    def getReadFormatter(cls, formatable: Any) -> Reader | None:
        """Return the function that was registered to read a storage format or a class."""
        reader: Reader | None = getattr(cls._registered.get(formatable), "reader", None)
        return reader

    @classmethod
    def getWriteFormatter(cls, formatable: Any) -> Writer | None:
        """Return the function that was registered to write a storage format or a class."""
        writer: Writer | None = getattr(cls._registered.get(formatable), "writer", None)
        return writer


def second(kind: Any, cls: type, why: str) -> FormatterError:
    """Return the error of a kind that can be read and written already."""
    return FormatterError(
        f"Registration of second formatter for {kind!r} with {cls.__name__}: {why}"
    )
