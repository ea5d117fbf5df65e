"""Write exposures to FITS files in afw's layout, so that Gen2 reads them.

Source: doc/gen2/afw-files.md 1.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io import fits

from persistence.dataids.location import Location
from persistence.errors import FormatterError, LossyWarning, warn_caller
from persistence.files.numbers import exact
from persistence.formatters import exposure_archive, fits_cards, fits_tiles
from persistence.formatters.fits_open import pixel_type
from persistence.policy import recipes
from persistence.types.exposure import afwheader
from persistence.types.exposure.exposure import Exposure, rows_and_columns
from persistence.types.pixels.mask import as_flags
from persistence.types.pixels.plane import check_size
from persistence.types.pixels.units import squared, text_of
from persistence.types.wcs import storedwcs
from persistence.types.wcs.headerwcs import has_tables, shifted

# Tolerance (pixels) of a FITS WCS that replaces another (doc/gen2/afw-files.md 1.2).
_EXACT = 1e-4
# Pixel types of FITS, by BITPIX or with an offset; Booleans are written as 0 and 1.
_CODES = ("b1", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
_ZCMP = {"GZIP": "GZIP_1", "GZIP_SHUFFLE": "GZIP_2", "RICE": "RICE_1", "PLIO": "PLIO_1"}


def write(obj: Any, path: str, location: Location) -> None:
    """Write an `Exposure`, an array, or an object with a method ``writeFits(path)``."""
    if hasattr(obj, "writeFits"):
        obj.writeFits(path)
        return
    if isinstance(obj, np.ndarray):
        obj = Exposure(obj, fits.Header())
    if not isinstance(obj, Exposure):
        raise FormatterError(
            f"{location.datasetType}: FitsStorage holds an Exposure or an array, not {type(obj)}"
        )
    _check_pixels(obj.image, location)
    recipe = location.options.get("recipe") or recipes.find("default", location.datasetType)
    # As in Gen2, an exposure is written whole even if the policy's type is an image.
    planes = (
        location.python is None
        or "Exposure" in location.python
        or "MaskedImage" in location.python
        or obj.mask is not None
        or obj.variance is not None
    )
    hdus = _planes(obj, recipe, location) if planes else _single(obj, recipe, location)
    archive = exposure_archive.of(obj, len(hdus)) if planes else None
    if planes:
        _describe(hdus[0], obj, {} if archive is None else archive.cards, location)
    # The name may end in .gz, which would compress the file; that was not requested.
    with open(path, "wb") as stream:
        fits.HDUList(hdus).writeto(stream, output_verify="silentfix")
        stream.write(b"" if archive is None else archive.content)


def _check_pixels(image: Any, location: Location) -> None:
    """Check that FITS can hold the pixels, and that they can be read back as the policy's type."""
    stored, (_kind, dtype) = _storable(image, location), pixel_type(location.python)
    try:
        exact(stored, stored.dtype if dtype is None else dtype)
    except FormatterError as error:
        raise FormatterError(f"{location.datasetType} is {location.python}: {error}") from error


def _storable(array: Any, location: Location) -> Any:
    """Return pixels converted to a type that FITS has."""
    code = array.dtype.str[1:]
    if code not in _CODES or not array.ndim:
        raise FormatterError(
            f"{location.datasetType}: FITS cannot hold an image of {array.ndim} axes, of "
            f"{array.dtype}"
        )
    return array.astype(np.uint8) if code == "b1" else array


def _planes(exposure: Exposure, recipe: recipes.Recipe, location: Location) -> list[Any]:
    """Return the HDUs of an exposure in afw's order: metadata, image, mask, variance."""
    primary = fits.PrimaryHDU(header=_carried(exposure.metadata, location))
    system = _system(exposure, location)
    header = _with_unit(system, exposure.unit)
    hdus = [primary, _hdu(exposure.image, header, recipe.image, "IMAGE", exposure, location)]
    for name in ("mask", "variance"):  # the image may have been replaced since
        pixels = getattr(exposure, name)
        if pixels is not None:
            size = getattr(pixels, "array", pixels).shape
            check_size(f"{location.datasetType}: {name}", size, exposure.image.shape)
    if exposure.mask is not None:
        header = system.copy()
        for name, bit in exposure.mask.planes.items():
            _set(header, {f"MP_{name}": bit})
        hdus.append(
            _hdu(as_flags(exposure.mask.array), header, recipe.mask, "MASK", exposure, location)
        )
    if exposure.variance is not None:
        header = _with_unit(system, squared(exposure.unit))
        hdus.append(
            _hdu(exposure.variance, header, recipe.variance, "VARIANCE", exposure, location)
        )
    return hdus


