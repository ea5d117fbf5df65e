"""The assembly of a detector's amplifiers, each an HDU of its own, into one image.

As in Gen2: as read out, each amplifier flipped and moved to its position in the detector with its
overscan; or without overscan, which is the trimmed image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.exposure import afwheader, boresight
from persistence.types.exposure.detector import Amplifier
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.layouts import Layout, Section
from persistence.types.exposure.translator import HeaderTranslator
from persistence.types.pixels.box import Box
from persistence.types.wcs.headerwcs import shifted


class _Part(NamedTuple):
    """An amplifier as read out, and its position.

    Attributes
    ----------
    exposure : `Exposure`
        Its pixels and header.
    name : `str`
        Its name.
    data : `Box`
        Its light-sensitive pixels, in pixels from 0.
    trimmed : `Box`
        Their position in the trimmed detector.
    flip_x, flip_y : `bool`
        Whether its columns, and its rows, run against those of the detector.
    areas : mapping [`str`, `Box`]
        Overscan, prescan and postscan; pixels outside of the known areas are overscan.
    numbers : mapping
        Gain, read noise, saturation and corner, where known.
    """

    exposure: Exposure
    name: str
    data: Box
    trimmed: Box
    flip_x: bool
    flip_y: bool
    areas: Mapping[str, Box] = {}
    numbers: Mapping[str, Any] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """The number of columns and of rows."""
        rows, columns = self.exposure.image.shape
        return columns, rows

    def turned(self, box: Box) -> Box:
        """Return the position of a box after the flip to the detector's orientation."""
        width, height = self.size
        x0 = width - box.x0 - box.width if self.flip_x else box.x0
        y0 = height - box.y0 - box.height if self.flip_y else box.y0
        return Box(x0, y0, box.width, box.height)

    @property
    def pixels(self) -> NDArray[Any]:
        """The pixels in the detector's orientation."""
        return self.exposure.image[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]


def untrimmed(amplifiers: Sequence[Exposure], header: Any, data_id: Mapping[str, Any]) -> Exposure:
    """Assemble amplifiers as they were read out.

    Parameters
    ----------
    amplifiers : sequence of `Exposure`
        The amplifiers as read. Their headers state the light-sensitive pixels (``DATASEC``), and
        their position in the detector, unless the camera's policy does.
    header : `astropy.io.fits.Header`
        The file's header.
    data_id : mapping
        The data ID.

    Returns
    -------
    exposure : `Exposure`
        With a detector whose amplifiers have their positions in this image, and a WCS from the
        boresight, in pixels of the trimmed detector, as in Gen2.

    Raises
    ------
    FormatterError
        If the position of an amplifier is unknown, or they do not fit together.
    """
    return _untrimmed(_parts(amplifiers, data_id), header, data_id)


def laid_out(
    layout: Layout, amplifiers: Mapping[str, Exposure], header: Any, data_id: Mapping[str, Any]
) -> Exposure:
    """Assemble amplifiers as they were read out, in the layout of a camera's file.

    Parameters
    ----------
    layout : `Layout`
        The layout.
    amplifiers : mapping of `str` to `Exposure`
        The amplifiers as read, by name.
    header : `astropy.io.fits.Header`
        The file's header.
    data_id : mapping
        The data ID.

    Returns
    -------
    exposure : `Exposure`
        As for `untrimmed`. Its WCS is that of the amplifiers' headers, if they have one.

    Raises
    ------
    FormatterError
        If the position of an amplifier is unknown, or they do not fit together.
    """
    read = {
        name: layout[name].read(exposure.metadata, exposure.image.shape[::-1])
        for name, exposure in amplifiers.items()
    }
    first = next(iter(amplifiers.values())).metadata
    places = layout.placed({name: part.trimmed for name, part in read.items()}, first)
    parts = [
        _Part(
            exposure,
            name,
            read[name].areas["data"],
            places[name],
            read[name].flip[0],
            read[name].flip[1],
            areas={area: box for area, box in read[name].areas.items() if area != "data"},
            numbers=read[name].numbers,
        )
        for name, exposure in amplifiers.items()
    ]
    made = _untrimmed(parts, header, data_id)
    wcs = _sky(parts)
    wcs = made.given_wcs if wcs is None else wcs
    described = () if made.detector is None else made.detector.amplifiers
    starts = {
        (part.data.x0 - part.trimmed.x0, part.data.y0 - part.trimmed.y0) for part in described
    }
    if wcs is None or len(starts) != 1:
        return made.replaced(wcs=wcs)
    # Adjacent amplifiers share one WCS, which also applies to raw pixels.
    (dx, dy) = starts.pop()
    return made.replaced(wcs=shifted(wcs, (-dx, -dy)))


