"""`SchemaMapper`: which fields of one schema become which of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from persistence.gen2types.exceptions import InvalidParameterError, NotFoundError
from persistence.gen2types.table.keys import Field, Key
from persistence.gen2types.table.schema import Schema


class SchemaMapper:
    """A mapping of the fields of one schema to those of another.

    Parameters
    ----------
    input : `Schema`, optional
        Where values come from.
    output : `Schema`, optional
        Where they go; further fields are added to it.
    shareAliasMap : `bool`, optional
        Whether the output has the aliases of the input.
    """

    def __init__(
        self,
        input: Schema | SchemaMapper | None = None,
        output: Schema | bool | None = None,
        shareAliasMap: bool = False,
    ) -> None:
        other = input if isinstance(input, SchemaMapper) else None
        self._pairs: dict[str, str] = {} if other is None else dict(other._pairs)
        self._input: Schema = Schema(input) if isinstance(input, Schema) else Schema()
        self._output: Schema = Schema(output) if isinstance(output, Schema) else Schema()
        if other is not None:
            self._input, self._output = Schema(other._input), Schema(other._output)
        self._output.disconnectAliases()
        if shareAliasMap or output is True:  # SchemaMapper(input, shareAliasMap)
            self._output.setAliasMap(self._input.getAliasMap())

    # -- schemas
    def getInputSchema(self) -> Schema:
        return Schema(self._input)

    def getOutputSchema(self) -> Schema:
        return Schema(self._output)

    def editOutputSchema(self) -> Schema:
        """Return the output itself, to which fields can be added."""
        return self._output

    def addOutputField(self, field: Field, doReplace: bool = False) -> Key:
        return self._output.addField(field, doReplace=doReplace)

    # -- mappings
    def addMapping(self, input: Any, field: Any = None, doReplace: bool = False) -> Key:
        """Map a field.

        Parameters
        ----------
        input : `Key`
            The field of the input.
        field : `str` or `Field`, optional
            What it becomes; its own name and words if absent.
        doReplace : `bool`, optional
            Whether it may become a field that the output has.

        Returns
        -------
        key : `Key`
            The key of the output's field.
        """
        if isinstance(field, bool):  # addMapping(key, doReplace)
            field, doReplace = None, field
        source = self._input.find(input)
        if field is None:
            field = source.field
        elif isinstance(field, str):
            field = source.field.copyRenamed(field)
        elif field.kind != source.field.kind:
            raise InvalidParameterError(
                f"{source.field.getName()!r} of type {source.field.kind} cannot become "
                f"{field.getName()!r} of type {field.kind}"
            )
        key = self._output.addField(field, doReplace=doReplace)
        self._pairs[source.field.getName()] = key.name
        return key

    def addMinimalSchema(self, minimal: Schema, doMap: bool = True) -> None:
        """Add the fields of a minimal schema to the output.

        Parameters
        ----------
        minimal : `Schema`
            The fields; they come first, so the output must have none yet.
        doMap : `bool`, optional
            Whether fields of the input with their names are mapped to them.
        """
        if len(self._output):
            raise InvalidParameterError(
                "Must add minimal schema to mapper before adding any other fields"
            )
        for item in minimal:
            name = item.field.getName()
            if doMap and name in self._input.getNames():
                self.addMapping(self._input.find(name).key, item.field)
            else:
                self._output.addField(item.field)

    @staticmethod
    def removeMinimalSchema(input: Schema, minimal: Schema) -> SchemaMapper:
        """Return a mapper to all fields of a schema but those that a minimal one has."""
        mapper = SchemaMapper(input)
        for item in input:
            if item.field.getName() not in minimal.getNames():
                mapper.addMapping(item.key)
        return mapper

    @staticmethod
    def join(
        schemas: Sequence[Schema], prefixes: Sequence[str] | None = None
    ) -> list[SchemaMapper]:
        """Return mappers of several schemas to one that has the fields of all.

        Parameters
        ----------
        schemas : sequence of `Schema`
            The schemas.
        prefixes : sequence of `str`, optional
            What is put before the names of the fields of each, with its underscore.
        """
        output = Schema()
        mappers = [SchemaMapper(schema) for schema in schemas]
        for number, mapper in enumerate(mappers):
            prefix = prefixes[number] if prefixes else ""
            mapper._output = output
            for item in mapper._input:
                mapper.addMapping(item.key, prefix + item.field.getName())
        for mapper in mappers:
            mapper._output = Schema(output)
        return mappers

    def mapping(self, key: Any) -> Key:
        """Return the output field of an input field.

        Raises
        ------
        NotFoundError
            If it is not mapped.
        """
        name = key.name if isinstance(key, Key) else key
        if name not in self._pairs:
            raise NotFoundError(f"Input Key is not mapped: {name!r}.")
        return self._output.find(self._pairs[name]).key

    getMapping = mapping

    def isMapped(self, key: Any) -> bool:
        return (key.name if isinstance(key, Key) else key) in self._pairs

    def pairs(self) -> list[tuple[str, str]]:
        """Return the names of mapped fields, of the input and of the output."""
        return list(self._pairs.items())

    def invert(self) -> None:
        """Map the other way round."""
        self._input, self._output = self._output, self._input
        self._pairs = {target: source for source, target in self._pairs.items()}

    def forEach(self, function: Any) -> None:
        for source, target in self._pairs.items():
            function(self._input.find(source), self._output.find(target))

    def addMappingsWhere(self, predicate: Any, doReplace: bool = True) -> None:
        """Map all fields for which a function of their items is true."""
        for item in self._input:
            if predicate(item):
                self.addMapping(item.key, doReplace)

    def asList(self) -> list[tuple[Key, Key]]:
        """Return the keys of mapped fields, of the input and of the output."""
        return [
            (self._input.find(source).key, self._output.find(target).key)
            for source, target in self._pairs.items()
        ]
