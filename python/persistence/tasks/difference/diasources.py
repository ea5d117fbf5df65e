"""The catalog of sources in a difference: ``deepDiff_diaSrc``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from astropy.table import Column, vstack
from numpy.typing import NDArray

from persistence.tasks import sources, stamps
from persistence.tasks.difference.dipole import Dipoles
from persistence.tasks.difference.score import Peaks
from persistence.tasks.difference.subtract import unusable
from persistence.tasks.measure import CALIBRATION_RADIUS, measure
from persistence.tasks.stamps import Flux
from persistence.types.table.catalog import Catalog

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_CORE = 4  # pixels from the middle: where the PSF is compared
_SIGN = 3  # pixels from the middle: where light of the other sign is looked for
_REACH = 4.0  # half the side of a cut-out, in standard deviations of the PSF
_FORCED = "ip_diffim_forced_PsfFlux"
_TEMPLATE = "ip_diffim_forced_template_PsfFlux"
_DIPOLE = "ip_diffim_DipoleFit"
_FAULT = 0.02  # of chi squared, for each unit of the squared score
_MOST_OTHER = 0.5  # the largest part of light of the other sign
# Whose values change their sign where a difference is negative.
_SIGNED = "_instFlux"


class Shape(NamedTuple):
    """How well points are the PSF.

    Attributes
    ----------
    chi2 : array
        Of the core.
    pixels : array of `int`
        How many good pixels that has.
    other : array
        The light of the other sign, as a part of the light.
    """

    chi2: Floats
    pixels: Ints
    other: Floats


def forced(exposure: Exposure, x: Floats, y: Floats) -> Flux:
    """Return the fluxes of point sources at fixed positions (pixels of the parent image)."""
    return _fitted(exposure, x, y)[0]


def _fitted(exposure: Exposure, x: Floats, y: Floats) -> tuple[Flux, Any, Floats]:
    """Return the fluxes, the cut-outs, and the profiles."""
    radius = int(np.ceil(_REACH * exposure.psf.width()))
    x0, y0 = exposure.origin
    cut = stamps.cut(exposure.image, exposure.variance, unusable(exposure), x - x0, y - y0, radius)
    profiles = exposure.psf.stamps(x, y, radius)
    return stamps.psf_flux(cut, profiles), cut, profiles


def compared(exposure: Exposure, x: Floats, y: Floats) -> tuple[Flux, Shape]:
    """Return the fluxes of points, and how well they are the PSF."""
    flux, cut, profiles = _fitted(exposure, x, y)
    if not x.size:
        return flux, Shape(np.zeros(0), np.zeros(0, int), np.zeros(0))
    middle = profiles.shape[1] // 2
    core, inner = (slice(middle - reach, middle + reach + 1) for reach in (_CORE, _SIGN))
    height = np.nan_to_num(flux.value)[:, np.newaxis, np.newaxis]
    with np.errstate(all="ignore"):
        squares = np.where(
            cut.good & (cut.variance > 0), (cut.pixels - height * profiles) ** 2 / cut.variance, 0.0
        )[:, core, core]
    counted = (cut.good & (cut.variance > 0))[:, core, core].sum(axis=(1, 2))
    signed = (cut.pixels * np.sign(height))[:, inner, inner]
    light, dark = (np.maximum(side * signed, 0).sum(axis=(1, 2)) for side in (1, -1))
    return flux, Shape(squares.sum(axis=(1, 2)), counted, dark / np.maximum(light, 1e-9))


def catalog(
    difference: Exposure,
    science: Exposure,
    matched: Exposure,
    detections: Peaks,
    dipoles: Dipoles,
    radii: Sequence[float],
    max_chi2: float,
    exposure_id: int,
    exposure_bits: int,
) -> Catalog:
    """Return the catalog.

    Parameters
    ----------
    difference, science, matched : `~persistence.types.exposure.exposure.Exposure`
        The difference, and the exposures of which it is one.
    detections : `~persistence.tasks.difference.score.Peaks`
        The detections, in pixels of the array.
    dipoles : `~persistence.tasks.difference.dipole.Dipoles`
        The dipole fits of the same sources.
    radii : sequence of `float`
        The radii of the apertures (pixels).
    max_chi2 : `float`
        The largest reduced chi squared of faint point sources.
    exposure_id, exposure_bits : `int`
        The values of ``ccdExposureId`` and ``ccdExposureId_bits``.
    """
    x0, y0 = difference.origin
    x, y = detections.x + x0, detections.y + y0
    flux, shape = compared(difference, x, y)
    parts, order = [], []
    for sign in (1, -1):
        chosen = np.flatnonzero(np.sign(detections.score) == sign)
        turned = difference.replaced(image=difference.image * np.float32(sign))
        measured = measure(
            turned, detections.x[chosen], detections.y[chosen], difference.psf, radii
        )
        light = Flux(sign * flux.value[chosen], flux.error[chosen], flux.failed[chosen])
        measured = dataclasses.replace(measured, x=x[chosen], y=y[chosen], psf_flux=light)
        part = sources.catalog(
            measured, difference.wcs, exposure_id, exposure_bits, unit=difference.unit
        )
        for name in part.colnames:
            if sign < 0 and name.endswith(_SIGNED):
                part[name] = Column(
                    -np.asarray(part[name]), unit=part[name].unit,
                    description=part[name].info.description,
                )  # fmt: skip
        parts.append(part)
        order.append(chosen)
    table: Catalog = vstack(parts, metadata_conflicts="silent")
    rows = np.concatenate(order)
    table = table[np.argsort(rows, kind="stable")]
    table.meta.update(parts[0].meta)
    first = sources.first_id(exposure_id, exposure_bits, len(table))
    table["id"] = Column(first + np.arange(len(table)), description="number")
    with np.errstate(invalid="ignore"):
        # Where light is bright, small faults of the PSF count.
        limit = max_chi2 + _FAULT * np.abs(detections.score) ** 2
        reduced = shape.chi2 / np.maximum(shape.pixels, 1)
        unlike = (reduced > limit) | (shape.other > _MOST_OTHER) | flux.failed
    here, there = (forced(exposure, x, y) for exposure in (science, matched))
    _add(table, Beside(detections.score, shape, here, there, dipoles, unlike), difference.unit)
    return table


@dataclasses.dataclass(frozen=True, eq=False)
class Beside:
    """The measurements that only sources of differences have.

    Attributes
    ----------
    score : array
        Ratios of signal to noise of the detections.
    shape : `Shape`
    science, template : `~persistence.tasks.stamps.Flux`
        The fluxes there in both exposures.
    dipoles : `~persistence.tasks.difference.dipole.Dipoles`
    unlike : array of `bool`
        Which do not look like points.
    """

    score: Floats
    shape: Shape
    science: Flux
    template: Flux
    dipoles: Dipoles
    unlike: Bools


def _add(table: Catalog, beside: Beside, unit: Any) -> None:
    for name, values, its, doc in _columns(beside, unit):
        table[name] = Column(np.asarray(values), unit=its, description=doc)


def _columns(beside: Beside, unit: Any) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield names, values, units and meanings."""
    yield "base_PsfFlux_chi2", beside.shape.chi2, None, "chi squared of the PSF's core"
    yield "base_PsfFlux_npixels", beside.shape.pixels, None, "good pixels of that core"
    yield "ip_diffim_score", beside.score, None, "ratio of signal to noise of the detection"
    for name, flux, doc in (
        (_FORCED, beside.science, "science exposure"),
        (_TEMPLATE, beside.template, "matched template"),
    ):
        yield f"{name}_instFlux", flux.value, unit, f"flux there in the {doc}"
        yield f"{name}_instFluxErr", flux.error, unit, f"standard deviation of it in the {doc}"
        yield f"{name}_flag", flux.failed, None, f"there is no flux in the {doc}"
    yield "is_negative", beside.score < 0, None, "the difference is negative there"
    dipoles = beside.dipoles
    for side in ("positive", "negative"):
        name = f"{_DIPOLE}_{side[:3]}"
        yield f"{name}_instFlux", getattr(dipoles, side), unit, f"flux of a dipole's {side} side"
        yield f"{name}_instFluxErr", dipoles.error, unit, "standard deviation of it"
    mean = (dipoles.positive - dipoles.negative) / 2
    yield f"{_DIPOLE}_instFlux", mean, unit, "mean of the fluxes of both sides, without signs"
    yield f"{_DIPOLE}_instFluxErr", dipoles.error / np.sqrt(2), unit, "standard deviation of it"
    yield f"{_DIPOLE}_x", dipoles.x, "pixel", "middle of the dipole, x"
    yield f"{_DIPOLE}_y", dipoles.y, "pixel", "middle of the dipole, y"
    yield f"{_DIPOLE}_separation", dipoles.separation, "pixel", "from side to side"
    angle = "of the positive side as seen from the other, from x to y"
    yield f"{_DIPOLE}_orientation", dipoles.angle, "rad", angle
    yield f"{_DIPOLE}_chi2", dipoles.chi2, None, "chi squared of the dipole"
    yield f"{_DIPOLE}_nData", dipoles.pixels, None, "good pixels that the dipole was fitted to"
    fitted = np.isfinite(dipoles.chi2)
    yield f"{_DIPOLE}_flag_classificationAttempted", fitted, None, "a dipole was fitted"
    yield f"{_DIPOLE}_flag_classification", dipoles.is_dipole, None, "it is a dipole"
    yield "ip_diffim_PsfFit_flag", beside.unlike, None, "it does not look like a point"


def _no_dipoles() -> Dipoles:
    none = np.zeros(0)
    return Dipoles(*(none,) * 8, none.astype(int), np.zeros(0, bool))


def schema(radii: Sequence[float]) -> Catalog:
    """Return the catalog without sources; ``radii`` are those of the apertures (pixels)."""
    schema = sources.schema(radii, CALIBRATION_RADIUS, {})
    none, never = np.zeros(0), np.zeros(0, bool)
    flux = Flux(none, none, never)
    _add(
        schema,
        Beside(none, Shape(none, none.astype(int), none), flux, flux, _no_dipoles(), never),
        "electron",
    )
    return schema
