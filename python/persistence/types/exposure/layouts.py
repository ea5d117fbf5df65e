"""The layouts of amplifiers in a camera's raw files, as its file describes them.

An amplifier is an HDU of its own, identified by its name, or a part of the detector's image. Its
areas are defined by sections in headers (``DATASEC``, ``BIASSEC``, ``DETSEC``), or by the camera's
file.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.errors import FormatterError, PolicyError
from persistence.files import header_values
from persistence.types.exposure import headersource
from persistence.types.exposure.detector import Amplifier
from persistence.types.exposure.headersource import Header, Source
from persistence.types.pixels.box import Box

# The areas of an amplifier, with their keywords if it is an HDU.
AREAS: Mapping[str, str | None] = {
    "data": "DATASEC",
    "overscan": "BIASSEC",
    "prescan": None,
    "postscan": None,
    "trimmed": "DETSEC",
}
NUMBERS = ("gain", "read_noise", "saturation")
_NAME = "%(amp)s"
_NOTHING = Box(0, 0, 0, 0)
_MOST_SHOWN = 20


class Section(NamedTuple):
    """Pixels of an image, and the direction in which they are counted.

    Attributes
    ----------
    box : `Box`
        The pixels, from 0.
    backwards : `tuple` [`bool`, `bool`]
        Whether columns, and rows, are named from the last to the first.
    """

    box: Box
    backwards: tuple[bool, bool] = (False, False)

    @classmethod
    def of(cls, text: str) -> Section:
        """Return the section in a text of a FITS header."""
        box = Box.from_section(text)
        x1, x2, y1, y2 = (int(number) for number in re.findall(r"\d+", text))
        return cls(box, (x1 > x2, y1 > y2))


class Read(NamedTuple):
    """An amplifier as a header describes it.

    Attributes
    ----------
    areas : mapping [`str`, `Box`]
        ``data`` and other known areas in the image that contains the amplifier.
    trimmed : `Box`
        The position of its light-sensitive pixels in the detector.
    flip : `tuple` [`bool`, `bool`]
        Whether its columns, and its rows, run against those of the detector.
    numbers : mapping
        ``gain``, ``read_noise``, ``saturation``, ``corner``, as far as known.
    """

    areas: Mapping[str, Box]
    trimmed: Box
    flip: tuple[bool, bool]
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class AmplifierLayout:
    """One amplifier of a layout.

    Attributes
    ----------
    name : `str`
        Its name.
    hdu : `str` or None
        The EXTNAME of its HDU, with keys of the data ID; None if it is a part of the detector's
        image.
    areas : mapping
        For each of `AREAS`: the keyword of a section, or a `Section`.
    numbers : mapping
        For each of `NUMBERS`: its sources.
    flip : `tuple` [`bool`, `bool`] or None
        Whether its columns and rows run against the detector's; None if the sections define it.
    corner : `str` or None
        The corner that is read first.
    """

    name: str
    hdu: str | None
    areas: Mapping[str, str | Section]
    numbers: Mapping[str, tuple[Source, ...]]
    flip: tuple[bool, bool] | None = None
    corner: str | None = None

    def read(self, header: Header, shape: tuple[int, int] | None) -> Read:
        """Return the amplifier as a header describes it.

        Parameters
        ----------
        header : `Header`
            The header of its HDU, or of the detector's image.
        shape : `tuple` [`int`, `int`] or `None`
            The numbers of columns and rows of that HDU, if known.

        Returns
        -------
        `Read`
            The amplifier.

        Raises
        ------
        FormatterError
            If a section is missing, invalid, or does not fit; the message names the amplifier.
        """
        sections = {
            area: section for area in AREAS if (section := self._section(area, header)) is not None
        }
        data, trimmed = sections["data"], sections["trimmed"]
        for area, section in sections.items():
            if area != "trimmed" and shape is not None and not _within(section.box, shape):
                raise FormatterError(
                    f"amplifier {self.name}: {self._told(area, header)} is not inside its "
                    f"{shape[0]} x {shape[1]} pixels"
                )
        if (data.box.width, data.box.height) != (trimmed.box.width, trimmed.box.height):
            told = (self._told(area, header) for area in ("data", "trimmed"))
            raise FormatterError(f"amplifier {self.name}: {' does not fit '.join(told)}")
        turned = zip(data.backwards, trimmed.backwards, strict=True)
        flip = self.flip or tuple(one != other for one, other in turned)
        numbers: dict[str, Any] = {name: self._number(name, header) for name in self.numbers}
        if self.corner is not None:
            numbers["corner"] = self.corner
        areas = {area: section.box for area, section in sections.items() if area != "trimmed"}
        return Read(areas, trimmed.box, (flip[0], flip[1]), numbers)

    def is_in(self, header: Header, *areas: str) -> bool:
        """Return whether a header has the sections of some areas.

        Areas whose sections are in the camera's file count as present.
        """
        told = (self.areas[area] for area in areas)
        return all(
            headersource.card(header, key) is not None for key in told if isinstance(key, str)
        )

    def _section(self, area: str, header: Header) -> Section | None:
        told = self.areas.get(area)
        if told is None or isinstance(told, Section):
            return told
        text = headersource.card(header, told)
        if text is None:
            # sections that the camera's file does not name are optional
            if area in ("data", "trimmed") or told != AREAS[area]:
                raise FormatterError(f"amplifier {self.name}: the header has no {told} ({area})")
            return None
        try:
            return Section.of(text)
        except FormatterError as error:
            raise FormatterError(f"amplifier {self.name}: {told}: {error}") from error

    def _told(self, area: str, header: Header) -> str:
        told = self.areas[area]
        if isinstance(told, str):
            return f"{told} {headersource.card(header, told)}"
        box = told.box
        return f"{area} [{box.x0 + 1}:{box.x0 + box.width},{box.y0 + 1}:{box.y0 + box.height}]"

    def _number(self, name: str, header: Header) -> float | None:
        value = headersource.first(self.numbers[name], header)
        return header_values.number(value)


def _within(box: Box, shape: tuple[int, int]) -> bool:
    return Box(0, 0, *shape).contains(box)


@dataclass(frozen=True)
class Layout:
    """The layout of amplifiers in one kind of raw file.

    Attributes
    ----------
    name : `str`
        Its name, for messages.
    where : `str`
        File and line of its definition.
    amplifiers : `tuple` [`AmplifierLayout`]
        All amplifiers of a detector.
    when : mapping [`str`, `tuple`]
        Keyword -> the values, as text, in files with this layout.
    size : `tuple` [`int`, `int`], `str` or None
        Columns and rows of the trimmed detector, or the keyword of a section that covers it.
    mosaic : `bool`
        Whether positions are in a mosaic of several detectors.
    types : `tuple` [`str`]
        The dataset types of such files.
    """

    name: str
    where: str
    amplifiers: tuple[AmplifierLayout, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    size: tuple[int, int] | str | None = None
    mosaic: bool = False
    types: tuple[str, ...] = ("raw",)

    @property
    def has_hdus(self) -> bool:
        """Whether each amplifier is an HDU of its own."""
        return self.amplifiers[0].hdu is not None

    def __str__(self) -> str:
        return f"{self.name} ({self.where})"

    def __getitem__(self, name: str) -> AmplifierLayout:
        return next(each for each in self.amplifiers if each.name == name)

    def names(self, data_id: Mapping[str, Any]) -> dict[str, str]:
        """Return the EXTNAME of each amplifier's HDU: amplifier -> name.

        Raises
        ------
        FormatterError
            If the data ID lacks a key that the names use.
        """
        try:
            return {each.name: str(each.hdu) % data_id for each in self.amplifiers}
        except (KeyError, TypeError, ValueError) as error:
            raise FormatterError(
                f"the layout {self} does not define the HDUs of {dict(data_id)}: {error!r}"
            ) from error

    def applies(self, header: Header) -> bool:
        """Return whether a file's cards match this layout."""
        return all(
            _text(headersource.card(header, key)) in texts for key, texts in self.when.items()
        )

    def is_in(self, header: Header) -> bool:
        """Return whether an image's header has all sections of this layout."""
        return all(each.is_in(header, "data", "trimmed") for each in self.amplifiers)

    def in_image(self, header: Header) -> tuple[Amplifier, ...]:
        """Return the amplifiers of an image that contains all of them.

        Raises
        ------
        FormatterError
            If they do not fit together, or into the image.
        """
        shape = _shape(header)
        parts = {each.name: each.read(header, shape) for each in self.amplifiers}
        places = self.placed({name: part.trimmed for name, part in parts.items()}, header)
        return tuple(
            Amplifier(
                name,
                data=part.areas["data"],
                overscan=part.areas.get("overscan", _NOTHING),
                prescan=part.areas.get("prescan", _NOTHING),
                postscan=part.areas.get("postscan", _NOTHING),
                trimmed=places[name],
                flip_x=part.flip[0],
                flip_y=part.flip[1],
                **part.numbers,
            )
            for name, part in parts.items()
        )

    def placed(self, places: Mapping[str, Box], header: Header) -> dict[str, Box]:
        """Return the positions of amplifiers in their detector, from those in a header.

        Raises
        ------
        FormatterError
            If two overlap, or one is outside of the detector.
        """
        found = dict(places)
        if self.mosaic:
            x0, y0 = (min(getattr(box, end) for box in places.values()) for end in ("x0", "y0"))
            found = {name: box.shifted(-x0, -y0) for name, box in places.items()}
        pair = overlapping(found)
        if pair is not None:
            one, other = pair
            raise FormatterError(
                f"amplifiers {one} ({_shown(found[one])}) and {other} ({_shown(found[other])}) "
                f"overlap in the detector, according to the layout {self}"
            )
        size = self._size(header)
        for name, box in found.items():
            if size is not None and not _within(box, size):
                raise FormatterError(
                    f"amplifier {name} is at {_shown(box)}, outside of the detector, which has "
                    f"{size[0]} x {size[1]} pixels, by the layout {self}"
                )
        return found

    def _size(self, header: Header) -> tuple[int, int] | None:
        if not isinstance(self.size, str):
            return self.size
        text = headersource.card(header, self.size)
        if text is None:
            raise FormatterError(
                f"the header has no {self.size}, the detector's size by the layout {self}"
            )
        box = Box.from_section(text)
        return box.width, box.height


