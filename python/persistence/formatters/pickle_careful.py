"""An unpickler in Python that checks every step, for pickles that C's cannot be trusted with."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from persistence.errors import UnsafeContent, told
from persistence.files import hashes
from persistence.formatters import pickle_states
from persistence.formatters.pickle_names import check_call, find, is_known, is_shallow
from persistence.formatters.pickle_scan import DEEPEST

# The memory that calls may allocate, relative to the pickle's size, and at least. Real pickles do
# not even need twice their size.
_SHARE, _LEAST = 64, 1 << 26
_DTYPE_LEVELS = 5
_FILL_VALUE = 6  # in the state of numpy's masked arrays

_OURS = {f"numpy.{core}.multiarray.scalar": pickle_states.scalar for core in ("core", "_core")}

# The unpickler in Python, whose steps can be overridden.
_InPython: Any = pickle._Unpickler
_CALLS = "REDUCE NEWOBJ NEWOBJ_EX BUILD"
_HOLDERS = "TUPLE TUPLE1 TUPLE2 TUPLE3 SETITEM SETITEMS DICT ADDITEMS FROZENSET"


def _firsts(pairs: Iterable[Any]) -> list[Any]:
    return [next(iter(pair), None) for pair in pairs]


# Functions whose arguments become keys: all values of a list, or the first of each pair.
_KEYS: Mapping[str, Callable[[Any], Iterable[Any]]] = {
    **dict.fromkeys(("builtins.set", "builtins.frozenset", "collections.Counter"), iter),
    **dict.fromkeys(("builtins.dict", "collections.OrderedDict"), _firsts),
    **dict.fromkeys(("collections.defaultdict", "persistence.dataids.dataid.DataId"), _firsts),
}


class Careful(_InPython):  # type: ignore[misc]  # pickle's stubs do not know it
    """An unpickler that checks every call and state, within a budget of memory and depth.

    It creates known classes from fitting arguments only, and never changes a class.

    Parameters
    ----------
    data : `bytes`
        The pickle.
    path : `str`
        Its name in errors.
    trust : `frozenset` [`str`]
        Dotted names of more classes that may be created.
    stand_ins : mapping of `str` to callable, optional
        Dotted names of classes, and the objects that replace them.
    """

    def __init__(
        self,
        data: bytes,
        path: str,
        trust: frozenset[str],
        stand_ins: Mapping[str, Callable[..., Any]] = {},
    ) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self.path = path
        self.trust = trust
        self._stand_ins = stand_ins
        self._names: dict[int, str] = {}
        self._depths: dict[int, int] = {}
        self._fresh: dict[int, Any] = {}
        self._hashed = hashes.Ledger(len(data))  # it has the objects with a depth
        self._budget = _LEAST + _SHARE * len(data)

    def find_class(self, module: str, name: str) -> Any:
        dotted = f"{module}.{name}"
        if dotted in self._stand_ins:
            known: Any = self._stand_ins[dotted]
        else:
            module, name, dotted = find(module, name, self.path, self.trust)
            known = _OURS.get(dotted) or super().find_class(module, name)
        self._names[id(known)] = dotted
        return known

    # -- calls
    # -----------------------------------------------------------------------------------------

    def load_reduce(self) -> None:
        self._check(self.stack[-2], self.stack[-1])
        super().load_reduce()
        self._charge(self.stack[-1])
        self._keep_fresh(self.stack[-1])

    def load_newobj(self) -> None:
        self._check(self.stack[-2], self.stack[-1])
        super().load_newobj()
        self._charge(self.stack[-1])

    def load_newobj_ex(self) -> None:
        self._check(self.stack[-3], (*self.stack[-2], *self.stack[-1].values()))
        super().load_newobj_ex()
        self._charge(self.stack[-1])

    def _instantiate(self, called: Any, arguments: Any) -> None:
        self._check(called, tuple(arguments))
        super()._instantiate(called, arguments)
        self._charge(self.stack[-1])

    def _check(self, called: Any, arguments: Any) -> None:
        if id(called) not in self._names:
            raise UnsafeContent(f"{self.path} calls a {type(called).__name__}, which was refused")
        for argument in arguments:  # an object in use cannot get a state
            self._fresh.pop(id(argument), None)
        dotted = self._names[id(called)]
        check_call(dotted, arguments, self.path)
        if dotted in _KEYS:
            for argument in arguments:
                if isinstance(argument, list | tuple):
                    self._enter(None, _KEYS[dotted](argument))

    def _charge(self, instance: Any) -> None:
        self._budget -= sys.getsizeof(instance)
        if self._budget < 0:
            raise UnsafeContent(f"{self.path} grows beyond {_SHARE} times its size as it is read")
        if isinstance(instance, hashes.HASHED_DEEP):
            self._note(instance)

    def _keep_fresh(self, instance: Any) -> None:
        """Remember a call's result: numpy's objects get their state once, before they are used."""
        if type(instance).__module__.partition(".")[0] == "numpy":
            self._fresh[id(instance)] = instance

    # -- states
    # ----------------------------------------------------------------------------------------

    def load_build(self) -> None:
        state, instance = self.stack[-1], self.stack[-2]
        if isinstance(instance, type) or callable(instance):
            raise UnsafeContent(f"{self.path} changes {instance!r}, which was refused")
        if type(instance).__module__.partition(".")[0] == "numpy":
            self.stack[-1] = self._numpy_state(instance, state)
        elif is_known(type(instance)) and not (
            isinstance(state, dict) and hasattr(instance, "__dict__")
        ):
            raise UnsafeContent(f"{self.path} changes {instance!r:.80}, which was refused")
        super().load_build()
        if hasattr(instance, "subdtype") and not _is_honest(instance):
            raise UnsafeContent(
                f"{self.path} describes an array that would be read as memory addresses"
            )
        self._charge(instance)

    def _numpy_state(self, array: Any, state: Any) -> tuple[Any, ...]:
        """Return a checked state for a new numpy object that has not been used yet."""
        is_new = self._fresh.pop(id(array), None) is not None
        try:
            if not is_new:
                raise ValueError("it is described twice, or is in use")
            if hasattr(array, "subdtype"):
                if not is_shallow(state, _DTYPE_LEVELS):
                    raise ValueError("too deep")
                parts = [state[2], *(state[4] or {}).values()]
                used = [part[0] for part in parts if part]
                own = pickle_states.array_type(array, state)
            elif hasattr(type(array), "fill_value"):
                if not is_shallow(state[_FILL_VALUE:], 1):
                    raise ValueError("a fill value with parts")
                used = [state[2]]
                own = pickle_states.masked_array(state)
            else:
                used = [state[-3]]
                own = pickle_states.array(state)
        except Exception as error:  # numpy raises anything
            raise UnsafeContent(
                f"{self.path} describes an array in an odd way; it was not created: {told(error)}"
            ) from error
        for dtype in used:
            self._fresh.pop(id(dtype), None)
        return own

    def load_setitem(self) -> None:
        self._check_items(self.stack[-3])
        self._enter(self.stack[-3], [self.stack[-2]])
        super().load_setitem()

    def load_setitems(self) -> None:
        self._check_items(self.metastack[-1][-1])
        self._enter(self.metastack[-1][-1], self.stack[::2])
        super().load_setitems()

    def _check_items(self, holder: Any) -> None:
        if type(holder).__module__.partition(".")[0] == "numpy":
            raise UnsafeContent(f"{self.path} sets items of an array, which was refused")

    # -- keys
    # ------------------------------------------------------------------------------------------

    def load_dict(self) -> None:
        self._enter(None, self.stack[::2])
        super().load_dict()

    def load_additems(self) -> None:
        self._enter(self.metastack[-1][-1], self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        self._enter(None, self.stack)
        super().load_frozenset()
        self._note(self.stack[-1])

    def _enter(self, holder: Any, keys: Any) -> None:
        try:
            self._hashed.enter(holder, keys)
        except hashes.TooManyAlikeError as error:
            raise UnsafeContent(f"{self.path} would never finish reading: {error}") from error

    # -- depth
    # -----------------------------------------------------------------------------------------

    def load_tuple(self) -> None:
        super().load_tuple()
        self._note(self.stack[-1])

    def load_tuple1(self) -> None:
        super().load_tuple1()
        self._note(self.stack[-1])

    def load_tuple2(self) -> None:
        super().load_tuple2()
        self._note(self.stack[-1])

    def load_tuple3(self) -> None:
        super().load_tuple3()
        self._note(self.stack[-1])

    def _note(self, container: tuple[Any, ...] | frozenset[Any]) -> None:
        """Record the depth of a nested tuple or frozenset, and the work of its hash."""
        nested = [part for part in container if isinstance(part, hashes.HASHED_DEEP)]
        if not nested:
            return
        depth = 1 + max(self._depths.get(id(part), 1) for part in nested)
        if depth > DEEPEST:
            raise UnsafeContent(
                f"{self.path} nests tuples more than {DEEPEST} deep; their hash would break Python"
            )
        self._depths[id(container)] = depth
        self._hashed.note(container)

    dispatch: ClassVar[dict[int, Any]] = dict(_InPython.dispatch)


Careful.dispatch.update(
    {
        getattr(pickle, name)[0]: getattr(Careful, f"load_{name.lower()}")
        for name in (*_CALLS.split(), *_HOLDERS.split())
    }
)


def _is_honest(dtype: Any) -> bool:
    """Return whether a structured array type describes its parts correctly."""
    parts = [(part[0], part[1]) for part in (dtype.fields or {}).values()]
    if dtype.subdtype is not None:
        parts.append((dtype.subdtype[0], 0))
    inside = all(offset >= 0 and offset + part.itemsize <= dtype.itemsize for part, offset in parts)
    return inside and (dtype.hasobject or not any(part.hasobject for part, _offset in parts))
