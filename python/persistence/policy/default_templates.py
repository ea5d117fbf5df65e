"""Templates of what each task writes of itself, where a camera's policy gives none.

The shared policy leaves them empty (``template: ''``), for their keys are the camera's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from persistence.dataids.template import Field, PathTemplate, split
from persistence.policy.dataset_type import DatasetType

_METADATA = "_metadata"
# The dataset types whose keys tell one run of a task from another: the first that has a template.
_MODELS = ("calexp", "raw")


def filled(types: Mapping[str, DatasetType]) -> dict[str, DatasetType]:
    """Return dataset types with a template for each task's metadata of an exposure.

    Its keys are those of the camera's ``calexp``, or else of its ``raw``, shown as they are there:
    ``isr_metadata/isr_metadata-%(visit)07d_%(ccdnum)02d.yaml``.
    """
    models = (types[name].template for name in _MODELS if name in types)
    model = next((template for template in models if template is not None and template.keys), None)
    if model is None:
        return dict(types)
    shown = "_".join(_fields(model))
    keys = MappingProxyType(dict(model.keys))
    return {
        name: dataset._replace(template=PathTemplate(f"{name}/{name}-{shown}.yaml"), keys=keys)
        if _is_empty(dataset)
        else dataset
        for name, dataset in types.items()
    }


def _is_empty(dataset: DatasetType) -> bool:
    return (
        dataset.template is None
        and dataset.section == "datasets"
        and dataset.name.endswith(_METADATA)
        and bool(dataset.tables)
        and not dataset.composite
    )


def _fields(template: PathTemplate) -> Iterator[str]:
    """Yield each field once, as it is shown first."""
    seen = set()
    for piece in split(template.text):
        if isinstance(piece, Field) and piece.name not in seen:
            seen.add(piece.name)
            yield piece.printf
