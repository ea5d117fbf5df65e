"""Ingest of curated calibrations: a directory of text files, checked as a whole, stored as FITS.

The layout is Gen2's: ``<instrument>/<type>/<detector's name>/<start>.ecsv`` (or ``.yaml``,
``.fits``); or that of the rerun in which they were created: ``<type>/<date>/*.fits``, or
``<type>/*.fits``. If any file contradicts its directory, nothing is ingested.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.calibs import validity
from persistence.errors import DataIdError, IngestError, PersistenceError, did_you_mean
from persistence.files import header_values
from persistence.ingest import curatedfiles
from persistence.ingest.calibconfig import CURATED
from persistence.ingest.calibs import CalibTask
from persistence.ingest.report import Report

_SHOWN = 10
_DATE = "CALIBDATE"


@dataclass(frozen=True)
class Source:
    """A file, and the properties that its path implies.

    Attributes
    ----------
    path : `str`
        The file.
    instrument, kind : `str`
        The instrument and the type of calibration.
    detector : `int`
        The detector.

    The path of a file in a rerun implies no instrument and detector: they are None.
    """

    path: str
    instrument: str | None
    kind: str
    detector: int | None

    @property
    def name(self) -> str:
        """The name of the temporary FITS file."""
        where = "rerun" if self.detector is None else self.detector
        return f"{self.kind}_{where}_{os.path.basename(self.path)}.fits"


def find(root: str, detectors: Mapping[int, str]) -> list[Source]:
    """Return the files of one type, or of all types in sibling directories.

    Parameters
    ----------
    root : `str`
        The directory of a type (``.../decam/defects``), or its parent.
    detectors : mapping
        Number -> name of the camera's detectors.

    Returns
    -------
    sources : `list` [`Source`]
        The files.

    Raises
    ------
    IngestError
        If the directories do not have the expected layout.
    """
    root = os.path.abspath(root)
    if not os.path.isdir(root):
        raise IngestError(f"there is no directory {root}", pathname=root)
    folders = (
        [root]
        if os.path.basename(root) in CURATED
        else [f for f in _folders(root) if f.name in CURATED]
    )
    if not folders:
        raise IngestError(
            f"{root} is not named after a type of curated calibrations ({', f'.join(CURATED)}), "
            f"and contains no directory that is{did_you_mean(os.path.basename(root), CURATED)}",
            pathname=root,
        )
    sources = [source for folder in folders for source in _of_type(os.fspath(folder), detectors)]
    if not sources:
        raise IngestError(
            f"{root} holds no {' or '.join(curatedfiles.SUFFIXES)} file of any detector",
            pathname=root,
        )
    return sources


def check(source: Source, metadata: Mapping[str, Any]) -> list[str]:
    """Return contradictions between a file's path and its metadata, and invalid dates."""
    wanted = {"INSTRUME": source.instrument, "OBSTYPE": source.kind, "DETECTOR": source.detector}
    wrong = []
    for keyword, expected in wanted.items():
        value = metadata.get(keyword)
        if value is None:
            wrong.append(f"it has no {keyword}")
        elif expected is not None and str(value).strip().lower() != str(expected).lower():
            wrong.append(f"{keyword} is {value!r}, but its directory says {expected!r}")
    date = metadata.get(_DATE)
    if date is not None and header_values.date(str(date)) is None:
        wrong.append(f"{_DATE}={date!r} is not a date")
    return wrong


class Curated:
    """Ingest directories of curated calibrations.

    Parameters
    ----------
    task : `CalibTask`
        Defines the target and the options; files are copied.
    """

    def __init__(self, task: CalibTask) -> None:
        self._task = task

    @property
    def report(self) -> Report:
        """The result of the last run."""
        return self._task.report

    def run(self, roots: Sequence[str]) -> Report:
        """Ingest the files in some directories; see `find`.

        Parameters
        ----------
        roots : sequence of `str`
            The directories.

        Returns
        -------
        report : `Report`
            The result for each file.

        Raises
        ------
        IngestError
            If a directory or a file is invalid: then nothing is ingested.
        """
        task = self._task
        detectors = {**task.repository.mapper.detector_names, **task.config.detectors}
        sources = [source for root in roots for source in find(root, detectors)]
        # Not in the calibration root, so that an interrupted run leaves nothing there.
        with tempfile.TemporaryDirectory(prefix="curated-") as folder:
            task.names = dict(_converted(sources, folder))
            return task.run(list(task.names))


def _converted(sources: Sequence[Source], folder: str) -> Iterator[tuple[str, str]]:
    """Write each file as FITS; yield the new path and the old one.

    All files are read before errors are raised for any of them.
    """
    wrong = []
    for source in sources:
        target = os.path.join(folder, source.name)
        try:
            table = curatedfiles.read(source.path)
            problems = check(source, table.meta)
            if not problems:
                curatedfiles.write(table, target, source.kind)
        except PersistenceError as error:
            problems = [str(error)]
        wrong += [f"{source.path}: {problem}" for problem in problems]
        yield target, source.path
    if wrong:
        lines = "".join(f"\n  {line}" for line in wrong)
        raise IngestError(
            f"nothing was ingested, because of {len(wrong)} problems:{lines}",
            wrong[0].split(": ")[0],
        )


def _folders(root: str) -> list[os.DirEntry[str]]:
    with os.scandir(root) as entries:
        return sorted((entry for entry in entries if entry.is_dir()), key=lambda entry: entry.name)


def _of_type(root: str, detectors: Mapping[int, str]) -> Iterator[Source]:
    kind, instrument = os.path.basename(root), os.path.basename(os.path.dirname(root))
    numbers = {name.lower(): number for number, name in detectors.items()}
    folders, datasets = _folders(root), _datasets(root, kind)
    yield from datasets
    if not folders and not datasets:
        raise IngestError(f"{root} contains no directories named after detectors", pathname=root)
    for folder in folders:
        if folder.name not in numbers and _is_date(folder.name):
            yield from _datasets(folder.path, kind)
            continue
        if folder.name not in numbers:
            known = ", ".join(list(numbers)[:_SHOWN])
            hint = did_you_mean(folder.name, numbers)
            raise IngestError(
                f"{folder.path} is not named after a detector{hint} ({known}, ...)",
                pathname=folder.path,
            )
        for name in sorted(os.listdir(folder)):
            start, suffix = os.path.splitext(name)
            if suffix in curatedfiles.SUFFIXES:
                _check_start(start, folder)
                yield Source(os.path.join(folder, name), instrument, kind, numbers[folder.name])


def _datasets(folder: str, kind: str) -> list[Source]:
    """Return files in the layout of a rerun; their metadata identify them."""
    return [
        Source(os.path.join(folder, name), None, kind, None)
        for name in sorted(os.listdir(folder))
        if name.endswith(".fits")
    ]


def _is_date(name: str) -> bool:
    try:
        validity.day_of(name)
    except DataIdError:
        return False
    return True


def _check_start(start: str, folder: os.DirEntry[str]) -> None:
    try:
        validity.day_of(start)
    except DataIdError as error:
        raise IngestError(
            f"{folder.path}: the name of a file must be the start of its validity: {error}",
            folder.path,
        ) from None
