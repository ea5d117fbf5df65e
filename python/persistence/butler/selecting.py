"""Keys of a data ID that select a dataset type: ``version`` and ``flavour``.

``get('calexp', version='jointcal', ...)`` is ``get('calexp:jointcal', ...)``, and
``get('coadd_calexp', flavour='deep', ...)`` is ``get('deepCoadd_calexp', ...)``. Where a dataset
type has a key of such a name, it remains a key.
"""

from __future__ import annotations

from typing import Any

from persistence.butler.chain import Chain
from persistence.butler.plan import SELECTING
from persistence.dataids.dataid import DataId
from persistence.errors import DataIdError, UnknownDatasetType, did_you_mean
from persistence.policy import flavours

VERSION, FLAVOUR = "version", "flavour"


def selected(chain: Chain, name: str, data_id: DataId) -> tuple[str, DataId]:
    """Return the name that a data ID selects, and the data ID without the keys that do so.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    name : `str`
        A dataset type, a view or a component; or that of a family.
    data_id : `DataId`
        The data ID.

    Raises
    ------
    DataIdError
        If a family needs a flavour, or has no such flavour.
    UnknownDatasetType
        If the dataset type has no such version.
    """
    names = chain.family(name)
    if not names and SELECTING.isdisjoint(data_id):
        return name, data_id
    copy = data_id.copy()
    if names:
        flavour = copy.pop(FLAVOUR, None)
        if flavour not in names:
            hint = did_you_mean(str(flavour), names)
            reason = "needs a flavour" if flavour is None else f"has no flavour {flavour!r}{hint}"
            raise DataIdError(f"{name} {reason} (known: {', '.join(names)})")
        name = names[flavour]
    elif FLAVOUR in copy:
        _drop_flavour(chain, name, copy)
    return (_versioned(chain, name, copy), copy) if VERSION in copy else (name, copy)


def _drop_flavour(chain: Chain, name: str, data_id: dict[str, Any]) -> None:
    """Remove the flavour from the data ID of a type that has this one already.

    A data ID may come from a reference to another type of the family. Of types without flavours,
    the key stays, and is unknown.
    """
    mapper = chain.knowing(chain.request(name.partition(".")[0])).mapper
    own = flavours.flavour_of(mapper.policy, name)
    if own is None or FLAVOUR in mapper.policy.keys:
        return
    if data_id[FLAVOUR] != own:
        raise DataIdError(f"{name} has flavour {own!r}, not {data_id[FLAVOUR]!r}")
    del data_id[FLAVOUR]


def _versioned(chain: Chain, name: str, data_id: dict[str, Any]) -> str:
    """Return the name with the stage that a data ID calls its version, which is removed."""
    head, _, components = name.partition(".")
    request = chain.request(head)
    bare, _, stage = request.datasetType.partition(":")
    mapper, version = chain.knowing(request).mapper, data_id[VERSION]
    if VERSION in mapper.dataset(request).keys or not isinstance(version, str):
        return name
    if stage and stage != version:
        raise DataIdError(f"{name} is of version {stage!r}, not {version!r}")
    staged = request._replace(datasetType=f"{bare}:{version}")
    if not mapper.knows(staged.datasetType):
        if VERSION in mapper.policy.keys:  # a data ID of another type, which has the key
            return name
        raise UnknownDatasetType(staged.datasetType, mapper.types, type(mapper).__name__)
    del data_id[VERSION]
    return f"{staged.name}.{components}" if components else staged.name