def _untrimmed(parts: Sequence[_Part], header: Any, data_id: Mapping[str, Any]) -> Exposure:
    sizes = {part.size for part in parts}
    steps = {(part.data.width, part.data.height) for part in parts}
    if len(sizes) != 1 or len(steps) != 1:
        raise FormatterError(
            f"the amplifiers of {dict(data_id)} have different sizes: {sorted(sizes)} pixels, "
            f"{sorted(steps)} of them light-sensitive"
        )
    (width, height), (data_width, data_height) = sizes.pop(), steps.pop()
    places = [
        Box(
            part.trimmed.x0 // data_width * width,
            part.trimmed.y0 // data_height * height,
            width,
            height,
        )
        for part in parts
    ]
    image = _image(parts, places, [part.pixels for part in parts])
    described = tuple(_described(*pair) for pair in zip(parts, places, strict=True))
    return _exposure(image, parts, header, data_id, described)


def trimmed(amplifiers: Sequence[Exposure], header: Any, data_id: Mapping[str, Any]) -> Exposure:
    """Assemble the light-sensitive pixels of amplifiers; see `untrimmed`."""
    parts = _parts(amplifiers, data_id)
    pixels = [part.pixels[part.turned(part.data).slices] for part in parts]
    image = _image(parts, [part.trimmed for part in parts], pixels)
    return _exposure(image, parts, header, data_id, ())


def _parts(amplifiers: Sequence[Exposure], data_id: Mapping[str, Any]) -> list[_Part]:
    if not amplifiers:
        raise FormatterError(f"there are no amplifiers of {dict(data_id)}")
    return [_part(exposure, exposure.translator) for exposure in amplifiers]


def _part(exposure: Exposure, translator: HeaderTranslator) -> _Part:
    name = str(exposure.header.get("EXTNAME", "")).strip()
    data = Box.from_section(_section(exposure, "DATASEC"))
    rows, columns = exposure.image.shape
    if not Box(0, 0, columns, rows).contains(data):
        raise FormatterError(
            f"amplifier {name}: DATASEC {exposure.header['DATASEC']} is not inside its "
            f"{columns} x {rows} pixels"
        )
    layout = translator.amplifiers.get(name)
    if layout is not None:
        column, row = layout["at"]
        place = Box(column * data.width, row * data.height, data.width, data.height)
        return _Part(exposure, layout.get("name", name), data, place, *layout["flip"])
    if translator.amplifiers:
        known = ", ".join(translator.amplifiers)
        raise FormatterError(f"the camera has no amplifier {name!r}; it has {known}")
    section = _section(exposure, "DETSEC")
    place = Box.from_section(section)
    if (place.width, place.height) != (data.width, data.height):
        raise FormatterError(
            f"amplifier {name}: DATASEC {exposure.header['DATASEC']} does not fit DETSEC {section}"
        )
    flip_x, flip_y = Section.of(section).backwards
    return _Part(exposure, name, data, place, flip_x, flip_y)


def _section(exposure: Exposure, keyword: str) -> str:
    section = exposure.header.get(keyword)
    if not isinstance(section, str):
        name = exposure.header.get("EXTNAME", "")
        raise FormatterError(f"the position of amplifier {name} is unknown: no {keyword}")
    return section


