"""`ApCorrMap`: aperture corrections, by the names of ``lsst.afw.image``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import NotFoundError
from persistence.gen2types.face import Face
from persistence.types.exposure.apcorrmap import ApCorrMap as OurApCorrMap


class ApCorrMap(Face[OurApCorrMap]):
    """Fields by the names of the fluxes that they are factors of."""

    def __init__(self) -> None:
        self._ours = OurApCorrMap({})

    def __getitem__(self, name: str) -> Any:
        """Return the field of a flux.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        try:
            return wrap(self._ours[name])
        except KeyError as error:
            raise NotFoundError(str(error.args[0])) from None

    def get(self, name: str) -> Any:
        """Return the field of a flux; None if there is none."""
        return self[name] if name in self._ours else None

    def __setitem__(self, name: str, field: Any) -> None:
        self._ours = OurApCorrMap({**self._ours.fields, name: unwrap(field)})

    set = __setitem__

    def __contains__(self, name: object) -> bool:
        return name in self._ours

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._ours))

    def __len__(self) -> int:
        return len(self._ours)

    def keys(self) -> list[str]:
        return list(self)

    def values(self) -> list[Any]:
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self[name]) for name in self]

    def __imul__(self, factor: float) -> ApCorrMap:
        self._ours = OurApCorrMap({name: unwrap(self[name] * factor) for name in self})
        return self

    def __itruediv__(self, factor: float) -> ApCorrMap:
        self.__imul__(1 / factor)
        return self

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"ApCorrMap({', '.join(self)})"