def _shape(header: Header) -> tuple[int, int] | None:
    """Return the numbers of columns and rows of an image, compressed or not."""
    sizes = [
        headersource.card(header, f"Z{key}") or headersource.card(header, key)
        for key in ("NAXIS1", "NAXIS2")
    ]
    return (sizes[0], sizes[1]) if all(type(size) is int for size in sizes) else None


def _text(value: Any) -> str | None:
    known = header_values.known(value)
    return str(known).lower() if isinstance(known, bool) else None if known is None else str(known)


def _shown(box: Box) -> str:
    return f"[{box.x0 + 1}:{box.x0 + box.width},{box.y0 + 1}:{box.y0 + box.height}]"


def overlapping(places: Mapping[str, Box]) -> tuple[str, str] | None:
    """Return the names of two boxes that overlap; None if there are none."""
    for (one, a), (other, b) in itertools.combinations(places.items(), 2):
        if (
            a.x0 < b.x0 + b.width
            and b.x0 < a.x0 + a.width
            and a.y0 < b.y0 + b.height
            and b.y0 < a.y0 + a.height
        ):
            return one, other
    return None


# -- the layout of a file
# ---------------------------------------------------------------------------------------------


def amplifiers_of(layouts: Sequence[Layout], header: Header) -> tuple[Amplifier, ...]:
    """Return the amplifiers of a detector's image, from the first layout that matches.

    Empty without a match: the image is trimmed, or each amplifier is an HDU.
    """
    for layout in layouts:
        is_whole = not layout.has_hdus and all(
            each.is_in(header, "data") for each in layout.amplifiers
        )
        if is_whole and layout.applies(header) and _has_size(layout, header):
            return layout.in_image(header)
    return ()


