"""Spoils raw exposures and reference catalogs, each in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits
from astropy.units import Quantity

from persistence.types.table.catalog import Catalog

_NEBULA = 12000.0  # electrons at its middle
_WIDTH = 0.12  # of the chip's rows, its standard deviation


class Raw(NamedTuple):
    """A raw exposure that is to be spoilt: its header, its pixels, and random numbers."""

    header: fits.Header
    pixels: Any
    rng: np.random.Generator


def shift(arcsec: float) -> Callable[[Raw], None]:
    """Move a WCS to the east."""

    def change(raw: Raw) -> None:
        raw.header["CRVAL1"] += arcsec / 3600 / np.cos(np.radians(raw.header["CRVAL2"]))

    return change


def turn(degrees: float) -> Callable[[Raw], None]:
    """Rotate a WCS around its chip's centre, as by a rotated camera."""

    def change(raw: Raw) -> None:
        header = raw.header
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        names = ("CD1_1", "CD1_2"), ("CD2_1", "CD2_2")
        matrix = np.array([[header[name] for name in row] for row in names])
        turn = np.array([[cosine, sine], [-sine, cosine]])
        rows, columns = raw.pixels.shape
        middle = np.array([columns / 2, rows / 2])
        reference = np.array([header["CRPIX1"], header["CRPIX2"]])
        reference = middle - turn.T @ (middle - reference)
        header["CRPIX1"], header["CRPIX2"] = map(float, reference)
        for row, values in zip(names, matrix @ turn, strict=True):
            for name, value in zip(row, values, strict=True):
                header[name] = float(value)

    return change


def _half(raw: Raw) -> tuple[slice, slice]:
    """Return the pixels of the left amplifier, overscan included."""
    return slice(None), slice(0, raw.pixels.shape[1] // 2)


def kill(noise: float) -> Callable[[Raw], None]:
    """Replace one amplifier by noise (counts)."""

    def change(raw: Raw) -> None:
        part = _half(raw)
        level = float(np.median(raw.pixels[part]))
        counts = raw.rng.normal(level, noise, raw.pixels[part].shape)
        raw.pixels[part] = np.clip(np.rint(counts), 0, 65535).astype(np.uint16)

    return change


def gain(names: tuple[str, ...]) -> Callable[[Raw], None]:
    """Set cards to 0."""

    def change(raw: Raw) -> None:
        for name in names:
            raw.header[name] = 0.0

    return change


def nebula(raw: Raw) -> None:
    """Add a smooth cloud of light to the middle."""
    rows, columns = raw.pixels.shape
    up = np.arange(rows)[:, np.newaxis] - 0.45 * rows
    right = np.arange(columns) - 0.5 * columns
    light = _NEBULA * np.exp(-(up**2 + right**2) / (2 * (_WIDTH * rows) ** 2))
    counts = raw.rng.poisson(light) / 4.3
    sensitive = np.zeros(raw.pixels.shape, bool)
    # Prescan and overscan are at the outer sides, postscan at the lower.
    sensitive[50:, 56:-56] = True
    raw.pixels[sensitive] = np.minimum(
        raw.pixels.astype(float) + np.where(sensitive, counts, 0), 65535
    ).astype(np.uint16)[sensitive]


def empty(raw: Raw) -> None:
    """Keep only sky and noise, as with thick clouds."""
    for part in (_half(raw), (slice(None), slice(raw.pixels.shape[1] // 2, None))):
        level = float(np.median(raw.pixels[part]))
        noise = raw.rng.normal(level, np.sqrt(level), raw.pixels[part].shape) * 0 + level
        raw.pixels[part] = np.rint(raw.rng.normal(noise, 6.0)).astype(np.uint16)


def saturate(raw: Raw) -> None:
    """Set all pixels to the highest number."""
    raw.pixels[:, 56:-56] = 65535


def at_random(table: Catalog, rng: np.random.Generator) -> Catalog:
    """Move the stars of a catalog to random positions in its field."""
    table = table.copy()
    for axis in ("ra", "dec"):
        values = np.asarray(table[f"coord_{axis}"].value)
        table[f"coord_{axis}"] = Quantity(
            rng.uniform(values.min(), values.max(), len(table)), "rad"
        )
    return table


def permuted(table: Catalog, rng: np.random.Generator) -> Catalog:
    """Permute the fluxes of the stars of a catalog."""
    table = table.copy()
    order = rng.permutation(len(table))
    for name in table.colnames:
        if "_flux" in name:
            table[name] = table[name][order]
    return table


def without_motions(table: Catalog, rng: np.random.Generator) -> Catalog:
    """Return a catalog with positions at its epoch, but without the epoch."""
    table = table.copy()
    table.remove_columns([name for name in table.colnames if name.startswith("pm_")] + ["epoch"])
    return table
