"""From a catalog of a difference image to rows of DiaSource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.apdb import schema
from persistence.pipe.task import TaskError
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
_ARCSEC = 3600.0


class Local(NamedTuple):
    """The local properties of an exposure at the position of each source.

    Attributes
    ----------
    flux : array
        The flux of one count (nJy).
    matrix : array, shape (sources, 2, 2)
        East and north (deg) of a step in x and in y of one pixel.
    """

    flux: Any
    matrix: Floats

    @property
    def scale(self) -> Floats:
        """The size of a pixel (arcsec)."""
        return np.asarray(np.sqrt(np.abs(np.linalg.det(self.matrix))) * _ARCSEC)


Convert = Callable[[Any, Local], Any]


def _same(values: Any, local: Local) -> Any:
    return values


def _flux(values: Any, local: Local) -> Any:
    return np.asarray(values, float) * local.flux


def _length(values: Any, local: Local) -> Any:
    return np.asarray(values, float) * local.scale


def _moment(values: Any, local: Local) -> Any:
    return np.asarray(values, float) * local.scale**2


def _bearing(values: Any, local: Local) -> Any:
    """Return directions (deg) from north through east of angles from x to y (rad)."""
    step = np.stack([np.cos(np.asarray(values, float)), np.sin(np.asarray(values, float))], -1)
    east, north = np.moveaxis(np.einsum("nij,nj->ni", local.matrix, step), -1, 0)
    return np.degrees(np.arctan2(east, north)) % 360.0


def _axis(values: Any, local: Local) -> Any:
    """Return what `_bearing` does, of what has no head and no tail."""
    return _bearing(values, local) % 180.0


def _degrees(values: Any, local: Local) -> Any:
    return np.degrees(np.asarray(values, float))


# Column of DiaSource -> column of the catalog, by afw's names, and what is made of it. What a
# catalog does not have is NULL.
COLUMNS: Mapping[str, tuple[str, Convert]] = {
    "parentDiaSourceId": ("parent", lambda values, _: np.ma.masked_equal(values, 0)),
    "x": ("slot_Centroid_x", _same),
    "xErr": ("slot_Centroid_xErr", _same),
    "y": ("slot_Centroid_y", _same),
    "yErr": ("slot_Centroid_yErr", _same),
    "centroid_flag": ("slot_Centroid_flag", _same),
    "apFlux": ("slot_ApFlux_instFlux", _flux),
    "apFluxErr": ("slot_ApFlux_instFluxErr", _flux),
    "apFlux_flag": ("slot_ApFlux_flag", _same),
    "apFlux_flag_apertureTruncated": ("slot_ApFlux_flag_apertureTruncated", _same),
    "isNegative": ("is_negative", _same),
    "psfFlux": ("slot_PsfFlux_instFlux", _flux),
    "psfFluxErr": ("slot_PsfFlux_instFluxErr", _flux),
    "psfNdata": ("slot_PsfFlux_npixels", _same),
    "psfFlux_flag": ("slot_PsfFlux_flag", _same),
    "psfFlux_flag_edge": ("slot_PsfFlux_flag_edge", _same),
    "psfFlux_flag_noGoodPixels": ("slot_PsfFlux_flag_noGoodPixels", _same),
    "scienceFlux": ("ip_diffim_forced_PsfFlux_instFlux", _flux),
    "scienceFluxErr": ("ip_diffim_forced_PsfFlux_instFluxErr", _flux),
    "forced_PsfFlux_flag": ("ip_diffim_forced_PsfFlux_flag", _same),
    "forced_PsfFlux_flag_edge": ("ip_diffim_forced_PsfFlux_flag_edge", _same),
    "forced_PsfFlux_flag_noGoodPixels": ("ip_diffim_forced_PsfFlux_flag_noGoodPixels", _same),
    "templateFlux": ("ip_diffim_forced_template_PsfFlux_instFlux", _flux),
    "templateFluxErr": ("ip_diffim_forced_template_PsfFlux_instFluxErr", _flux),
    "dipoleLength": ("ip_diffim_DipoleFit_separation", _length),
    "dipoleAngle": ("ip_diffim_DipoleFit_orientation", _bearing),
    "dipoleNdata": ("ip_diffim_DipoleFit_nData", _same),
    "isDipole": ("ip_diffim_DipoleFit_flag_classification", _same),
    "dipoleFitAttempted": ("ip_diffim_DipoleFit_flag_classificationAttempted", _same),
    "trailFlux": ("ext_trailedSources_Naive_instFlux", _flux),
    "trailFluxErr": ("ext_trailedSources_Naive_instFluxErr", _flux),
    "trailLength": ("ext_trailedSources_Naive_length", _length),
    "trailLengthErr": ("ext_trailedSources_Naive_lengthErr", _length),
    "trailAngle": ("ext_trailedSources_Naive_angle", _axis),
    "trailAngleErr": ("ext_trailedSources_Naive_angleErr", _degrees),
    "trailChi2": ("ext_trailedSources_Naive_chi2", _same),
    "trailNdata": ("ext_trailedSources_Naive_nData", _same),
    "trail_flag": ("ext_trailedSources_Naive_flag", _same),
    "trail_flag_edge": ("ext_trailedSources_Naive_flag_edge", _same),
    "ixx": ("slot_Shape_xx", _moment),
    "iyy": ("slot_Shape_yy", _moment),
    "ixy": ("slot_Shape_xy", _moment),
    "ixxPSF": ("slot_PsfShape_xx", _moment),
    "iyyPSF": ("slot_PsfShape_yy", _moment),
    "ixyPSF": ("slot_PsfShape_xy", _moment),
    "shape_flag": ("slot_Shape_flag", _same),
    "extendedness": ("base_ClassificationExtendedness_value", _same),
    "bboxSize": ("bboxSize", _same),
    "pixelFlags": ("base_PixelFlags_flag", _same),
    **{
        f"pixelFlags_{name}": (f"base_PixelFlags_flag_{name}", _same)
        for name in (
            "bad cr crCenter edge nodata nodataCenter interpolated interpolatedCenter offimage "
            "saturated saturatedCenter suspect suspectCenter streak streakCenter injected "
            "injectedCenter injected_template injected_templateCenter"
        ).split()
    },
}


# The flag of what does not look like a point.
POINTLIKE = "ip_diffim_PsfFit_flag"
_DIPOLE = "ip_diffim_DipoleFit"
_TRAIL = "ext_trailedSources_Naive"
# The number of the moments by which a source is taken for a trail.
_SDSS_SHAPE = 1
_MIDDLE = ("trailRa", "trailDec", "trailRaErr", "trailDecErr")


class Exposed(NamedTuple):
    """An exposure's numbers.

    Attributes
    ----------
    visit, detector : `int`
    number : `int`
        That of both together: ``ccdExposureId``.
    """

    visit: int
    detector: int
    number: int


def rows(catalog: Any, exposure: Exposure, numbers: Exposed) -> dict[str, Any]:
    """Return the columns of DiaSource, without objects, that a catalog has.

    Parameters
    ----------
    catalog : `~persistence.types.table.catalog.Catalog`
        Of sources on a difference image, with afw's names; those without a position are left out.
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The difference image, or the calibrated one: with WCS, calibration, filter and time.
    numbers : `Exposed`

    Returns
    -------
    columns : `dict` [`str`, array]

    Raises
    ------
    TaskError
        If the exposure has no WCS, calibration or time.
    """
    known = schema.load()["DiaSource"].columns
    time, exposed = midpoint(exposure)
    catalog = catalog[
        np.isfinite(catalog["slot_Centroid_x"]) & np.isfinite(catalog["slot_Centroid_y"])
    ]
    x, y = (np.asarray(catalog[f"slot_Centroid_{axis}"], float) for axis in "xy")
    local, (ra, dec) = _local(exposure, x, y)
    number = len(catalog)
    columns: dict[str, Any] = {
        "diaSourceId": np.asarray(catalog["id"], np.int64),
        "visit": np.full(number, numbers.visit),
        "detector": np.full(number, numbers.detector),
        "midpointMjdTai": np.full(number, time),
        "exposureTime": np.full(number, np.nan if exposed is None else exposed),
        "ra": ra,
        "dec": dec,
    }
    letter = band(exposure.filter)
    if letter is not None:
        columns["band"] = np.full(number, letter)
    for name, (column, convert) in COLUMNS.items():
        if catalog.resolve(column) in catalog.colnames:
            columns[name] = convert(_bare(catalog[column]), local)
    if {"xErr", "yErr"} <= columns.keys():
        columns |= _errors(columns["xErr"], columns["yErr"], local.matrix)
    columns |= _trails(catalog, exposure)
    columns |= _dipoles(catalog, local) | _fits(catalog) | _detections(catalog, columns)
    # As they are stored, so that statistics are of the same values before and after.
    short = [name for name in columns if known[name].type == "float"]
    return columns | {name: np.asarray(columns[name], np.float32) for name in short}


def flagged(catalog: Any, names: list[str]) -> NDArray[np.bool_]:
    """Return which sources have one of some flags; of those that a catalog does not have, none.

    Parameters
    ----------
    catalog : `~persistence.types.table.catalog.Catalog`
    names : `list` [`str`]
        `POINTLIKE` does not count for dipoles, and for trails that were fitted.
    """
    bad = np.zeros(len(catalog), bool)
    for name in names:
        if catalog.resolve(name) in catalog.colnames:
            has = np.asarray(catalog[name], bool)
            bad |= has & ~_described(catalog) if name == POINTLIKE else has
    return bad


def _described(catalog: Any) -> NDArray[np.bool_]:
    """Return which sources are dipoles or trails."""
    is_known = np.zeros(len(catalog), bool)
    if f"{_DIPOLE}_flag_classification" in catalog.colnames:
        is_known |= np.asarray(catalog[f"{_DIPOLE}_flag_classification"], bool)
    if f"{_TRAIL}_length" in catalog.colnames:
        is_known |= np.isfinite(np.asarray(_bare(catalog[f"{_TRAIL}_length"]), float))
    return is_known


def _dipoles(catalog: Any, local: Local) -> dict[str, Any]:
    """Return the columns of dipoles' fluxes, of those of both sides, which have the same error."""
    names = [f"{_DIPOLE}_{side}_instFlux" for side in ("pos", "neg")]
    if not {*names, f"{names[0]}Err"} <= set(catalog.colnames):
        return {}
    light, dark = (np.abs(_flux(_bare(catalog[name]), local)) for name in names)
    error = _flux(_bare(catalog[f"{names[0]}Err"]), local)
    return {
        "dipoleMeanFlux": (light + dark) / 2,
        "dipoleMeanFluxErr": error / np.sqrt(2),
        "dipoleFluxDiff": light - dark,
        "dipoleFluxDiffErr": error * np.sqrt(2),
    }


