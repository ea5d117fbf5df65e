"""Which exposures become which master calibration."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.subset import ButlerDataRef
from persistence.calibs import validity
from persistence.errors import DataIdError, PersistenceError, UnknownDatasetType, did_you_mean
from persistence.ingest.calibplan import kind_of
from persistence.pipe.task import TaskError

DATE, FILTER = "calibDate", "filter"


class Input(NamedTuple):
    """A detector's exposure that is an input of a master.

    Attributes
    ----------
    name : `str`
        The exposure: ``visit=410400``.
    kind : `str`
        ``bias``, ``dark``, ``flat``, ``science``; empty if the header does not contain it.
    day : `str`
        The day by which calibrations are chosen for it; empty if unknown.
    reference : `~persistence.butler.subset.ButlerDataRef`
        The raw.
    """

    name: str
    kind: str
    day: str
    reference: ButlerDataRef


class Master(NamedTuple):
    """A master to create.

    Attributes
    ----------
    reference : `~persistence.butler.subset.ButlerDataRef`
        A reference to it.
    inputs : `list` [`Input`]
        Its inputs.
    left_out : `dict` [`str`, `str`]
        Excluded exposures, with the reasons.
    """

    reference: ButlerDataRef
    inputs: list[Input]
    left_out: dict[str, str]


class _Exposed(NamedTuple):
    kind: str
    seconds: float | None
    filter: str | None
    day: datetime.date | None


def masters(
    name: str,
    references: Sequence[ButlerDataRef],
    given: Mapping[str, str],
    config: Any,
    log: Any,
) -> list[Master]:
    """Return the masters for some raws, one for each detector.

    Parameters
    ----------
    name : `str`
        The dataset type of the masters.
    references : sequence of `~persistence.butler.subset.ButlerDataRef`
        The raws.
    given : mapping
        Keys of the masters' data IDs, with values as typed.
    config : `~persistence.tasks.construct_config.ConstructConfig`
        The criteria for inputs.
    log
        The log for warnings.

    Returns
    -------
    masters : `list` [`Master`]
        The masters.

    Raises
    ------
    TaskError
        If the inputs do not belong together, or a key of the masters is unknown.
    """
    butler: Any = references[0].getButler()
    keys = _keys(butler, name, given)
    by_exposure: dict[str, list[ButlerDataRef]] = {}
    for reference in references:
        by_exposure.setdefault(_exposure(reference, keys), []).append(reference)
    time = _time_key(butler, name)
    exposed = {key: _read(several[0], keys, time) for key, several in by_exposure.items()}
    left_out = _unfit(exposed, config)
    _warn(left_out, log)
    taken = {key: each for key, each in exposed.items() if key not in left_out}
    if not taken:
        raise TaskError(
            f"none of the {len(exposed)} exposures is an input of a {name}; see -c obsTypes and "
            "maxExposureTime"
        )
    common = dict(given)
    if DATE in keys and DATE not in common:
        common[DATE] = _date(name, taken)
    if FILTER in keys and FILTER not in common:
        common[FILTER] = _filter(name, taken)
    _check_times(taken, config, log)
    return _grouped(name, butler, keys, common, by_exposure, taken, left_out)


def _grouped(
    name: str,
    butler: Any,
    keys: Mapping[str, type],
    common: Mapping[str, Any],
    by_exposure: Mapping[str, Sequence[ButlerDataRef]],
    taken: Mapping[str, _Exposed],
    left_out: dict[str, str],
) -> list[Master]:
    groups: dict[tuple[Any, ...], dict[str, Input]] = {}
    for exposure, each in taken.items():
        for reference in by_exposure[exposure]:
            values = tuple(
                common[key] if key in common else _value(reference, key, name) for key in keys
            )
            # A raw that matches two --id is one input.
            groups.setdefault(values, {})[exposure] = Input(
                exposure, each.kind, "" if each.day is None else each.day.isoformat(), reference
            )
    accepted = []
    for values, inputs in groups.items():
        data_id = {key: keys[key](value) for key, value in zip(keys, values, strict=True)}
        accepted.append(
            Master(butler.dataRef(name, dataId=data_id), list(inputs.values()), left_out)
        )
    return accepted


def _keys(butler: Any, name: str, given: Mapping[str, str]) -> dict[str, type]:
    """Return the keys of the masters; raise an error for unknown ones."""
    try:
        keys: dict[str, type] = butler.getKeys(name) or {}
    except PersistenceError as error:
        raise TaskError(f"the camera has no path for {name}: {error}") from error
    for key in given:
        if key not in keys:
            raise TaskError(
                f"--calibId: {name} has no key {key!r}{did_you_mean(key, keys)} (it has "
                f"{', '.join(keys)})"
            )
    return keys


def _exposure(reference: ButlerDataRef, keys: Mapping[str, type]) -> str:
    """Return the identity of an exposure, for any detector."""
    words = {key: value for key, value in reference.telling().items() if key not in keys}
    return " ".join(f"{key}={value}" for key, value in words.items())


def _time_key(butler: Any, name: str) -> str | None:
    """Return the key by which a master will be chosen for an exposure: that of its date."""
    request = butler.request(name)
    repository = (*butler.chain.inputs, *butler.chain.outputs)[0]
    key: str | None = repository.mapper.dataset(request).obsTimeName
    return key


def _read(reference: ButlerDataRef, keys: Mapping[str, type], time: str | None) -> _Exposed:
    """Return an input with its properties in the header and the registry."""
    try:
        info = part(reference, "visitInfo", "visit_info")
    except PersistenceError as error:
        raise TaskError(f"{dict(reference.dataId)} cannot be read: {error}") from error
    kind = str(info.observation_type or "")
    day = _day(None if time is None else _registered(reference, time))
    if day is None and info.date is not None:
        day = info.date.to_datetime().date()
    band = _registered(reference, FILTER) if FILTER in keys else None
    return _Exposed(
        kind if kind == "science" else kind_of(kind),
        info.exposure_time,
        None if band is None else str(band),
        day,
    )


def part(reference: ButlerDataRef, component: str, attribute: str) -> Any:
    """Return a part of a raw; the rest is read too where it is put together of several files."""
    try:
        return reference.get(f"raw.{component}")
    except UnknownDatasetType:
        return getattr(reference.get("raw"), attribute)


def _registered(reference: ButlerDataRef, key: str) -> Any:
    """Return the value of a key of a raw; None if it is unknown."""
    if key in reference.dataId:
        return reference.dataId[key]
    butler: Any = reference.getButler()
    try:
        values = butler.queryMetadata("raw", [key], dataId=reference.dataId)
    except PersistenceError:
        return None  # the registry has no such column
    return values[0] if len(values) == 1 else None


def _value(reference: ButlerDataRef, key: str, name: str) -> Any:
    value = _registered(reference, key)
    if value is None:
        raise TaskError(
            f"{key} of the {name} is not known of {reference.telling()}; --calibId {key}=... "
            "sets it"
        )
    return value


def _day(value: Any) -> datetime.date | None:
    try:
        return None if value is None else validity.day_of(value)
    except DataIdError:
        return None


def _unfit(exposed: Mapping[str, _Exposed], config: Any) -> dict[str, str]:
    """Return exposures that cannot be inputs, with the reasons."""
    reasons = {}
    for name, each in exposed.items():
        if config.obsTypes and each.kind and each.kind not in config.obsTypes:
            wanted = ",".join(config.obsTypes)
            reasons[name] = f"it is of the kind {each.kind} (-c obsTypes={wanted})"
        elif (
            config.maxExposureTime is not None
            and each.seconds is not None
            and each.seconds > config.maxExposureTime
        ):
            reasons[name] = (
                f"it is exposed for {each.seconds:g} s (-c "
                f"maxExposureTime={config.maxExposureTime:g})"
            )
    return reasons


def _warn(left_out: Mapping[str, str], log: Any) -> None:
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        log.warning("left out: %s: %s", ", ".join(names), reason)


def _date(name: str, taken: Mapping[str, _Exposed]) -> str:
    """Return the mean day of the exposures."""
    days = [each.day.toordinal() for each in taken.values() if each.day is not None]
    if not days:
        raise TaskError(
            f"no exposure has a date; --calibId {DATE}=YYYY-MM-DD sets that of the {name}"
        )
    return datetime.date.fromordinal(sum(days) // len(days)).isoformat()


def _filter(name: str, taken: Mapping[str, _Exposed]) -> str:
    """Return the filter that all exposures have."""
    filters: dict[str | None, list[str]] = {}
    for exposure, each in taken.items():
        filters.setdefault(each.filter, []).append(exposure)
    if len(filters) == 1:
        (band,) = filters
        if band is not None:
            return band
        raise TaskError(f"the filter is unknown; --calibId {FILTER}=... sets that of the {name}")
    lines = [f"{band}: {', '.join(names)}" for band, names in filters.items()]
    raise TaskError(
        "\n  ".join(
            [
                f"a {name} has one filter, and the inputs have several:",
                *lines,
                f"--id {FILTER}=... chooses one",
            ]
        )
    )


def _check_times(taken: Mapping[str, _Exposed], config: Any, log: Any) -> None:
    """Warn of exposure times that differ within a kind, or refuse them."""
    for kind in dict.fromkeys(each.kind for each in taken.values()):
        times: dict[float | None, list[str]] = {}
        for name, each in taken.items():
            if each.kind == kind:
                times.setdefault(each.seconds, []).append(name)
        if len(times) < 2:
            continue
        words = "; ".join(
            f"{'unknown' if seconds is None else f'{seconds:g} s'}: {', '.join(names)}"
            for seconds, names in times.items()
        )
        text = f"the exposure times of the {kind or 'input'}s differ: {words}"
        if config.requireSameExposureTime:
            raise TaskError(f"{text} (-c requireSameExposureTime=False accepts them all)")
        log.warning("%s (-c requireSameExposureTime=True would refuse that)", text)
