"""Copy calibrations from one calibration root to another, with their validity ranges.

The manifest of files and rows, ``calibrations.json``, is written last: a directory that contains it
is complete.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from persistence.butler.repository import Repository
from persistence.cameras.installed import gen2_name
from persistence.errors import FileConflict, IngestError, PersistenceError, PolicyError
from persistence.files import atomic, durable, links, listings
from persistence.ingest.base import FileIngest
from persistence.ingest.plan import Delivery, FilePlan, Status, in_place
from persistence.ingest.report import Report
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry, open_writer
from persistence.registry import open as open_registry
from persistence.registry.tables import TableSpec

MANIFEST = "calibrations.json"
_FORMAT = "gen2-butler calibrations 1"
_SHOWN = 5
_ID = "id"


class Exported(NamedTuple):
    """The result of an export.

    Attributes
    ----------
    path : `str`
        The manifest.
    files, rows : `int`
        The numbers of files and rows in it.
    missing : `tuple` [`str`]
        Rows whose file does not exist.
    """

    path: str
    files: int
    rows: int
    missing: tuple[str, ...]


def export(
    repository: Repository,
    folder: str,
    types: Sequence[DatasetType],
    mode: atomic.Mode = "copy",
    dry_run: bool = False,
    progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, total: items,
) -> Exported:
    """Export calibrations of a repository: their files, and a manifest with their rows.

    Parameters
    ----------
    repository : `Repository`
        The repository.
    folder : `str`
        The target directory, created if missing.
    types : sequence of `DatasetType`
        The dataset types, whose tables are exported completely.
    mode : `str`
        How files are delivered: ``copy``, ``link``, ``relsymlink`` or ``hardlink``.
    dry_run : `bool`
        Write nothing.
    progress : callable
        Wraps the iteration over files to show a progress bar.

    Returns
    -------
    exported : `Exported`
        The result.

    Raises
    ------
    FileConflict
        If the directory contains other files of these names, or another manifest.
    """
    entries, tables, missing = _listed(repository, types)
    path = os.path.join(os.path.abspath(folder), MANIFEST)
    if not dry_run:
        targets = []
        for source, relative in progress(list(entries.items()), len(entries)):
            target = os.path.join(os.path.dirname(path), relative["path"])
            if not (os.path.lexists(target) and atomic.same(source, target)):
                atomic.deliver(source, target, mode)
            relative["sha256"], relative["size"] = digest(source), os.path.getsize(source)
            targets.append(target)
        kept = [target for target in targets if not os.path.islink(target)]
        durable.flush(kept, durable.ancestors(targets, os.path.dirname(path)) if targets else ())
        text = _text(repository, entries, tables)
        if not atomic.write_text(path, text, replace=False) and _read(path) != text:
            raise FileConflict(
                f"{path} lists other calibrations: export into another directory", path
            )
    rows = sum(len(entry["rows"]) for entry in entries.values())
    return Exported(path, len(entries), rows, tuple(missing))


def digest(path: str) -> str:
    """Return the SHA-256 of a file's content."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _listed(
    repository: Repository, types: Sequence[DatasetType]
) -> tuple[dict[str, dict[str, Any]], dict[str, Any], list[str]]:
    """Return the files with their rows, the tables' columns, and the rows without a file."""
    entries: dict[str, dict[str, Any]] = {}
    tables: dict[str, Any] = {}
    missing = []
    for dataset in types:
        source = repository.calibrations_of(dataset)
        registry, table = source.registry, dataset.tables[0]
        if registry is None or table not in registry.tables() or table in tables:
            continue
        columns = {name: kind for name, kind in registry.columns([table]).items() if name != _ID}
        homes = [
            candidate
            for candidate in repository.mapper.types.values()
            if candidate.tables == dataset.tables
        ]
        unique = dict.fromkeys(
            key for candidate in homes for key in candidate.keys if key in columns
        )
        tables[table] = {"columns": columns, "unique": list(unique)}
        visit = _visit_columns(registry, table)
        if visit:
            tables[table]["visit"] = visit
        for values in registry.lookup(list(columns), {}, [table]):
            row = dict(zip(columns, values, strict=True))
            path_ = next(_paths(source.root, row, homes), None)
            if path_ is None:
                missing.append(f"{table} {' '.join(f'{key}={row[key]}' for key in unique)}")
                continue
            entry = entries.setdefault(
                os.path.join(source.root, path_), {"path": path_, "table": table, "rows": []}
            )
            entry["rows"].append(row)
    return entries, tables, missing


