"""The metadata of an exposure: its header as afw shows it, written back where it was changed."""

from __future__ import annotations

from typing import Any

from astropy.io import fits

from persistence.gen2types import unwrap, wrap
from persistence.types.exposure import afwheader
from persistence.types.exposure.exposure import Exposure


class Metadata:
    """The `PropertyList` of an exposure, created when it is first asked for.

    Parameters
    ----------
    ours : `Exposure`
        Whose header it shows, without the cards of the sky, the visit, the archive and the HDU.
    """

    def __init__(self, ours: Exposure) -> None:
        self._ours = ours
        self._face: Any = None
        self._before: dict[str, Any] = {}

    def get(self) -> Any:
        if self._face is None:
            from persistence.gen2types.images.header import Header  # lazy: few need it

            self._face = Header.of(self._ours.observers_metadata)
            self._before = dict(self._face.toDict())
        return self._face

    def set(self, metadata: Any) -> None:
        self.get()
        self._face = wrap(metadata)

    def write_back(self) -> None:
        """Change the cards of the exposure's header that were changed here."""
        if self._face is None:
            return
        now = dict(self._face.toDict())
        changed = {name: value for name, value in now.items() if self._differs(name, value)}
        gone = [name for name in self._before if name not in now]
        if not changed and not gone:
            return
        ours = self._ours
        headers = {"header": ours.header.copy()}
        if ours.primary is not None:
            headers["primary"] = ours.primary.copy()
        for header in headers.values():
            for name in (*gone, *changed):
                header.remove(name, ignore_missing=True, remove_all=True)
        comments = _comments(self._face)
        for name, value in changed.items():
            keyword = name if len(name) <= 8 and name == name.upper() else f"HIERARCH {name}"
            for each in value if isinstance(value, list | tuple) else [value]:
                card = fits.Card(keyword, _written(each), comments.get(name))
                [*headers.values()][-1].append(card, end=True)
        for where, header in headers.items():
            setattr(ours, where, header)
        self._before = now

    def _differs(self, name: str, value: Any) -> bool:
        if name not in self._before:
            return True
        before = self._before[name]
        return type(before) is not type(value) or bool(before != value and value == value)


def _written(value: Any) -> Any:
    """Return a value as a card can hold it; other objects, such as dates, as text."""
    return value if isinstance(value, bool | int | float | str | type(None)) else str(unwrap(value))


def _comments(metadata: Any) -> dict[str, str]:
    names = metadata.names() if hasattr(metadata, "getComment") else []
    return {name: metadata.getComment(name) for name in names}


def without_sky(ours: Exposure) -> None:
    """Remove the cards of the WCS from the headers of an exposure, which keeps its position."""
    origin = ours.origin
    ours.header = afwheader.without(ours.header, afwheader.SKY)
    if ours.primary is not None:
        ours.primary = afwheader.without(ours.primary, afwheader.SKY)
    ours.cutout = origin
    ours.wcs = None
