"""afw's method names for our objects: `wrap` adds a face to an object, `unwrap` removes it.

The core does not know the faces: an entry module passes these two functions to its Butler.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from persistence.gen2types.face import Face

__all__ = ["FACES", "Face", "unwrap", "wrap"]

_OURS = "persistence.types"
_HERE = "persistence.gen2types"

# Our class -> its face. Modules of faces are imported when they are first needed.
FACES: Mapping[str, str] = {
    # lsst.daf.base
    f"{_OURS}.metadata.entry.DateTime": f"{_HERE}.datetimes.DateTime",
    f"{_OURS}.metadata.property.PropertySet": f"{_HERE}.properties.PropertySet",
    f"{_OURS}.metadata.property.PropertyList": f"{_HERE}.properties.PropertyList",
    "astropy.time.core.Time": f"{_HERE}.datetimes.DateTime",
    # tables and footprints
    f"{_OURS}.table.parquet.ParquetTable": f"{_HERE}.parquettable.ParquetTable",
    f"{_OURS}.table.footprint.SpanSet": f"{_HERE}.detection.spans.SpanSet",
    f"{_OURS}.table.footprint.Footprint": f"{_HERE}.detection.footprints.Footprint",
    f"{_OURS}.table.footprint.HeavyFootprint": f"{_HERE}.detection.heavy.HeavyFootprint",
    "astropy.table.table.Table": f"{_HERE}.table.nearest.NearestCatalog",
    # geometry
    f"{_OURS}.pixels.box.Box": f"{_HERE}.box.Box2I",
    "astropy.coordinates.sky_coordinate.SkyCoord": f"{_HERE}.spherepoint.SpherePoint",
    "astropy.coordinates.angles.core.Angle": f"{_HERE}.angle.Angle",
    # optics
    f"{_OURS}.wcs.skywcs.SkyWcs": f"{_HERE}.wcs.SkyWcs",
    "astropy.wcs.wcs.WCS": f"{_HERE}.wcs.SkyWcs",
    f"{_OURS}.wcs.transforms.Transform": f"{_HERE}.mappings.TransformPoint2ToPoint2",
    f"{_OURS}.pixels.polygon.Polygon": f"{_HERE}.polygon.Polygon",
    f"{_OURS}.exposure.camera.Camera": f"{_HERE}.camerageom.camera.Camera",
    f"{_OURS}.exposure.detector.Detector": f"{_HERE}.camerageom.detector.Detector",
    f"{_OURS}.exposure.detector.Amplifier": f"{_HERE}.camerageom.amplifier.Amplifier",
    f"{_OURS}.wcs.transforms.TransformMap": f"{_HERE}.camerageom.systems.TransformMap",
    f"{_OURS}.psf.psfimage.Psf": f"{_HERE}.psf.psf.Psf",
    f"{_OURS}.psf.psf.GaussianPsf": f"{_HERE}.psf.kinds.GaussianPsf",
    f"{_OURS}.psf.psf.SingleGaussianPsf": f"{_HERE}.psf.kinds.SingleGaussianPsf",
    f"{_OURS}.psf.psf.DoubleGaussianPsf": f"{_HERE}.psf.kinds.DoubleGaussianPsf",
    f"{_OURS}.psf.psf.KernelPsf": f"{_HERE}.psf.kinds.KernelPsf",
    f"{_OURS}.psf.coaddpsf.CoaddPsf": f"{_HERE}.psf.kinds.CoaddPsf",
    f"{_OURS}.psf.kernels.FixedKernel": f"{_HERE}.psf.kernel.FixedKernel",
    "persistence.skymap.base.SkyMap": f"{_HERE}.skymaps.skymap.BaseSkyMap",
    "persistence.skymap.discrete.DiscreteSkyMap": f"{_HERE}.skymaps.skymap.DiscreteSkyMap",
    "persistence.skymap.dodeca.DodecaSkyMap": f"{_HERE}.skymaps.skymap.DodecaSkyMap",
    "persistence.skymap.equat.EquatSkyMap": f"{_HERE}.skymaps.skymap.EquatSkyMap",
    "persistence.skymap.healpix.HealpixSkyMap": f"{_HERE}.skymaps.skymap.HealpixSkyMap",
    "persistence.skymap.rings.RingsSkyMap": f"{_HERE}.skymaps.skymap.RingsSkyMap",
    "persistence.skymap.tract.Tract": f"{_HERE}.skymaps.tract.TractInfo",
    "persistence.skymap.patch.Patch": f"{_HERE}.skymaps.tract.PatchInfo",
    f"{_OURS}.exposure.apcorrmap.ApCorrMap": f"{_HERE}.apcorr.ApCorrMap",
    f"{_OURS}.exposure.coaddinputs.CoaddInputs": f"{_HERE}.coaddinputs.CoaddInputs",
    f"{_OURS}.fields.transmission.TransmissionCurve": f"{_HERE}.transmission.TransmissionCurve",
    f"{_OURS}.fields.boundedfield.ChebyshevField": f"{_HERE}.boundedfield.ChebyshevBoundedField",
    f"{_OURS}.fields.boundedfield.ProductField": f"{_HERE}.boundedfield.ProductBoundedField",
    f"{_OURS}.fields.skyfields.PixelAreaField": f"{_HERE}.boundedfield.BoundedField",
    f"{_OURS}.fields.skyfields.CoaddField": f"{_HERE}.boundedfield.BoundedField",
    f"{_OURS}.wcs.transforms.TransformField": f"{_HERE}.boundedfield.BoundedField",
    # images
    "astropy.io.fits.header.Header": f"{_HERE}.images.header.Header",
    f"{_OURS}.exposure.exposure.Exposure": f"{_HERE}.images.exposure.Exposure",
    f"{_OURS}.pixels.mask.Mask": f"{_HERE}.images.mask.Mask",
    f"{_OURS}.exposure.photocalib.PhotoCalib": f"{_HERE}.images.photocalib.PhotoCalib",
    f"{_OURS}.exposure.photocalib.Calib": f"{_HERE}.images.calib.Calib",
    f"{_OURS}.exposure.visitinfo.VisitInfo": f"{_HERE}.images.visitinfo.VisitInfo",
    f"{_OURS}.exposure.translator.FilterLabel": f"{_HERE}.images.filters.FilterLabel",
    f"{_OURS}.fields.background.Background": f"{_HERE}.imagemath.backgrounds.Background",
    f"{_OURS}.fields.background.BackgroundList": f"{_HERE}.imagemath.backgrounds.BackgroundList",
}


def wrap(obj: Any, python: str | None = None) -> Any:
    """Return the face of an object.

    Parameters
    ----------
    obj
        What a Butler has read. Lists and tuples are wrapped element by element.
    python : `str`, optional
        The dotted name of the type that a policy declares: an image may be an ``ImageF``, a mask
        or an exposure.

    Returns
    -------
    face
        The object itself if it has no face: numbers, text, faces.
    """
    kind: Any = type(obj)
    if kind is list or kind is tuple:
        return kind(wrap(item) for item in obj)
    if python is not None and _is_exposure(kind):
        from persistence.gen2types.images.typed import of_type

        return of_type(obj, python)
    face = _face_of(kind)
    return obj if face is None else face.of(obj)


def unwrap(obj: Any) -> Any:
    """Return the object of ours behind a face; anything else is returned as it is."""
    if isinstance(obj, Face):
        return obj.astropy
    kind = type(obj)
    return kind(unwrap(item) for item in obj) if kind is list or kind is tuple else obj


@functools.cache
def _is_exposure(kind: type) -> bool:
    return any(base.__module__ == f"{_OURS}.exposure.exposure" for base in kind.__mro__)


@functools.cache
def _face_of(kind: type) -> type[Face[Any]] | None:
    """Return the face of a class, or of the nearest of its base classes that has one."""
    for base in kind.__mro__:
        dotted = FACES.get(f"{base.__module__}.{base.__qualname__}")
        if dotted is not None:
            module, _, name = dotted.rpartition(".")
            face: type[Face[Any]] = getattr(importlib.import_module(module), name)
            return face
    return None
