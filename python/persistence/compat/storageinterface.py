"""Gen2's interface of a storage, and the functions that scripts register to read and write."""

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
    """The methods of Gen2's `ButlerLocation` that a storage uses."""

    def getPythonType(self) -> Any:
        """Return the type of the dataset."""

    def getStorageName(self) -> str:
        """Return the storage name, such as ``FitsStorage``."""

    def getLocations(self) -> list[str]:
        """Return the paths, relative to the storage's root."""

    def getAdditionalData(self) -> Any:
        """Return the options of the reader or writer."""


class Registered:
    """The functions registered for a storage name or a class, as a formatter.

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
        """Return the result of the reader; of a list with one object, the object, as Gen2 did."""
        objects = self.read_all(self._as_gen2(location, location.uri))
        return objects[0] if len(objects) == 1 else objects

    def write(self, obj: Any, path: str, location: Location) -> None:
        """Write an object to a path with the writer.

        Raises
        ------
        FormatterError
            If there is no writer, or no file afterwards.
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
        """Return the reader's list for Gen2's location."""
        if self.reader is None:
            raise FormatterError(f"{location}: {self._lacks('reader')}")
        objects = self.reader(location)
        if not isinstance(objects, list):
            raise FormatterError(
                f"{location}: the reader registered for {self.kind!r} must return a list of "
                f"objects, not {type(objects)}"
            )
        return objects

    def write_first(self, location: Located, obj: Any) -> None:
        """Write an object to Gen2's location with the writer."""
        if self.writer is None:
            raise FormatterError(f"{location}: {self._lacks('writer')}")
        self.writer(location, obj)

    def _lacks(self, verb: str) -> str:
        return f"no {verb} is registered for {self.kind!r}"

    def _as_gen2(self, location: Location, path: str) -> ButlerLocation:
        options = dict(location.options)
        mapper = options.pop("mapper", None)
        options.pop("trust", None)  # for the reader of pickles
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
    """The base of Gen2's storages; see `PosixStorage`.

    Examples
    --------
    >>> from persistence import StorageInterface
    >>> class Archive(StorageInterface):
    ...     pass
    >>> Archive.getReadFormatter("TextStorage") is None
    True
    """

    _registered: ClassVar[dict[Any, Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls._registered is StorageInterface._registered:
            # Each kind of storage has a table of its own, shared by its subclasses.
            cls._registered = {}

    @classmethod
    def registerFormatters(
        cls,
        formatable: Any,
        readFormatter: Reader | None = None,
        writeFormatter: Writer | None = None,
    ) -> None:
        """Register functions that read and write a storage name, or a class of objects.

        Those of `PosixStorage` are used by every Butler of this process. As in Gen2, those of a
        class are used if there are none for the storage's name.

        Parameters
        ----------
        formatable : `str` or `type`
            The storage name, or the class.
        readFormatter, writeFormatter : callable, optional
            The functions; see `Registered`.

        Raises
        ------
        FormatterError
            If there is one already, or it is invalid.
        """
        if cls is StorageInterface:
            raise FormatterError(
                f"{formatable!r} must be registered with a kind of storage, such as PosixStorage"
            )
        if not isinstance(formatable, str | type) or not formatable:
            raise FormatterError(
                f"the name of a storage, or a class, can be registered, not {formatable!r}"
            )
        if readFormatter is None and writeFormatter is None:
            raise FormatterError(f"neither a reader nor a writer was passed for {formatable!r}")
        before = cls._registered.get(formatable) or Registered(formatable, cls)
        for verb, function, known in (
            ("reader", readFormatter, before.reader),
            ("writer", writeFormatter, before.writer),
        ):
            if function is not None and not callable(function):
                raise FormatterError(
                    f"the {verb} for {formatable!r} is not a function: {function!r}"
                )
            if function is not None and known is not None:
                raise second(formatable, cls, f"a {verb} is registered already")
        reader, writer = readFormatter or before.reader, writeFormatter or before.writer
        cls._register(formatable, Registered(formatable, cls, reader, writer))

    @classmethod
    def _register(cls, kind: Any, functions: Registered) -> None:
        cls._registered[kind] = functions

    @classmethod
    def getReadFormatter(cls, formatable: Any) -> Reader | None:
        """Return the function registered to read a storage name or a class, or None.

        Parameters
        ----------
        formatable : `str` or `type`
            The storage name, or the class.

        Returns
        -------
        reader : callable or None
            The function.
        """
        reader: Reader | None = getattr(cls._registered.get(formatable), "reader", None)
        return reader

    @classmethod
    def getWriteFormatter(cls, formatable: Any) -> Writer | None:
        """Return the function registered to write a storage name or a class, or None.

        Parameters
        ----------
        formatable : `str` or `type`
            The storage name, or the class.

        Returns
        -------
        writer : callable or None
            The function.
        """
        writer: Writer | None = getattr(cls._registered.get(formatable), "writer", None)
        return writer


def second(kind: Any, cls: type, why: str) -> FormatterError:
    """Return the error for a second registration."""
    return FormatterError(
        f"Registration of second formatter for {kind!r} with {cls.__name__}: {why}"
    )
