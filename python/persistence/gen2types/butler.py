"""Gen2's Butler: it hands out afw's method names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from persistence.butler import butler


class Butler(butler.Butler):
    """A `persistence.Butler` that hands out objects with afw's method names.

    It is what ``lsst.daf.persistence.Butler`` stands for; with ``types="astropy"`` it hands out
    what `persistence.Butler` does.
    """

    default_types: ClassVar[str] = "gen2"

    if TYPE_CHECKING:  # these types are not those of `persistence.Butler.get`

        def get(
            self,
            datasetType: str,
            dataId: Mapping[str, Any] | None = None,
            immediate: bool = True,
            **rest: Any,
        ) -> Any: ...
