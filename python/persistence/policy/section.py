"""A section of a policy: the layers of each dataset type, and the type that it builds on."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence

import persistence_policy

from persistence.errors import PolicyError, did_you_mean
from persistence.files import yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.policy import dataset_type
from persistence.policy.dataset_type import DatasetType

SECTIONS = ("images", "exposures", "calibrations", "datasets")
# The top level of a file, by key.
Layer = Mapping[str, Node]
FRAMEWORK = os.path.dirname(os.path.abspath(persistence_policy.__file__))


@functools.cache
def _central(section: str) -> tuple[Mapping[str, Node], Mapping[str, Node]]:
    """Return the framework's defaults for a section, and its dataset types."""
    top = framework(section)
    return yaml_nodes.items(top.get("defaults")), yaml_nodes.items(top[section])


@functools.cache
def framework(section: str) -> Layer:
    """Return the top level of the framework's own file of a section."""
    return yaml_nodes.items(yaml_nodes.compose(os.path.join(FRAMEWORK, f"{section}.yaml")))


class Section:
    """The nodes of a section's dataset types, layer by layer.

    ``blue(src)`` is a dataset type that builds on another.

    Parameters
    ----------
    name : `str`
        The section.
    layers : sequence of `Layer`
        The contents of the policy's files, lowest first, above the framework's own definitions.
    anew : `str` or `None`, optional
        A dataset type for which only the last layer counts.
    """

    def __init__(self, name: str, layers: Sequence[Layer], anew: str | None = None) -> None:
        self.name = name
        self._defaults, central = _central(name)
        self._bases: dict[str, tuple[str, Node]] = {}
        self._layers = [{key: node for key, node in central.items() if key != anew}]
        for number, layer in enumerate(layers, 1):
            named: dict[str, Node] = {}
            for key, (node, base) in split_names(layer.get(name)).items():
                if key == anew and number < len(layers):
                    continue
                named[key] = node
                if base is not None:
                    self._bases[key] = base, node
            self._layers.append(named)

    def names(self) -> dict[str, None]:
        """Return the names of all defined dataset types, in the order of definition."""
        return dict.fromkeys(name for layer in self._layers for name in layer)

    def line(self, name: str) -> list[str]:
        """Return a dataset type and its ancestry: those that it builds on, the nearest first.

        Raises
        ------
        PolicyError
            If one builds on itself, or on a type that the section lacks.
        """
        line = [name]
        while line[-1] in self._bases:
            base, node = self._bases[line[-1]]
            if base in line:
                raise PolicyError(f"{yaml_nodes.where(node)}: {' builds on '.join([*line, base])}")
            if not any(base in layer for layer in self._layers):
                hint = did_you_mean(base, self.names())
                raise PolicyError(
                    f"{yaml_nodes.where(node)}: {line[-1]} builds on {base!r}, which the section "
                    f"{self.name} does not have{hint}"
                )
            line.append(base)
        return line

    def make(self, name: str) -> DatasetType:
        """Return a dataset type, from its layers and those of the types that it builds on."""
        nodes = [
            layer[ancestor]
            for ancestor in reversed(self.line(name))
            for layer in self._layers
            if ancestor in layer
        ]
        stacked: dict[str, tuple[Node, ...]] = {}
        for said in (self._defaults, *map(yaml_nodes.items, nodes)):
            for key, node in said.items():
                stacked[key] = (*stacked.get(key, ()), node)
        return dataset_type.make(name, self.name, yaml_nodes.where(nodes[-1]), stacked)


def split_names(section: Node | None) -> dict[str, tuple[Node, str | None]]:
    """Return the dataset types in a section's node, each with the type it builds on, if any."""
    types: dict[str, tuple[Node, str | None]] = {}
    for key, node in yaml_nodes.items(section).items():
        name, bracket, base = key.partition("(")
        if not bracket:
            types[key] = node, None
            continue
        name, base = name.strip(), base.strip()
        if not name or not base.endswith(")") or not base[:-1].strip():
            raise PolicyError(
                f"{yaml_nodes.where(node)}: {key!r} is not a name: new(old) builds on another type"
            )
        if name in types:
            raise PolicyError(f"{yaml_nodes.where(node)}: {name!r} is repeated")
        types[name] = node, base[:-1].strip()
    return types
