"""A dataset as a file of the user's own.

Whole or not at all, and never over another unless told to.
"""

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
    """Give the end of a file's name that tells its format.

    Of a compressed one, both: ``.fits.fz``.
    """
    stem, last = os.path.splitext(os.path.basename(path))
    return os.path.splitext(stem)[1] + last if last in content.COMPRESSED else last


def check(path: str, force: bool, roots: Sequence[str]) -> None:
    """Refuse to write where a file is lost, or where none can be.

    Parameters
    ----------
    path : `str`
        The file that is to be written.
    force : `bool`
        Whether a file there may be replaced.
    roots : sequence of `str`
        Repositories, none of whose files may.

    Raises
    ------
    FileConflict
        If something is there that is not to be replaced.
    FileNotFoundError
        If there is no directory to write it into.
    """
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such directory; -o makes none", folder)
    if not os.path.lexists(path):
        return
    if not os.path.isfile(path) and not os.path.islink(path):
        raise FileConflict(f"{path} is no file that could be replaced", path)
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
    """Write an object in the format that the file's name asks for.

    Raises
    ------
    WrongUse
        If the object cannot be written so; the message says how it can.
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
    """Give a temporary path that takes the file's place in the end.

    Say what is wrong in the file's name.
    """
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
    """Write an image as the policy's type says.

    One that was assembled has planes that the type may not tell of.
    """
    if getattr(obj, "mask", None) is not None or getattr(obj, "variance", None) is not None:
        location = location._replace(python=None)
    formatter("FitsStorage").write(obj, path, location)


def _catalog(obj: Any, path: str, location: Location) -> None:
    formatter("FitsCatalogStorage").write(_astropy(obj), path, location)


def _own(storage: str) -> Writer:
    """Write what has a formatter of its own as that does."""

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
    """Refuse to write a part as its text, for nobody could read it back."""
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
