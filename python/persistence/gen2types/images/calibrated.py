"""Catalogs with fluxes and magnitudes beside instrumental fluxes."""

from __future__ import annotations

from typing import Any

_NEW = (
    ("flux", "calibrated flux", "nJy"),
    ("fluxErr", "error of the calibrated flux", "nJy"),
    ("mag", "calibrated magnitude", "mag(AB)"),
    ("magErr", "error of the calibrated magnitude", "mag"),
)


def calibrated(photoCalib: Any, catalog: Any, fields: Any = None) -> Any:
    """Return a copy of a catalog with fluxes and magnitudes: see `PhotoCalib.calibrateCatalog`."""
    from persistence.gen2types.table.schemamapper import SchemaMapper  # lazy: few need it

    if fields is None:
        ending = "_instFlux"
        names = catalog.schema.getOrderedNames()
        fields = [
            name.removesuffix(ending)
            for name in names
            if name.endswith(ending) and f"{name}Err" in names
        ]
    mapper = SchemaMapper(catalog.schema, True)
    mapper.addMinimalSchema(catalog.schema, True)
    schema = mapper.editOutputSchema()
    for field in fields:
        for name, doc, units in _NEW:
            schema.addField(f"{field}_{name}", type="D", doc=doc, units=units)
    schema.setAliasMap(catalog.schema.getAliasMap())
    output = type(catalog)(mapper.getOutputSchema())
    output.extend(catalog, mapper=mapper)
    for field in fields:
        photoCalib.instFluxToNanojansky(output, field, field)
        photoCalib.instFluxToMagnitude(output, field, field)
    return output
