"""The back door to the disk: locations made by hand, bytes written and read as bytes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence.dataids.location import Location
from persistence.formatters import formatter


class Disk:
    """A folder of datasets of one storage."""

    def __init__(self, folder: Path, storage: str, python: str | None, ending: str) -> None:
        self.folder, self.storage, self.python, self.ending = folder, storage, python, ending
        self._numbers = itertools.count()

    def place(
        self,
        name: str | None = None,
        hdu: int | None = None,
        dataId: Any = None,
        python: Any = ...,
        **options: Any,
    ) -> Location:
        """Make a location, of a file that need not be there."""
        name = name or f"file{next(self._numbers)}{self.ending}"
        python = self.python if python is ... else python
        return Location(
            str(self.folder), name, hdu, self.storage, python, "thing", dataId or {}, options
        )

    def put(self, content: bytes, **where: Any) -> Location:
        """Write bytes, past the formatter."""
        location = self.place(**where)
        Path(location.full_path).write_bytes(content)
        return location

    def read(self, location: Location) -> Any:
        return formatter(location.storage, location.python).read(location)

    def write(self, obj: Any, **where: Any) -> Location:
        """Write an object as a repository does: to a path beside, whose name is another."""
        location = self.place(**where)
        beside = Path(f"{location.root}/.part-{location.path}")
        formatter(location.storage, location.python).write(obj, str(beside), location)
        beside.rename(location.full_path)
        return location

    def bytes_of(self, obj: Any, **where: Any) -> bytes:
        return Path(self.write(obj, **where).full_path).read_bytes()

    def there_and_back(self, obj: Any, **where: Any) -> Any:
        return self.read(self.write(obj, **where))


@pytest.fixture
def disk_of(tmp_path: Path) -> Callable[..., Disk]:
    """Give a function that makes a folder of datasets of a storage."""

    def make(storage: str, python: str | None = None, ending: str = "") -> Disk:
        return Disk(tmp_path, storage, python, ending)

    return make
