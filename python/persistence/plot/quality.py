"""Seeing, zero point, sky and depth of many exposures: over time, or over the focal plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.drawing import figures

# What is drawn: columns, and their labels.
_PANELS: Mapping[str, str] = {
    "seeing": "seeing (arcsec)",
    "zeroPoint": "zero point (mag)",
    "skyBg": "sky (electron)",
    "magLim": "depth at 5 sigma (mag)",
}
_DAY = 1.0  # of more days than this, time is shown in days
_ARCMIN = 60
_WIDTH = 4.0  # of a picture of the focal plane (inches)


def save(table: Mapping[str, Any], suspicious: Any, path: str, over: str | None = None) -> None:
    """Draw summaries into a file.

    Parameters
    ----------
    table : mapping [`str`, array]
        Columns, as in `persistence.quality.columns.COLUMNS`.
    suspicious : array of `bool`, shape (rows,)
        The rows to mark.
    path : `str`
        The file; its ending determines the format.
    over : `str`, optional
        ``time`` or ``focal-plane``. Default: the focal plane if all rows are of one visit.
    """
    one = len(np.unique(table["visit"])) == 1
    draw = focal_plane if (over or ("focal-plane" if one else "time")) == "focal-plane" else time
    figures.save(draw(table, suspicious), path)


def time(table: Mapping[str, Any], suspicious: Any) -> Any:
    """Draw each quantity over time; or over the number of the visit if no time is known."""
    figure = figures.figure(9, 9, _title(table, suspicious))
    every = figure.subplots(len(_PANELS), 1, sharex=True)
    when, label = _when(table)
    bands = list(dict.fromkeys(table["band"].tolist()))
    colours = dict(zip(bands, figures.COLOURS * (1 + len(bands) // 8), strict=False))
    for axes, (name, text) in zip(every, _PANELS.items(), strict=True):
        values = np.asarray(table[name], float)
        for band in bands:
            rows = (table["band"] == band) & np.isfinite(values)
            axes.plot(when[rows], values[rows], ".", color=colours[band], ms=5, label=band or None)
        odd = suspicious & np.isfinite(values)
        axes.plot(
            when[odd], values[odd], "o", mfc="none", mec=figures.ODD, ms=8, mew=1.2,
            label="suspicious" if odd.any() else None,
        )  # fmt: skip
        axes.set_ylabel(text)
        axes.grid(alpha=0.3)
        if not np.isfinite(values).any():
            figures.say(axes, "not known")
        axes.ticklabel_format(axis="y", useOffset=False)
    if every[0].get_legend_handles_labels()[1]:
        every[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    every[-1].set_xlabel(label)
    every[-1].ticklabel_format(axis="x", useOffset=False, style="plain")
    return figure


def _when(table: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the positions of the rows on the time axis, and its label."""
    mjd = np.asarray(table["expMidptMJD"], float)
    if not np.isfinite(mjd).any():
        return np.asarray(table["visit"], float), "visit"
    first = np.floor(np.nanmin(mjd))
    if np.nanmax(mjd) - first <= _DAY:
        return (mjd - first) * 24, f"hours after MJD {first:.0f} (TAI)"
    return mjd - first, f"days after MJD {first:.0f} (TAI)"


def _title(table: Mapping[str, Any], suspicious: Any) -> str:
    visits = len(np.unique(table["visit"]))
    title = f"visit {table['visit'][0]}" if visits == 1 else f"{visits} visits"
    bands = ", ".join(sorted({band for band in table["band"].tolist() if band}))
    number = len(suspicious)
    exposures = "exposure" if number == 1 else "exposures"
    title = f"{title} ({bands})" if bands else title
    return f"{number} {exposures} of {title}, {int(np.sum(suspicious))} suspicious"


def focal_plane(table: Mapping[str, Any], suspicious: Any) -> Any:
    """Draw each quantity over the focal plane, in sky orientation; medians of several visits.

    Detectors are drawn at their corners on the tangent plane about the centre of their visit, so
    that the camera's geometry is not needed.
    """
    shapes = _outlines(table)
    places = {number: np.median(corners, axis=0) for number, corners in shapes.items()}
    across, along = np.ptp(np.concatenate(list(places.values())), axis=0) if places else (1, 1)
    height = _WIDTH * min(max(along / across, 0.3), 1.5) + 1.2
    figure = figures.figure(2 * _WIDTH + 3, 2 * height + 0.5, _title(table, suspicious))
    for axes, (name, text) in zip(figure.subplots(2, 2).flat, _PANELS.items(), strict=True):
        if not places:
            figures.say(axes, "no positions are known")
            continue
        values = {number: _median(table, name, number) for number in places}
        _fill(figure, axes, places, values, text)
        _mark(axes, places, set(table["id"][suspicious].tolist()))
    return figure


def _median(table: Mapping[str, Any], name: str, detector: int) -> float:
    values = np.asarray(table[name], float)[table["id"] == detector]
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan


def _outlines(table: Mapping[str, Any]) -> dict[int, list[Any]]:
    """Return the corners of each detector in each visit (arcmin), about the visit's middle."""
    shapes: dict[int, list[Any]] = {}
    ra, dec = (np.radians(table[name]) for name in ("raCorners", "decCorners"))
    for visit in np.unique(table["visit"]):
        rows = np.flatnonzero((table["visit"] == visit) & np.isfinite(ra).all(axis=1))
        if not rows.size:
            continue
        points = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], -1)
        middle = points[rows].reshape(-1, 3).mean(axis=0)
        middle /= np.linalg.norm(middle)
        east = np.cross([0.0, 0.0, 1.0], middle)
        east /= np.linalg.norm(east) or 1.0
        north = np.cross(middle, east)
        for row in rows:
            depth = points[row] @ middle
            plane = np.stack([points[row] @ east / depth, points[row] @ north / depth], -1)
            shapes.setdefault(int(table["id"][row]), []).append(np.degrees(plane) * _ARCMIN)
    return shapes


def _fill(made: Any, axes: Any, places: Mapping[int, Any], values: Any, text: str) -> None:
    from matplotlib.collections import PolyCollection

    known = np.array([values[number] for number in places])
    low, high = figures.span(known)
    polygons = PolyCollection(list(places.values()), edgecolors="0.3", linewidths=0.6)
    polygons.set_array(np.ma.masked_invalid(known))
    polygons.set_clim(low, high)
    polygons.set_cmap(figures.LEVELS)
    axes.add_collection(polygons)
    # as high as the axes, whatever their aspect
    bar = made.colorbar(polygons, cax=axes.inset_axes((1.03, 0, 0.04, 1)), label=text)
    bar.formatter.set_useOffset(False)
    points = np.concatenate(list(places.values()))
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    room = 0.05 * max(right - left, top - bottom)
    axes.set_xlim(right + room, left - room)  # east is to the left
    axes.set_ylim(bottom - room, top + room)
    axes.set_aspect("equal")
    axes.set_xlabel("east (arcmin)")
    axes.set_ylabel("north (arcmin)")
    for number, corners in places.items():
        axes.text(
            *corners.mean(axis=0), str(number), ha="center", va="center", fontsize=6, color="white",
            path_effects=_halo(),
        )  # fmt: skip


def _halo() -> Any:
    """Return the effect that makes text readable on any colour."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.5, foreground="black")]


def _mark(axes: Any, places: Mapping[int, Any], odd: set[int]) -> None:
    for number in odd & places.keys():
        axes.fill(*places[number].T, fill=False, edgecolor=figures.ODD, linewidth=2.5)
