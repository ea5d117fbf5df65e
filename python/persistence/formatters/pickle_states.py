"""Check the states of numpy's objects in a pickle before native code uses them.

numpy does not check: an array of objects whose list is shorter than its shape ends the process.
Array types are described anew in Python, and numpy gets its own description of them.
"""

from __future__ import annotations

import datetime
import math
from typing import Any

_VERSIONS = (3, 4)  # of the state of an array type, since numpy 1.0
_ALIGNED = 0x80
_MOST_OF_NOTHING = 1 << 20  # items of size 0, which need no bytes in a file
_LARGEST_OF_NOTHING = 4  # bytes that numpy writes for an empty text
_TIMES = "Mm"
_NO_UNIT = "generic"


def array_type(array: Any, state: Any) -> tuple[Any, ...]:
    """Return numpy's own state of the array type that a state describes.

    Raises
    ------
    ValueError, TypeError
        If it describes none.
    """
    import numpy as np  # lazy: a pickle of plain data does without

    version, order, subtype, names, fields, size, _alignment, flags, *metadata = state
    if version not in _VERSIONS or len(metadata) > 1 or order not in ("<", ">", "|", "="):
        raise ValueError("an unknown version")
    named: Any = metadata[0] if metadata else None
    if subtype is not None:
        described = np.dtype((_type(subtype[0]), _shape(subtype[1])))
    elif names is not None:
        titles = [part[2] for part in fields.values() if len(part) > 2]
        if not all(type(name) is str for name in [*names, *titles]):
            raise TypeError("a name that is no text")
        parts = [fields[name] for name in names]
        described = np.dtype(
            {
                "names": list(names),
                "formats": [_type(part[0]) for part in parts],
                "offsets": [part[1] for part in parts],
                "titles": [part[2] if len(part) > 2 else None for part in parts],
                "itemsize": size,
            },
            align=bool(flags & _ALIGNED),
        )
    elif array.char in _TIMES:
        named, (unit, many, _per, _event) = named
        unit = unit.decode() if isinstance(unit, bytes) else unit
        length = "" if unit == _NO_UNIT else f"[{int(many)}{unit}]"
        described = np.dtype(f"{array.char}8{length}").newbyteorder(order)
    elif size in (-1, array.itemsize):
        described = array.newbyteorder(order)
    else:
        raise ValueError(f"a size of {size}")
    if array.type not in (described.type, np.void):  # numpy.record
        described = np.dtype((array.type, described))
    if named:
        described = np.dtype(described, metadata=dict(named))
    if array.kind != described.kind or array.isbuiltin == 1:
        raise ValueError("another kind")
    reduced: Any = described.__reduce__()
    return tuple(reduced[2])


def array(state: Any) -> tuple[Any, ...]:
    """Return the state of an array, if the content is as large as its shape and type require.

    Raises
    ------
    ValueError, TypeError
        If it is not.
    """
    *version, shape, dtype, fortran, content = state
    if version not in ([], [0], [1]):
        raise ValueError(f"version {version}")
    content = _content(_shape(shape), _type(dtype), content)
    return 1, shape, dtype, bool(fortran), content


def masked_array(state: Any) -> tuple[Any, ...]:
    """Return the state of a masked array; see `array`."""
    import numpy as np  # lazy: a pickle of plain data does without

    version, shape, dtype, fortran, content, mask, fill = state
    content = _content(_shape(shape), _type(dtype), content)
    mask = _content(shape, np.ma.make_mask_descr(dtype), mask)
    return version, shape, dtype, bool(fortran), content, mask, fill


def scalar(dtype: Any, content: Any) -> Any:
    """Return a scalar of some bytes; numpy's own function changes a type of size 0 to size 1."""
    import numpy as np  # lazy: a pickle of plain data does without

    if dtype.hasobject:
        return content[()]
    if not dtype.itemsize:
        return dtype.type()
    return np.frombuffer(_content((1,), dtype, content), dtype)[0].copy()


def is_scalar(arguments: tuple[Any, ...]) -> bool:
    """Return whether a scalar has as many bytes as its type."""
    dtype, content = arguments
    if not _type(dtype).itemsize:
        return len(content) <= _LARGEST_OF_NOTHING and not content.strip(
            "\0" if isinstance(content, str) else b"\0"
        )
    if not dtype.hasobject:
        return _content((1,), dtype, content) is not None
    return bool(getattr(content, "shape", None) == () and content.dtype == dtype)


def is_view(arguments: tuple[Any, ...]) -> bool:
    """Return whether an array can be a view of bytes that are in memory already."""
    content, dtype, shape, *order = arguments
    return (
        type(content) in (bytes, bytearray)
        and _type(dtype).itemsize * math.prod(_shape(shape)) == len(content)
        and not dtype.hasobject
        and all(isinstance(item, str | tuple | None) for item in order)
    )


def _content(shape: tuple[int, ...], dtype: Any, content: Any) -> Any:
    many = math.prod(shape)
    if not dtype.itemsize and many > _MOST_OF_NOTHING:
        raise ValueError(f"{many} items of no size")
    if dtype.hasobject:
        if type(content) is not list or len(content) != many:
            raise ValueError(f"{many} objects are missing")
        return content
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin1")
    if type(content) not in (bytes, bytearray) or len(content) != many * dtype.itemsize:
        raise ValueError(f"{many * dtype.itemsize} bytes are missing")
    return content


def _shape(shape: Any) -> tuple[int, ...]:
    if type(shape) is not tuple or not all(type(extent) is int and extent >= 0 for extent in shape):
        raise ValueError("no shape")
    return shape


def _type(dtype: Any) -> Any:
    import numpy as np  # lazy: a pickle of plain data does without

    if not isinstance(dtype, np.dtype):
        raise TypeError("no type of an array")
    return dtype


# -- dates
# -------------------------------------------------------------------------------------------------

_FOLD = 0x7F  # the bit above is `datetime.fold`


def is_date(arguments: tuple[Any, ...]) -> bool:
    """Return whether a date exists; Python takes the bytes of 30 February as they are."""
    return _is_packed(arguments, 4, _date) or not _is_bytes(arguments)


def is_time(arguments: tuple[Any, ...]) -> bool:
    """Return whether a time of day exists; see `is_date`."""
    return _is_packed(arguments, 6, _time) or not _is_bytes(arguments)


def is_datetime(arguments: tuple[Any, ...]) -> bool:
    """Return whether a date and its time exist; see `is_date`."""
    return _is_packed(arguments, 10, _datetime) or not _is_bytes(arguments)


def _is_bytes(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments) and isinstance(arguments[0], bytes | bytearray | str)


def _is_packed(arguments: tuple[Any, ...], size: int, make: Any) -> bool:
    if not _is_bytes(arguments):
        return False
    packed = arguments[0]
    packed = packed.encode("latin1") if isinstance(packed, str) else packed
    if len(packed) == size:
        make(packed)  # ValueError if there is none
    return len(packed) == size


def _date(packed: bytes) -> None:
    datetime.date(packed[0] << 8 | packed[1], packed[2] & _FOLD, packed[3])


def _time(packed: bytes) -> None:
    datetime.time(packed[0] & _FOLD, packed[1], packed[2], int.from_bytes(packed[3:]))


def _datetime(packed: bytes) -> None:
    _date(packed[:4])
    _time(packed[4:])
