"""Write a dataset to a file of the user: completely or not at all, overwriting only on request."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from persistence.cli import output, summary
from persistence.cli.usage import WrongUse
from persistence.dataids.location import Location
from persistence.errors import FileConflict, FormatterError, PersistenceError, did_you_mean
from persistence.files import atomic, content, links
from persistence.formatters import formatter

Writer = Callable[[Any, str, Location], None]


def ending(path: str) -> str:
    """Return the ending of a file's name that determines its format.

    For a compressed file, both: ``.fits.fz``.
    """
    stem, last = os.path.splitext(os.path.basename(path))
    return os.path.splitext(stem)[1] + last if last in content.COMPRESSED else last


def check(path: str, force: bool, roots: Sequence[str]) -> None:
    """Raise an error if writing would overwrite a file, or is impossible.

    Parameters
    ----------
    path : `str`
        The file to write.
    force : `bool`
        Whether an existing file may be replaced.
    roots : sequence of `str`
        Repositories whose files may never be replaced.

    Raises
    ------
    FileConflict
        If a file exists that may not be replaced.
    FileNotFoundError
        If the directory does not exist.
    """
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            errno.ENOENT, "there is no such directory; -o does not create it", folder
        )
    if not os.path.lexists(path):
        return
    if not os.path.isfile(path) and not os.path.islink(path):
        raise FileConflict(f"{path} is not a file that could be replaced", path)
    for root in map(os.path.realpath, roots):
        if links.lies_in(folder, root):
            raise FileConflict(
                f"{path} is a file of the repository {root}, which get does not change", path
            )
    if not force:
        raise FileConflict(f"{path} is there already; --force replaces it", path)


def copy(source: str, path: str) -> None:
    """Copy a dataset's file, which is not looked at."""
    import shutil

    with _target(path) as temporary:
        shutil.copyfile(source, temporary)


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object in the format of the file's ending.

    Raises
    ------
    WrongUse
        If the object cannot be written in it; the message lists possible formats.
    """
    kind = summary.kind(obj)
    writers = _WRITERS.get(kind, {})
    if ending(path) not in writers:
        known = (
            f"write it as {', '.join(writers)}{did_you_mean(ending(path), writers)}"
            if writers
            else "no file format is known for it"
        )
        raise WrongUse(f"{path}: {location.datasetType} is of type {type(obj).__name__}: {known}")
    with _target(path) as temporary:
        writers[ending(path)](obj, temporary, location)


@contextlib.contextmanager
def _target(path: str) -> Iterator[str]:
    """Yield a temporary path that is renamed in the end; errors name the final path."""
    try:
        with atomic.atomic_write(path) as temporary:
            yield temporary
    except OSError as error:
        if isinstance(error, PersistenceError):
            raise
        raise OSError(error.errno, f"cannot be written: {error.strerror or error}", path) from error


def _picture(obj: Any, path: str, location: Location) -> None:
    from persistence.cli import picture  # lazy: imports numpy

    picture.write(obj, path)


def _image(obj: Any, path: str, location: Location) -> None:
    """Write an image as the policy's type requires.

    An assembled image may have planes that the type does not have.
    """
    if getattr(obj, "mask", None) is not None or getattr(obj, "variance", None) is not None:
        location = location._replace(python=None)
    formatter("FitsStorage").write(obj, path, location)


def _catalog(obj: Any, path: str, location: Location) -> None:
    formatter("FitsCatalogStorage").write(_astropy(obj), path, location)


def _own(storage: str) -> Writer:
    """Return a function that writes an object with its own formatter."""

    def write_own(obj: Any, path: str, location: Location) -> None:
        formatter(storage, location.python).write(obj, path, location._replace(storage=storage))

    return write_own


def _ascii(form: str) -> Writer:
    def write_text(obj: Any, path: str, location: Location) -> None:
        try:
            _astropy(obj).write(path, format=form)
        except (ValueError, TypeError) as error:
            raise FormatterError(
                f"{location.datasetType} cannot be written as {form}: {error}"
            ) from error

    return write_text


def _astropy(table: Any) -> Any:
    return table.to_table() if hasattr(table, "to_table") else table


def _yaml(obj: Any, path: str, location: Location) -> None:
    formatter("YamlStorage").write(output.plain(obj, finite=False, other=_refuse), path, location)


def _json(obj: Any, path: str, location: Location) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(output.plain(obj, other=_refuse), stream, ensure_ascii=False, indent=1)
        stream.write("\n")


def _refuse(value: Any) -> Any:
    """Raise an error for a part that would be written as text, which could not be read back."""
    raise FormatterError(
        f"YAML and JSON hold numbers, text, dates, lists and mappings, not {type(value)}: {value!r}"
    )


_IMAGE: Mapping[str, Writer] = {".fits": _image, ".png": _picture}
_DATA: Mapping[str, Writer] = {".yaml": _yaml, ".json": _json}
_WRITERS: Mapping[str, Mapping[str, Writer]] = {
    "exposure": _IMAGE,
    "array": _IMAGE,
    "table": {
        ".fits": _catalog,
        ".parquet": _own("ParquetStorage"),
        ".ecsv": _ascii("ascii.ecsv"),
        ".csv": _ascii("ascii.csv"),
    },
    "tables": {".fits": _own("FitsCatalogStorage"), ".yaml": _own("YamlStorage")},
    "mapping": _DATA,
    "plain": _DATA,
}