def _has_size(layout: Layout, header: Header) -> bool:
    """Return whether an image is large enough for a layout that only the camera's file describes.

    A trimmed image is not.
    """
    told = [
        section.box
        for each in layout.amplifiers
        for area, section in each.areas.items()
        if isinstance(section, Section) and area != "trimmed"
    ]
    shape = _shape(header)
    if not told or shape is None:
        return True
    return shape == (
        max(box.x0 + box.width for box in told),
        max(box.y0 + box.height for box in told),
    )


def of_file(
    layouts: Sequence[Layout], headers: Sequence[Header], data_id: Mapping[str, Any]
) -> tuple[Layout, dict[str, int]] | None:
    """Return the layout of a file whose amplifiers are HDUs, and the number of each one's HDU.

    Parameters
    ----------
    layouts : sequence of `Layout`
        The camera's layouts; the first one of which the file has an HDU counts.
    headers : sequence of `Header`
        The headers of the file's HDUs, the primary one first.
    data_id : mapping
        The detector's data ID.

    Returns
    -------
    layout : `tuple` [`Layout`, `dict` [`str`, `int`]] or None
        None if the file is an image of a whole detector.

    Raises
    ------
    FormatterError
        If no layout matches, or an HDU is missing or repeated.
    """
    numbers: dict[str, list[int]] = {}
    for number, header in enumerate(headers):
        name = header_values.text(headersource.card(header, "EXTNAME"))
        if name is not None:
            numbers.setdefault(name, []).append(number)
    fitting = [layout for layout in layouts if layout.applies(headers[0])]
    for layout in fitting:
        if not layout.has_hdus:
            if any(layout.is_in(header) for header in headers):
                return None
            continue
        wanted = layout.names(data_id)
        if any(name in numbers for name in wanted.values()):
            return layout, {amp: _one(amp, name, numbers, layout) for amp, name in wanted.items()}
    known = "; ".join(map(str, layouts))
    told = ", ".join([*numbers][:_MOST_SHOWN]) or "none"
    raise FormatterError(
        f"it has none of the layouts in the camera's file: {known}; its HDUs are called {told}"
    )