def _with_unit(system: Any, unit: Any) -> Any:
    """Return cards with the unit of a plane's pixels, if it is known; masks have none."""
    header, text = system.copy(), text_of(unit)
    if text:
        header["BUNIT"] = text
    return header


def _describe(
    primary: Any, exposure: Exposure, archived: Mapping[str, Any], location: Location
) -> None:
    """Write the cards of visit, calibration and archive ids to the primary header."""
    visit = _visit(exposure, bool(archived), location)
    # What the observer's cards of the same names mean, or times in another scale, would be taken
    # for afw's.
    replaced = [afwheader.VISIT] if visit else []
    replaced += [afwheader.TIMES] if "DATE-AVG" in visit else []
    replaced += [afwheader.CALIBRATION] if archived else []
    header = primary.header
    for keyword in {card.keyword for card in header.cards}:
        if keyword in visit and header.count(keyword) == 1:  # it keeps its position
            if header[keyword] != visit[keyword]:
                header.comments[keyword] = ""
        elif any(pattern.fullmatch(keyword) for pattern in replaced):
            header.remove(keyword, remove_all=True)
    _set(header, {**visit, **(archived or _calibration(exposure))})


def _calibration(exposure: Exposure) -> dict[str, Any]:
    """Return the cards of the calibration in afw's first form; none if it is unknown."""
    calib = exposure.photo_calib
    if calib is None:
        return {}
    cards: dict[str, Any] = {"FLUXMAG0": (calib.fluxmag0, "counts of a source of magnitude 0")}
    return cards | ({"FLUXMAG0ERR": calib.fluxmag0_error} if calib.error else {})


def _visit(exposure: Exposure, is_archived: bool, location: Location) -> dict[str, Any]:
    """Return afw's cards of the visit; none if the header's are used.

    They are needed for a visit that was set, beside an archive, and for exposures with a mask or a
    variance, because readers interpret those headers as afw's. They are not needed for raw images,
    nor if afw wrote them already.
    """
    is_processed = is_archived or exposure.mask is not None or exposure.variance is not None
    if "visit_info" not in exposure.components.given and (
        "ROTTYPE" in exposure.metadata or not is_processed
    ):
        return {}
    try:
        return exposure.visit_info.to_afw()
    except FormatterError as error:
        loss = f"{location.datasetType} is written without its header's values of the visit"
        warn_caller(f"{loss}: {error}", LossyWarning)
        return {}


def _set(header: fits.Header, cards: Mapping[str, Any]) -> None:
    for key, value in cards.items():
        header[key if len(key) < 9 else f"HIERARCH {key}"] = value


def _single(exposure: Exposure, recipe: recipes.Recipe, location: Location) -> list[Any]:
    """Return the HDUs of a plain image: the primary HDU, or an extension if it is compressed."""
    header = _carried(exposure.metadata, location)
    header.extend(_system(exposure, location))
    if recipe.image.compression.algorithm == "NONE":
        return [fits.PrimaryHDU(_storable(exposure.image, location), header=header)]
    return [fits.PrimaryHDU(), _hdu(exposure.image, header, recipe.image, None, exposure, location)]


def _carried(metadata: fits.Header, location: Location) -> fits.Header:
    """Copy the cards that belong to the exposure rather than to the HDU they were read from."""
    of_afw = (afwheader.ARCHIVED, afwheader.CALIBRATION) if "AR_HDU" in metadata else ()
    carried = afwheader.without(metadata, afwheader.STRUCTURE, afwheader.SKY, *of_afw)
    return fits_cards.writable(carried.cards, location.datasetType)