def _trails(catalog: Any, exposure: Exposure) -> dict[str, Any]:
    """Return where the middles of trails are."""
    names = [f"{_TRAIL}_{name}" for name in ("x", "y", "xErr", "yErr")]
    if not set(names) <= set(catalog.colnames):
        return {}
    x, y, *errors = (np.asarray(_bare(catalog[name]), float) for name in names)
    known = np.isfinite(x)
    columns: dict[str, Any] = {name: np.full(len(catalog), np.nan) for name in _MIDDLE}
    columns["trailAlgorithm"] = np.ma.masked_array(np.full(len(catalog), _SDSS_SHAPE), ~known)
    local, position = _local(exposure, x[known], y[known])
    spread = _errors(errors[0][known], errors[1][known], local.matrix)
    for name, values in zip(_MIDDLE, (*position, spread["raErr"], spread["decErr"]), strict=True):
        columns[name][known] = values
    return columns


def _fits(catalog: Any) -> dict[str, Any]:
    """Return chi-squared of fits, where it is known of how many pixels.

    Catalogs may have it reduced.
    """
    columns = {}
    for name, column, counted in (
        ("psfChi2", "base_PsfFlux_chi2", "base_PsfFlux_npixels"),
        ("dipoleChi2", f"{_DIPOLE}_chi2", f"{_DIPOLE}_nData"),
    ):
        if {column, counted} <= set(catalog.colnames):
            columns[name] = np.asarray(catalog[column], float)
    return columns


