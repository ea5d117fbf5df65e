"""The other files of an exposure, where one exposure is several files."""

from __future__ import annotations

import logging
import os
from typing import Any

from persistence.errors import FormatterError, RepositoryError
from persistence.files import fits_headers, header_values, links
from persistence.ingest.config import FileType, IngestConfig
from persistence.ingest.parse import Parsed

log = logging.getLogger("persistence.ingest")
_SHOWN = 3  # as many links to nothing are told


class Siblings:
    """Finds the files that belong to one that was named.

    In the directory beside, of the same visit.

    Parameters
    ----------
    config : `IngestConfig`
        Says which keyword gives the visit.
    filetype : `FileType`
        Says what the directories are called.
    """

    def __init__(self, config: IngestConfig, filetype: FileType) -> None:
        self._keyword = config.parse.translation.get("visit", "")
        self._words = filetype.files
        self._visits: dict[str, dict[Any, list[str]]] = {}

    def find(self, parsed: Parsed, name: str) -> str:
        """Find the exposure's file of another dataset type.

        Raises
        ------
        RepositoryError
            If there is none, or several.
        FormatterError
            If it is cut short.
        """
        directory = self._beside(parsed.path, name)
        if directory not in self._visits:
            self._visits[directory] = self._index(directory, name)
        visit = _number(parsed.info.get("visit"))
        found = self._visits[directory].get(visit, [])
        if len(found) != 1:
            what = "no file" if not found else f"{len(found)} files"
            message = f"{what} of visit {visit} in {directory}: one {name} is needed"
            entries = [os.path.join(directory, entry) for entry in sorted(os.listdir(directory))]
            gone = [fault for path in entries if (fault := links.fault(path))]
            raise RepositoryError("; ".join([message, *gone[:_SHOWN]]))
        for _ in fits_headers.scan(found[0]):
            pass  # to its end: one that is cut short is found out now, not when it is read
        return found[0]

    def _beside(self, path: str, name: str) -> str:
        """Give the directory whose name has the other's word in the place of this one's."""
        own, other = next(iter(self._words.values())), self._words[name]
        directory = os.path.dirname(os.path.abspath(path))
        parts = directory.split(os.sep)
        places = [place for place, part in enumerate(parts) if own in part]
        if not places:
            raise RepositoryError(
                f"no part of its directory {directory} is called {own!r}: where is its {name}?"
            )
        # The last one only: the archive itself may be called decam_instcal.
        parts[places[-1]] = parts[places[-1]].replace(own, other)
        return os.sep.join(parts)

    def _index(self, directory: str, name: str) -> dict[Any, list[str]]:
        """Read which visit each file of a directory is of.

        Files that are not FITS, or tell none, are passed.
        """
        if not os.path.isdir(directory):
            what = links.fault(directory) or f"there is no directory {directory}"
            raise RepositoryError(f"{what}, where its {name} should be")
        visits: dict[Any, list[str]] = {}
        for entry in sorted(os.listdir(directory)):
            path = os.path.join(directory, entry)
            try:
                visit = next(fits_headers.scan(path)).get(self._keyword)
            except (FormatterError, OSError) as error:
                log.info("%s: passed over: %s", path, error)
                continue
            if visit is not None:
                visits.setdefault(_number(visit), []).append(path)
        return visits


def _number(visit: Any) -> Any:
    """Return a visit in the form in which it is compared: one program writes 7, another '0007'."""
    number = header_values.integer(visit)
    return visit if number is None else number
