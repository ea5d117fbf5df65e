"""Gen2's name of `persistence.compat.testobjects`."""

from persistence.compat.testobjects import (
    EmptyTestMapper,
    MapperForTestWriting,
    TestObject,
    TestObjectCamelCaseSetter,
    TestObjectPair,
    TestObjectUnderscoreSetter,
)

__all__ = [
    "EmptyTestMapper",
    "MapperForTestWriting",
    "TestObject",
    "TestObjectCamelCaseSetter",
    "TestObjectPair",
    "TestObjectUnderscoreSetter",
]