def _system(exposure: Exposure, location: Location) -> fits.Header:
    """Return the cards of the WCS, and of the origin as afw writes it.

    The header's own cards stay unchanged, even if they are not a valid WCS.
    """
    wcs = _written_sky(exposure)
    if wcs is not None:
        cards = shifted(wcs, exposure.origin).to_header(relax=True)
        # It tells dates, too, which are those of the primary header.
        header = fits.Header(
            [card for card in cards.cards if afwheader.SKY.fullmatch(card.keyword)]
        )
    else:
        header = fits_cards.writable(_cards(exposure, location), location.datasetType)
    for axis, start in (("1", exposure.origin[0]), ("2", exposure.origin[1])):
        header[f"LTV{axis}"] = float(-start)
        header[f"CTYPE{axis}A"], header[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
        header[f"CRPIX{axis}A"], header[f"CRVAL{axis}A"] = 1, start
    return header


def _cards(exposure: Exposure, location: Location) -> Iterator[fits.Card]:
    """Copy the header's own WCS cards.

    For a cutout, reference pixels count from its first pixel.
    """
    source = exposure.sky_header
    reason = exposure.wcs_or_reason()[1] if "CTYPE1" in source else ""
    if reason:
        loss = f"{location.datasetType} is written with the cards of its WCS as they are"
        warn_caller(f"{loss}, which are not valid: {reason}", LossyWarning)
    offsets = {"CRPIX1": exposure.cutout[0], "CRPIX2": exposure.cutout[1]}
    for card in source.cards:
        offset = offsets.pop(card.keyword, 0)
        if offset and not reason:
            yield fits.Card(card.keyword, float(card.value) - offset, card.comment)
        elif afwheader.SKY.fullmatch(card.keyword):
            yield copy.copy(card)
    if "CTYPE1" in source and not reason:  # the default reference pixel is 0
        yield from (fits.Card(keyword, -offset) for keyword, offset in offsets.items() if offset)


def _written_sky(exposure: Exposure) -> Any:
    """Return the WCS to write in place of the header's; None to keep the header's.

    It warns if FITS cannot express the WCS, or if this package cannot write it.
    """
    stored = exposure.components.given.get("wcs")
    if stored is None:
        wcs = exposure.given_wcs if exposure.given_wcs is not None else exposure.changed_wcs
        if wcs is None and exposure.lookup_tables is not None:
            wcs = exposure.wcs_or_reason()[0]
        if wcs is None or not has_tables(wcs):
            return wcs
        stored = storedwcs.from_header(wcs)
        fitted = stored.fitted(exposure.bbox)
        wcs, residual = fitted.wcs, fitted.residual
    else:
        residual = 0.0 if stored.header_wcs is not None else stored.fitted(exposure.bbox).residual
        wcs = exposure.wcs
    if residual > _EXACT:
        text = f"the wcs is written as a FITS WCS, which differs by up to {residual:.2g} pixels"
        warn_caller(text, LossyWarning)
    return wcs


def _hdu(
    array: Any,
    header: fits.Header,
    plane: recipes.Plane,
    kind: str | None,
    exposure: Exposure,
    location: Location,
) -> Any:
    header = header.copy()
    if kind is not None:
        header["EXTTYPE"] = header["EXTNAME"] = kind
        header["INHERIT"] = True
    array = _storable(array, location)
    compression = plane.compression
    # CFITSIO, hence Gen2, cannot read compressed integers of 64 bits.
    is_long = array.dtype.str[1:] in ("i8", "u8")
    if compression.algorithm == "NONE" or not array.size or is_long:
        return fits.ImageHDU(array, header=header)
    rows, columns = rows_and_columns(array.shape)
    tile = (1, min(compression.rows, rows), compression.columns or columns)[-array.ndim :]
    tile = (*[1] * (array.ndim - len(tile)), *tile)
    step = _step(array, plane, exposure)
    # Rice needs integers of 32 bits or less: floats and longer integers are shuffled instead.
    rice = compression.algorithm == "RICE" and (
        array.itemsize > 4 or (array.dtype.kind == "f" and not step)
    )
    algorithm = _ZCMP["GZIP_SHUFFLE" if rice else compression.algorithm]
    quantised = array.dtype.kind == "f" and (step or compression.quantizeLevel)
    if algorithm in ("GZIP_1", "GZIP_2") and not quantised:
        return fits_tiles.hdu_of(array, header, kind, algorithm, tile)
    return fits.CompImageHDU(
        array,
        header=header,
        compression_type=algorithm,
        tile_shape=tile,
        quantize_level=-step if step else compression.quantizeLevel,
        quantize_method=1 if step and plane.scaling.fuzz else -1,
        dither_seed=plane.scaling.seed or recipes.seed(location.dataId),
    )


def _step(array: Any, plane: recipes.Plane, exposure: Exposure) -> float:
    """Return the quantization step of float pixels; 0 to keep them as they are."""
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
    return float(0.741 * (high - low)) / scaling.quantizeLevel  # doc/gen2/afw-files.md 1.7


def set_units(path: str, units: Mapping[str, str]) -> None:
    """Write units of a table's columns literally, even those that are not in the FITS standard."""
    with fits.open(path, mode="update", memmap=False) as hdus:
        _set_units(hdus[1].header, units)


def _set_units(header: fits.Header, units: Mapping[str, str]) -> None:
    for number in range(1, header["TFIELDS"] + 1):
        if header[f"TTYPE{number}"] in units:
            header[f"TUNIT{number}"] = units[header[f"TTYPE{number}"]]


def write_tables(
    tables: Sequence[tuple[Any, Mapping[str, str]]], cards: Mapping[str, Any], path: str
) -> None:
    """Write tables behind an empty primary HDU, with nonstandard units and cards in the headers."""
    hdus = [fits.PrimaryHDU()]
    for table, units in tables:
        hdu = fits.table_to_hdu(table)
        _set_units(hdu.header, units)
        hdu.header.update(cards)
        hdus.append(hdu)
    with open(path, "wb") as stream:
        fits.HDUList(hdus).writeto(stream)
