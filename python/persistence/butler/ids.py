"""``butler.ids``: the integers that identify exposures, coadds and the rows of their catalogs."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.butler import id_table
from persistence.butler.id_formula import Formula, Rows, by_calls, by_formula
from persistence.butler.subset import Asked
from persistence.cameras.id_columns import Integers, integers
from persistence.dataids.dataid import plain
from persistence.errors import DataIdError

if TYPE_CHECKING:
    from astropy.table import Table
    from pandas import DataFrame

_EXPOSURE = "ccdExposureId"
_COADD = re.compile(r"(?P<family>[a-z]\w*?)Coadd(_|$)")
_INTEGER = re.compile(rf"{_EXPOSURE}|CoaddExposureId|\w+CoaddId")
# Catalogs whose rows have integers.
_CATALOG = "lsst.afw.table.SourceCatalog"
# Catalogs of one filter whose rows are those of the catalog merged over filters
# (multiBandUtils of Gen2's pipe_tasks: `_makeMakeIdFactory`).
_MERGED = re.compile(r"Coadd_(meas|forced_src|deblended\w*)$")


class Unpacked(dict[str, NDArray[Any]]):
    """Columns of data IDs: the result of `Ids.unpack`.

    Parameters
    ----------
    columns : mapping
        Key and array.
    bits : `int` or None
        The number of bits of the integers; None if the camera's policy has none.

    Examples
    --------
    >>> from persistence.butler.ids import Unpacked
    >>> import numpy as np
    >>> Unpacked({"visit": np.array([7]), "ccd": np.array([3])}, 32).to_table()["ccd"][0] + 0
    np.int64(3)
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]], bits: int | None) -> None:
        super().__init__({key: np.asarray(column) for key, column in columns.items()})
        self.bits = bits

    def to_table(self) -> Table:
        """Return the columns as an astropy table."""
        from astropy.table import Table

        return Table({key: np.atleast_1d(column) for key, column in self.items()})

    def to_pandas(self) -> DataFrame:
        """Return the columns as a DataFrame of pandas, which has to be installed."""
        return self.to_table().to_pandas()

    def data_ids(self) -> Iterator[dict[str, Any]]:
        """Yield each data ID, with plain Python values."""
        columns = [np.ravel(column).tolist() for column in self.values()]
        return (dict(zip(self, row, strict=True)) for row in zip(*columns, strict=True))


class Packing:
    """How the integers of a dataset type are made; see `Ids.of`.

    Parameters
    ----------
    name : `str`
        The dataset type.
    formula : `Formula`
        The packing of its data IDs.
    is_rows : `bool`
        Whether the integers are those of a catalog's rows.

    Attributes
    ----------
    name : `str`
        The dataset type.
    bits : `int` or None
        The number of bits that an integer takes at most; of rows, 63.
    """

    def __init__(self, name: str, formula: Formula, is_rows: bool) -> None:
        self.name = name
        self._formula: Formula = Rows(formula) if is_rows else formula

    @property
    def bits(self) -> int | None:
        """The number of bits that an integer takes at most; None if the policy has none."""
        return self._formula.bits

    def __repr__(self) -> str:
        return f"<packing of {self.name} into {self.bits or 'an unknown number of'} bits>"

    def pack(self, ids: Any, **rest: Any) -> Integers:
        """Return the integers of data IDs; see `Ids.pack`."""
        columns = _columns(ids, rest)
        if columns is None:
            return np.zeros(0, np.int64)
        return self._formula.pack(columns)

    def unpack(self, identifiers: Any) -> Unpacked:
        """Return the data IDs of integers; see `Ids.unpack`."""
        checked = integers(self.name, identifiers, is_date=False)
        return Unpacked(self._formula.unpack(checked), self.bits)


