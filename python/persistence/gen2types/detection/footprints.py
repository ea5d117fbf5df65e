"""`Footprint` and `HeavyFootprint`: the pixels of a source, its peaks, and its pixels' values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.files.atomic import atomic_write
from persistence.gen2types import wrap
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.detection.span import Span, Stencil
from persistence.gen2types.detection.spans import SpanSet
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.table.peaks import PeakCatalog, PeakTable
from persistence.gen2types.table.schema import Schema
from persistence.types.archives.read import open_archive
from persistence.types.table import footprint as ours
from persistence.types.table.catalog import Catalog


class Footprint(Face[ours.Footprint]):
    """The pixels of a source, and the peaks among them.

    Parameters
    ----------
    spans : `SpanSet` or `Box2I`, optional
        The pixels; none if absent.
    *args : `Box2I`, `Schema`
        The box of its image, and the schema of its peaks; both are optional.
    """

    def __init__(self, spans: Any = None, *args: Any, **named: Any) -> None:
        args = (*args, *named.values())
        if isinstance(spans, Footprint):
            self._ours, self._region = spans.astropy, spans.getRegion()
            self._peaks: PeakCatalog | None = None
            return
        boxes = [arg for arg in args if isinstance(arg, Box2I)]
        schemas = [arg for arg in args if isinstance(arg, Schema)]
        spans = SpanSet() if spans is None else spans
        spans = SpanSet(spans) if isinstance(spans, Box2I) else spans
        self._region = boxes[0] if boxes else Box2I()
        self._peaks = PeakCatalog(schemas[0] if schemas else PeakTable.makeMinimalSchema())
        self._ours = ours.Footprint(unwrapped(spans), _rows(self._peaks))

    @classmethod
    def of(cls, footprint: Any) -> Any:
        """Return the face of a footprint, of the class for those with pixels if it has them."""
        if isinstance(footprint, ours.HeavyFootprint):
            return wrap(footprint)
        face: Any = object.__new__(Footprint)
        face._ours, face._region, face._peaks = footprint, Box2I(), None
        return face

    @property
    def astropy(self) -> Any:
        """The footprint of ours, with the peaks as they are now."""
        if self._peaks is not None:
            self._ours = replace(self._ours, peaks=_rows(self._peaks))
        return self._ours

    def __reduce__(self) -> tuple[Any, ...]:
        return _face, (self.astropy, self._region)

    # -- pixels
    @property
    def spans(self) -> SpanSet:
        """The pixels."""
        return SpanSet.of(self._ours.spans)

    @spans.setter
    def spans(self, spans: SpanSet) -> None:
        self.setSpans(spans)

    def getSpans(self) -> SpanSet:
        return self.spans

    def setSpans(self, spans: SpanSet) -> None:
        self._ours = ours.Footprint(unwrapped(spans), self._ours.peaks)

    def addSpan(self, *span: Any) -> None:
        """Add a run of pixels, a `Span` or its row, first and last column."""
        run = span[0] if len(span) == 1 else Span(*span)
        self.setSpans(self.spans.union(SpanSet([run])))

    def normalize(self) -> None:
        """Do nothing: the runs are always in order."""

    def getArea(self) -> int:
        return self._ours.area

    getNpix = getArea

    def getBBox(self) -> Box2I:
        return Box2I.of(self._ours.bbox)

    def getRegion(self) -> Box2I:
        return self._region

    def setRegion(self, region: Box2I) -> None:
        self._region = region

    def getCentroid(self) -> Point2D:
        return self.spans.computeCentroid()

    def getShape(self) -> Any:
        return self.spans.computeShape()

    def contains(self, pix: Any) -> bool:
        return self.spans.contains(pix)

    def isContiguous(self) -> bool:
        return self.spans.isContiguous()

    def isHeavy(self) -> bool:
        return isinstance(self._ours, ours.HeavyFootprint)

    def shift(self, *offset: Any) -> None:
        """Move the footprint, and its peaks."""
        dx, dy = offset if len(offset) == 2 else offset[0]
        self._ours = replace(self.astropy, spans=unwrapped(self.spans.shiftedBy(dx, dy)))
        for peak in self.getPeaks():
            peak.setFx(peak.getFx() + dx)
            peak.setFy(peak.getFy() + dy)
            peak.setIx(peak.getIx() + int(dx))
            peak.setIy(peak.getIy() + int(dy))

    def dilate(self, r: Any, s: Stencil = Stencil.CIRCLE) -> None:
        self.setSpans(self.spans.dilated(r, s))

    def erode(self, r: Any, s: Stencil = Stencil.CIRCLE) -> None:
        self.setSpans(self.spans.eroded(r, s))
        self.removeOrphanPeaks()

    def clipTo(self, bbox: Box2I) -> None:
        self.setSpans(self.spans.clippedTo(bbox))
        self.removeOrphanPeaks()

    def transform(self, source: Any, target: Any, region: Box2I, doClip: bool = True) -> Footprint:
        """Return the footprint in the pixels of another image.

        Parameters
        ----------
        source, target : `SkyWcs`
            The WCSs of this image, and of the other one.
        region : `Box2I`
            The other image.
        doClip : `bool`, optional
            Whether pixels outside it are left out.
        """
        moved = Footprint(self.spans.transformedBy(_Between(source, target)), region)
        moved.setPeakSchema(self.getPeaks().schema)
        moved.getPeaks().extend(self.getPeaks(), deep=True)
        for peak in moved.getPeaks():
            x, y = target.skyToPixel(source.pixelToSky(peak.getF()))
            peak.setFx(x)
            peak.setFy(y)
            peak.setIx(int(np.floor(x + 0.5)))
            peak.setIy(int(np.floor(y + 0.5)))
        if doClip:
            moved.clipTo(region)
        return moved

    def split(self) -> list[Footprint]:
        """Return a footprint for each part that touches no other, with its peaks."""
        parts = []
        for spans in self.spans.split():
            part = Footprint(spans, self._region, self.getPeaks().schema)
            for peak in self.getPeaks():
                if spans.contains(peak.getI()):
                    part.getPeaks().append(peak)
            parts.append(part)
        return parts

    def assign(self, other: Footprint) -> Footprint:
        """Assign another footprint, and return this one."""
        self._ours, self._region, self._peaks = other.astropy, other.getRegion(), None
        return self

    # -- files
    def writeFits(self, path: str) -> None:
        """Write a file that holds the footprint alone."""
        from persistence.formatters import archived  # lazy: few footprints have files

        with atomic_write(str(path)) as temporary, open(temporary, "wb") as stream:
            stream.write(archived.content_of(self.astropy))

    @classmethod
    def readFits(cls, path: str) -> Any:
        """Read the footprint that has a file of its own."""
        return cls.of(open_archive(str(path)).load(1))

    # -- peaks
    def getPeaks(self) -> PeakCatalog:
        """Return the peaks; changes of the list change the footprint."""
        if self._peaks is None:
            self._peaks = _catalog(self._ours.peaks)
        return self._peaks

    @property
    def peaks(self) -> PeakCatalog:
        """The peaks."""
        return self.getPeaks()

    def setPeakCatalog(self, peaks: PeakCatalog) -> None:
        self._peaks = peaks

    def setPeakSchema(self, schema: Schema) -> None:
        """Set the fields of peaks, of which there must be none yet."""
        if len(self.getPeaks()):
            raise InvalidParameterError("Cannot change the PeakSchema: there are peaks already")
        self._peaks = PeakCatalog(schema)

    def addPeak(self, fx: float, fy: float, height: float = np.nan) -> Any:
        """Add a peak, and return it."""
        peak = self.getPeaks().addNew()
        peak.setFx(fx)
        peak.setFy(fy)
        peak.setIx(int(np.floor(fx + 0.5)))
        peak.setIy(int(np.floor(fy + 0.5)))
        peak.setPeakValue(height)
        return peak

    def sortPeaks(self, key: Any = None) -> None:
        """Sort the peaks, the highest first."""
        peaks = self.getPeaks()
        order = np.argsort(-peaks["peakValue" if key is None else key], kind="stable")
        self._peaks = peaks.subset(order) if len(peaks) else peaks

    def removeOrphanPeaks(self) -> None:
        """Drop the peaks outside the footprint."""
        spans = self.spans
        inside = [spans.contains(peak.getI()) for peak in self.getPeaks()]
        self._peaks = self.getPeaks().subset(np.array(inside, bool))

    def __len__(self) -> int:
        return self.getArea()

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Footprint):
            return NotImplemented
        peaks = [footprint.astropy.peaks for footprint in (self, other)]
        return self.spans == other.spans and np.array_equal(*peaks)

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        count = len(self.getPeaks())
        return f"{count} peaks, area={self.getArea()}, centroid={self.getCentroid()}"


class _Between:
    """The way from pixels of one image to those of another, over the sky."""

    def __init__(self, source: Any, target: Any) -> None:
        self._source, self._target = source, target

    def applyForward(self, pixels: Any) -> Any:
        return self._target.skyToPixel(self._source.pixelToSky(pixels))

    def applyInverse(self, pixels: Any) -> Any:
        return self._source.skyToPixel(self._target.pixelToSky(pixels))


def mergeFootprints(footprint1: Footprint, footprint2: Footprint) -> Footprint:
    """Return a footprint with the pixels and the peaks of two."""
    spans = footprint1.spans.union(footprint2.spans)
    merged = Footprint(spans, footprint1.getRegion(), footprint1.getPeaks().schema)
    merged.getPeaks().extend(footprint1.getPeaks(), deep=True)
    merged.getPeaks().extend(footprint2.getPeaks(), deep=True)
    return merged


def setMaskFromFootprint(mask: Any, footprint: Footprint, bitmask: int) -> int:
    """Set bits of a mask at the pixels of a footprint that it has, and return the bits."""
    return setMaskFromFootprintList(mask, [footprint], bitmask)


def setMaskFromFootprintList(mask: Any, footprints: Iterable[Footprint], bitmask: int) -> int:
    """Set bits of a mask at the pixels of footprints that it has, and return the bits."""
    for footprint in footprints:
        footprint.spans.clippedTo(mask.getBBox()).setMask(mask, bitmask)
    return bitmask


def unwrapped(face: Any) -> Any:
    """Return the object of ours behind a face."""
    return face.astropy


def _catalog(peaks: NDArray[np.void]) -> PeakCatalog:
    """Return the peaks as a catalog, with the fields that they have."""
    names = peaks.dtype.names or ()
    if not {"id", "f_x"} <= set(names):  # of version 0, which has no numbers
        catalog = PeakCatalog(PeakTable.makeMinimalSchema())
        for number, peak in enumerate(peaks, 1):
            record = catalog.addNew()
            record.setId(number)
            for name in names:
                record.set(name, peak[name].item())
        return catalog
    return PeakCatalog.of(Catalog({name: np.array(peaks[name]) for name in names}))


def _rows(catalog: PeakCatalog) -> NDArray[np.void]:
    """Return peaks as rows, as footprints of ours have them."""
    names = catalog.schema.getOrderedNames()
    columns = {name: catalog.column(name) for name in names}
    rows = np.empty(
        len(catalog), [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    )
    for name, column in columns.items():
        rows[name] = column
    return rows


def _face(footprint: Any, region: Box2I) -> Footprint:
    face: Footprint = Footprint.of(footprint)
    face.setRegion(region)
    return face
