"""The configuration of the ingest of calibrations.

It comes from the camera's ``ingestCalibs.yaml``, with overrides of the command line. The names are
Gen2's (doc/gen2/gen2-cli.md, 2.3), and those of `persistence.ingest.config`. The section
``curated`` of the file configures the ingest of curated calibrations in the same form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from persistence.errors import PolicyError, did_you_mean
from persistence.ingest import config
from persistence.ingest.config import IngestConfig, ParseConfig, RegisterConfig
from persistence.registry.tables import TableSpec

CURATED = ("defects", "qe_curve", "linearizer", "crosstalk", "bfk", "photodiode")


@dataclass(frozen=True)
class CalibParseConfig(ParseConfig):
    """How headers are converted to properties.

    Attributes
    ----------
    datasets : mapping
        Keyword -> word that it contains -> type -> the dataset type of such files, if it differs
        from the type.
    """

    datasets: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class CalibRegisterConfig(RegisterConfig):
    """The registry's tables.

    Attributes
    ----------
    tables : `tuple` [`str`]
        The types that have a table.
    calibDate, validStart, validEnd : `str`
        The columns of a calibration's date, and of the first and last day of its validity.
    detector : `tuple` [`str`]
        The columns that distinguish series: each date of a series has its validity range.
    validityUntilSuperseded : `tuple` [`str`]
        The types that are valid from their date until that of the next one.
    incrementValidEnd : `bool`
        Whether a validity range ends on the day on which the next begins, or the day before.
    """

    tables: tuple[str, ...] = ("bias", "dark", "flat", "fringe", "sky", *CURATED)
    calibDate: str = "calibDate"
    validStart: str = "validStart"
    validEnd: str = "validEnd"
    detector: tuple[str, ...] = ("filter", "ccd")
    validityUntilSuperseded: tuple[str, ...] = CURATED
    incrementValidEnd: bool = True

    def spec(self, table: str) -> TableSpec:
        """Return the table layout of a type."""
        # All columns of a look-up, so that the index suffices; biases are looked up with any
        # filter.
        detector = [name for name in self.detector if name != "filter"]
        present = [name for name in ("filter", "calib_hdu") if name in self.columns]
        index = (*detector, self.validEnd, self.validStart, self.calibDate, *present)
        return TableSpec(table, self.columns, self.unique, self.visit, index)


@dataclass(frozen=True)
class CalibConfig(IngestConfig):
    """The configuration of the ingest of calibrations.

    Attributes
    ----------
    detectors : mapping
        Number -> name of detectors that have calibrations, but no place in data IDs.
    """

    parse: CalibParseConfig = field(default_factory=CalibParseConfig)
    register: CalibRegisterConfig = field(default_factory=CalibRegisterConfig)
    detectors: Mapping[int, str] = field(default_factory=dict)

    def of(self, table: str) -> IngestConfig:
        """Return the ingest configuration for files of one type, without validity ranges."""
        windows = (self.register.validStart, self.register.validEnd)
        columns = {
            name: word for name, word in self.register.columns.items() if name not in windows
        }
        register = dataclasses.replace(self.register, table=table, columns=columns)
        return IngestConfig(parse=self.parse, register=register, clobber=self.clobber)


def load(path: str | None, camera: str, curated: bool = False) -> CalibConfig:
    """Read a camera's ``ingestCalibs.yaml``, or the section ``ingestCalibs`` of its file.

    Parameters
    ----------
    path : `str` or None
        The file.
    camera : `str`
        The camera's name, for messages.
    curated : `bool`
        Whether to read the section for curated calibrations.

    Returns
    -------
    config : `CalibConfig`
        The configuration.

    Raises
    ------
    PolicyError
        If the camera has no such configuration, or it is invalid.
    """
    data = {} if path is None else config.section(path, "ingestCalibs")
    if curated:
        data = data.get("curated", {})
    if path is None or not data:
        files = "curated calibrations" if curated else "calibrations"
        raise PolicyError(
            f"{camera} does not define how its {files} are ingested: see ingestCalibs in "
            "doc/cameras.rst"
        )
    data = {name: entry for name, entry in data.items() if name != "curated"}
    config.check_names(path, CalibConfig, data)
    calibs = CalibConfig(
        parse=config.make(path, CalibParseConfig, data.get("parse", {})),
        register=config.make(path, CalibRegisterConfig, data.get("register", {})),
        detectors=data.get("detectors", {}),
    )
    return checked(config.switched(calibs, data), path)


def checked(calibs: CalibConfig, source: str) -> CalibConfig:
    """Return a configuration; raise an error if its tables or validity ranges are inconsistent."""
    config.checked(calibs, source)
    register = calibs.register
    windows = (register.validStart, register.validEnd)
    for column in (register.calibDate, *windows, *register.detector):
        if column not in register.columns:
            hint = did_you_mean(column, register.columns)
            raise PolicyError(
                f"{source}: register.columns lacks {column!r}, which validity ranges need{hint}"
            )
    for column in windows:
        if register.columns[column] != "text" or column in (*register.unique, *register.visit):
            raise PolicyError(
                f"{source}: column {column!r} holds an end of a validity range: a text, neither "
                "unique nor of "
                "a visit"
            )
    if not register.unique:
        raise PolicyError(
            f"{source}: register.unique is empty: calibrations could not be distinguished"
        )
    return calibs
