"""What Gen2 asked of a storage, and the table of functions that read and write for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

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


class StorageInterface:
    """A place that holds datasets. A subclass says how; see `PosixStorage`."""

    _readers: ClassVar[dict[Any, Reader]] = {}
    _writers: ClassVar[dict[Any, Writer]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if StorageInterface in cls.__bases__:
            # Each kind of storage has a table of its own, which what derives from it shares.
            cls._readers, cls._writers = {}, {}

    @classmethod
    def registerFormatters(
        cls,
        formatable: Any,
        readFormatter: Reader | None = None,
        writeFormatter: Writer | None = None,
    ) -> None:
        """Set the functions that read and write a storage format, or a class of objects.

        They serve `read` and `write` of the storage itself; a Butler reads with
        `persistence.formatters`.

        Raises
        ------
        FormatterError
            If there is one already.
        """
        for table, function in ((cls._readers, readFormatter), (cls._writers, writeFormatter)):
            if function is not None and formatable in table:
                raise FormatterError(
                    f"Registration of second formatter for {formatable!r} with {cls.__name__}"
                )
        if readFormatter is not None:
            cls._readers[formatable] = readFormatter
        if writeFormatter is not None:
            cls._writers[formatable] = writeFormatter

    @classmethod
    def getReadFormatter(cls, formatable: Any) -> Reader | None:
        """Give the function that was set to read a storage format or a class."""
        return cls._readers.get(formatable)

    @classmethod
    def getWriteFormatter(cls, formatable: Any) -> Writer | None:
        """Give the function that was set to write a storage format or a class."""
        return cls._writers.get(formatable)
