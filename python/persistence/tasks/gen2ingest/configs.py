"""The settings of Gen2's tasks of ingest (doc/gen2/gen2-cli.md, 1.4 and 2.3), by Gen2's names."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import Config, ConfigurableField, DictField, Field, ListField

from persistence.ingest import calibconfig, config
from persistence.tasks.gen2ingest.parse import CalibsParseTask, ParseTask
from persistence.tasks.gen2ingest.register import CalibsRegisterTask, RegisterTask

_OURS, _CALIBS = config.RegisterConfig(), calibconfig.CalibRegisterConfig()


def _names(default: tuple[str, ...], doc: str) -> ListField[str]:
    return ListField(dtype=str, default=list(default), doc=doc)


class ParseConfig(Config):
    """From headers to properties."""

    translation = DictField[str, str](
        keytype=str, itemtype=str, default={}, doc="Property -> keyword, copied"
    )
    translators = DictField[str, str](
        keytype=str, itemtype=str, default={}, doc="Property -> name of a method of the task"
    )
    defaults = DictField[str, str](
        keytype=str, itemtype=str, default={}, doc="Property -> its value without the keyword"
    )
    hdu = Field[int](
        dtype=int, doc="HDU that describes the file; by default as afw", default=None, optional=True
    )
    extnames = _names((), "Extensions that get a row each")


class RegisterConfig(Config):
    """The registry's tables."""

    table = Field[str](dtype=str, doc="Name of the main table", default=_OURS.table)
    columns = DictField[str, str](
        keytype=str, itemtype=str, default=dict(_OURS.columns), doc="Column -> text, int or double",
        itemCheck=lambda word: word in ("text", "int", "double"),
    )  # fmt: skip
    unique = _names(_OURS.unique, "Columns that are unique together")
    visit = _names(_OURS.visit, "Columns of the table of visits")
    ignore = Field[bool](dtype=bool, doc="Leave rows that are there as they are", default=False)
    permissions = Field[int](
        dtype=int, doc="Mode of a registry that is created", default=_OURS.permissions
    )


class IngestConfig(Config):
    """Of `IngestTask`."""

    parse = ConfigurableField[Any](target=ParseTask, doc="From headers to properties")
    register = ConfigurableField[Any](target=RegisterTask, doc="The registry's tables")
    allowError = Field[bool](
        dtype=bool, doc="Files that fail do not make the run a failure", default=False
    )
    clobber = Field[bool](dtype=bool, doc="Replace files and rows in the way", default=False)


class CalibsRegisterConfig(RegisterConfig):
    """The tables of the registry of calibrations."""

    tables = _names(_CALIBS.tables, "Types that have a table")
    calibDate = Field[str](
        dtype=str, doc="Column of a calibration's date", default=_CALIBS.calibDate
    )
    validStart = Field[str](dtype=str, doc="Column of its first day", default=_CALIBS.validStart)
    validEnd = Field[str](dtype=str, doc="Column of its last day", default=_CALIBS.validEnd)
    detector = _names(_CALIBS.detector, "Columns that tell series apart")
    validityUntilSuperseded = _names(
        _CALIBS.validityUntilSuperseded, "Types that are valid until the next one's date"
    )
    incrementValidEnd = Field[bool](dtype=bool, doc="Windows meet on one day", default=True)


class IngestCalibsConfig(Config):
    """Of `IngestCalibsTask`."""

    parse = ConfigurableField[Any](target=CalibsParseTask, doc="From headers to properties")
    register = ConfigurableField[Any](target=CalibsRegisterTask, doc="The registry's tables")
    allowError = Field[bool](
        dtype=bool, doc="Files that fail do not make the run a failure", default=False
    )
    clobber = Field[bool](dtype=bool, doc="Replace files and rows in the way", default=False)


def ours(settings: Any, source: str) -> config.IngestConfig:
    """Return the settings of Gen2 as a configuration of our ingest.

    Raises
    ------
    PolicyError
        If its tables are inconsistent.
    """
    return config.checked(
        config.IngestConfig(
            parse=config.ParseConfig(**_parse(settings)),
            register=config.RegisterConfig(**_register(settings)),
            allowError=settings.allowError,
            clobber=settings.clobber,
        ),
        source,
    )


def ours_of_calibs(settings: Any, source: str) -> calibconfig.CalibConfig:
    """Return settings of Gen2's as those of our own ingest of calibrations; see `ours`."""
    register = settings.register
    return calibconfig.checked(
        calibconfig.CalibConfig(
            parse=calibconfig.CalibParseConfig(**_parse(settings)),
            register=calibconfig.CalibRegisterConfig(
                **_register(settings),
                tables=tuple(register.tables),
                calibDate=register.calibDate,
                validStart=register.validStart,
                validEnd=register.validEnd,
                detector=tuple(register.detector),
                validityUntilSuperseded=tuple(register.validityUntilSuperseded),
                incrementValidEnd=register.incrementValidEnd,
            ),
            allowError=settings.allowError,
            clobber=settings.clobber,
        ),
        source,
    )


def _parse(settings: Any) -> dict[str, Any]:
    return {"extnames": tuple(settings.parse.extnames), "hdu": settings.parse.hdu}


def _register(settings: Any) -> dict[str, Any]:
    register = settings.register
    return {
        "table": register.table,
        "columns": dict(register.columns),
        "unique": tuple(register.unique),
        "visit": tuple(register.visit),
        "ignore": register.ignore,
        "permissions": register.permissions,
    }