def _detections(catalog: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return how sources stood out: by the detection's score, or else by their flux."""
    if "ip_diffim_score" in catalog.colnames:
        score = np.asarray(catalog["ip_diffim_score"], float)
    elif {"psfFlux", "psfFluxErr"} <= columns.keys():
        with np.errstate(divide="ignore", invalid="ignore"):
            score = columns["psfFlux"] / columns["psfFluxErr"]
    else:
        return {}
    known = {"isNegative": columns["isNegative"]} if "isNegative" in columns else {}
    return {
        "snr": np.where(np.isfinite(score), np.abs(score), np.nan),
        "isNegative": score < 0,
        **known,
    }


def midpoint(exposure: Exposure) -> tuple[float, float | None]:
    """Return the middle of an exposure (MJD, TAI), and the exposure time (s).

    Raises
    ------
    TaskError
        If its header lacks them.
    """
    visit = exposure.visit_info
    if visit.date_avg is None:
        raise TaskError(
            "the time of the exposure is unknown (no date, or no exposure time): a "
            "DIASource needs midpointMjdTai"
        )
    return float(visit.date_avg.tai.mjd), visit.exposure_time


def band(label: Any) -> str | None:
    """Return the letter of a filter, as the database has it; None if it has none, such as VR."""
    known = schema.load().bands
    names = [] if label is None else [label.band, label.name]
    return next((name.lower() for name in names if name and name.lower() in known), None)


def _bare(values: Any) -> Any:
    return values.value if hasattr(values, "unit") and hasattr(values, "value") else values


def _local(exposure: Exposure, x: Floats, y: Floats) -> tuple[Local, tuple[Floats, Floats]]:
    """Return the local calibration at positions, and their sky coordinates (deg)."""
    wcs, calibration = exposure.wcs, exposure.photo_calib
    if wcs is None or calibration is None:
        lacking = "WCS" if wcs is None else "photometric calibration"
        raise TaskError(f"the exposure has no {lacking}: DIASources need positions and nJy")
    here, right, up = (
        np.stack(sphere.of_pixels(wcs, x + dx, y + dy)) for dx, dy in ((0, 0), (1, 0), (0, 1))
    )
    shrink = np.cos(np.radians(here[1]))
    steps = []
    for there in (right, up):
        east = ((there[0] - here[0] + 180) % 360 - 180) * shrink
        steps.append(np.stack([east, there[1] - here[1]], axis=-1))
    matrix = np.stack(steps, axis=-1)
    return Local(calibration.factor(x, y), matrix), (here[0], here[1])


def _errors(x: Any, y: Any, matrix: Floats) -> dict[str, Floats]:
    """Return the errors of positions on the sky (deg) by those on the detector."""
    variances = np.stack([np.asarray(x, float) ** 2, np.asarray(y, float) ** 2], axis=-1)
    covariance = np.einsum("nij,nj,nkj->nik", matrix, variances, matrix)
    return {
        "raErr": np.sqrt(covariance[:, 0, 0]),
        "decErr": np.sqrt(covariance[:, 1, 1]),
        "ra_dec_Cov": covariance[:, 0, 1],
    }
