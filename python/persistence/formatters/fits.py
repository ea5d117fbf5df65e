"""``FitsStorage``: images, exposures with their planes, headers. The only user of `astropy.io.fits`.

The layout of an exposure is afw's (facts in afw-files 1): a primary HDU with the metadata, then image, mask
and variance, told apart by ``EXTTYPE``.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from persistence import headers, recipes
from persistence.errors import DataIdError, FormatterError
from persistence.headers import Span
from persistence.location import Location
from persistence.types.box import Box
from persistence.types.exposure import Exposure
from persistence.types.mask import DEFAULT_PLANES, Mask

_TYPE = re.compile(r"(Exposure|MaskedImage|DecoratedImage|Image|Mask)([FDIULX])")
_DTYPES = {"F": "f4", "D": "f8", "I": "i4", "U": "u2", "L": "u8", "X": "i4"}
# Up to here astropy may walk from HDU to HDU; what lies further is sought.
_NEAR = 3
_ZCMP = {"GZIP": "GZIP_1", "GZIP_SHUFFLE": "GZIP_2", "RICE": "RICE_1", "PLIO": "PLIO_1"}
# Cards that describe the HDU that they stand in, and so are not carried to another. Source: afw-files 1.4.
_STRUCTURE = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|GCOUNT|PCOUNT|XTENSION|TFIELDS|BSCALE|BZERO|BLANK|[TZ](ZERO|SCAL|FORM|TYPE)\d*|"
    r"Z(BITPIX|IMAGE|CMPTYPE|SIMPLE|EXTEND|BLANK|DATASUM|HECKSUM|QUANTIZ|DITHER0|TENSION|PCOUNT|GCOUNT|NAXIS\d*|"
    r"TILE\d+|NAME\d+|VAL\d+)|DATASUM|CHECKSUM|INHERIT|EXTNAME|EXTVER|EXTTYPE|MP_.*|FZ.*|END"
)
_WCS = re.compile(
    r"WCSAXES|CTYPE\d|CRVAL\d|CRPIX\d|CUNIT\d|CDELT\d|CROTA\d|CD\d_\d|PC\d_\d|PV\d_\d+|PS\d_\d+|LONPOLE|LATPOLE|"
    r"RADESYS|EQUINOX|(A|B|AP|BP)_(ORDER|\d_\d)|(CTYPE|CUNIT|CRPIX|CRVAL)\dA|LTV\d"
)


def read(location: Location) -> Any:
    """Read an image or an exposure, or a table where the policy's type is none of afw's images.

    ``bbox`` among the options reads those pixels only; ``imageOrigin`` says whether its numbers are the
    parent image's (``PARENT``, as if absent) or the file's (``LOCAL``).
    """
    path = location.full_path
    match = _TYPE.search(location.python or "")
    with opened(path, location.hdu) as hdus, damage_named(path):
        index = _image_index(hdus, location)
        if isinstance(hdus[index], fits.BinTableHDU):
            from persistence.formatters import catalog

            return catalog.read_hdu(hdus, index)
        kind, letter = match.groups() if match else ("Image", "")
        dtype = np.dtype("=" + _DTYPES[letter]) if letter else None
        return _read_exposure(hdus, index, dtype, kind in ("Exposure", "MaskedImage"), location)


def read_header(location: Location) -> fits.Header:
    """Read the header alone: no pixel is read."""
    with opened(location.full_path, location.hdu) as hdus, damage_named(location.full_path):
        index = _image_index(hdus, location)
        header: fits.Header = hdus[index].header.copy()
        if header.get("INHERIT") is True and index:
            header.extend(hdus[0].header, unique=True, strip=True)
        return header


def read_shape(location: Location) -> tuple[tuple[int, int], tuple[int, int]]:
    """Read the number of rows and columns, and the origin in the parent image, from the header."""
    with opened(location.full_path, location.hdu) as hdus, damage_named(location.full_path):
        hdu = hdus[_image_index(hdus, location)]
        return hdu.shape[-2:], _origin(hdu.header)


def write(obj: Any, path: str, location: Location) -> None:
    """Write an `Exposure`, an array, or anything that can write itself with ``writeFits(path)``."""
    if hasattr(obj, "writeFits"):
        obj.writeFits(path)
        return
    if isinstance(obj, np.ndarray):
        obj = Exposure(obj, fits.Header())
    if not isinstance(obj, Exposure):
        raise FormatterError(f"{location.datasetType}: FitsStorage holds an Exposure or an array, not {type(obj)}")
    recipe = location.options.get("recipe") or recipes.find("default", location.datasetType)
    match = _TYPE.search(location.python or "")
    planes = match is None or match.group(1) in ("Exposure", "MaskedImage")
    hdus = _planes(obj, recipe, location) if planes else _single(obj, recipe, location)
    # The name may end in .gz, which would compress the file; it is no part of what was asked for.
    with open(path, "wb") as stream:
        fits.HDUList(hdus).writeto(stream, output_verify="silentfix")


class _Parts(io.RawIOBase):
    """Some spans of a file, as if they were a file: the primary HDU and one of many behind it.

    astropy takes milliseconds for each HDU that it passes on its way; DECam's raws have over seventy.
    """

    def __init__(self, stream: Any, parts: Sequence[Span]) -> None:
        self._stream = stream
        self._parts = parts
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        length = sum(part.stop - part.start for part in self._parts)
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: length}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        before = 0
        for part in self._parts:
            inside = self._position - before
            if inside < part.stop - part.start:
                self._stream.seek(part.start + inside)
                data = self._stream.read(min(len(buffer), part.stop - part.start - inside))
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)
            before += part.stop - part.start
        return 0


@contextlib.contextmanager
def opened(path: str, hdu: int | None = None) -> Iterator[Any]:
    """Open a FITS file; what is wrong with it is said with its name.

    Parameters
    ----------
    path : `str`
        The file.
    hdu : `int`, optional
        The HDU that is wanted. If it is far behind, those between are left out: see `position_of`.
    """
    with contextlib.ExitStack() as stack:
        source: Any = path
        if position_of(hdu) != hdu:
            source = _primary_and(path, hdu or 0, stack)
        try:
            hdus = stack.enter_context(fits.open(source, memmap=False))
        except FileNotFoundError:
            raise
        except AstropyUserWarning as error:
            raise FormatterError(f"{path} is truncated: {error}") from error
        except (OSError, EOFError, zlib.error) as error:
            raise FormatterError(f"{path} cannot be read as FITS: {error}") from error
        yield hdus


def position_of(hdu: int | None) -> int | None:
    """Say which HDU of what `opened` gives is the one that was wanted."""
    return hdu if hdu is None or hdu <= _NEAR else 1


def _primary_and(path: str, hdu: int, stack: contextlib.ExitStack) -> Any:
    found = headers.spans(path, hdu)
    if len(found) <= hdu:
        raise FormatterError(f"{path} has no HDU {hdu}; its last is {len(found) - 1}")
    stream: Any = stack.enter_context(open(path, "rb"))  # noqa: SIM115  # the stack closes it
    if stream.read(2) == headers.GZIP:
        stream = stack.enter_context(contextlib.closing(gzip.open(path)))  # noqa: SIM115  # and this
    return io.BufferedReader(_Parts(stream, [found[0], found[hdu]]))


@contextlib.contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Say which file is damaged, when astropy finds out while it reads."""
    try:
        yield
    except (DataIdError, MemoryError):
        raise
    except FormatterError as error:
        raise error if path in str(error) else FormatterError(f"{path}: {error}") from error
    except Exception as error:  # astropy and its decompressors raise whatever damaged bytes lead them to
        raise FormatterError(f"{path} is damaged: {error}") from error