def _paths(root: str, row: Mapping[str, Any], homes: Sequence[DatasetType]) -> Iterator[str]:
    """Yield the file of a row, for each dataset type of its table."""
    for dataset in homes:
        if dataset.template is not None:
            try:
                path, _hdu = dataset.template.locate({"hdu": 0, **row})
            except PersistenceError:  # the row is of another type
                continue
            there = listings.find(root, path)
            if there is not None and not links.fault(os.path.join(root, there)):
                yield there


def _text(
    repository: Repository, entries: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Any]
) -> str:
    listed = sorted(entries.values(), key=lambda entry: str(entry["path"]))
    manifest = {
        "format": _FORMAT,
        "camera": gen2_name(repository.mapper),
        "tables": tables,
        "files": listed,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


@dataclass
class ImportTask(FileIngest):
    """Import an `export` into a calibration root: rows keep their validity ranges.

    Attributes
    ----------
    root : `str`
        The calibration root, which must exist.
    types : sequence of `str`
        The tables to import; all, if empty.
    """

    MODES: ClassVar[tuple[atomic.Mode, ...]] = ("copy", "link", "relsymlink", "hardlink")
    mode: atomic.Mode = "copy"
    root: str = ""
    types: Sequence[str] = ()
    _manifest: dict[str, Any] = field(default_factory=dict, init=False)

    def run(self, patterns: Sequence[str]) -> Report:
        """Import the files in the manifests of some directories.

        Parameters
        ----------
        patterns : sequence of `str`
            The directories, or patterns of them.

        Returns
        -------
        report : `Report`
            The result for each file.

        Raises
        ------
        IngestError
            If a file is missing or differs from the manifest: then nothing is imported.
        PolicyError
            If a manifest is invalid, or of another camera.
        """
        self.report = report = Report(dry_run=self.dry_run)
        self.root = os.path.abspath(self.root)
        if not os.path.isdir(self.root):
            raise PolicyError(f"there is no calibration root {self.root}: create it first (mkdir)")
        self._check_writable(self.root)
        for folder in patterns:
            self._import(os.path.abspath(folder), report)
        return report

    def _import(self, folder: str, report: Report) -> None:
        manifest = read(folder, self.repository)
        entries = [
            entry for entry in manifest["files"] if not self.types or entry["table"] in self.types
        ]
        _refuse_changed(folder, entries, self.progress)
        there = open_registry(self.root, {}, "calibRegistry")
        specs = {
            name: _spec(name, settings, _visit_columns(there, name))
            for name, settings in manifest["tables"].items()
        }
        writer = open_writer(self.root, specs, "calibRegistry", dry_run=self.dry_run)
        try:
            plans = [self._plan(folder, entry, writer, specs) for entry in entries]
            pending = [plan for plan_ in plans for plan in self._deliver(plan_, report)]
            if self.dry_run or not pending:
                return
            self._flush(pending, self.root)
            with writer.transaction():
                for plan in pending:
                    writer.add(plan.table, plan.rows, replace=self.config.clobber, ignore=False)
            for plan in pending:
                self._end(plan, report, self.root)
        finally:
            writer.close()

    def _plan(
        self, folder: str, entry: Mapping[str, Any], writer: Any, specs: Mapping[str, TableSpec]
    ) -> FilePlan:
        source, table = os.path.join(folder, entry["path"]), str(entry["table"])
        delivery = Delivery(source, os.path.join(self.root, entry["path"]))
        try:
            rows = [row for row in entry["rows"] if self._is_missing(row, specs[table], writer)]
            there = in_place(delivery, self.config.clobber, lambda target: None)
        except FileConflict as error:
            return FilePlan(source, "failed", problem=str(error))
        status: Status = "new" if not there else "placed" if rows else "same"
        return FilePlan(source, status, (delivery,), tuple(rows), table=table)

    def _is_missing(self, row: Mapping[str, Any], spec: TableSpec, writer: Any) -> bool:
        there = writer.find(spec.name, [row[name] for name in spec.unique])
        if there is None:
            return True
        differing = [
            f"{name} is {there[name]!r}, not {row[name]!r}"
            for name in spec.columns
            if name != "path" and there[name] != row[name]
        ]
        if differing and not self.config.clobber:
            shown = " ".join(f"{name}={row[name]}" for name in spec.unique)
            raise FileConflict(
                f"{spec.name} {shown} is registered differently: {'; '.join(differing)}; -c "
                "clobber=True replaces it"
            )
        return bool(differing)


def read(folder: str, repository: Repository) -> dict[str, Any]:
    """Read the manifest of a directory.

    Raises
    ------
    PolicyError
        If it does not exist, is invalid, or is of another camera than the repository's.
    """
    path = os.path.join(folder, MANIFEST)
    try:
        manifest: dict[str, Any] = json.loads(_read(path))
        form, camera = manifest["format"], manifest["camera"]
        for entry in manifest["files"]:
            where = os.path.normpath(entry["path"])
            if os.path.isabs(where) or where.startswith(os.pardir):
                raise PolicyError(f"{path}: {entry['path']!r} leads out of the directory")
            if not {"table", "rows", "sha256"} <= entry.keys():
                raise KeyError("table")
            if entry["table"] not in manifest["tables"]:
                raise PolicyError(f"{path} has no table {entry['table']!r}")
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror or error}; --export makes it") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolicyError(f"{path} is not a manifest of calibrations") from error
    own = gen2_name(repository.mapper)
    if form != _FORMAT:
        raise PolicyError(f"{path} is {form!r}, and only {_FORMAT!r} is known")
    if camera != own:
        raise PolicyError(f"{path} is of another camera: {camera}, not {own}")
    return manifest


