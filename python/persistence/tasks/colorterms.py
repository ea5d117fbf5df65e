"""Colour terms: convert a reference catalog's magnitudes to those of a camera's filter.

The classes have Gen2's names and meaning (``lsst.pipe.tasks.colorterms``), so that configuration
files written for it can be used.
"""

from __future__ import annotations

import fnmatch
from typing import Any

import numpy as np
from lsst.pex.config import Config, ConfigDictField, Field

from persistence.pipe.task import TaskError
from persistence.tasks.stamps import Floats
from persistence.types.exposure.translator import FilterLabel


class Colorterm(Config):
    """A polynomial of a colour of the catalog, which is added to its magnitude.

    That in the camera's filter is ``primary + c0 + c1 (primary - secondary) + c2 (primary -
    secondary)^2``. Source: Gen2's Colorterm.
    """

    primary = Field[str](doc="The catalog's filter that is nearest to the camera's.", dtype=str)
    secondary = Field[str](doc="The catalog's second filter of the colour.", dtype=str)
    c0 = Field[float](doc="What is added whatever the colour (mag).", dtype=float, default=0.0)
    c1 = Field[float](doc="What is added for each magnitude of colour.", dtype=float, default=0.0)
    c2 = Field[float](doc="What is added for its square (1/mag).", dtype=float, default=0.0)

    def applied(
        self, primary: tuple[Floats, Floats], secondary: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        """Return magnitudes in the camera's filter, and their errors.

        Parameters
        ----------
        primary, secondary : `tuple` [array, array]
            The catalog's magnitudes in both of its filters, and their standard deviations.
        """
        if self.primary == self.secondary:
            return primary[0] + self.c0, primary[1]
        colour = primary[0] - secondary[0]
        slope = self.c1 + 2 * self.c2 * colour
        magnitude = primary[0] + self.c0 + colour * (self.c1 + colour * self.c2)
        return magnitude, np.hypot((1 + slope) * primary[1], slope * secondary[1])

    def __str__(self) -> str:
        colour = f"({self.primary} - {self.secondary})"
        return f"{self.primary} {self.c0:+g} {self.c1:+g} {colour} {self.c2:+g} {colour}^2"


class _OfTerms(ConfigDictField):
    """A field of configurations that takes a dictionary for each of them, too."""

    def __set__(self, instance: Any, value: Any, at: Any = None, label: str = "assignment") -> None:
        if isinstance(value, dict):
            value = {
                key: self.itemtype(data=each) if isinstance(each, dict) else each
                for key, each in value.items()
            }
        super().__set__(instance, value, at, label)


class ColortermDict(Config):
    """The colour terms of a catalog, by the camera's filters."""

    data = ConfigDictField(
        doc="Colour terms by any name of the camera's filter.",
        keytype=str,
        itemtype=Colorterm,
        default={},
    )


class ColortermLibrary(Config):
    """The colour terms of all catalogs, such as ``{'ps1*': {'g': Colorterm(...)}}``."""

    data = _OfTerms(
        doc="A catalog's colour terms by its name, or by a pattern such as ps1*.",
        keytype=str,
        itemtype=ColortermDict,
        default={},
    )


def chosen(config: Any, catalog: str, label: FilterLabel) -> Colorterm | None:
    """Return the colour term of a filter and a catalog; None if none is to be applied.

    Parameters
    ----------
    config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        With ``applyColorTerms``, ``photoCatName`` and ``colorterms``.
    catalog : `str`
        The reference catalog's name, used if ``photoCatName`` is not set.
    label : `~persistence.types.exposure.translator.FilterLabel`
        The exposure's filter.

    Raises
    ------
    TaskError
        If one is required but missing, or the name matches several patterns.
    """
    if config.applyColorTerms is False:
        return None
    name = config.photoCatName or catalog
    library = config.colorterms.data
    patterns = (
        [name] if name in library else [each for each in library if fnmatch.fnmatchcase(name, each)]
    )
    if len(patterns) > 1:
        raise TaskError(
            f"calibrate.colorterms.data has {' and '.join(map(repr, patterns))} for the catalog "
            f"{name!r}: name one in calibrate.photoCatName"
        )
    terms = library[patterns[0]].data if patterns else {}
    for key in terms:
        if label.answers_to(key):
            return terms[key]  # type: ignore[no-any-return]
    if config.applyColorTerms:
        bands = f"the filter {label} by the catalog {name!r}"
        known = ", ".join(library) or "no catalog"
        raise TaskError(
            f"there is no colour term for {bands}: calibrate.colorterms.data has {known}"
            + (f", there with {', '.join(terms)}" if patterns else "")
            + "; to calibrate without: -c calibrate.applyColorTerms=False"
        )
    return None
