"""The other files of an exposure, where one exposure consists of several files."""

from __future__ import annotations

import logging
import os
from typing import Any

from persistence.errors import FormatterError, RepositoryError
from persistence.files import fits_headers, header_values, links
from persistence.ingest.config import FileType, IngestConfig
from persistence.ingest.parse import Parsed

log = logging.getLogger("persistence.ingest")
_SHOWN = 3  # number of dangling links that are listed


class Siblings:
    """Find the other files of an exposure, in a sibling directory, by their visit.

    Parameters
    ----------
    config : `IngestConfig`
        Defines the keyword of the visit.
    filetype : `FileType`
        Defines the names of the directories.
    """

    def __init__(self, config: IngestConfig, filetype: FileType) -> None:
        self._keyword = config.parse.translation.get("visit", "")
        self._words = filetype.files
        self._visits: dict[str, dict[Any, list[str]]] = {}

    def find(self, parsed: Parsed, name: str) -> str:
        """Return the path of the exposure's file of another dataset type.

        Raises
        ------
        RepositoryError
            If there is none, or several.
        FormatterError
            If it is truncated.
        """
        directory = self._beside(parsed.path, name)
        if directory not in self._visits:
            self._visits[directory] = self._index(directory, name)
        visit = _number(parsed.info.get("visit"))
        paths = self._visits[directory].get(visit, [])
        if len(paths) != 1:
            count = "no file" if not paths else f"{len(paths)} files"
            message = f"{count} of visit {visit} in {directory}: one {name} is needed"
            entries = [os.path.join(directory, entry) for entry in sorted(os.listdir(directory))]
            gone = [fault for path in entries if (fault := links.fault(path))]
            raise RepositoryError("; ".join([message, *gone[:_SHOWN]]))
        for _ in fits_headers.scan(paths[0]):
            pass  # read to the end: a truncated file is detected now, not when it is used
        return paths[0]

    def _beside(self, path: str, name: str) -> str:
        """Return the directory with the other type's word in its name in place of this one's."""
        own, other = next(iter(self._words.values())), self._words[name]
        directory = os.path.dirname(os.path.abspath(path))
        parts = directory.split(os.sep)
        positions = [position for position, part in enumerate(parts) if own in part]
        if not positions:
            raise RepositoryError(
                f"no component of its directory {directory} is named {own!r}, so its {name} "
                "cannot be found"
            )
        # Only the last match: the archive itself may be called decam_instcal.
        parts[positions[-1]] = parts[positions[-1]].replace(own, other)
        return os.sep.join(parts)

    def _index(self, directory: str, name: str) -> dict[Any, list[str]]:
        """Return the files of a directory by visit; files without one are skipped."""
        if not os.path.isdir(directory):
            fault = links.fault(directory) or f"there is no directory {directory}"
            raise RepositoryError(f"{fault}, where its {name} should be")
        visits: dict[Any, list[str]] = {}
        for entry in sorted(os.listdir(directory)):
            path = os.path.join(directory, entry)
            try:
                visit = next(fits_headers.scan(path)).get(self._keyword)
            except (FormatterError, OSError) as error:
                log.info("%s: skipped: %s", path, error)
                continue
            if visit is not None:
                visits.setdefault(_number(visit), []).append(path)
        return visits


def _number(visit: Any) -> Any:
    """Return a visit in a comparable form: some programs write 7, others '0007'."""
    number = header_values.integer(visit)
    return visit if number is None else number
