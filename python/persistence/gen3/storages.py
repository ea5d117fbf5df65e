"""Which storage class and formatter of Gen3 hold a dataset type of Gen2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from persistence.policy.dataset_type import DatasetType

OURS = "persistence.gen3.formatters"
_OBS = "lsst.obs.base.formatters"
_GENERIC = f"{_OBS}.fitsGeneric.FitsGenericFormatter"
_EXPOSURE = f"{_OBS}.fitsExposure.FitsExposureFormatter"
_IMAGE = f"{_OBS}.fitsExposure.FitsImageFormatter"
_BUTLER = "lsst.daf.butler.formatters"


class Storage(NamedTuple):
    """A storage class of Gen3, and the formatter that reads the file as it is."""

    storage_class: str
    formatter: str


# Of cameras whose code makes an exposure of a raw file, the policy says this.
_UNSAID = ("PropertyList", "PropertySet", "")

_TABLE = Storage("AstropyTable", f"{OURS}.FitsTable")
_PIXELS = Storage("NumpyArray", f"{OURS}.FitsImage")
_PLOT = Storage("Plot", f"{_BUTLER}.matplotlib.MatplotlibFormatter")
_PARQUET = f"{_BUTLER}.parquet.ParquetFormatter"

# The last part of the Python type, for targets with only lsst-daf-butler from the package index.
_PLAIN: Mapping[str, Storage] = {
    **dict.fromkeys(
        ("SourceCatalog", "SimpleCatalog", "BaseCatalog", "ExposureCatalog", "PeakCatalog",
         "Defects"),
        _TABLE,
    ),
    **{
        f"{kind}{pixel}": _PIXELS
        for kind in ("Exposure", "Image", "DecoratedImage", "MaskedImage")
        for pixel in "FDIULX"
    },
    "Packages": Storage("Packages", f"{OURS}.PackagesPickle"),
    "PropertySet": Storage("StructuredDataDict", f"{OURS}.MetadataYaml"),
    "PropertyList": Storage("StructuredDataDict", f"{OURS}.MetadataYaml"),
    "BaseSkyMap": Storage("StructuredDataDict", f"{OURS}.SkyMapPickle"),
}  # fmt: skip
# The same for any type of a storage.
_PLAIN_STORAGES: Mapping[str, Storage] = {
    "ConfigStorage": Storage("StructuredDataDict", f"{OURS}.ConfigFile"),
    "ParquetStorage": Storage("ArrowAstropy", _PARQUET),
    "MatplotlibStorage": _PLOT,
}
# For targets with the full stack: its own classes, and the formatters of lsst.obs.base.
_FULL: Mapping[str, Storage] = {
    **{
        name: Storage(name, _GENERIC)
        for name in (
            "SourceCatalog", "SimpleCatalog", "ExposureCatalog", "PeakCatalog", "Defects",
            "PhotoCalib", "TransmissionCurve", "CrosstalkCalib", "Linearizer",
            "BrighterFatterKernel", "PhotonTransferCurveDataset",
        )
    },
    "BaseCatalog": Storage("Catalog", _GENERIC),
    "BackgroundList": Storage("Background", _GENERIC),
    "SkyWcs": Storage("Wcs", _GENERIC),
    **{f"Exposure{pixel}": Storage(f"Exposure{pixel}", _EXPOSURE) for pixel in "FIU"},
    **{f"DecoratedImage{pixel}": Storage("ExposureF", _EXPOSURE) for pixel in "FIU"},
    **{f"Image{pixel}": Storage(f"Image{pixel}", _IMAGE) for pixel in "FIU"},
    "MaskedImageF": Storage("MaskedImageF", f"{_OBS}.fitsExposure.FitsMaskedImageFormatter"),
    "Packages": Storage("Packages", f"{_BUTLER}.packages.PackagesFormatter"),
    "PropertySet": Storage("PropertySet", f"{_BUTLER}.yaml.YamlFormatter"),
    "PropertyList": Storage("PropertyList", f"{_BUTLER}.yaml.YamlFormatter"),
    "BaseSkyMap": Storage("SkyMap", f"{_BUTLER}.pickle.PickleFormatter"),
    "ObjectMaskCatalog": Storage(
        "ObjectMaskCatalog", "lsst.pipe.tasks.objectMasks.RegionFileFormatter"
    ),
}  # fmt: skip
_FULL_STORAGES: Mapping[str, Storage] = {
    "ConfigStorage": Storage("Config", "lsst.pipe.base.formatters.pexConfig.PexConfigFormatter"),
    "ParquetStorage": Storage("DataFrame", _PARQUET),
    "MatplotlibStorage": _PLOT,
}


def storage(dataset: DatasetType, is_full: bool = False, raw_formatter: str = "") -> Storage | None:
    """Return the storage of a dataset type; None if Gen3 has none for it.

    Parameters
    ----------
    dataset : `DatasetType`
        The dataset type.
    is_full : `bool`
        Whether the target has the full stack.
    raw_formatter : `str`
        The stack's formatter for raws; empty for other dataset types.

    Returns
    -------
    storage : `Storage` or None
        The storage class and the formatter.
    """
    if is_full and raw_formatter:
        return Storage("Exposure", raw_formatter)
    by_storage, by_type = (_FULL_STORAGES, _FULL) if is_full else (_PLAIN_STORAGES, _PLAIN)
    kind = (dataset.python or "").rpartition(".")[2]
    if is_header(dataset):
        return None
    if dataset.storage == "FitsStorage" and kind in _UNSAID:
        kind = "ExposureF"
    return by_storage.get(dataset.storage or "") or by_type.get(kind)


def is_header(dataset: DatasetType) -> bool:
    """Return whether a type is only the header of a file that is another type's dataset."""
    kind = (dataset.python or "").rpartition(".")[2]
    return dataset.storage == "FitsStorage" and kind in _UNSAID and dataset.name != "raw"


def why_not(dataset: DatasetType, is_full: bool) -> str:
    """Return the reason why Gen3 has no storage for a dataset type."""
    kind = dataset.python or dataset.storage
    if is_full or storage(dataset, is_full=True) is None:
        return f"no storage class of Gen3 holds {kind} in {dataset.storage}"
    full = storage(dataset, is_full=True)
    held = full.storage_class if full else ""
    return f"Gen3 without the stack has no class for {kind}: --full-stack exports it as {held}"
