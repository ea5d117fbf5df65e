"""Formatters by which a Gen3 Butler reads the files of Gen2, without the LSST stack.

An export names them; ``lsst.daf.butler`` imports this module when it imports the export, and when
it reads. Only here is ``lsst.daf.butler`` imported.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

import numpy as np
from lsst.daf.butler import FormatterV2

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import catalog, config, fits_open, packages, properties, skymap

# The cards by which a header says which detector it is of.
_DETECTOR = ("CCDNUM", "DET-ID", "DETECTOR")
_PLANES = ("image", "mask", "variance")


class Image(np.ndarray[Any, Any]):
    """The pixels of an image, shape (rows, columns), with what else is in its file.

    Attributes
    ----------
    mask, variance : `numpy.ndarray` or None
        The other planes of an exposure, of the same shape. The bits of the mask are named in
        ``header`` (``MP_SAT``).
    header : `astropy.io.fits.Header`
        The header of the image's HDU, and that of the file below it.
    """

    mask: Any = None
    variance: Any = None
    header: Any = None

    @classmethod
    def of(cls, planes: dict[str, Any], header: Any) -> Self:
        """Return an image of its planes."""
        image = np.asarray(planes["image"]).view(cls)
        image.mask, image.variance = planes.get("mask"), planes.get("variance")
        image.header = header
        return image


class _Reader(FormatterV2):
    """Read a local file of Gen2; nothing is written."""

    can_read_from_local_file = True
    storage: ClassVar[str] = ""

    def read_from_local_file(
        self, path: str, component: str | None = None, expected_size: int = -1
    ) -> Any:
        """Return the dataset in a file."""
        folder, name = os.path.split(os.path.abspath(path))
        return self._read(Location(folder, name, None, self.storage, None, self._type, self._id))

    def _read(self, location: Location) -> Any:
        raise NotImplementedError(type(self).__name__)

    @property
    def _type(self) -> str:
        return str(self.dataset_ref.datasetType.name)

    @property
    def _id(self) -> dict[str, Any]:
        return dict(self.dataset_ref.dataId.required)


class FitsImage(_Reader):
    """Read an image, an exposure, or one detector of a file with many, as an `Image`."""

    default_extension = ".fits"
    supported_extensions: ClassVar = frozenset({".fits", ".fits.gz", ".fits.fz", ".fz", ".gz"})

    def _read(self, location: Location) -> Image:
        with fits_open.opened(location.full_path) as hdus:
            images = [hdu for hdu in hdus if _is_image(hdu)]
            planes = {name: hdu for hdu in images for name in _PLANES if _plane(hdu) == name}
            if "image" not in planes:
                planes = {"image": self._chosen(images, location)}
            header = hdus[0].header.copy()
            header.update(planes["image"].header)
            return Image.of({name: hdu.data.copy() for name, hdu in planes.items()}, header)

    def _chosen(self, images: list[Any], location: Location) -> Any:
        """Return the only image, or the one of the data ID's detector, by its header."""
        if len(images) == 1:
            return images[0]
        number = location.dataId.get("detector")
        same = [hdu for hdu in images if _detector(hdu.header) == number is not None]
        if len(same) != 1:
            raise FormatterError(
                f"{location.full_path}: {len(images)} images, {len(same)} of them of detector "
                f"{number} by {', '.join(_DETECTOR)}"
            )
        return same[0]


class FitsTable(_Reader):
    """Read a catalog or another table as an `astropy.table.Table`."""

    default_extension = ".fits"
    supported_extensions: ClassVar = frozenset({".fits", ".fits.gz", ".gz"})

    def _read(self, location: Location) -> Any:
        return catalog.read(location)


class MetadataYaml(_Reader):
    """Read a ``PropertySet`` in YAML as a dictionary."""

    default_extension = ".yaml"
    supported_extensions: ClassVar = frozenset({".yaml"})

    def _read(self, location: Location) -> Any:
        return properties.read(location).toDict()


class ConfigFile(_Reader):
    """Read a task's configuration as a dictionary of its fields; nothing of it is run."""

    default_extension = ".py"
    supported_extensions: ClassVar = frozenset({".py"})

    def _read(self, location: Location) -> Any:
        return config.read(location).toDict()


class PackagesPickle(_Reader):
    """Read the versions of packages from ``packages.pickle``."""

    default_extension = ".pickle"
    supported_extensions: ClassVar = frozenset({".pickle"})
    storage = "PickleStorage"

    def _read(self, location: Location) -> Any:
        from lsst.utils.packages import Packages

        return Packages(dict(packages.read(location)))


class SkyMapPickle(_Reader):
    """Read a sky map as a dictionary: its kind, version and configuration."""

    default_extension = ".pickle"
    supported_extensions: ClassVar = frozenset({".pickle"})

    def _read(self, location: Location) -> Any:
        read = skymap.read(location)
        settings = {name: getattr(read.config, name) for name in read.config.__dataclass_fields__}
        return {"kind": read.kind, "version": read.version, "config": settings}


def _is_image(hdu: Any) -> bool:
    return bool(hdu.is_image and hdu.header.get("NAXIS", 0) == 2)  # two axes


def _plane(hdu: Any) -> str:
    return str(hdu.header.get("EXTTYPE", hdu.name)).lower()


def _detector(header: Any) -> Any:
    return next((header[card] for card in _DETECTOR if card in header), None)
