"""Measurements of sources as columns, with the names of meas_base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from persistence.tasks.ap_corr import CORRECTED
from persistence.tasks.apertures import aperture_name
from persistence.tasks.measure import Measured
from persistence.tasks.pixel_flags import FLAGS
from persistence.tasks.stamps import Flux

_SHAPES = ("xx", "yy", "xy")
_CENTROID, _SHAPE = "base_SdssCentroid", "base_SdssShape"
# Algorithms that need a centroid: their flag of a missing one is an alias of the centroid's flag.
_ON_CENTROID = (
    *(
        "CircularApertureFlux",
        "GaussianFlux",
        "LocalBackground",
        "PsfFlux",
        "SdssShape",
        "Variance",
    ),
)


class Field(NamedTuple):
    """A column: its name, values, unit and meaning."""

    name: str
    values: Any
    unit: Any
    doc: str


def aliases(calib_radius: float) -> dict[str, str]:
    """Return other names of columns: afw's slots, and flags that are one and the same."""
    slots = dict.fromkeys(("ApFlux", "CalibFlux"), aperture_name(calib_radius))
    slots |= {"Centroid": _CENTROID, "Shape": _SHAPE, "PsfShape": f"{_SHAPE}_psf"}
    slots |= {"PsfFlux": "base_PsfFlux"}
    slots |= dict.fromkeys(("GaussianFlux", "ModelFlux"), "base_GaussianFlux")
    bad = {f"base_{name}_flag_badCentroid": f"{_CENTROID}_flag" for name in _ON_CENTROID}
    shape = {"base_GaussianFlux_flag_badShape": f"{_SHAPE}_flag"}
    return {f"slot_{slot}": name for slot, name in slots.items()} | bad | shape


def fields(measured: Measured, unit: Any) -> Iterator[Field]:
    """Yield the columns of measurements.

    Parameters
    ----------
    measured : `~persistence.tasks.measure.Measured`
        The measurements.
    unit : `~astropy.units.UnitBase` or `str` or None
        The unit of a pixel.
    """
    yield from _position_fields(measured)
    yield from _shape_fields(measured, unit)
    for radius, circles in measured.circles.items():
        name = aperture_name(radius)
        yield from _flux_fields(name, circles.flux, f"sum within {radius:g} pixels", unit)
        yield Field(
            f"{name}_flag_apertureTruncated", circles.truncated, None, "the circle is not whole"
        )
    yield from _fit_fields(measured, unit)
    around = "level of the sky around, per pixel, that is left"
    yield from _flux_fields("base_LocalBackground", measured.background, around, unit)
    square = None if unit is None else f"{unit}^2"
    yield Field(
        "base_Variance_value", measured.variance, square, "variance of a pixel in the middle"
    )
    yield Field("base_Variance_flag", ~(measured.variance > 0), None, "the pixel there is not good")
    extended = measured.extended
    name = "base_ClassificationExtendedness"
    yield Field(f"{name}_value", extended, None, "1 for what is larger than a point, 0 for a point")
    yield Field(f"{name}_flag", np.isnan(extended), None, "it is not known how large it is")
    for word, doc in FLAGS.items():
        yield Field(f"base_PixelFlags_flag_{word}", measured.flags[word], None, doc)


def _position_fields(measured: Measured) -> Iterator[Field]:
    for axis in ("x", "y"):
        name, error = f"{_CENTROID}_{axis}", getattr(measured, f"{axis}_error")
        yield Field(name, getattr(measured, axis), "pixel", f"middle, {axis}, by Gaussian weights")
        yield Field(f"{name}Err", error, "pixel", f"standard deviation of {axis}")
    doc = "the middle is that of the detection alone"
    yield Field(f"{_CENTROID}_flag", measured.reset, None, doc)
    yield Field(f"{_CENTROID}_flag_resetToPeak", measured.reset, None, doc)


def _shape_fields(measured: Measured, unit: Any) -> Iterator[Field]:
    moments, psf = measured.moments, measured.psf_moments
    for part in _SHAPES:
        name = f"{_SHAPE}_{part}"
        yield Field(name, getattr(moments, part), "pixel2", f"second moment, {part}")
        error = getattr(moments, f"{part}_error")
        yield Field(f"{name}Err", error, "pixel2", f"standard deviation of {part}")
    for axis in ("x", "y"):
        yield Field(
            f"{_SHAPE}_{axis}", getattr(moments, axis), "pixel", f"middle of the moments, {axis}"
        )
    yield Field(f"{_SHAPE}_flag", moments.failed, None, "there are no second moments")
    for part in _SHAPES:
        doc = f"second moment of the PSF there, {part}"
        yield Field(f"{_SHAPE}_psf_{part}", getattr(psf, part), "pixel2", doc)
    yield Field(f"{_SHAPE}_flag_psf", psf.failed, None, "the PSF there has no second moments")


def _fit_fields(measured: Measured, unit: Any) -> Iterator[Field]:
    """Yield the fitted fluxes, and their aperture corrections."""
    how = {"base_PsfFlux": "fit of the PSF", "base_GaussianFlux": "fit of a Gaussian of its shape"}
    for name, attribute in CORRECTED.items():
        flux, nan = getattr(measured, attribute), np.full(measured.x.size, np.nan)
        yield from _flux_fields(name, flux, how[name], unit)
        done = measured.corrections.get(attribute)
        factor, error, failed = (nan, nan, np.isnan(nan)) if done is None else done.parts
        yield Field(f"{name}_apCorr", factor, None, "factor that the flux was corrected by")
        yield Field(f"{name}_apCorrErr", error, None, "standard deviation of this factor")
        yield Field(f"{name}_flag_apCorr", failed, None, "the flux could not be corrected")
    area = "pixels over which the noise of the PSF's flux comes together"
    yield Field("base_PsfFlux_area", measured.psf_area, "pixel", area)
    none = measured.psf_flux.failed
    yield Field("base_PsfFlux_flag_noGoodPixels", none, None, "less than half of it is good pixels")
    edge = "the image ends within the PSF"
    yield Field("base_PsfFlux_flag_edge", measured.psf_cut, None, edge)


def _flux_fields(name: str, flux: Flux, how: str, unit: Any) -> Iterator[Field]:
    yield Field(f"{name}_instFlux", flux.value, unit, f"flux: {how}")
    yield Field(f"{name}_instFluxErr", flux.error, unit, f"standard deviation of the flux: {how}")
    yield Field(f"{name}_flag", flux.failed, None, f"there is no flux: {how}")
