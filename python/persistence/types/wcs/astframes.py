"""AST's frame sets: coordinate systems, and the mappings between them (afw-files 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from persistence.errors import FormatterError
from persistence.types.wcs.astbuild import build
from persistence.types.wcs.astdump import Dump
from persistence.types.wcs.astmaps import Inverted, Map, Scaled, Series


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Coordinate systems, each connected to another by a mapping.

    Attributes
    ----------
    frames : mapping [`int`, `Dump`]
        The dump of each frame, by its number, from 1.
    links : mapping [`int`, `tuple` [`int`, `Map`]]
        For each frame except one: another frame, and the mapping from that to this.
    base, current : `int`
        The frames between which the whole set is a mapping.
    """

    frames: Mapping[int, Dump]
    links: Mapping[int, tuple[int, Map]]
    base: int
    current: int

    @property
    def map(self) -> Map:
        """The mapping from the base frame to the current one."""
        return self.between(self.base, self.current)

    def between(self, start: int, end: int) -> Map:
        """Return the mapping from one frame to another."""
        up = [Inverted(self.links[frame][1]) for frame in self._ancestors(start)]
        down = [self.links[frame][1] for frame in self._ancestors(end)]
        made: Map | None = None
        for each in [*up, *reversed(down)]:
            made = each if made is None else Series(made, each)
        axes = self.frames[start].integer("Naxes", 1)
        return Scaled(np.ones(axes), np.zeros(axes)) if made is None else made

    def numbered(self, domain: str) -> int | None:
        """Return the number of the frame of a domain, such as ``IWC``; None if there is none."""
        return next(
            (number for number, frame in self.frames.items() if frame.text("Domain") == domain),
            None,
        )

    def _ancestors(self, frame: int) -> Iterator[int]:
        """Yield a frame and its ancestors, without the root."""
        for _ in self.frames:
            if frame not in self.links:
                return
            yield frame
            frame = self.links[frame][0]
        raise FormatterError("the frames of AST's FrameSet are connected in a circle")


def frame_set(dump: Dump) -> FrameSet:
    """Return the frame set of a dump.

    Raises
    ------
    FormatterError
        If it is not a frame set, or lacks a frame or a mapping.
    """
    if dump.name != "FrameSet":
        raise FormatterError(f"expected AST's FrameSet, not {dump.name}")
    frames = {
        number: dump.inner(f"Frm{number}") for number in range(1, dump.integer("Nframe", 0) + 1)
    }
    links = {}
    for number in frames:
        parent = dump.integer(f"Lnk{number}", 0)
        if parent:
            mapping = build(dump.inner(f"Map{number}"), bool(dump.integer(f"Inv{number}", 0)))
            links[number] = parent, mapping
    # AST's defaults: the first frame is the base, the last one current.
    base, current = dump.integer("Base", 1), dump.integer("Currnt", len(frames))
    unknown = ({base, current} | {parent for parent, _ in links.values()}) - set(frames)
    if unknown:
        raise FormatterError(f"AST's FrameSet has no frame {unknown.pop()}; it has {len(frames)}")
    return FrameSet(frames, links, base, current)
