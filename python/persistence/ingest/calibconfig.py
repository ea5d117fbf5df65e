"""What the ingest of calibrations is told.

The camera's ``ingestCalibs.yaml``, and what the command line overrides.

The names are Gen2's (gen2-cli 2.3), and those of `persistence.ingest.config`. The section
``curated`` of the file says in the same form how curated calibrations are ingested.
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
    """From headers to properties.

    Attributes
    ----------
    datasets : mapping
        Keyword -> word that it contains -> type -> the dataset type of such files, where that is
        not the type itself.
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
        The columns of a calibration's date, and of the first and the last day on which it is used.
    detector : `tuple` [`str`]
        The columns that tell series apart: each date of a series has its window.
    validityUntilSuperseded : `tuple` [`str`]
        The types that are valid from their date on, until the next one's.
    incrementValidEnd : `bool`
        Whether a window ends on the day on which the next begins, or on the day before.
    """

    tables: tuple[str, ...] = ("bias", "dark", "flat", "fringe", "sky", *CURATED)
    calibDate: str = "calibDate"
    validStart: str = "validStart"
    validEnd: str = "validEnd"
    detector: tuple[str, ...] = ("filter", "ccd")
    validityUntilSuperseded: tuple[str, ...] = CURATED
    incrementValidEnd: bool = True

    def spec(self, table: str) -> TableSpec:
        """Give the tables of a type."""
        # All that a look-up asks for and gives, so that the index answers alone; biases are looked
        # for in any filter.
        detector = [name for name in self.detector if name != "filter"]
        given = [name for name in ("filter", "calib_hdu") if name in self.columns]
        index = (*detector, self.validEnd, self.validStart, self.calibDate, *given)
        return TableSpec(table, self.columns, self.unique, self.visit, index)


@dataclass(frozen=True)
class CalibConfig(IngestConfig):
    """All of it.

    Attributes
    ----------
    detectors : mapping
        Number -> name of detectors that have calibrations, and that data IDs do not know.
    """

    parse: CalibParseConfig = field(default_factory=CalibParseConfig)
    register: CalibRegisterConfig = field(default_factory=CalibRegisterConfig)
    detectors: Mapping[int, str] = field(default_factory=dict)

    def of(self, table: str) -> IngestConfig:
        """Give the configuration of the files of one type, whose windows are not known yet."""
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
        Whether curated calibrations are to be ingested, which have their own section.

    Raises
    ------
    PolicyError
        If the camera does not say how, or says something that cannot be meant.
    """
    data = {} if path is None else config.section(path, "ingestCalibs")
    if curated:
        data = data.get("curated", {})
    if path is None or not data:
        what = "curated calibrations" if curated else "calibrations"
        raise PolicyError(
            f"{camera} does not say how its {what} are ingested: see ingestCalibs in "
            "doc/cameras.rst"
        )
    data = {name: entry for name, entry in data.items() if name != "curated"}
    config.check_names(path, CalibConfig, data)
    made = CalibConfig(
        parse=config.make(path, CalibParseConfig, data.get("parse", {})),
        register=config.make(path, CalibRegisterConfig, data.get("register", {})),
        detectors=data.get("detectors", {}),
    )
    return checked(config.switched(made, data), path)


def checked(made: CalibConfig, source: str) -> CalibConfig:
    """Refuse a configuration of which no tables, or no windows, could be made."""
    config.checked(made, source)
    register = made.register
    windows = (register.validStart, register.validEnd)
    for column in (register.calibDate, *windows, *register.detector):
        if column not in register.columns:
            hint = did_you_mean(column, register.columns)
            raise PolicyError(
                f"{source}: register.columns lacks {column!r}, which windows are made with{hint}"
            )
    for column in windows:
        if register.columns[column] != "text" or column in (*register.unique, *register.visit):
            raise PolicyError(
                f"{source}: column {column!r} holds a window's end: a text, neither unique nor of "
                "a visit"
            )
    if not register.unique:
        raise PolicyError(
            f"{source}: register.unique is empty: calibrations could not be told apart"
        )
    return made
