"""The provenance of datasets as trees of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.butler.provenance import render
from persistence.butler.provenance.lines import Made, Run


@dataclass(frozen=True)
class Origin:
    """A dataset in a tree of provenance; print it.

    Attributes
    ----------
    datasetType : `str`
        Its type; empty if unknown.
    dataId : mapping
        Its data ID.
    root, path : `str`
        The repository or calibration root, and the file in it.
    made : `Made` or None
        When and by whom it was written; None if no journal records it.
    run : `Run` or None
        The run that wrote it: task, configuration, versions; None if no journal records it.
    inputs : `tuple` [`Origin`]
        Its inputs (`Butler.why`).
    outputs : `tuple` [`Origin`]
        Datasets computed from it (`Butler.used_by`).
    because : `str`
        For a calibration: why it was chosen.
    changed : `str`
        How its file differs from the one that was read for the dataset above it; empty if it does
        not.
    notes : `tuple` [`str`]
        Remarks, such as that nothing is recorded, and why.
    """

    datasetType: str
    dataId: Mapping[str, Any]
    root: str
    path: str
    made: Made | None = None
    run: Run | None = None
    inputs: tuple[Origin, ...] = ()
    outputs: tuple[Origin, ...] = ()
    because: str = ""
    changed: str = ""
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The file's path."""
        return f"{self.root}/{self.path}"

    @property
    def links(self) -> tuple[Origin, ...]:
        """The next datasets in the tree: the inputs, or the outputs."""
        return self.inputs or self.outputs

    def all(self) -> Iterator[Origin]:
        """Yield this dataset and all below it in the tree, each file once."""
        seen, waiting = {self.file}, [self]
        while waiting:
            origin = waiting.pop(0)
            yield origin
            for link in origin.links:
                if link.file not in seen:
                    seen.add(link.file)
                    waiting.append(link)

    def __str__(self) -> str:
        return "\n".join(render.text(self))

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: every dataset once, by its file."""
        return render.plain(self)

    def to_dot(self) -> str:
        """Return a graph in Graphviz' language DOT: arrows lead from inputs to outputs."""
        return "\n".join(render.dot(self))
