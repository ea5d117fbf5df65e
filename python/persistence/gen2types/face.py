"""`Face`: an object of this package under the method names of afw."""

from __future__ import annotations

from typing import Generic, Self, TypeVar

from persistence import notebook
from persistence.notebook import Html

T = TypeVar("T")


class Face(Generic[T]):
    """Base class of the faces. A face holds one object of ours and copies nothing of it.

    The constructor of a subclass has the signature of the corresponding class of afw; an existing
    object gets its face from `of`.

    Notes
    -----
    Two faces are equal if they have the same type and their objects are equal; the classes that afw
    compares by identity (images) override this. A face whose object is frozen replaces it when a
    setter is called. Faces can be pickled and copied.
    """

    _ours: T

    @classmethod
    def of(cls, ours: T) -> Self:
        """Return the face of an object, which is shared, not copied."""
        face = cls.__new__(cls)
        face._ours = ours
        return face

    @property
    def astropy(self) -> T:
        """The object of ours."""
        return self._ours

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return bool(self.astropy == other.astropy)

    def __hash__(self) -> int:
        return hash(self.astropy)

    @notebook.shows
    def _repr_html_(self) -> Html:
        """Return what the object of ours shows in a notebook; its own text, if it shows nothing."""
        show = getattr(self.astropy, "_repr_html_", None)
        return notebook.text(repr(self)) if show is None else Html(show())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.astropy!r})"