def _image(
    parts: Sequence[_Part], places: Sequence[Box], pixels: Sequence[NDArray[Any]]
) -> NDArray[Any]:
    """Return an image with pixels at their positions, which have to fill it without overlap."""
    shape = (
        max(place.y0 + place.height for place in places),
        max(place.x0 + place.width for place in places),
    )
    area = sum(place.width * place.height for place in places)
    if len(set(places)) != len(places) or area != shape[0] * shape[1]:
        raise FormatterError(
            f"the amplifiers {', '.join(part.name for part in parts)} do not fill {shape[1]} x "
            f"{shape[0]} pixels"
        )
    image = np.empty(shape, np.result_type(*(part.exposure.image.dtype for part in parts)))
    for place, part in zip(places, pixels, strict=True):
        image[place.slices] = part
    return image


def _described(part: _Part, place: Box) -> Amplifier:
    """Return the description of an amplifier in the assembled image."""
    width, height = part.size
    data = part.data
    right, above = data.x0 + data.width, data.y0 + data.height
    areas = {
        "data": data,
        "prescan": Box(0, data.y0, data.x0, data.height),
        "overscan": Box(right, data.y0, width - right, data.height),
        "postscan": Box(data.x0, above, data.width, height - above),
        **part.areas,
    }
    boxes: dict[str, Any] = {
        name: part.turned(box).shifted(place.x0, place.y0) for name, box in areas.items()
    }
    readout = part.numbers
    if readout is None:
        readout = part.exposure.translator.readout(part.exposure.metadata)
    turns = {"flip_x": False, "flip_y": False}  # they are flipped already
    return Amplifier(part.name, **boxes, trimmed=part.trimmed, raw=place, **{**turns, **readout})


def _sky(parts: Sequence[_Part]) -> Any:
    """Return the WCS of the detector's trimmed pixels from an amplifier's header; None without one.

    Amplifiers that are not flipped are preferred: a flipped WCS has no SIP.
    """
    for part in sorted(parts, key=lambda part: part.flip_x + part.flip_y):
        wcs = part.exposure.wcs
        if wcs is not None and not ((part.flip_x or part.flip_y) and wcs.sip is not None):
            return _turned_sky(wcs, part)
    return None


def _turned_sky(wcs: Any, part: _Part) -> Any:
    """Return the WCS of an amplifier's pixels as that of the detector's."""
    data, place = part.data, part.trimmed
    if not (part.flip_x or part.flip_y):
        return shifted(wcs, (data.x0 - place.x0, data.y0 - place.y0))
    made = wcs.deepcopy()
    matrix = (made.wcs.cd if made.wcs.has_cd() else made.wcs.get_pc()).copy()
    middle = made.wcs.crpix.copy()
    sides = (
        (part.flip_x, data.x0, data.width, place.x0),
        (part.flip_y, data.y0, data.height, place.y0),
    )
    for axis, (is_turned, start, length, corner) in enumerate(sides):
        offset = middle[axis] - 1 - start  # FITS counts from 1
        middle[axis] = 1 + corner + (length - 1 - offset if is_turned else offset)
        if is_turned:
            matrix[:, axis] *= -1
    made.wcs.crpix = middle
    if made.wcs.has_cd():
        made.wcs.cd = matrix
    else:
        made.wcs.pc = matrix
    made.wcs.set()
    made.pixel_shape = None
    return made


def _exposure(
    image: NDArray[Any],
    parts: Sequence[_Part],
    header: Any,
    data_id: Mapping[str, Any],
    amplifiers: tuple[Amplifier, ...],
) -> Exposure:
    translator = parts[0].exposure.translator
    whole = header.copy()
    for keyword in [key for key in whole if afwheader.SKY.fullmatch(key)]:
        del whole[keyword]  # the WCS of a simulation's own image, or of one amplifier
    whole["NAXIS"], whole["NAXIS1"], whole["NAXIS2"] = 2, image.shape[1], image.shape[0]
    made = parts[0].exposure.replaced(
        image=image, header=whole, primary=None, dataId=data_id, given_wcs=None
    )
    size = Box(
        0,
        0,
        max(part.trimmed.x0 + part.trimmed.width for part in parts),
        max(part.trimmed.y0 + part.trimmed.height for part in parts),
    )
    detector = translator.placed(data_id, whole, size, amplifiers)
    return made.replaced(detector=detector, wcs=boresight.wcs(made.visit_info, detector))
