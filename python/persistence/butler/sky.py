"""``butler.sky``: positions on the sky. For now, the sky map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from persistence.cameras import faces
from persistence.errors import DataIdError, NoResults

if TYPE_CHECKING:
    from persistence.butler.subset import Asked
    from persistence.skymap.base import SkyMap

_ENDING = "_skyMap"
_FIRST = "deepCoadd"


class Sky:
    """The sky map of a Butler: ``butler.sky``.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    """

    def __init__(self, butler: Asked) -> None:
        self._butler = butler

    def __repr__(self) -> str:
        return f"<sky of {self._butler!r}>"

    def map(self, coaddName: str | None = None) -> SkyMap:
        """Return the sky map: its tracts by number, and ``patches(tract=0)``, data IDs.

        Parameters
        ----------
        coaddName : `str`, optional
            The name of the coadd, ``deep`` or ``deepCoadd``. Default: deepCoadd, or the only one
            that exists.

        Returns
        -------
        skymap : `SkyMap`
            The sky map.

        Raises
        ------
        DataIdError
            If the name is not a string.
        NoResults
            If there is no sky map, or there are several and no name is passed.
        """
        if not isinstance(coaddName, str | None):
            raise DataIdError(f"coaddName: expected the name of a coadd, not {coaddName!r}")
        if coaddName is not None:
            name = coaddName if coaddName.endswith("Coadd") else f"{coaddName}Coadd"
            return self._get(f"{name}{_ENDING}")
        existing = [name for name in self._names() if self._butler.datasetExists(name)]
        chosen = [name for name in existing if name == f"{_FIRST}{_ENDING}"] or existing
        if len(chosen) > 1:
            reasons = [f"there are  {', '.join(existing)}: name one, map('goodSeeing')"]
            raise NoResults("No single sky map:", _ENDING[1:], {}, reasons)
        return self._get(chosen[0] if chosen else f"{_FIRST}{_ENDING}")

    def _get(self, name: str) -> SkyMap:
        skymap: SkyMap = faces.unwrap(self._butler.get(name))
        return skymap

    def _names(self) -> Iterable[str]:
        return sorted(
            {
                name
                for repository in self._butler.chain.inputs
                for name in repository.mapper.types
                if name.endswith(_ENDING)
            }
        )