class Ids:
    """The integers of data IDs: ``butler.ids``.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    """

    def __init__(self, butler: Asked) -> None:
        self._butler = butler

    def __repr__(self) -> str:
        return f"<ids of {self._butler!r}>"

    def of(self, datasetType: str) -> Packing:
        """Return how the integers of a dataset type are made, with their number of bits.

        Parameters
        ----------
        datasetType : `str`
            A type of exposures (``calexp``), of coadds (``deepCoadd_calexp``), of catalogs of
            sources (``src``, ``deepCoadd_meas``), or Gen2's name of the integer
            (``ccdExposureId``, ``deepMergedCoaddId``).

        Returns
        -------
        packing : `Packing`
            The packing.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type.
        DataIdError
            If datasets of this type have no integers, such as warps: of a visit and a patch.
        """
        request = self._butler.request(datasetType)
        repository = self._butler.chain.knowing(request)
        mapper, name = repository.mapper, request.datasetType
        dataset = mapper.dataset(request)
        integer = _integer(name, dataset.keys, mapper.types)
        if integer is None:
            raise DataIdError(
                f"{name} has no integers: its keys are {', '.join(dataset.keys) or 'none'}; those "
                "of exposures, of coadds and of the rows of their catalogs have"
            )
        formula = by_formula(mapper, integer, functools.partial(_patch, self._butler))
        if formula is None:
            formula = by_calls(mapper, integer, functools.partial(self._existing, name, integer))
        return Packing(name, formula, dataset.python == _CATALOG)

    def pack(self, datasetType: str, ids: Any = {}, **rest: Any) -> Integers:
        """Return the integers of data IDs, as Gen2 packs them.

        Parameters
        ----------
        datasetType : `str`
            What the integers are of; see `of`.
        ids : mapping, table or iterable
            Columns, which broadcast as in numpy; an astropy, pandas or numpy table; or data IDs.
            Additional columns are ignored. For a catalog, ``counter`` is the number of a row.
        **rest
            Further columns, or the same value for all.

        Returns
        -------
        integers : array of int64
            The integers, in the shape of the columns.

        Raises
        ------
        MissingKey
            If there is no column for a key that is needed.
        DataIdError
            If a value is masked, no integer, negative or too large, or the camera lacks such a
            detector or filter; the message names the row.

        Notes
        -----
        The integers of a camera whose code overrides Gen2's ``bypass_ccdExposureId`` or
        ``_computeCcdExposureId`` come from one call for each row.
        """
        return self.of(datasetType).pack(ids, **rest)

    def unpack(self, identifiers: Any, datasetType: str = _EXPOSURE) -> Unpacked:
        """Return the data IDs of integers.

        Parameters
        ----------
        identifiers : `int` or array_like of `int`
            The integers, of any shape.
        datasetType : `str`, optional
            What they are of; see `of`. Default: exposures.

        Returns
        -------
        columns : `Unpacked`
            An array for each key, of the shape of the integers, such as ``visit`` and ``ccdnum``;
            for a catalog, also ``counter``.

        Raises
        ------
        DataIdError
            If an integer is masked, negative, too large, or that of no data ID of this camera.
        """
        return self.of(datasetType).unpack(identifiers)

    def _existing(self, name: str, integer: str) -> Iterable[Mapping[str, Any]]:
        """Return the data IDs that a repository knows: of a dataset type, or of raws."""
        keys = self._butler.getKeys(name)
        if keys:
            return self._butler.subset(name).cache
        family = _COADD.match(integer.replace("Merged", "").replace("Id", "_"))
        return self._butler.subset("raw" if family is None else f"{family['family']}Coadd").cache


def _integer(name: str, keys: Collection[str], types: Collection[str]) -> str | None:
    """Return the name of the integer of a dataset type's data IDs; None if they have none."""
    if _INTEGER.fullmatch(name):
        return name
    if "patch" not in keys:
        return _EXPOSURE if keys and set(keys) - {"tract", "filter"} else None
    family = _COADD.match(name)
    if family is None or {"visit", "expId", "run"} & set(keys):
        return None
    kind = "" if "filter" in keys and not _MERGED.search(name) else "Merged"
    integer = f"{family['family']}{kind}CoaddId"
    return integer if integer in types else f"deep{kind}CoaddId"


def _columns(ids: Any, rest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the columns of data IDs, which broadcast to one shape; None if there are none."""
    columns = id_table.columns(ids)
    if columns is None:
        number, tables = id_table.tables(ids)
        if len(tables) > 1:
            raise DataIdError(
                "the data IDs have different keys: "
                + "; ".join(", ".join(table.keys) for table in tables)
            )
        columns = {key: values for table in tables for key, values in _named(table)}
        if not number:
            return None
    arrays = {
        key: value if isinstance(value, np.ndarray) else _array(value)
        for key, value in {**columns, **rest}.items()
    }
    id_table.check_shapes({key: np.shape(array) for key, array in arrays.items()})
    return arrays


def _named(table: id_table.IdTable) -> Iterator[tuple[str, list[Any]]]:
    return zip(table.keys, table.columns, strict=True)


def _array(value: Any) -> NDArray[Any]:
    if np.ma.isMaskedArray(value):
        return np.ma.asarray(value)
    return np.asarray(plain(value))


def _patch(butler: Any, tracts: Integers, patches: Integers) -> tuple[Integers, Integers]:
    """Return columns and rows of patches by their sequential numbers in the sky map."""
    tracts, patches = np.broadcast_arrays(tracts, patches)
    x, y = np.zeros_like(patches), np.zeros_like(patches)
    skymap = butler.sky.map()
    for number in np.unique(tracts).tolist():
        columns, rows = skymap[number].num_patches
        rows_of_tract = tracts == number
        wrong = rows_of_tract & (patches >= columns * rows)
        if wrong.any():
            raise DataIdError(
                f"tract {number} has no patch {patches[wrong].flat[0]}: its grid is "
                f"{columns} x {rows}, from 0 to {columns * rows - 1}"
            )
        x[rows_of_tract] = patches[rows_of_tract] % columns
        y[rows_of_tract] = patches[rows_of_tract] // columns
    return x, y
