"""Write what type checkers read: ``python tests/code/stub.py``, when names or policies have changed.

The stub of the public names, and the dataset types of which `Butler.get` returns a known type.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import persistence
from persistence.cameras import installed
from persistence.policy.dataset_type import DatasetType

STUB = Path(__file__).resolve().parents[2] / "python" / "persistence" / "__init__.pyi"
MODULE = STUB.parent / "butler" / "datasetnames.py"
_NAMES = '''"""Dataset types of most cameras, by what `Butler.get` returns of them; for type checkers alone.

Written by tests/code/stub.py.
"""

from __future__ import annotations

from typing import Literal

'''
_HEAD = '"""The public names, for type checkers; written by tests/code/stub.py."""\n\n'


def stub() -> str:
    """Return the text of the stub: each public name with its module, as a name to be used."""
    modules = {
        f"persistence.{module}": names.split() for module, names in persistence.NAMES.items()
    }
    lines = [f"from persistence import {name} as {name}" for name in ("errors", "testing")]
    for module, names in sorted(modules.items()):
        lines += [f"from {module} import {name} as {name}" for name in sorted(names)]
    for name, module in sorted(persistence.MODULES.items()):
        package, _, last = module.rpartition(".")
        lines.append(f"from persistence.{package} import {last} as {name}")
    every = "".join(f"    {name!r},\n" for name in persistence.__all__).replace("'", '"')
    tables = f"__version__: str\n\ndef load_ipython_extension(shell: object) -> None: ...\n\nNAMES: dict[str, str]\nMODULES: dict[str, str]\n__all__ = [\n{every}]\n"
    return _HEAD + "\n".join(lines) + "\n\n" + tables


# Cameras that are shipped, and what `get` returns of a dataset type, by its storage and section, and
# by the end of its type in the policy.
_CAMERAS = (
    "comCam", "decam", "hsc", "imsim", "latiss", "lsstCam", "megacam", "sdss", "suprimecam", "ts8",
)  # fmt: skip
_IMAGES = re.compile(r"\.(Exposure|MaskedImage|Image|DecoratedImage)[A-Z]?$")
_CATALOGS = re.compile(r"\.(Source|Base|Simple|Exposure|Peak)Catalog$")
# Of views: what they are of, and what is returned.
_VIEWS = {"sub": "Images", "len": "Lengths", "bbox": "Boxes", "visitInfo": "Visits"}


def known(dataset: DatasetType) -> str | None:
    """Return the name of the list of dataset types that are read as this one is; None if none."""
    python, storage = dataset.python or "", dataset.storage
    if storage == "FitsStorage" and (dataset.section == "exposures" or _IMAGES.search(python)):
        return "Images"
    if storage == "FitsCatalogStorage" and _CATALOGS.search(python):
        return "Catalogs"
    if storage == "YamlStorage" and python.endswith(".PropertySet"):
        return "Metadata"
    if python.endswith(".BaseSkyMap"):
        return "SkyMaps"
    plain = {"ConfigStorage": "Configs", "ParquetStorage": "Tables", "TextStorage": "Texts"}
    return plain.get(storage or "")


def lists() -> dict[str, list[str]]:
    """Return the dataset types of most cameras, and their views, by what `get` returns of them.

    All cameras that have one agree.
    """
    kinds: dict[str, set[str | None]] = {}
    counts: Counter[str] = Counter()
    views: set[str] = set()
    for name in _CAMERAS:
        mapper = installed.camera(name)(root="/")
        counts.update(list(mapper.types))
        views.update(mapper.getDatasetTypes())
        for datasetType, dataset in mapper.types.items():
            kinds.setdefault(datasetType, set()).add(known(dataset))
    found: dict[str, list[str]] = {}
    for datasetType, (kind, *others) in sorted((name, list(kinds[name])) for name in kinds):
        if kind is None or others or 2 * counts[datasetType] <= len(_CAMERAS):
            continue
        found.setdefault(kind, []).append(datasetType)
        for view, listed in _VIEWS.items():
            if f"{datasetType}_{view}" in views:
                found.setdefault(listed, []).append(f"{datasetType}_{view}")
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def names() -> str:
    """Return the text of the module of dataset types."""
    parts = [_NAMES]
    for kind, listed in lists().items():
        words = "".join(f'    "{name}",\n' for name in listed)
        parts.append(f"{kind} = Literal[\n{words}]\n")
    return "".join(parts)


if __name__ == "__main__":
    STUB.write_text(stub())
    MODULE.write_text(names())
