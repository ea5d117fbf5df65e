"""The inputs of a master calibration, without the instrument's signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.pipe.task import TaskError
from persistence.tasks import input_quality
from persistence.tasks.combining import Plane, Stack
from persistence.tasks.construct_inputs import Input, part
from persistence.tasks.input_quality import Look

if TYPE_CHECKING:
    from persistence.types.exposure.detector import Detector
    from persistence.types.exposure.exposure import Exposure

_BAD = ("BAD", "SAT")


class Prepared:
    """The inputs of a master, without the instrument's signature.

    Attributes
    ----------
    stack : `~persistence.tasks.combining.Stack`
        Their pixels (electrons); bad ones are not numbers.
    looks : `dict` [`str`, `Look`]
        What each is like, in the order of the stack.
    kinds : `dict` [`str`, `str`]
        Of which kind each is.
    left_out : `dict` [`str`, `str`]
        Those that are not used, with the reasons.
    first : `~persistence.types.exposure.exposure.Exposure`
        The first of them.
    detector : `~persistence.types.exposure.detector.Detector`
        Theirs, with its amplifiers.
    begins : `dict` [`str`, `str`]
        Day -> DATE-OBS of the first exposure of that day.
    noise : array
        The variance of a pixel that is not of its light: that of the read noise (electrons
        squared).
    header
        The cards that all have in common.
    """

    def __init__(self) -> None:
        self.stack: Stack
        self.looks: dict[str, Look] = {}
        self.kinds: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        self.first: Exposure | None = None
        self.detector: Detector
        self.noise: Plane
        self.header: Any = None
        self.begins: dict[str, str] = {}

    def add(self, each: Input, exposure: Exposure) -> None:
        """Add an input, of which the signature is removed; its pixels are not its own any more.

        Raises
        ------
        TaskError
            If it is not of the same size as the others.
        """
        assert exposure.mask is not None
        name = each.name
        if self.first is not None and exposure.image.shape != self.stack.shape:
            raise TaskError("it has another number of pixels than the first")
        image = np.asarray(exposure.image, np.float32)
        for plane in _BAD:
            image[exposure.mask[plane]] = np.nan
        if self.first is None:
            # that of a trimmed one has no amplifiers
            self.detector = part(each.reference, "detector", "detector")
            self.stack = Stack(image.shape)
            self.noise = np.zeros(image.shape, np.float32)
            nothing = np.broadcast_to(np.float32(0), image.shape)  # its pixels are in the stack
            self.first = exposure.replaced(image=nothing, mask=None, variance=None)
            self.header = exposure.metadata
        else:
            self.header = _common(self.header, exposure.metadata)
        self.begins.setdefault(each.day, str(exposure.metadata.get("DATE-OBS", each.day)))
        full = float(exposure.mask["SAT"].mean())
        self.looks[name] = input_quality.look(image, np.asarray(exposure.variance), full)
        self.kinds[name] = each.kind
        self.stack.append(image)
        np.maximum(image, 0, out=image)
        np.subtract(np.asarray(exposure.variance), image, out=image)
        np.fmax(self.noise, image, out=self.noise)

    def used(self) -> dict[str, int]:
        """Return the inputs that are used, with their places in the stack."""
        return {
            name: position for position, name in enumerate(self.looks) if name not in self.left_out
        }


def _common(header: Any, other: Any) -> Any:
    """Return the cards that two headers have in common."""
    return type(header)(
        [
            card
            for card in header.cards
            if card.keyword and card.keyword in other and other[card.keyword] == card.value
        ]
    )
