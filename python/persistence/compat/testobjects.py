"""Small classes that Gen2's tests, and those of camera packages, assembled and stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from persistence.cameras.hook_results import ButlerLocation
from persistence.cameras.mapper import Mapper


class TestObject:
    """An object with one value."""

    __test__: ClassVar[bool] = False

    def __init__(self, data: Any) -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TestObject) and self.data == other.data

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"TestObject(data={self.data!r})"


class TestObjectPair:
    """An object with two values, ``objA`` and ``objB``.

    `assembler` and `disassembler` make it a composite.
    """

    __test__: ClassVar[bool] = False

    def __init__(self, objA: Any = None, objB: Any = None) -> None:
        self.objA = objA
        self.objB = objB

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TestObjectPair) and (self.objA, self.objB) == (
            other.objA,
            other.objB,
        )

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"TestObjectPair(objA={self.objA!r}, objB={self.objB!r})"

    def set_a(self, obj: Any) -> None:
        self.objA = obj

    def set_b(self, obj: Any) -> None:
        self.objB = obj

    def get_a(self) -> Any:
        return self.objA

    def get_b(self) -> Any:
        return self.objB

    @staticmethod
    def assembler(dataId: Any, componentInfo: Any, cls: Any) -> Any:
        """Return a pair of the components ``a`` and ``b``."""
        return cls(componentInfo["a"].obj, componentInfo["b"].obj)

    @staticmethod
    def disassembler(obj: Any, dataId: Any, componentInfo: Any) -> None:
        """Set the components ``a`` and ``b`` of a pair."""
        componentInfo["a"].obj, componentInfo["b"].obj = obj.objA, obj.objB


class TestObjectUnderscoreSetter:
    """An object with ``set_foo`` and ``get_foo``."""

    __test__: ClassVar[bool] = False

    def __init__(self) -> None:
        self._foo: Any = None

    def set_foo(self, val: Any) -> None:
        self._foo = val

    def get_foo(self) -> Any:
        return self._foo


class TestObjectCamelCaseSetter:
    """An object with ``setFoo`` and ``getFoo``."""

    __test__: ClassVar[bool] = False

    def __init__(self) -> None:
        self._foo: Any = None

    def setFoo(self, val: Any) -> None:
        self._foo = val

    def getFoo(self) -> Any:
        return self._foo


class EmptyTestMapper(Mapper):
    """A mapper without dataset types, which holds the arguments that a repository passes."""

    __test__: ClassVar[bool] = False

    def __init__(
        self,
        root: str | None = None,
        parentRegistry: Any = None,
        repositoryCfg: Any = None,
        **_: Any,
    ) -> None:
        self.root = root


class MapperForTestWriting(Mapper):
    """A mapper with one type, ``foo``, pickled at a path that contains the whole data ID."""

    __test__: ClassVar[bool] = False
    trusted: ClassVar[frozenset[str]] = frozenset(
        f"{module}.{name}"
        for module in (__name__, "lsst.daf.persistence.test")
        for name in (
            "TestObject",
            "TestObjectPair",
            "TestObjectCamelCaseSetter",
            "TestObjectUnderscoreSetter",
        )
    )

    def __init__(self, root: str, **_: Any) -> None:
        self.root = root

    def map_foo(self, dataId: Mapping[str, Any], write: bool = False) -> ButlerLocation:
        path = (
            "filename" + "".join(f"_{key}{value}" for key, value in sorted(dataId.items())) + ".txt"
        )
        return ButlerLocation(TestObject, None, "PickleStorage", path, dataId, self, None)