def _image_index(hdus: Any, location: Location) -> int:
    """Give the HDU that is meant: the one asked for, or the first that holds data."""
    index = position_of(location.hdu) or 0
    try:
        if index == 0 and not hdus[0].shape:
            return 1 if _has(hdus, 1) else 0
        hdus[index]
    except IndexError:
        raise FormatterError(f"{location.full_path} has no HDU {index}; its last is {len(hdus) - 1}") from None
    return index


def _has(hdus: Any, index: int) -> bool:
    try:
        hdus[index]
    except IndexError:
        return False
    return True


def _read_exposure(hdus: Any, index: int, dtype: Any, planes: bool, location: Location) -> Exposure:
    hdu = hdus[index]
    header = hdu.header
    origin, cut = _origin(header), None
    cutout = (0, 0)
    if "bbox" in location.options:
        cut = _cut(hdu, origin, location)
        cutout = (cut.x0, cut.y0)
    mask = variance = None
    if planes and _has(hdus, index + 1):
        found = {hdus[k].header.get("EXTTYPE"): hdus[k] for k in (index + 1, index + 2) if _has(hdus, k)}
        if "MASK" in found:
            bits = found["MASK"].header["MP_*"]
            names = {key[3:]: int(bit) for key, bit in bits.items()} or dict(DEFAULT_PLANES)
            mask = Mask(_pixels(found["MASK"], np.dtype("i4"), cut), names)
        if "VARIANCE" in found:
            variance = _pixels(found["VARIANCE"], None, cut)
    inherits = index and header.get("INHERIT") is True
    return Exposure(
        image=_pixels(hdu, dtype, cut),
        header=header,
        primary=hdus[0].header if inherits else None,
        mask=mask,
        variance=variance,
        origin=(origin[0] + cutout[0], origin[1] + cutout[1]),
        cutout=cutout,
        dataId=location.dataId,
    )


