"""Detectors and their amplifiers."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.types.box import Box


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One readout channel of a detector.

    Attributes
    ----------
    name : `str`
        Its name, ``A``.
    data, overscan, prescan, postscan : `Box`
        Where in the raw image its light-sensitive pixels, the serial overscan, the prescan and the parallel
        overscan lie.
    trimmed : `Box`
        Where its pixels lie in the trimmed image.
    gain : `float`
        Electrons per ADU.
    read_noise : `float`
        In electrons.
    saturation : `float`
        In ADU.
    """

    name: str
    data: Box
    overscan: Box
    prescan: Box
    postscan: Box
    trimmed: Box
    gain: float
    read_noise: float
    saturation: float


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector, with its amplifiers where the header tells of them."""

    name: str
    id: int
    serial: str = ""
    amplifiers: tuple[Amplifier, ...] = ()

    def __getitem__(self, name: str) -> Amplifier:
        for amplifier in self.amplifiers:
            if amplifier.name == name:
                return amplifier
        raise KeyError(f"detector {self.name} has amplifiers {[amp.name for amp in self.amplifiers]}, not {name!r}")

    def getName(self) -> str:
        return self.name

    def getId(self) -> int:
        return self.id
