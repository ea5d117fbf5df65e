"""What datasets were made of, and what was made of them, as trees of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.butler.provenance import render
from persistence.butler.provenance.lines import Made, Run


@dataclass(frozen=True)
class Origin:
    """A dataset in a tree of what was made of what; print it.

    Attributes
    ----------
    datasetType : `str`
        Its type; empty if that is not known.
    dataId : mapping
        Its data ID.
    root, path : `str`
        The repository or calibration root, and the file in it.
    made : `Made` or None
        When it was written and by whom; None if no journal tells.
    run : `Run` or None
        The run in which it was: task, configuration, versions; None if no journal tells.
    inputs : `tuple` [`Origin`]
        What it was made of (`Butler.why`).
    outputs : `tuple` [`Origin`]
        What was made of it (`Butler.used_by`).
    because : `str`
        Of a calibration: why it was chosen.
    changed : `str`
        How it differs from what it was when it was read for the dataset above it; empty if it does
        not.
    notes : `tuple` [`str`]
        What else is to be known: that nothing is recorded, and why.
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
        """What is next in the tree: the inputs, or the outputs."""
        return self.inputs or self.outputs

    def all(self) -> Iterator[Origin]:
        """Yield this dataset and all below it in the tree, each file once."""
        seen, waiting = {self.file}, [self]
        while waiting:
            one = waiting.pop(0)
            yield one
            for link in one.links:
                if link.file not in seen:
                    seen.add(link.file)
                    waiting.append(link)

    def __str__(self) -> str:
        return "\n".join(render.text(self))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as JSON knows them: every dataset once, by its file."""
        return render.plain(self)

    def to_dot(self) -> str:
        """Return a graph for Graphviz, in its language DOT: arrows lead from inputs to outputs."""
        return "\n".join(render.dot(self))