def _cut(hdu: Any, origin: tuple[int, int], location: Location) -> Box:
    """Give the asked box in the file's own pixels."""
    box = Box.from_any(location.options["bbox"])
    where = location.options.get("imageOrigin", "PARENT")
    if where not in ("PARENT", "LOCAL"):
        raise DataIdError(f"imageOrigin={where!r}: it is PARENT or LOCAL")
    if where == "PARENT":
        box = box.shifted(-origin[0], -origin[1])
    rows, columns = hdu.shape[-2:]
    whole = Box(0, 0, columns, rows)
    if not whole.contains(box):
        raise DataIdError(f"bbox {box} is not inside {location.uri}, which has {columns} columns, {rows} rows")
    return box


def _pixels(hdu: Any, dtype: Any, cut: Box | None) -> Any:
    _refuse_truncated(hdu)
    array = hdu.data if cut is None else hdu.section[cut.slices]
    if array is None:
        raise FormatterError(f"HDU {hdu.name!r} holds no pixels")
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    return array.astype(dtype or array.dtype.newbyteorder("="), copy=False)


def _refuse_truncated(hdu: Any) -> None:
    """Refuse an HDU whose data end before they should; astropy only warns, and gives what there is."""
    info = hdu.fileinfo()
    stream = info["file"] if info else None
    if stream is None or stream.compression is not None or stream.size >= info["datLoc"] + info["datSpan"]:
        return
    missing = info["datLoc"] + hdu.size - stream.size  # the last block may lack its padding
    if missing > 0:
        raise FormatterError(f"it is truncated: {missing} bytes are missing")


def _origin(header: fits.Header) -> tuple[int, int]:
    """Read afw's XY0, which is world coordinate system A (afw-files 1.2)."""
    if "CRPIX1A" not in header or header.get("CTYPE1A") != "LINEAR":
        return 0, 0
    if header["CRPIX1A"] != 1 or header.get("CRPIX2A") != 1:
        return 0, 0
    return int(header.get("CRVAL1A", 0)), int(header.get("CRVAL2A", 0))


# -- writing -----------------------------------------------------------------------------------------


def _planes(exposure: Exposure, recipe: recipes.Recipe, location: Location) -> list[Any]:
    """Lay an exposure out as afw does: metadata, image, mask, variance."""
    primary = fits.PrimaryHDU(header=_carried(exposure.metadata))
    if exposure.zero_point is not None:
        primary.header["FLUXMAG0"] = (10 ** (0.4 * exposure.zero_point), "counts of a source of magnitude 0")
    system = _system(exposure)
    hdus = [primary, _hdu(exposure.image, system, recipe.image, "IMAGE", exposure, location)]
    if exposure.mask is not None:
        header = system.copy()
        for name, bit in exposure.mask.planes.items():
            header[f"MP_{name}" if len(name) < 6 else f"HIERARCH MP_{name}"] = bit
        hdus.append(_hdu(exposure.mask.array, header, recipe.mask, "MASK", exposure, location))
    if exposure.variance is not None:
        hdus.append(_hdu(exposure.variance, system, recipe.variance, "VARIANCE", exposure, location))
    return hdus


