"""How a Butler is shown in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from persistence import notebook
from persistence.butler.asking.inventory import Inventory
from persistence.errors import PersistenceError
from persistence.notebook import Html

if TYPE_CHECKING:
    from persistence.butler.chain import Chain
    from persistence.policy.dataset_type import DatasetType


def butler(chain: Chain, inventory: Inventory) -> Html:
    """Return a Butler as HTML: its repositories, and its dataset types by sections of the policy.

    Files are counted by the index as it is: no directory is looked at.
    """
    sections: dict[str, dict[str, DatasetType]] = {}
    for repository in chain.every:
        for name, dataset in repository.mapper.types.items():
            if not name.startswith("_"):
                sections.setdefault(dataset.section, {}).setdefault(name, dataset)
    counts = _counts(inventory)
    parts = [notebook.title("Butler"), _repositories(chain)]
    parts += [_section(name, types, counts) for name, types in sorted(sections.items())]
    if not counts:
        hint = notebook.tag("code", "butler.index.refresh()")
        parts.append(notebook.tag("div", "Files are not counted yet: ", hint, " looks at them."))
    return notebook.join(parts)


def _counts(inventory: Inventory) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    try:
        for row in inventory.summary(fresh=False):
            counts[row["datasetType"]] = counts.get(row["datasetType"], 0) + row["count"]
    except (PersistenceError, OSError):  # the index is only there to save time
        return {}
    return counts


def _repositories(chain: Chain) -> Html:
    rows = [
        (
            number,
            notebook.tag("b", repository.root),
            type(repository.mapper).__name__,
            " and ".join(
                verb
                for verb, which in (("read", chain.inputs), ("written", chain.outputs))
                if repository in which
            )
            or "pinned",
            ", ".join(map(str, repository.tags)),
        )
        for number, repository in enumerate(chain.every, start=1)
    ]
    return notebook.table(rows, ["", "repository", "camera", "is", "tags"])


def _section(name: str, types: Mapping[str, DatasetType], counts: Mapping[str, int]) -> Html:
    files = sum(counts.get(one, 0) for one in types)
    rows = [
        (
            notebook.tag("b", one),
            counts.get(one) if counts else "",
            ", ".join(dataset.keys),
            None if dataset.template is None else dataset.template.text,
        )
        for one, dataset in sorted(types.items(), key=lambda item: (-counts.get(item[0], 0), item))
    ]
    known = f", {files} files" if counts else ""
    table = notebook.table(rows, ["dataset type", "files", "keys", "path"])
    return notebook.details(f"{name}: {len(types)} dataset types{known}", table)
