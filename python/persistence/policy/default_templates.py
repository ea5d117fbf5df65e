"""Templates of the files that tasks write for each exposure, where a camera's policy has none.

The shared policy leaves them empty (``template: ''``), because their keys are the camera's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from persistence.dataids.template import Field, PathTemplate, split
from persistence.policy.dataset_type import DatasetType

# Dataset types written for each detector (patterns), and the endings of their files.
_ENDINGS: Mapping[str, str] = {
    r"\w+_metadata": "yaml",
    r"apdb_marker": "py",
    r"ccdSummary": "fits",
    r"(calibrate|charImage)_plot\w+": "png",
}
# Dataset types written for all detectors of a visit together.
_OF_VISITS: Mapping[str, str] = {"visitSummary": "fits"}
# The dataset types whose keys identify a run of a task: the first one with a template counts.
_MODELS = ("calexp", "raw")


def filled(
    types: Mapping[str, DatasetType], of_detectors: Collection[str] = ()
) -> dict[str, DatasetType]:
    """Return dataset types with templates for the files that tasks write for each exposure.

    Their keys and formats are those of the camera's ``calexp``, or else of its ``raw``:
    ``isr_metadata/isr_metadata-%(visit)07d_%(ccdnum)02d.yaml``. ``visitSummary`` has the keys of a
    visit.

    Parameters
    ----------
    types : mapping of `str` to `DatasetType`
        The camera's dataset types.
    of_detectors : collection of `str`, optional
        The keys that distinguish the detectors of a visit.
    """
    models = (types[name].template for name in _MODELS if name in types)
    model = next((template for template in models if template is not None and template.keys), None)
    if model is None:
        return dict(types)
    shown = dict(_fields(model))
    of_visits = {key: field for key, field in shown.items() if key not in of_detectors} or shown
    made = dict(types)
    for name, dataset in types.items():
        if not _is_empty(dataset):
            continue
        if name in _OF_VISITS:
            made[name] = _with(dataset, model, of_visits, _OF_VISITS[name])
        elif ending := _ending(name):
            made[name] = _with(dataset, model, shown, ending)
    return made


def _with(
    dataset: DatasetType, model: PathTemplate, fields: Mapping[str, str], ending: str
) -> DatasetType:
    name = dataset.name
    keys = MappingProxyType({key: kind for key, kind in model.keys.items() if key in fields})
    path = f"{name}/{name}-{'_'.join(fields.values())}.{ending}"
    return dataset._replace(template=PathTemplate(path), keys=keys)


def _ending(name: str) -> str | None:
    return next((ending for names, ending in _ENDINGS.items() if re.fullmatch(names, name)), None)


def _is_empty(dataset: DatasetType) -> bool:
    return (
        dataset.template is None
        and dataset.section == "datasets"
        and bool(dataset.tables)
        and not dataset.composite
    )


def _fields(template: PathTemplate) -> Iterator[tuple[str, str]]:
    """Yield each field of a template once, with its first format."""
    seen = set()
    for piece in split(template.text):
        if isinstance(piece, Field) and piece.name not in seen:
            seen.add(piece.name)
            yield piece.name, piece.printf
