"""`CoaddInputs`: the inputs of a coadd, by the names of ``lsst.afw.image``."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from persistence.gen2types.face import Face
from persistence.gen2types.table.exposures import ExposureCatalog
from persistence.gen2types.table.ours import OBJECTS
from persistence.types.exposure.coaddinputs import CoaddInputs as OurCoaddInputs
from persistence.types.exposure.coaddinputs import Inputs
from persistence.types.table.catalog import Catalog


class CoaddInputs(Face[OurCoaddInputs]):
    """The visits, and the detectors of visits, that are inputs of a coadd.

    Each is an `ExposureCatalog`, whose records have the WCS, the PSF and so on of the image.
    """

    def __init__(self, *_: Any) -> None:
        raise TypeError(
            "CoaddInputs cannot be created; coadd.getInfo().getCoaddInputs() returns them"
        )

    @functools.cached_property
    def visits(self) -> ExposureCatalog:
        return _catalog(self._ours.visits)

    @functools.cached_property
    def ccds(self) -> ExposureCatalog:
        return _catalog(self._ours.ccds)

    def isPersistable(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self._ours}

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"CoaddInputs({self._ours})"


class _Components(Sequence[Any]):
    """The objects of a column, read when they are accessed."""

    def __init__(self, inputs: Inputs, name: str) -> None:
        self._inputs, self._name = inputs, name

    def __len__(self) -> int:
        return len(self._inputs)

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[position] for position in range(*row.indices(len(self)))]
        return self._inputs.component(row, self._name)


def _catalog(inputs: Inputs) -> ExposureCatalog:
    """Return the rows of inputs as a catalog of exposures."""
    names = [name for name in OBJECTS["Exposure"] if name in inputs.columns]
    columns = {
        name: np.asarray(column) for name, column in inputs.columns.items() if name not in names
    }
    catalog = ExposureCatalog.of(Catalog(columns))
    for run in catalog._rows.runs:
        run.block.stored = {name: _Components(inputs, name) for name in names}
        run.block.source = None  # it lacks the objects
    return catalog
