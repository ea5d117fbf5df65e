"""Archives: objects that afw stores as rows beside an exposure or a catalog.

Source: doc/gen2/afw-files.md 2.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from persistence.errors import FormatterError, told

# Column name -> array, or list for strings and cells of variable length; one element per row.
Table = Mapping[str, Any]
# The arguments of a factory: the tables of its object, and a function that returns the objects that
# it refers to.
Tables = Sequence[Table]
Load = Callable[[int], Any]

# Class name -> the dotted name of the function ``make(tables, load)`` that creates its objects.
FACTORIES: Mapping[str, str] = {
    "PhotoCalib": "persistence.types.exposure.photocalib.make",
    "Calib": "persistence.types.exposure.photocalib.make_old",
    "ChebyshevBoundedField": "persistence.types.fields.boundedfield.make_chebyshev",
    "ProductBoundedField": "persistence.types.fields.boundedfield.make_product",
    "PixelAreaBoundedField": "persistence.types.fields.skyfields.make_pixel_area",
    "CoaddBoundedField": "persistence.types.fields.skyfields.make_coadd",
    "ApCorrMap": "persistence.types.exposure.apcorrmap.make",
    "Polygon": "persistence.types.pixels.polygon.make",
    "CoaddInputs": "persistence.types.exposure.coaddinputs.make",
    "Detector": "persistence.types.exposure.detector.make",
    "FilterLabel": "persistence.types.exposure.translator.make_filter",
    "VisitInfo": "persistence.types.exposure.visitinfo.make",
    "CoaddPsf": "persistence.types.psf.coaddpsf.make",
    # The last letter is the type of number that Gen2 computes with.
    "GaussianFunction2D": "persistence.types.psf.functions.make_gaussian",
    "GaussianFunction2F": "persistence.types.psf.functions.make_gaussian",
    "DoubleGaussianFunction2D": "persistence.types.psf.functions.make_double_gaussian",
    "DoubleGaussianFunction2F": "persistence.types.psf.functions.make_double_gaussian",
    "PolynomialFunction2D": "persistence.types.psf.functions.make_polynomial",
    "PolynomialFunction2F": "persistence.types.psf.functions.make_polynomial",
    "Chebyshev1Function2D": "persistence.types.psf.functions.make_chebyshev",
    "Chebyshev1Function2F": "persistence.types.psf.functions.make_chebyshev",
    "FixedKernel": "persistence.types.psf.kernels.make_fixed",
    "AnalyticKernel": "persistence.types.psf.kernels.make_analytic",
    "LinearCombinationKernel": "persistence.types.psf.kernels.make_combination",
    "DeltaFunctionKernel": "persistence.types.psf.kernels.make_delta",
    "GaussianPsf": "persistence.types.psf.psf.make_gaussian",
    "SingleGaussianPsf": "persistence.types.psf.psf.make_single_gaussian",
    "DoubleGaussianPsf": "persistence.types.psf.psf.make_double_gaussian",
    "KernelPsf": "persistence.types.psf.psf.make_kernel",
    "PcaPsf": "persistence.types.psf.psf.make_kernel",
    "PsfexPsf": "persistence.types.psf.psfex.make",
    "SkyWcs": "persistence.types.wcs.storedwcs.make",
    "Wcs": "persistence.types.wcs.storedwcs.make_old",
    "TanWcs": "persistence.types.wcs.storedwcs.make_old",
    "TransformPoint2ToPoint2": "persistence.types.wcs.transforms.make",
    "TransformMap": "persistence.types.wcs.transforms.make_map",
    "TransformBoundedField": "persistence.types.wcs.transforms.make_field",
    "IdentityTransmissionCurve": "persistence.types.fields.transmission.make_identity",
    "SpatiallyConstantTransmissionCurve": "persistence.types.fields.transmission.make_constant",
    "RadialTransmissionCurve": "persistence.types.fields.transmission.make_radial",
    "ProductTransmissionCurve": "persistence.types.fields.transmission.make_product",
    "TransformedTransmissionCurve": "persistence.types.fields.transmission.make_transformed",
    "CoaddTransmissionCurve": "persistence.types.fields.transmission.make_coadd",
    "SpanSet": "persistence.types.table.footprint.make_spans",
    "Footprint": "persistence.types.table.footprint.make",
    **{
        f"HeavyFootprint{letter}": "persistence.types.table.footprint.make_heavy"
        for letter in "FDIU"
    },
}


@dataclass(frozen=True, eq=False)
class Unknown:
    """An object of an unknown class, as it was stored.

    Attributes
    ----------
    name, module : `str`
        The class, and the module that contains it in the stack.
    tables : `tuple` [`Table`]
        Its rows of each of its tables.
    """

    name: str
    module: str
    tables: tuple[Table, ...]

    def __call__(self, *args: Any) -> NoReturn:
        """Raise an error: the object cannot be evaluated as a field."""
        raise FormatterError(
            f"the class {self.name} is unknown; its tables are kept as they are stored"
        )

    def __str__(self) -> str:
        return f"unknown {self.name}, {len(self.tables)} tables"


class Entry(NamedTuple):
    """One row of the index: some rows of one table, which belong to an object."""

    part: int
    table: int
    row0: int
    nrows: int
    name: str
    module: str


class Archive:
    """The objects of an archive by number; each is created once, on first access.

    Parameters
    ----------
    index : `Table`
        The archive's index; its column names have dots, or underscores in old files.
    read : callable
        A function that returns the table of a number, counted from 1; called once for each.
    what : `str`
        The file, for messages.
    """

    def __init__(self, index: Table, read: Callable[[int], Table], what: str) -> None:
        self.what = what
        self._read = read
        self._entries = _entries(index, what)
        self._tables: dict[int, Table] = {}
        self._objects: dict[int, Any] = {}
        self._loading: list[int] = []

    def __iter__(self) -> Iterator[int]:
        return iter(self._entries)

    def __contains__(self, number: object) -> bool:
        return number in self._entries

    def class_of(self, number: int) -> str:
        """Return the name of an object's class.

        Raises
        ------
        FormatterError
            If the archive has no such object.
        """
        return self.entries(number)[0].name

    def entries(self, number: int) -> list[Entry]:
        """Return the rows of the index for an object, in the order of its tables."""
        if number not in self._entries:
            raise FormatterError(
                f"{self.what}: the archive has no object {number}; it has {sorted(self._entries)}"
            )
        return self._entries[number]

    def tables(self, number: int) -> tuple[Table, ...]:
        """Return the tables of an object, limited to its rows."""
        entries = self.entries(number)
        return tuple(self._rows(number, entry) for entry in entries if entry.table >= 0)

    def load(self, number: int) -> Any:
        """Return an object; None for number 0.

        Objects of classes that are not in `FACTORIES` are `Unknown`.

        Raises
        ------
        FormatterError
            If the object, or one that it needs, is missing, damaged, or circular.
        """
        if not number:
            return None
        number = int(number)
        if number not in self._objects:
            if number in self._loading:
                ring = " -> ".join(self._told(each) for each in [*self._loading, number])
                raise FormatterError(
                    f"{self.what}: objects of the archive refer to each other in a circle: {ring}"
                )
            self._loading.append(number)
            try:
                self._objects[number] = self._make(number)
            finally:
                self._loading.pop()
        return self._objects[number]

    def _make(self, number: int) -> Any:
        entry, tables = self.entries(number)[0], self.tables(number)
        if entry.name not in FACTORIES:
            return Unknown(entry.name, entry.module, tables)
        module, _, function = FACTORIES[entry.name].rpartition(".")
        make = getattr(importlib.import_module(module), function)
        try:
            return make(tables, self.load)
        except FormatterError as error:
            raise error if self.what in str(error) else self._damaged(number, str(error)) from error
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            # Factories do not check columns and rows; missing ones raise one of these errors.
            raise self._damaged(number, told(error)) from error

    def _rows(self, number: int, entry: Entry) -> Table:
        if entry.table not in self._tables:
            try:
                self._tables[entry.table] = self._read(entry.table)
            except FormatterError as error:
                raise self._damaged(number, str(error)) from error
        table = self._tables[entry.table]
        length = min((len(column) for column in table.values()), default=0)
        if entry.row0 < 0 or entry.nrows < 0 or entry.row0 + entry.nrows > length:
            wanted = f"rows {entry.row0} to {entry.row0 + entry.nrows - 1} of table {entry.table}"
            raise self._damaged(number, f"it needs {wanted}, which has {length} rows")
        return {
            name: column[entry.row0 : entry.row0 + entry.nrows] for name, column in table.items()
        }

    def _told(self, number: int) -> str:
        return f"{number} ({self.class_of(number)})"

    def _damaged(self, number: int, why: str) -> FormatterError:
        return FormatterError(
            f"{self.what}: object {self._told(number)} of the archive cannot be read: {why}"
        )


def _entries(index: Table, what: str) -> dict[int, list[Entry]]:
    # Files of table version 0 have underscores for dots. Source: afw-files 2.1.
    dot = "." if "cat.archive" in index else "_"
    names = ("id", f"cat{dot}persistable", f"cat{dot}archive", "row0", "nrows", "name", "module")
    missing = [name for name in names if name not in index]
    if missing:
        raise FormatterError(
            f"{what}: the index of the archive lacks {', '.join(missing)}; it has "
            f"{', '.join(index)}"
        )
    found: dict[int, list[Entry]] = {}
    for number, part, table, row0, nrows, name, module in zip(
        *(index[name] for name in names), strict=True
    ):
        entry = Entry(int(part), int(table), int(row0), int(nrows), str(name), str(module))
        found.setdefault(int(number), []).append(entry)
    return {number: sorted(entries) for number, entries in found.items()}
