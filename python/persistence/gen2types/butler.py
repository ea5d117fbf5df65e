"""Gen2's Butler: it hands out afw's method names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from persistence.butler import butler


class Butler(butler.Butler):
    """A `persistence.Butler` that returns objects with afw's method names.

    ``lsst.daf.persistence.Butler`` is this class; with ``types="astropy"`` it returns the same
    objects as `persistence.Butler`.
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
