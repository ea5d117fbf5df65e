"""`IdFactory`: numbers for new records."""

from __future__ import annotations

from persistence.gen2types.exceptions import InvalidParameterError, LengthError

_BITS = 64


class IdFactory:
    """Numbers that count upwards from 1.

    Parameters
    ----------
    exposure : `int`, optional
        What stands in the upper bits of each number.
    reserved : `int`, optional
        How many lower bits count.
    """

    def __init__(self, exposure: int = 0, reserved: int = _BITS) -> None:
        self._upper = exposure << reserved if exposure else 0
        self._exposure = exposure
        self._reserved = reserved
        self._lower = 0

    @staticmethod
    def makeSimple() -> IdFactory:
        """Return a factory of 1, 2, 3 ..."""
        return IdFactory()

    @staticmethod
    def makeSource(expId: int, reserved: int) -> IdFactory:
        """Return a factory of ``expId << reserved | 1``, and so on.

        Raises
        ------
        InvalidParameterError
            If the exposure's number does not fit beside the reserved bits.
        """
        if not 0 <= reserved <= _BITS or expId < 0 or expId >> (_BITS - reserved):
            raise InvalidParameterError(
                f"Exposure ID '{expId}' is too large; cannot reserve {reserved} bits of {_BITS}."
            )
        return IdFactory(expId, reserved)

    @staticmethod
    def computeReservedFromMaxBits(maxBits: int) -> int:
        """Return how many bits exposures of at most ``maxBits`` bits leave to sources."""
        return _BITS - maxBits

    def __call__(self) -> int:
        """Return the next number.

        Raises
        ------
        LengthError
            If there are no more.
        """
        if (self._lower + 1) >> self._reserved:
            raise LengthError(
                f"Next ID '{self._lower + 1}' is too large for the number of reserved bits "
                f"{self._reserved}."
            )
        self._lower += 1
        return self._upper | self._lower

    def notify(self, id: int) -> None:
        """Continue after a number that is in use.

        Raises
        ------
        InvalidParameterError
            If it is of another exposure.
        """
        lower = id - self._upper
        if lower < 0 or lower >> self._reserved:
            raise InvalidParameterError(
                f"ID {id} is of exposure {id >> self._reserved}, not {self._exposure}."
            )
        self._lower = max(self._lower, lower)

    def clone(self) -> IdFactory:
        copied = IdFactory(self._exposure, self._reserved)
        copied._lower = self._lower
        return copied
