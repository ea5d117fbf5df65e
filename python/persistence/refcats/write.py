"""Writing of reference catalogs in Gen2's form: a directory of shards, and a configuration.

The directory is written under a temporary name, and renamed when it is complete.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from persistence.dataids.location import Location
from persistence.errors import FileConflict, FormatterError, PersistenceError, RepositoryError
from persistence.files import atomic, durable, links
from persistence.formatters import formatter
from persistence.refcats import convert, htm, source
from persistence.refcats.columns import Wishes

if TYPE_CHECKING:
    from persistence.types.table.catalog import Catalog

DEPTH = 7
_KIND = "lsst.afw.table.SimpleCatalog"
_CONFIG = """import lsst.meas.algorithms.ingestIndexReferenceTask
assert type(config)==lsst.meas.algorithms.ingestIndexReferenceTask.DatasetConfig, 'config is of type %s.%s instead of lsst.meas.algorithms.ingestIndexReferenceTask.DatasetConfig' % (type(config).__module__, type(config).__name__)
# String to pass to the butler to retrieve persisted files.
config.ref_dataset_name={name!r}

# Depth of the HTM tree to make.
config.indexer['HTM'].depth={depth}

config.indexer.name='HTM'
# 1: fluxes are in nJy.
config.format_version=1

"""  # noqa: E501  # as the stack's saved configurations begin
_Progress = Callable[[Iterable[Any], int], Iterable[Any]]


class Written(NamedTuple):
    """The result of writing a catalog.

    Attributes
    ----------
    path : `str`
        Its directory.
    status : `str`
        ``new``; ``same`` if the same catalog existed already; ``replaced``.
    sources, shards : `int`
        The numbers of sources and shards.
    columns : `tuple` [`str`]
        The columns of its table.
    notes : `tuple` [`str`]
        Columns that were left out, and possible problems.
    """

    path: str
    status: str
    sources: int
    shards: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def gather(paths: Sequence[str], wishes: Wishes, progress: _Progress) -> tuple[Catalog, list[str]]:
    """Return the table of a reference catalog from several tables, with notes.

    Raises
    ------
    FormatterError
        If a table cannot be read or differs in kind from the first, or two sources have one id.
    """
    from astropy.table import vstack

    parts: list[Catalog] = []
    notes: dict[str, None] = {}
    ends = [0]
    for path in progress(paths, len(paths)):
        table = source.read(path)
        try:
            converted = convert.convert(table, wishes, first_id=ends[-1] + 1)
        except PersistenceError as error:
            error.where = path
            raise
        if parts and converted.table.colnames != parts[0].colnames:
            odd = set(converted.table.colnames) ^ set(parts[0].colnames)
            raise FormatterError(
                f"{path} has other columns than {paths[0]}: {', '.join(sorted(odd))}"
            )
        parts.append(converted.table)
        notes |= dict.fromkeys(converted.notes)
        ends.append(ends[-1] + len(table))
    whole = parts[0] if len(parts) == 1 else vstack(parts, metadata_conflicts="silent")

    def origin(row: int) -> str:
        number = int(np.searchsorted(ends, row, side="right")) - 1
        return f"{paths[number]}, row {row - ends[number] + 1}"

    repeated = list(convert.refuse_duplicates(whole, origin))
    if repeated:
        notes[f"{len(repeated)} rows repeat another one, and were used once"] = None
        whole = whole[np.setdiff1d(np.arange(len(whole)), repeated)]
    if not len(whole):
        raise FormatterError(f"there are no sources in {', '.join(paths)}")
    if not any(name.endswith("_flux") for name in whole.colnames):
        notes["there is no flux: it serves astrometry only"] = None
    return whole, list(notes)


def write(
    folder: str,
    name: str,
    table: Catalog,
    notes: Sequence[str] = (),
    depth: int = DEPTH,
    replace: bool = False,
    dry_run: bool = False,
    progress: _Progress = lambda items, total: items,
) -> Written:
    """Write a catalog to its directory, completely or not at all.

    Parameters
    ----------
    folder : `str`
        The directory, such as ``ref_cats/gaia``.
    name : `str`
        Its name in its configuration.
    table : `Catalog`
        The sources.
    notes : sequence of `str`, optional
        Further notes for the result.
    depth : `int`, optional
        The depth of its mesh.
    replace : `bool`, optional
        Whether to replace another catalog.
    dry_run : `bool`, optional
        Whether to write only a temporary copy, to compare it with an existing catalog.
    progress : `_Progress`, optional
        A function that wraps the shards with a progress display.

    Returns
    -------
    `Written`
        The result.

    Raises
    ------
    FileConflict
        If another catalog exists.
    RepositoryError
        If it cannot be written.
    """
    folder = os.path.abspath(folder)
    ra, dec = (np.degrees(np.asarray(table[axis].value)) for axis in ("coord_ra", "coord_dec"))
    trixels = htm.index(ra, dec, depth)
    numbers = np.unique(trixels)
    columns = tuple(table.colnames)
    result = Written(folder, "new", len(table), len(numbers), columns, tuple(notes))
    if os.path.lexists(folder) and not os.path.isfile(os.path.join(folder, "config.py")):
        raise FileConflict(f"{folder} exists, and is not a reference catalog", folder)
    above, stem = os.path.split(folder)
    old = os.path.join(above, f".{stem}.old")
    try:
        if dry_run:
            with tempfile.TemporaryDirectory() as temporary:
                _write_all(temporary, name, table, trixels, depth, progress)
                return result._replace(status=_status(folder, temporary, replace))
        temporary = os.path.join(above, f".{stem}.new")
        changed = durable.make_directories(above)
        _recover(folder, temporary, old)
        os.mkdir(temporary)
        try:
            _write_all(temporary, name, table, trixels, depth, progress)
            result = result._replace(status=_status(folder, temporary, replace))
            if result.status == "same":
                return result
            files = [os.path.join(temporary, one) for one in os.listdir(temporary)]
            durable.flush(files, [temporary])
            if result.status == "replaced":
                os.rename(folder, old)
            os.rename(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        durable.flush((), [above, *changed])
        if os.path.isdir(old):
            shutil.rmtree(old)
    except OSError as error:
        if isinstance(error, PersistenceError):
            raise
        raise RepositoryError(
            f"cannot write {error.filename or folder}: {error.strerror or error}"
        ) from error
    return result


def _status(folder: str, temporary: str, replace: bool) -> str:
    if not os.path.lexists(folder):
        return "new"
    if _is_same(folder, temporary):
        return "same"
    if not replace:
        raise FileConflict(f"{folder} is another catalog: --replace replaces it", folder)
    return "replaced"


def _write_all(
    folder: str, name: str, table: Catalog, trixels: Any, depth: int, progress: _Progress
) -> None:
    """Write the configuration, the schema, and a shard per trixel that has sources."""
    with open(os.path.join(folder, "config.py"), "w", encoding="utf-8") as stream:
        stream.write(_CONFIG.format(name=name, depth=depth))
    _write_shard(folder, "master_schema", table[:0])
    order = np.argsort(trixels, kind="stable")
    numbers, starts = np.unique(trixels[order], return_index=True)
    for number, rows in progress(
        list(zip(numbers, np.split(order, starts[1:]), strict=True)), len(numbers)
    ):
        _write_shard(folder, str(number), table[rows])


def _recover(folder: str, temporary: str, old: str) -> None:
    """Restore the old catalog after a writer was killed."""
    if os.path.isdir(temporary):
        shutil.rmtree(temporary)
    if os.path.isdir(old):
        if os.path.lexists(folder):
            shutil.rmtree(old)
        else:
            os.rename(old, folder)


def _write_shard(folder: str, name: str, table: Catalog) -> None:
    path = os.path.join(folder, f"{name}.fits")
    location = Location(folder, f"{name}.fits", None, "FitsCatalogStorage", _KIND, "ref_cat", {})
    formatter("FitsCatalogStorage").write(table, path, location)


def _is_same(one: str, other: str) -> bool:
    """Return whether two directories have the same files; links are compared by their targets."""
    names = sorted(os.listdir(one))
    return names == sorted(os.listdir(other)) and all(
        not links.fault(os.path.join(one, name))
        and atomic.alike(os.path.join(one, name), os.path.join(other, name))
        for name in names
    )