def _one(amplifier: str, name: str, numbers: Mapping[str, list[int]], layout: Layout) -> int:
    known = numbers.get(name, [])
    if len(known) == 1:
        return known[0]
    if known:
        raise FormatterError(
            f"HDUs {' and '.join(map(str, known))} both have the name {name}, that of "
            f"amplifier {amplifier}"
        )
    told = ", ".join([*numbers][:_MOST_SHOWN])
    raise FormatterError(
        f"it has no HDU {name} for amplifier {amplifier}, according to the layout {layout}; its "
        f"HDUs are {told}"
    )


# -- of a camera's file
# ---------------------------------------------------------------------------------------------


def of_settings(
    said: Iterable[Mapping[str, Any]],
    readout: Mapping[str, Any],
    size: Any,
    where: Callable[..., str],
) -> tuple[Layout, ...]:
    """Return the layouts in a camera's file.

    Parameters
    ----------
    said : iterable of mapping
        The section ``layouts``, which was checked on loading.
    readout : mapping
        The section ``readout``: numbers for amplifiers that have none.
    size : object
        The size of detectors, if the focal plane has it.
    where : callable
        A function that returns file and line of a setting, given its keys.

    Raises
    ------
    PolicyError
        If amplifiers do not fit together; the message has file and line.
    """
    return tuple(_layout(number, entry, readout, size, where) for number, entry in enumerate(said))


