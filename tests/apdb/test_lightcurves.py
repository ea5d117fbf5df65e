"""Statistics of light curves, judged one curve at a time by numpy, scipy and the definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from persistence.apdb.lightcurves import calculate


def observed(number: int = 300, objects: int = 12, seed: int = 1) -> dict[str, Any]:
    """Return DIASources of some objects, in any order, of two filters and of one without a letter."""
    rng = np.random.default_rng(seed)
    return {
        "diaSourceId": rng.permutation(number) + 1,
        "diaObjectId": rng.integers(1, objects + 1, number),
        "ra": rng.normal(359.9999, 1e-5, number) % 360,
        "dec": rng.normal(-30, 1e-5, number),
        "raErr": rng.uniform(1e-5, 3e-5, number),
        "decErr": rng.uniform(1e-5, 3e-5, number),
        "midpointMjdTai": rng.uniform(61000, 61030, number),
        "band": rng.choice(["g", "g", "r", ""], number),
        "psfFlux": rng.normal(1000, 100, number),
        "psfFluxErr": rng.uniform(10, 100, number),
        "scienceFlux": rng.normal(5000, 100, number),
        "scienceFluxErr": rng.uniform(10, 100, number),
    }


SOURCES = observed()


def weighted(value: Any, error: Any) -> tuple[float, float]:
    mean, total = np.average(value, weights=error**-2.0, returned=True)
    return float(mean), float(total**-0.5)


def stetson(flux: Any, error: Any) -> float:
    """J of Stetson (1996), observation by observation."""
    level, total = weighted(flux, error)[0], 0.0
    for one, sigma in zip(flux, error, strict=True):
        delta = (len(flux) / (len(flux) - 1)) ** 0.5 * (one - level) / sigma
        product = delta * delta - 1
        total += (abs(product) ** 0.5) * (1 if product > 0 else -1)
    return total / len(flux)


def by_hand(time: Any, flux: Any, error: Any) -> dict[str, float]:
    mean, mean_error = weighted(flux, error)
    return {
        "psfFluxMean": mean,
        "psfFluxMeanErr": mean_error,
        "psfFluxSigma": float(np.std(flux, ddof=1)),
        "psfFluxNdata": len(flux),
        "psfFluxMin": min(flux),
        "psfFluxMax": max(flux),
        "psfFluxMaxSlope": max(np.diff(flux) / np.diff(time)),
        "psfFluxErrMean": float(np.mean(error)),
    }


def details_by_hand(time: Any, flux: Any, error: Any, begin: float) -> dict[str, float]:
    slope, intercept = np.polyfit(time - begin, flux, 1, w=1 / error)
    shares = dict(zip((5, 25, 50, 75, 95), np.percentile(flux, [5, 25, 50, 75, 95]), strict=True))
    return {
        "psfFluxChi2": float(np.sum(((flux - weighted(flux, error)[0]) / error) ** 2)),
        "psfFluxMAD": float(stats.median_abs_deviation(flux)),
        "psfFluxSkew": float(stats.skew(flux, bias=False)),
        "psfFluxLinearSlope": slope,
        "psfFluxLinearIntercept": intercept,
        "psfFluxStetsonJ": stetson(flux, error),
        **{f"psfFluxPercentile{share:02d}": value for share, value in shares.items()},
    }


@pytest.mark.parametrize("band", ["g", "r"])
def test_each_light_curve_has_the_statistics_of_its_own(band: str) -> None:
    objects, features = calculate(SOURCES, None, "ugr")
    for number, identifier in enumerate(objects["diaObjectId"]):
        own = SOURCES["diaObjectId"] == identifier
        begin = SOURCES["midpointMjdTai"][own].min()
        rows = np.flatnonzero(own & (SOURCES["band"] == band))
        rows = rows[np.argsort(SOURCES["midpointMjdTai"][rows])]
        curve = [SOURCES[name][rows] for name in ("midpointMjdTai", "psfFlux", "psfFluxErr")]
        for name, value in by_hand(*curve).items():
            assert objects[f"{band}_{name}"][number] == pytest.approx(value), name
        science = weighted(SOURCES["scienceFlux"][rows], SOURCES["scienceFluxErr"][rows])
        assert objects[f"{band}_scienceFluxMean"][number] == pytest.approx(science[0])
        assert objects[f"{band}_scienceFluxMeanErr"][number] == pytest.approx(science[1])
        (row,) = np.flatnonzero(
            (features["diaObjectId"] == identifier) & (features["band"] == band)
        )
        for name, value in details_by_hand(*curve, begin).items():
            assert features[name][row] == pytest.approx(value, rel=1e-6), name
    assert objects["u_psfFluxNdata"].tolist() == [0] * 12
    assert np.isnan(objects["u_psfFluxMean"]).all()


def test_positions_and_times_are_of_all_sources() -> None:
    objects, _ = calculate(SOURCES, None, "g")
    for number, identifier in enumerate(objects["diaObjectId"]):
        own = SOURCES["diaObjectId"] == identifier
        weights = SOURCES["raErr"][own] ** -2 + SOURCES["decErr"][own] ** -2
        vectors = SkyCoord(SOURCES["ra"][own], SOURCES["dec"][own], unit="deg").cartesian.xyz.value
        middle = np.average(vectors, axis=1, weights=weights)
        where = SkyCoord(*middle, representation_type="cartesian").spherical
        assert objects["ra"][number] == pytest.approx(where.lon.deg, abs=1e-10)
        assert objects["dec"][number] == pytest.approx(where.lat.deg, abs=1e-10)
        assert objects["raErr"][number] == pytest.approx(
            np.sum(SOURCES["raErr"][own] ** -2.0) ** -0.5
        )
        assert objects["nDiaSources"][number] == own.sum()
        assert objects["lastDiaSourceMjdTai"][number] == SOURCES["midpointMjdTai"][own].max()


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_visits_does_not_matter(order: list[int]) -> None:
    sources = observed(40, 5)
    expected = calculate(sources, sources | {"diaForcedSourceId": sources["diaSourceId"]}, "gr")
    shuffled = {name: values[order] for name, values in sources.items()}
    forced = shuffled | {"diaForcedSourceId": shuffled["diaSourceId"]}
    again = calculate(shuffled, forced, "gr")
    for one, other in zip(expected, again, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name], name)


def test_one_source_alone_has_a_mean_but_no_scatter() -> None:
    objects, features = calculate(observed(1), None, "gr")
    band = next(band for band in "gr" if objects[f"{band}_psfFluxNdata"][0])
    assert np.isfinite(objects[f"{band}_psfFluxMean"][0])
    for name in ("Sigma", "MaxSlope"):
        assert np.isnan(objects[f"{band}_psfFlux{name}"][0])
    for name in ("Skew", "StetsonJ", "LinearSlope"):
        assert np.isnan(features[f"psfFlux{name}"][0])


def test_a_flux_without_an_error_is_left_out() -> None:
    sources = observed(30, 1)
    sources["psfFluxErr"][:10] = [np.nan, 0, -1, np.inf, *[np.nan] * 6]
    sources["psfFlux"][10] = np.nan
    objects, _ = calculate(sources, None, "gr")
    assert objects["g_psfFluxNdata"][0] == np.sum(sources["band"][11:] == "g")
    assert objects["nDiaSources"][0] == 30


def test_forced_fluxes_have_a_mean_of_their_own() -> None:
    forced = {
        "diaForcedSourceId": np.arange(3),
        "diaObjectId": np.array([1, 1, 99]),  # 99 has no sources here
        "midpointMjdTai": np.array([61000.0, 61001.0, 61002.0]),
        "band": np.array(["g", "g", "g"]),
        "psfFlux": np.array([10.0, 20.0, 99.0]),
        "psfFluxErr": np.array([1.0, 2.0, 1.0]),
    }
    objects, _ = calculate(SOURCES, forced, "g")
    assert objects["g_fpFluxMean"][0] == pytest.approx(12.0)
    assert objects["g_fpFluxMeanErr"][0] == pytest.approx(0.8**0.5)
    assert np.isnan(objects["g_fpFluxMean"][1:]).all()


def test_positions_without_errors_weigh_the_same() -> None:
    sources = observed(10, 1) | {"raErr": np.full(10, np.nan)}
    objects, _ = calculate(sources, None, "g")
    plain, _ = calculate(
        {k: v for k, v in sources.items() if "Err" not in k or "Flux" in k}, None, "g"
    )
    assert objects["ra"] == plain["ra"]
    assert np.isnan(objects["raErr"][0])
    assert np.isnan(plain["decErr"][0])


def test_nothing_has_no_statistics() -> None:
    objects, features = calculate(
        {name: values[:0] for name, values in SOURCES.items()}, None, "gr"
    )
    assert objects["diaObjectId"].size == features["diaObjectId"].size == 0