def _visit_columns(registry: Registry | None, table: str) -> list[str]:
    """Return the columns of a table's visit table; empty if there is none."""
    name = f"{table}_visit"
    return list(registry.columns([name])) if registry and name in registry.tables() else []


def _spec(name: str, settings: Mapping[str, Any], visit: Sequence[str]) -> TableSpec:
    """Return the layout of a table; an existing visit table keeps its layout."""
    unique = tuple(settings["unique"])
    return TableSpec(
        name, settings["columns"], unique, tuple(visit or settings.get("visit", unique))
    )


def _refuse_changed(
    folder: str,
    entries: Sequence[Mapping[str, Any]],
    progress: Callable[[Iterable[Any], int], Iterable[Any]],
) -> None:
    """Raise an error, before anything is imported, if a file differs from the manifest."""
    problems = []
    for entry in progress(entries, len(entries)):
        path = os.path.join(folder, entry["path"])
        problem = links.problem(path)
        if problem:
            problems.append(f"{path} {problem}")
        elif digest(path) != entry["sha256"]:
            problems.append(f"{path} is another file than the manifest lists: its SHA-256 differs")
    if problems:
        lines = "".join(f"\n  {line}" for line in problems[:_SHOWN])
        more = f"\n  ... and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise IngestError(
            f"nothing was imported: {len(problems)} of {len(entries)} files differ from "
            f"{os.path.join(folder, MANIFEST)}:{lines}{more}"
        )
