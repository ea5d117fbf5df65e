"""The apertures of all that is measured: bright sources and all sources have the same."""

from __future__ import annotations

from lsst.pex.config import Config, ListField, RangeField


class ApertureConfig(Config):
    """Which apertures fluxes are summed up in."""

    apertureRadii = ListField[float](
        doc="Radii of the apertures (pixels), beside the calibration's.",
        dtype=float,
        default=[3.0, 4.5, 6.0, 9.0, 12.0, 17.0],
        itemCheck=lambda radius: radius > 0,
    )
    calibRadius = RangeField(
        doc=(
            "Radius of the aperture whose flux is calibrated, that of the slots ApFlux and "
            "CalibFlux (pixels)."
        ),
        dtype=float,
        default=12.0,
        min=0.0,
        inclusiveMin=False,
    )