def _layout(
    number: int,
    entry: Mapping[str, Any],
    readout: Mapping[str, Any],
    size: Any,
    where: Callable[..., str],
) -> Layout:
    listed = entry["amplifiers"]
    own = listed if isinstance(listed, Mapping) else {str(name): {} for name in listed}
    amplifiers = tuple(
        _amplifier(
            str(name),
            {**readout, **entry, **(changes or {})},
            where("layouts", number, "amplifiers", name),
        )
        for name, changes in own.items()
    )
    size = entry.get("size", size)
    layout = Layout(
        str(entry.get("name", number + 1)),
        where("layouts", number),
        amplifiers,
        {key: _texts(values) for key, values in entry.get("when", {}).items()},
        tuple(size) if isinstance(size, list) else size,
        bool(entry.get("mosaic", False)),
        tuple(entry.get("types", ("raw",))),
    )
    _check(layout)
    return layout


def _texts(values: Any) -> tuple[str, ...]:
    listed = values if isinstance(values, list) else [values]
    return tuple(text for value in listed if (text := _text(value)) is not None)


def _amplifier(name: str, said: Mapping[str, Any], where: str) -> AmplifierLayout:
    def named(value: Any) -> Any:
        return value.replace(_NAME, name) if isinstance(value, str) else value

    hdu = named(said.get("hdu"))
    areas: dict[str, str | Section] = {}
    for area, keyword in AREAS.items():
        told = named(said.get(area, keyword if hdu is not None else None))
        if isinstance(told, list):
            areas[area] = Section(Box(*told))
        elif told is not None:
            try:
                areas[area] = Section.of(told) if told.startswith("[") else told
            except FormatterError as error:
                raise PolicyError(f"{where}: amplifier {name}: {area}: {error}") from error
    for area in ("data", "trimmed"):
        if area not in areas:
            raise PolicyError(f"{where}: amplifier {name} needs {area}")
    numbers = {key: _sources(named(said[key]), named) for key in NUMBERS if key in said}
    flip = said.get("flip")
    return AmplifierLayout(
        name, hdu, areas, numbers, None if flip is None else (flip[0], flip[1]), said.get("corner")
    )


def _sources(entry: Any, named: Callable[[Any], Any]) -> tuple[Source, ...]:
    if isinstance(entry, int | float):
        return (Source(value=entry),)
    if isinstance(entry, Mapping):
        return headersource.sources({key: named(value) for key, value in entry.items()})
    if isinstance(entry, list):
        return tuple(source for one in entry for source in _sources(one, named))
    return headersource.sources(named(entry))


def _check(layout: Layout) -> None:
    """Raise an error for a layout that no file can have, as far as the camera's file shows."""
    names = [each.hdu for each in layout.amplifiers]
    if (None in names) != (names == [None] * len(names)):
        raise PolicyError(f"{layout.where}: either all of its amplifiers need an hdu, or none")
    twice = next((name for name in names if name is not None and names.count(name) > 1), None)
    if twice is not None:
        raise PolicyError(f"{layout.where}: two amplifiers are in one HDU, {twice}")
    told: dict[str, Box] = {}
    for each in layout.amplifiers:
        data, trimmed = each.areas["data"], each.areas["trimmed"]
        if isinstance(trimmed, Section):
            told[each.name] = trimmed.box
            if isinstance(data, Section):
                sizes = [f"{one.box.width} x {one.box.height}" for one in (data, trimmed)]
                if len(set(sizes)) > 1:
                    raise PolicyError(
                        f"{layout.where}: amplifier {each.name}: data has {sizes[0]} pixels, "
                        f"trimmed {sizes[1]}"
                    )
    literal = Layout(
        layout.name,
        layout.where,
        layout.amplifiers,
        size=None if isinstance(layout.size, str) else layout.size,
    )
    try:
        literal.placed(told, {})
    except FormatterError as error:
        raise PolicyError(f"{layout.where}: {error}") from error