def _single(exposure: Exposure, recipe: recipes.Recipe, location: Location) -> list[Any]:
    """Lay a plain image out: in the primary HDU, or in the first extension if it is compressed."""
    header = _carried(exposure.metadata)
    header.extend(_system(exposure))
    if recipe.image.compression.algorithm == "NONE":
        return [fits.PrimaryHDU(exposure.image, header=header)]
    return [fits.PrimaryHDU(), _hdu(exposure.image, header, recipe.image, None, exposure, location)]


def _carried(metadata: fits.Header) -> fits.Header:
    """Copy the cards that belong to the exposure rather than to the HDU that they were read from."""
    cards = (card for card in metadata.cards if card.keyword)
    return fits.Header(
        [card for card in cards if not _STRUCTURE.fullmatch(card.keyword) and not _WCS.fullmatch(card.keyword)]
    )


def _system(exposure: Exposure) -> fits.Header:
    """Give the cards of the world coordinate system, and of the origin as afw writes it."""
    header = fits.Header()
    if exposure.given_wcs is not None:
        header.extend(exposure.given_wcs.to_header(relax=True))
    elif exposure.wcs is not None:
        header.extend([card for card in exposure.metadata.cards if _WCS.fullmatch(card.keyword)])
        for axis, offset in (("1", exposure.cutout[0]), ("2", exposure.cutout[1])):
            if f"CRPIX{axis}" in header:
                header[f"CRPIX{axis}"] -= offset
    for axis, start in (("1", exposure.origin[0]), ("2", exposure.origin[1])):
        header[f"LTV{axis}"] = float(-start)
        header[f"CTYPE{axis}A"], header[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
        header[f"CRPIX{axis}A"], header[f"CRVAL{axis}A"] = 1, start
    return header


def _hdu(
    array: Any, header: fits.Header, plane: recipes.Plane, kind: str | None, exposure: Exposure, location: Location
) -> Any:
    header = header.copy()
    if kind is not None:
        header["EXTTYPE"] = header["EXTNAME"] = kind
        header["INHERIT"] = True
    if array.dtype == bool:
        array = array.astype(np.uint8)
    compression = plane.compression
    if compression.algorithm == "NONE" or not array.size:
        return fits.ImageHDU(array, header=header)
    tile = (min(compression.rows, array.shape[0]), compression.columns or array.shape[1])
    step = _step(array, plane, exposure)
    return fits.CompImageHDU(
        array,
        header=header,
        compression_type=_ZCMP[compression.algorithm],
        tile_shape=tile,
        quantize_level=-step if step else compression.quantizeLevel,
        quantize_method=1 if step and plane.scaling.fuzz else -1,
        dither_seed=plane.scaling.seed or recipes.seed(location.dataId),
    )


def _step(array: Any, plane: recipes.Plane, exposure: Exposure) -> float:
    """Give the step between the integers that float pixels become; 0 to keep them as they are."""
    scaling = plane.scaling
    if array.dtype.kind != "f" or scaling.algorithm == "NONE":
        return 0.0
    if scaling.algorithm == "MANUAL":
        return scaling.bscale
    good = np.isfinite(array)
    for name in scaling.maskPlanes:
        if exposure.mask is not None and name in exposure.mask.planes:
            good &= ~exposure.mask[name]
    values = array[good]
    if not values.size:
        return 0.0
    if scaling.algorithm == "RANGE":
        return float(np.ptp(values)) / 2.0 ** (scaling.bitpix or 32)
    low, high = np.percentile(values, [25, 75])
    return float(0.741 * (high - low)) / scaling.quantizeLevel  # afw-files 1.7
