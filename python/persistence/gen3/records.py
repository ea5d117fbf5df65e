"""Records of Gen3's dimensions, as blocks of an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import PersistenceError
from persistence.gen3 import names, polygons, spans
from persistence.gen3.dataids import Sky
from persistence.gen3.document import Block, Polygon, Time
from persistence.gen3.names import Instrument
from persistence.gen3.observations import Observation
from persistence.gen3.polygons import Vectors

# The first universe in which nights and groups are dimensions of their own.
NIGHTS = 6
_ONE_TO_ONE = {"id": 0, "name": "one-to-one"}
_SECONDS = 3600.0


def of_camera(
    mapper: CameraMapper,
    instrument: Instrument,
    detectors: set[int],
    observations: Sequence[Observation],
) -> list[Block]:
    """Return the records of an instrument, its filters and its detectors.

    Parameters
    ----------
    mapper : `CameraMapper`
        The camera's mapper.
    instrument : `Instrument`
        Gen3's names of it.
    detectors : `set` [`int`]
        The detectors with data.
    observations : sequence of `Observation`
        The exposures, which may have filters that the camera does not list.
    """
    owner = {"instrument": instrument.name}
    labels = [*mapper.translator.filters, *(each.label for each in observations)]
    # limits are stated for packing numbers; larger ones are refused by nobody
    exposures = max((each.number + 1 for each in observations), default=0)
    exposures = max(exposures, instrument.exposure_max)
    bands = {names.physical(label): names.band(label) for label in reversed(labels)}
    record = {
        "name": instrument.name,
        "visit_max": exposures,
        "visit_system": _ONE_TO_ONE["id"],
        "exposure_max": exposures,
        "detector_max": instrument.detector_max,
        "class_name": instrument.class_name or None,
    }
    return [
        _block("instrument", [record]),
        _block(
            "physical_filter",
            [{**owner, "name": name, "band": band} for name, band in sorted(bands.items())],
        ),
        _block(
            "detector", [owner | record for record in names.detector_records(mapper, detectors)]
        ),
    ]


def of_observations(
    observations: Sequence[Observation], instrument: Instrument, universe: int
) -> list[Block]:
    """Return the records of nights, groups, exposures, visits and regions.

    Parameters
    ----------
    observations : sequence of `Observation`
        The exposures.
    instrument : `Instrument`
        The camera.
    universe : `int`
        The version of Gen3's dimensions: 5, or 6 and later.
    """
    owner = {"instrument": instrument.name}
    has_nights = universe >= NIGHTS
    nights = {each.number: _night(each, instrument) for each in observations}
    exposures = [owner | _exposure(each, nights[each.number], has_nights) for each in observations]
    visits = [each for each in observations if each.is_visit]
    blocks = []
    if has_nights:
        begins = {night: _noon(night, instrument) for night in sorted(set(nights.values()))}
        blocks += [
            _block("day_obs", [owner | {"id": night} | times for night, times in begins.items()]),
            _block("group", [owner | {"name": str(each.number)} for each in observations]),
        ]
    blocks += [
        _block("exposure", exposures),
        _block("visit_system", [owner | _ONE_TO_ONE]),
        _block("visit", [owner | _visit(each, nights[each.number]) for each in visits]),
        _block(
            "visit_definition",
            [owner | {"exposure": each.number, "visit": each.number} for each in visits],
        ),
        _block(
            "visit_system_membership",
            [owner | {"visit_system": _ONE_TO_ONE["id"], "visit": each.number} for each in visits],
        ),
        _block(
            "visit_detector_region",
            [
                owner | {"visit": each.number, "detector": detector, "region": region(corners)}
                for each in visits
                for detector, corners in sorted(each.corners.items())
            ],
        ),
    ]
    return [block for block in blocks if block["records"]]


def of_sky(sky: Sky, tracts: Iterable[int]) -> list[Block]:
    """Return the records of a sky map, of some tracts, and of all their patches."""
    owner = {"skymap": sky.name}
    chosen = [sky.map[number] for number in sorted(tracts)]
    columns = max((tract.num_patches[0] for tract in chosen), default=0)
    rows = max((tract.num_patches[1] for tract in chosen), default=0)
    patches = [
        owner | {
            "tract": tract.tract_id,
            "id": patch.sequential_index,
            "cell_x": patch.index[0],
            "cell_y": patch.index[1],
            "region": _of_corners(tract.corners(patch.outer_bbox)),
        }
        for tract in chosen
        for patch in tract
    ]  # fmt: skip
    record = {
        "name": sky.name,
        "hash": sky.map.getSha1(),
        "tract_max": len(sky.map),
        "patch_nx_max": columns,
        "patch_ny_max": rows,
    }
    records = [
        owner | {"id": tract.tract_id, "region": _of_corners(tract.corners(tract.bbox))}
        for tract in chosen
    ]
    return [
        _block(name, some)
        for name, some in (("skymap", [record]), ("tract", records), ("patch", patches))
        if some
    ]


def region(corners: Vectors) -> Polygon:
    """Return a region of corners."""
    return Polygon(polygons.encoded(corners))


def _of_corners(positions: Any) -> Polygon:
    return region(polygons.hull(polygons.vectors(positions.ra.deg, positions.dec.deg)))


def _block(element: str, records: Sequence[Mapping[str, Any]]) -> Block:
    return {"type": "dimension", "element": element, "records": list(records)}


def _exposure(each: Observation, night: int, has_nights: bool) -> dict[str, Any]:
    info = each.info
    ra, dec = _pointing(each)
    group = (
        {"group": str(each.number)}
        if has_nights
        else {"group_name": str(each.number), "group_id": each.number}
    )
    return {
        "id": each.number,
        "obs_id": str(each.number),
        "physical_filter": names.physical(each.label),
        **group,
        "day_obs": night,
        "exposure_time": info.exposure_time,
        "dark_time": info.dark_time,
        "observation_type": names.observation_type(info.observation_type),
        "observation_reason": info.observation_reason,
        **dict.fromkeys(("seq_num", "seq_start", "seq_end"), each.number),
        "target_name": info.object,
        "science_program": info.science_program,
        "tracking_ra": ra,
        "tracking_dec": dec,
        "sky_angle": info.rotation if info.rotation_type == "SKY" else None,
        "azimuth": info.azimuth,
        "zenith_angle": _zenith_angle(each),
        "has_simulated": bool(info.has_simulated_content),
        **_times(each),
    }


def _visit(each: Observation, night: int) -> dict[str, Any]:
    info = each.info
    corners = list(each.corners.values())
    return {
        "id": each.number,
        "name": str(each.number),
        "physical_filter": names.physical(each.label),
        "day_obs": night,
        "seq_num": each.number,
        "exposure_time": info.exposure_time,
        "target_name": info.object,
        "observation_reason": info.observation_reason,
        "science_program": info.science_program,
        "azimuth": info.azimuth,
        "zenith_angle": _zenith_angle(each),
        **({"region": region(polygons.hull(np.concatenate(corners)))} if corners else {}),
        **_times(each),
    }


def _zenith_angle(each: Observation) -> float | None:
    return None if each.info.altitude is None else 90.0 - each.info.altitude


def _pointing(each: Observation) -> tuple[float | None, float | None]:
    """Return the pointing, ICRS (deg); None if the header has none, or an invalid one."""
    try:
        boresight = each.info.boresight
    except PersistenceError:
        return None, None
    if boresight is None:
        return None, None
    return float(boresight.icrs.ra.deg), float(boresight.icrs.dec.deg)


def begin(each: Observation) -> Any:
    """Return the beginning of an exposure, an `astropy.time.Time`; None if it is unknown."""
    try:
        return each.info.date
    except PersistenceError:
        return None


def _times(each: Observation) -> dict[str, Time | None]:
    """Return the beginning and the end of an exposure, in TAI."""
    from astropy.time import TimeDelta

    first = begin(each)
    if first is None:
        return {"datetime_begin": None, "datetime_end": None}
    last = first.tai + TimeDelta(each.info.exposure_time or 0.0, format="sec")
    return {"datetime_begin": Time(spans.tai(first)), "datetime_end": Time(spans.tai(last))}


def _night(each: Observation, instrument: Instrument) -> int:
    """Return Gen3's ``day_obs``, YYYYMMDD; 19700101 for an exposure without a time."""
    from astropy.time import TimeDelta

    first = begin(each)
    if first is None:
        return 19700101
    moved = first.tai - TimeDelta(instrument.day_offset * _SECONDS, format="sec")
    return int(moved.strftime("%Y%m%d"))


def _noon(night: int, instrument: Instrument) -> dict[str, Time]:
    """Return when a night begins and ends, in TAI."""
    day = date(night // 10000, night // 100 % 100, night % 100)
    hours = timedelta(hours=instrument.day_offset)
    times = [f"{each} {hours}" for each in (day, day + timedelta(days=1))]
    first, last = (f"{text.split()[0]} {text.split()[1]:0>8}.000000000" for text in times)
    return {"datetime_begin": Time(first), "datetime_end": Time(last)}
