"""`SpanSet`: a set of pixels, as runs along rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.detection.runs import components
from persistence.gen2types.detection.span import Span, Stencil
from persistence.gen2types.exceptions import OutOfRangeError
from persistence.gen2types.face import Face
from persistence.types.pixels.box import Box
from persistence.types.table import footprint as ours

Pixels = NDArray[Any]


class SpanSet(Face[ours.SpanSet]):
    """A set of pixels; it does not change.

    Parameters
    ----------
    spans : `Box2I` or iterable of `Span`, optional
        A box of pixels, or runs of them, which may overlap.
    """

    def __init__(self, spans: Any = (), normalize: bool = True) -> None:
        if isinstance(spans, Box2I):
            rows = np.arange(spans.getBeginY(), spans.getEndY())
            ends = (np.full(len(rows), x) for x in (spans.getMinX(), spans.getMaxX()))
            self._ours = ours.SpanSet.from_arrays(rows, *ends)
            return
        listed = [(span.y, span.x0, span.x1) for span in spans]
        spanset = ours.SpanSet.from_arrays(*np.array(listed, np.int64).reshape(-1, 3).T)
        self._ours = (
            ours.SpanSet.from_mask(spanset.mask(), _corner(spanset.bbox)) if listed else spanset
        )

    # -- made of other things
    @classmethod
    def fromMask(cls, mask: Any, bitmask: int | Callable[..., Any] | None = None) -> SpanSet:
        """Return the pixels of a mask that have one of some bits; any bit if absent."""
        array = mask.array
        if callable(bitmask):
            chosen = np.vectorize(bitmask, otypes=[bool])(array)
        else:
            chosen = array != 0 if bitmask is None else (array & bitmask) != 0
        return cls.of(ours.SpanSet.from_mask(chosen, (mask.getX0(), mask.getY0())))

    @classmethod
    def fromShape(
        cls, shape: Any, s: Stencil = Stencil.CIRCLE, offset: tuple[int, int] = (0, 0)
    ) -> SpanSet:
        """Return the pixels within a distance of the origin, or in an ellipse.

        Parameters
        ----------
        shape : `int` or `Ellipse`
            The distance in pixels, or the ellipse.
        s : `Stencil`, optional
            What the distance means.
        offset : pair of `int`, optional
            Where the origin is.
        """
        if hasattr(shape, "getCore"):
            return cls.of(_ellipse(shape))
        radius = int(shape)
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        inside = {
            Stencil.CIRCLE: x**2 + y**2 <= radius**2,
            Stencil.BOX: np.ones(x.shape, bool),
            Stencil.MANHATTAN: abs(x) + abs(y) <= radius,
        }[s]
        dx, dy = offset
        return cls.of(ours.SpanSet.from_mask(inside, (dx - radius, dy - radius)))

    # -- what it is
    def getArea(self) -> int:
        return self._ours.area

    def getBBox(self) -> Box2I:
        return Box2I.of(self._ours.bbox)

    def size(self) -> int:
        return len(self._ours)

    def empty(self) -> bool:
        return not len(self._ours)

    def __len__(self) -> int:
        return len(self._ours)

    def __iter__(self) -> Iterator[Span]:
        runs = self._ours
        return (Span(*run) for run in zip(runs.y, runs.x0, runs.x1, strict=True))

    def __getitem__(self, index: int) -> Span:
        if not -len(self) <= index < len(self):
            raise OutOfRangeError(f"span {index} is out of range: there are {len(self)}")
        return list(self)[index]

    def indices(self) -> list[list[int]]:
        """Return the rows, and the columns, of all pixels."""
        y, x = self._ours.indices()
        return [y.tolist(), x.tolist()]

    def computeCentroid(self) -> Point2D:
        y, x = self._ours.indices()
        return Point2D(float(np.mean(x)), float(np.mean(y)))

    def computeShape(self) -> Any:
        """Return the second moments of the pixels."""
        from persistence.gen2types.ellipses import Quadrupole

        y, x = self._ours.indices()
        dx, dy = x - np.mean(x), y - np.mean(y)
        return Quadrupole(*(float(np.mean(each)) for each in (dx * dx, dy * dy, dx * dy)))

    def contains(self, other: Any) -> bool:
        """Return whether a pixel belongs to the set, or all of another set."""
        if isinstance(other, SpanSet):
            return other.intersectNot(self).empty()
        return self._ours.contains(int(other[0]), int(other[1]))

    def __contains__(self, other: Any) -> bool:
        return self.contains(other)

    def overlaps(self, other: SpanSet) -> bool:
        return not self.intersect(other).empty()

    def isContiguous(self) -> bool:
        return len(self.split()) <= 1

    def split(self) -> list[SpanSet]:
        """Return the parts of the set that do not touch each other along a side."""
        return [
            SpanSet.of(ours.SpanSet(*(ends[part] for ends in _ends(self._ours))))
            for part in components(self._ours.y, self._ours.x0, self._ours.x1, reach=0)
        ]

    # -- other sets
    def shiftedBy(self, *offset: Any) -> SpanSet:
        dx, dy = offset if len(offset) == 2 else offset[0]
        runs = self._ours
        return SpanSet.of(ours.SpanSet(runs.y + int(dy), runs.x0 + int(dx), runs.x1 + int(dx)))

    def clippedTo(self, box: Box2I) -> SpanSet:
        return self.intersect(SpanSet(box))

    def _combined(self, other: SpanSet, combine: Callable[[Pixels, Pixels], Pixels]) -> SpanSet:
        box = _around(self._ours.bbox, other._ours.bbox)
        inside = combine(self._ours.mask(box), other._ours.mask(box))
        return SpanSet.of(ours.SpanSet.from_mask(inside, _corner(box)))

    def union(self, other: Any, bitmask: int | None = None) -> SpanSet:
        return self._combined(_set(other, bitmask), np.logical_or)

    def intersect(self, other: Any, bitmask: int | None = None) -> SpanSet:
        return self._combined(_set(other, bitmask), np.logical_and)

    def intersectNot(self, other: Any, bitmask: int | None = None) -> SpanSet:
        return self._combined(_set(other, bitmask), lambda mine, theirs: mine & ~theirs)

    def dilated(self, by: Any, s: Stencil = Stencil.CIRCLE) -> SpanSet:
        """Return the pixels within a distance of the set's, or under a set moved over it."""
        moved = by if isinstance(by, SpanSet) else SpanSet.fromShape(by, s)
        grown = _around(self._ours.bbox, self._ours.bbox)
        reach = moved._ours.bbox
        box = Box(
            grown.x0 + reach.x0,
            grown.y0 + reach.y0,
            grown.width + reach.width - 1,
            grown.height + reach.height - 1,
        )
        if self.empty() or moved.empty():
            return SpanSet()
        inside, source = np.zeros((box.height, box.width), bool), self._ours.mask()
        for dy, dx in zip(*moved._ours.indices(), strict=True):
            y, x = dy - reach.y0, dx - reach.x0
            inside[y : y + source.shape[0], x : x + source.shape[1]] |= source
        return SpanSet.of(ours.SpanSet.from_mask(inside, _corner(box)))

    def eroded(self, by: Any, s: Stencil = Stencil.CIRCLE) -> SpanSet:
        """Return the pixels all of whose neighbours within a distance belong to the set."""
        moved = by if isinstance(by, SpanSet) else SpanSet.fromShape(by, s)
        left = self
        for dy, dx in zip(*moved._ours.indices(), strict=True):
            left = left.intersect(self.shiftedBy(-dx, -dy))
        return left

    def findEdgePixels(self) -> SpanSet:
        """Return the pixels that have a neighbour, along a side, outside the set."""
        return self.intersectNot(self.eroded(1))

    def transformedBy(self, transform: Any) -> SpanSet:
        """Return the pixels whose centres come from the set's pixels.

        Parameters
        ----------
        transform : `TransformPoint2ToPoint2`, `LinearTransform` or `AffineTransform`
            Where pixels go.
        """
        if hasattr(transform, "applyForward"):
            forward, back = transform.applyForward, transform.applyInverse
        else:
            inverse = transform.inverted()
            forward, back = _each(transform), _each(inverse)
        corners = forward([Point2D(corner) for corner in self.getBBox().getCorners()])
        ends = np.array([tuple(corner) for corner in corners])
        low = np.floor(ends.min(axis=0) + 0.5).astype(int)
        high = np.ceil(ends.max(axis=0) - 0.5).astype(int)
        y, x = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
        pixels = [
            Point2D(float(px), float(py)) for px, py in zip(x.ravel(), y.ravel(), strict=True)
        ]
        inside = [
            self._ours.contains(int(np.floor(px + 0.5)), int(np.floor(py + 0.5)))
            for px, py in (tuple(point) for point in back(pixels))
        ]
        chosen = np.reshape(inside, x.shape)
        return SpanSet.of(ours.SpanSet.from_mask(chosen, (int(low[0]), int(low[1]))))

    # -- images
    def _inside(self, box: Box, clip: bool) -> tuple[Pixels, Pixels, Pixels]:
        """Return the rows and columns of the set's pixels in an image, and which of them these are.

        Raises
        ------
        OutOfRangeError
            If pixels are outside the image, and are not to be omitted.
        """
        y, x = self._ours.indices()
        y, x = y - box.y0, x - box.x0
        inside = (y >= 0) & (y < box.height) & (x >= 0) & (x < box.width)
        if not clip and not inside.all():
            raise OutOfRangeError(
                f"{int((~inside).sum())} of {len(y)} pixels lie outside the image, which is {box}"
            )
        return y[inside], x[inside], inside

    def setImage(self, image: Any, val: Any, region: Any = None, doClip: bool = False) -> None:
        """Set the pixels of an image to a value.

        Parameters
        ----------
        image : `Image` or `MaskedImage`
            The image.
        val : `float`
            The value.
        region : `Box2I`, optional
            Beyond which no pixel is set.
        doClip : `bool`, optional
            Whether pixels outside the image are left out.

        Raises
        ------
        OutOfRangeError
            If pixels are outside the image, and are not to be omitted.
        """
        spans = self if region is None else self.clippedTo(region)
        y, x, _ = spans._inside(_box(image), doClip)
        _array(image)[y, x] = val

    def copyImage(self, src: Any, dest: Any) -> None:
        """Copy the set's pixels of an image to another."""
        y, x, _ = self._inside(_box(src), clip=False)
        to_y, to_x, _ = self._inside(_box(dest), clip=False)
        _array(dest)[to_y, to_x] = _array(src)[y, x]

    def setMask(self, mask: Any, bitmask: int) -> None:
        """Set bits of a mask at the set's pixels."""
        y, x, _ = self._inside(_box(mask), clip=False)
        mask.array[y, x] |= bitmask

    def clearMask(self, mask: Any, bitmask: int) -> None:
        """Clear bits of a mask at the set's pixels."""
        y, x, _ = self._inside(_box(mask), clip=False)
        mask.array[y, x] &= ~np.asarray(bitmask, mask.array.dtype)

    def flatten(self, input: Pixels, xy0: Any = (0, 0)) -> Pixels:
        """Return the values of an array at the set's pixels, run by run."""
        box = Box(int(xy0[0]), int(xy0[1]), input.shape[1], input.shape[0])
        y, x, _ = self._inside(box, clip=False)
        return input[y, x]

    def unflatten(self, *args: Any) -> Pixels:
        """Return values, one for each pixel run by run, as an image over the box of the set.

        Parameters
        ----------
        *args : array, array, `Point2I`
            The values; or an array that they are written to, the values, and perhaps where the
            first element of the array lies.
        """
        if len(args) > 1:
            output: Pixels = args[0]
            values = np.asarray(args[1])
            x0, y0 = args[2] if len(args) > 2 else (0, 0)
            y, x, _ = self._inside(Box(int(x0), int(y0), output.shape[1], output.shape[0]), False)
            output[y, x] = values
            return output
        values, box = np.asarray(args[0]), self._ours.bbox
        image = np.zeros((box.height, box.width, *values.shape[1:]), values.dtype)
        y, x, _ = self._inside(box, clip=False)
        image[y, x] = values
        return image

    def asArray(self, shape: tuple[int, int] | None = None, xy0: Any = None) -> Pixels:
        """Return an image that is true at the set's pixels, by default over its box."""
        if shape is None:
            return self._ours.mask()
        x0, y0 = (0, 0) if xy0 is None else xy0
        return self._ours.mask(Box(int(x0), int(y0), shape[1], shape[0]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpanSet):
            return NotImplemented
        pairs = zip(_ends(self._ours), _ends(other._ours), strict=True)
        return all(np.array_equal(first, two) for first, two in pairs)

    def __hash__(self) -> int:
        return hash(tuple(ends.tobytes() for ends in _ends(self._ours)))

    def __repr__(self) -> str:
        return "\n".join(repr(span) for span in self)


def _each(transform: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda points: [transform(point) for point in points]


def _box(image: Any) -> Box:
    return Box.from_any(image.getBBox())


def _array(image: Any) -> Pixels:
    """Return the pixels of an image, or of the image of a masked one."""
    array: Pixels = getattr(image, "image", image).array
    return array


def _set(other: Any, bitmask: int | None) -> SpanSet:
    return other if isinstance(other, SpanSet) else SpanSet.fromMask(other, bitmask)


def _ends(runs: ours.SpanSet) -> tuple[NDArray[np.int64], ...]:
    return runs.y, runs.x0, runs.x1


def _corner(box: Box) -> tuple[int, int]:
    return box.x0, box.y0


def _around(first: Box, other: Box) -> Box:
    """Return the smallest box around two."""
    if not first.width * first.height:
        return other
    if not other.width * other.height:
        return first
    x0, y0 = min(first.x0, other.x0), min(first.y0, other.y0)
    x1 = max(first.x0 + first.width, other.x0 + other.width)
    y1 = max(first.y0 + first.height, other.y0 + other.height)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _ellipse(shape: Any) -> ours.SpanSet:
    """Return the pixels whose centres are in an ellipse."""
    from persistence.gen2types.ellipses import Quadrupole

    moments, (cx, cy) = Quadrupole(shape.getCore()), tuple(shape.getCenter())
    ixx, iyy, ixy = moments.getIxx(), moments.getIyy(), moments.getIxy()
    reach = np.sqrt([ixx, iyy])
    low, high = np.floor([cx, cy] - reach).astype(int), np.ceil([cx, cy] + reach).astype(int)
    y, x = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    dx, dy, det = x - cx, y - cy, ixx * iyy - ixy**2
    inside = (iyy * dx**2 - 2 * ixy * dx * dy + ixx * dy**2) / det <= 1
    return ours.SpanSet.from_mask(inside, (int(low[0]), int(low[1])))
