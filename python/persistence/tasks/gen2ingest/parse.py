"""`ParseTask`: from headers to properties, as Gen2's camera packages extend it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from persistence.errors import DataIdError, FormatterError, told
from persistence.gen2types.images.imagefiles import readMetadata
from persistence.ingest.calibplan import kind_of
from persistence.pipe.task import Later, Task

_CONFIGS = "persistence.tasks.gen2ingest.configs"
_FIRST = 1


class ParseTask(Task):
    """Reads a file's headers. A camera package's subclass has methods ``translate_x(md)``."""

    ConfigClass: ClassVar[Any] = Later(_CONFIGS, "ParseConfig")
    _DefaultName = "parse"

    def getInfo(self, filename: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the properties of a file, and those of each of its parts that gets a row."""
        info = self.getInfoFromMetadata(self._metadata(filename, self.config.hdu))
        wanted = set(self.config.extnames)
        if not wanted:
            return info, [info]
        infos: list[dict[str, Any]] = []
        number = 0
        while wanted:
            number += 1
            try:
                metadata = readMetadata(filename, number)
            except (OSError, FormatterError, LookupError, RuntimeError) as error:
                self.log.warn(
                    "Error reading %s extensions %s: %s", filename, sorted(wanted), told(error)
                )
                break
            name = str(metadata.get("EXTNAME", "")).strip()
            if name in wanted:
                part = self.getInfoFromMetadata(metadata, info=dict(info))
                infos.append({**part, "hdu": number})
                wanted.discard(name)
        return info, infos

    @staticmethod
    def _metadata(filename: str, hdu: int | None) -> Any:
        is_named = hdu is not None and hdu >= 0
        return readMetadata(filename, hdu) if is_named else readMetadata(filename)

    def getInfoFromMetadata(self, md: Any, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the properties in a header, in addition to the known ones.

        Missing ones are logged and omitted.
        """
        info = {} if info is None else info
        for name, keyword in self.config.translation.items():
            if md.exists(keyword) and md.getScalar(keyword) is not None:
                value = md.getScalar(keyword)
                info[name] = value.strip() if isinstance(value, str) else value
            elif name in self.config.defaults:
                info[name] = self.config.defaults[name]
            else:
                self.log.warn("Unable to find value for %s (derived from %s)", name, keyword)
        for name, method in self.config.translators.items():
            translate: Callable[[Any], Any] = getattr(self, method)
            try:
                value = translate(md)
            # the camera's own code, on a header of any kind: the row that lacks it is refused
            except Exception as error:
                self.log.warn("%s failed to translate %s: %s", method, name, told(error))
                continue
            if value is not None:
                info[name] = value
        return info

    def translate_date(self, md: Any) -> str:
        """Return the day of DATE-OBS, in its own scale."""
        return str(md.getScalar("DATE-OBS")).strip().partition("T")[0]

    def translate_filter(self, md: Any) -> str:
        """Return the first word of FILTER."""
        return str(md.getScalar("FILTER")).strip().partition(" ")[0]

    def getDestination(self, butler: Any, info: Mapping[str, Any], filename: str) -> str:
        """Return where a file goes: the absolute path of the raw, without an HDU."""
        return _path(butler.get("raw_filename", dict(info))[0])


class CalibsParseTask(ParseTask):
    """Reads the headers of calibrations."""

    def getCalibType(self, filename: str) -> str:
        """Return the type of a calibration by its OBSTYPE.

        Raises
        ------
        DataIdError
            If the header has none.
        """
        metadata = self._metadata(filename, self.config.hdu)
        if not metadata.exists("OBSTYPE"):
            raise DataIdError(
                f"Unable to find the required header keyword OBSTYPE in {filename}, hdu "
                f"{self.config.hdu}"
            )
        return kind_of(str(metadata.getScalar("OBSTYPE")))

    def getDestination(self, butler: Any, info: Mapping[str, Any], filename: str) -> str:
        """Return the path of a calibration in its root, from the keys of its data ID.

        Parameters
        ----------
        butler : `~persistence.Butler`
            Knows the path of each type of calibration.
        info : mapping
            The keys of the data ID; None is a key without a value.
        filename : `str`
            The file, whose header names the type.

        Returns
        -------
        path : `str`
            The path.
        """
        known = {name: value for name, value in info.items() if value is not None}
        return _path(butler.get(f"{self.getCalibType(filename)}_filename", known)[0])


def _path(uri: str) -> str:
    return os.path.abspath(uri.partition("[")[0])
