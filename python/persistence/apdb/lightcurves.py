"""What objects are like by all that was measured of them: positions, times, and light curves.

Rows are sorted before anything is computed, so that results do not depend on the order in which
visits were stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.apdb import features
from persistence.apdb.groups import Groups
from persistence.types.wcs import sphere

Columns = dict[str, Any]


class Calculated(NamedTuple):
    """Rows about objects.

    Attributes
    ----------
    objects : `dict` [`str`, array]
        Columns of DiaObject.
    features : `dict` [`str`, array]
        Columns of DiaObjectFeatures.
    """

    objects: Columns
    features: Columns


def calculate(
    sources: Mapping[str, Any], forced: Mapping[str, Any] | None, bands: Iterable[str]
) -> Calculated:
    """Compute the properties of objects from their sources.

    Parameters
    ----------
    sources : mapping of arrays
        All DIASources of the objects: ``diaObjectId diaSourceId ra dec midpointMjdTai band
        psfFlux psfFluxErr``, and if available ``raErr decErr scienceFlux scienceFluxErr``.
    forced : mapping of arrays, or None
        All their forced sources: ``diaObjectId diaForcedSourceId midpointMjdTai band psfFlux
        psfFluxErr``.
    bands : iterable of `str`
        Those with columns. Sources in other filters count for ``nDiaSources`` and positions.

    Returns
    -------
    calculated : `Calculated`
        Objects sorted by number. What cannot be computed is NaN.
    """
    rows = _sorted(sources, "diaSourceId")
    groups = Groups(rows["diaObjectId"])
    objects: Columns = {"diaObjectId": groups.numbers, **_positions(rows, groups)}
    objects |= {
        "firstDiaSourceMjdTai": groups.smallest(rows["midpointMjdTai"]),
        "lastDiaSourceMjdTai": groups.largest(rows["midpointMjdTai"]),
        "nDiaSources": groups.counts,
    }
    fluxes = _sorted(forced, "diaForcedSourceId") if forced else None
    details: list[Columns] = []
    for band in bands:
        for name, values in _means(rows, "psfFlux", band, groups.numbers).items():
            objects[f"{band}_{name}"] = values
        for kind, name, taken in (
            ("fpFlux", "psfFlux", fluxes),
            ("scienceFlux", "scienceFlux", rows),
        ):
            mean, error = _weighted(taken, name, band, groups.numbers)
            objects |= {f"{band}_{kind}Mean": mean, f"{band}_{kind}MeanErr": error}
        details.append(_features(rows, band, objects["firstDiaSourceMjdTai"], groups))
    names = details[0] if details else {}
    return Calculated(
        objects, {name: np.concatenate([one[name] for one in details]) for name in names}
    )


def _sorted(given: Mapping[str, Any], identifier: str) -> dict[str, NDArray[Any]]:
    """Return rows by object, time and number; numbers that are missing are NaN."""
    rows = {name: _plain(values) for name, values in given.items()}
    order = np.lexsort((rows[identifier], rows["midpointMjdTai"], rows["diaObjectId"]))
    return {name: values[order] for name, values in rows.items()}


def _plain(values: Any) -> NDArray[Any]:
    """Return values without a mask: missing ones are NaN, or empty."""
    missing, array = np.ma.getmaskarray(values), np.array(np.ma.getdata(values))
    if array.dtype.kind == "f":
        return np.where(missing, np.nan, array.astype(float))
    return np.where(missing, "", array) if array.dtype.kind == "U" else array


def _positions(rows: Mapping[str, Any], groups: Groups) -> Columns:
    """Return mean positions, weighted where all positions of an object have errors."""
    nothing = np.full(rows["ra"].size, np.nan)
    errors = {axis: rows.get(f"{axis}Err", nothing) for axis in ("ra", "dec")}
    with np.errstate(divide="ignore"):
        precise = {axis: 1 / error**2 for axis, error in errors.items()}
    good = np.isfinite(precise["ra"] + precise["dec"])
    known = groups.total(~good) == 0
    weights = np.where(groups.spread(known) > 0, precise["ra"] + precise["dec"], 1.0)
    vectors = sphere.vector(rows["ra"], rows["dec"])
    middle = np.stack([groups.total(weights * part) for part in vectors.T], axis=-1)
    ra, dec = sphere.angles(middle)
    return {"ra": ra, "dec": dec} | {
        f"{axis}Err": np.where(
            known, 1 / np.sqrt(np.where(known, groups.total(np.where(good, value, 1.0)), 1)), np.nan
        )
        for axis, value in precise.items()
    }


def _curves(rows: Mapping[str, Any], name: str, band: str) -> NDArray[np.bool_]:
    """Return which rows have a flux, with its error, in a band."""
    value, error = rows[name], rows[f"{name}Err"]
    return np.asarray(
        (rows["band"] == band) & np.isfinite(value) & np.isfinite(error) & (error > 0)
    )


def _weighted(
    rows: Mapping[str, Any] | None, name: str, band: str, objects: Any
) -> tuple[Any, Any]:
    """Return weighted means of objects, and their errors."""
    mean, error = np.full(objects.size, np.nan), np.full(objects.size, np.nan)
    if rows is None or name not in rows:
        return mean, error
    kept = _curves(rows, name, band) & np.isin(rows["diaObjectId"], objects)
    groups = Groups(rows["diaObjectId"][kept])
    weights = 1 / rows[f"{name}Err"][kept] ** 2
    where = np.searchsorted(objects, groups.numbers)
    mean[where] = groups.mean(rows[name][kept], weights)
    error[where] = 1 / np.sqrt(groups.total(weights))
    return mean, error


def _means(rows: Mapping[str, Any], name: str, band: str, objects: Any) -> Columns:
    """Return the columns of DiaObject that are of the fluxes of sources in a band."""
    kept = _curves(rows, name, band)
    groups = Groups(rows["diaObjectId"][kept])
    where = np.searchsorted(objects, groups.numbers)
    mean, error = _weighted(rows, name, band, objects)
    flux, spread = rows[name][kept], rows[f"{name}Err"][kept]
    columns = {
        "Sigma": features.deviation(groups, flux),
        "Min": groups.smallest(flux),
        "Max": groups.largest(flux),
        "MaxSlope": features.steepest(groups, flux, rows["midpointMjdTai"][kept]),
        "ErrMean": groups.mean(spread),
    }
    counts = np.zeros(objects.size, int)
    counts[where] = groups.counts
    full = {f"{name}Mean": mean, f"{name}MeanErr": error, f"{name}Ndata": counts}
    for word, values in columns.items():
        full[f"{name}{word}"] = column = np.full(objects.size, np.nan)
        column[where] = values
    return full


def _features(rows: Mapping[str, Any], band: str, begins: Any, objects: Groups) -> Columns:
    """Return rows of DiaObjectFeatures of a band."""
    kept = _curves(rows, "psfFlux", band)
    groups = Groups(rows["diaObjectId"][kept])
    curve = features.Curves(
        groups,
        rows["midpointMjdTai"][kept] - objects.spread(begins)[kept],
        rows["psfFlux"][kept],
        rows["psfFluxErr"][kept],
    )
    return {
        "diaObjectId": groups.numbers,
        "band": np.full(groups.numbers.size, band),
        **{f"psfFlux{name}": values for name, values in features.all_of(curve).items()},
    }
