"""Whether datasets are there, asked of very many of one type."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.butler.plan import is_one_file
from persistence.butler.repository import Repository
from persistence.dataids.request import Request
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError
from persistence.files import atomic
from persistence.policy import storages

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

Test = Callable[[Mapping[str, Any]], bool]


def existing(butler: Butler, name: str) -> Test:
    """Return `Butler.datasetExists` for complete data IDs of a dataset type, as a faster function.

    Where the type's file is called by its template alone, the template is all that is asked, and
    one file that holds many datasets is looked for once. A reference to a file that is gone is not
    there.

    Parameters
    ----------
    butler : `Butler`
        Whose repositories are asked.
    name : `str`
        The dataset type, or a view of one.
    """
    generic = functools.partial(butler.datasetExists, name)
    if "." in name:  # a component
        return generic
    request = butler.chain.staged(butler.chain.request(name))
    asked = butler.chain.asked(request, {})
    if not all(_is_plain(repository, request) for repository in asked):
        return generic
    tests = [_in_files(repository, request) for repository in asked]
    return tests[0] if len(tests) == 1 else lambda data_id: any(test(data_id) for test in tests)


def _is_plain(repository: Repository, request: Request) -> bool:
    """Return whether a file of the repository itself answers; calibrations lie elsewhere."""
    is_calibration = repository.mapper.dataset(request).section == "calibrations"
    return not is_calibration and is_one_file(repository, request)


def _in_files(repository: Repository, request: Request) -> Test:
    dataset = repository.mapper.dataset(request)
    whole, endings = dataset.template, storages.endings(dataset.storage or "")
    assert whole is not None
    template = PathTemplate(whole.file_text)

    @functools.lru_cache(maxsize=4096)
    def is_there(*values: Any) -> bool:
        try:
            path = template.format(dict(zip(template.keys, values, strict=True)))
        except DataIdError:  # what a registry says, or leaves empty, need not be fit for a path
            return False
        return atomic.find(repository.root, path, endings) is not None or repository.direct.exists(
            path
        )

    return lambda data_id: is_there(*[data_id.get(key) for key in template.keys])
