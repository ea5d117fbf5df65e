"""The methods of a Butler that ``butler.sky`` uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from persistence.butler.subset import Asked

if TYPE_CHECKING:
    from persistence.butler.asking.rows import Rows
    from persistence.dataids.expression import Expression


class Queried(Asked, Protocol):
    """A Butler that can be queried."""

    def query(
        self,
        datasetType: str | Sequence[str],
        where: str | Expression | None = None,
        columns: str | Sequence[str] | None = None,
        dataId: Mapping[str, Any] = {},
        limit: int | None = None,
        order: str | Sequence[str] = (),
        distinct: bool = False,
        fresh: bool = True,
        region: Any = None,
        **rest: Any,
    ) -> Rows:
        """Return one row for each existing dataset of a type; see `Butler.query`."""
