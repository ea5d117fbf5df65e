"""Gen2's name of `persistence.compat.testobjects`."""

from persistence.compat.testobjects import (
    TestObject,
    TestObjectCamelCaseSetter,
    TestObjectPair,
    TestObjectUnderscoreSetter,
)

__all__ = ["TestObject", "TestObjectCamelCaseSetter", "TestObjectPair", "TestObjectUnderscoreSetter"]
