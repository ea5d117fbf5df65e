"""``version`` and ``flavour``: keys of a data ID that select the dataset type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper, DataId, DataIdError, UnknownKeyWarning
from persistence.errors import UnknownDatasetType, UnknownKey

POLICY = """\
datasets:
  calexp: {template: 'c-%(visit)d.txt', storage: TextStorage}
  calexp:jointcal: {template: 'j-%(visit)d.txt', storage: TextStorage}
  calexp:other: {template: 'o-%(visit)d.txt', storage: TextStorage}
  deepCoadd_det: {template: 'deep-%(tract)d-%(filter)s.txt', storage: TextStorage}
  dcrCoadd_det: {template: 'dcr-%(tract)d-%(filter)s-%(sub)d.txt', storage: TextStorage}
  deepCoadd_map: {template: 'map-%(tract)d.txt', storage: TextStorage}
flavours: {coadd: {deep: deepCoadd, dcr: dcrCoadd}}
"""


def opened(folder: Path, policy: str = POLICY) -> Butler:
    (folder / "camera.yaml").write_text(policy)
    return Butler(folder, mapper=CameraMapper(str(folder / "camera.yaml")), durable=False)


@pytest.fixture
def repo(tmp_path: Path) -> Butler:
    """Return a Butler with one version of a calexp, and coadds of two flavours."""
    butler = opened(tmp_path)
    butler.put("plain", "calexp", visit=1)
    butler.put("joint", "calexp:jointcal", visit=1)
    butler.put("joint", "calexp:jointcal", visit=2)
    for tract, band in ((0, "g"), (0, "r"), (1, "g")):
        butler.put(f"deep {tract}", "deepCoadd_det", tract=tract, filter=band)
    butler.put("dcr 0", "dcrCoadd_det", tract=0, filter="g", sub=1)
    return butler


def warned(call: Any) -> Any:
    with pytest.warns(UnknownKeyWarning):
        return call()


# -- versions


@pytest.mark.parametrize("given", [{"visit": 1, "version": "jointcal"}, {"visit": 1}])
def test_a_version_is_a_stage_of_the_dataset_type(repo: Butler, given: dict[str, Any]) -> None:
    rest = {} if "version" in given else {"version": "jointcal"}
    before = dict(given)
    for _ in range(2):  # the second time by the compiled look-up
        assert repo.get("calexp", given, **rest) == "joint" == repo.get("calexp:jointcal", visit=1)
        assert repo.get("calexp", visit=1) == "plain"
    assert repo.getUri("calexp", given, **rest).endswith("/j-1.txt")
    assert repo.get("calexp_filename", given, **rest) == [repo.getUri("calexp:jointcal", visit=1)]
    assert repo.datasetExists("calexp", given, **rest)
    assert given == before


def test_every_verb_takes_a_version(repo: Butler) -> None:
    assert [ref.dataId["visit"] for ref in repo.subset("calexp", version="jointcal")] == [1, 2]
    assert [ref.get() for ref in repo.subset("calexp", version="jointcal")] == ["joint", "joint"]
    assert repo.query("calexp", version="jointcal")["visit"] == [1, 2]
    assert repo.query("calexp")["visit"] == [1]
    assert repo.queryMetadata("calexp", "visit", version="jointcal") == [1, 2]
    assert repo.exists("calexp", {"visit": [1, 2, 3]}, version="jointcal").tolist() == [
        True, True, False,
    ]  # fmt: skip
    repo.put("new", "calexp", visit=3, version="jointcal")
    assert repo.get("calexp:jointcal", visit=3) == "new"
    assert repo.get("calexp:jointcal", visit=3, version="jointcal") == "new"
    assert not repo.datasetExists("calexp", visit=3)
    assert "calexp:jointcal" in str(repo.why("calexp", visit=3, version="jointcal"))


def test_a_version_that_is_none_is_refused(repo: Butler) -> None:
    with pytest.raises(
        UnknownDatasetType, match="'calexp:jointkal'; did you mean 'calexp:jointcal'"
    ):
        repo.get("calexp", visit=1, version="jointkal")
    with pytest.raises(DataIdError, match="calexp:jointcal is of version 'jointcal', not 'other'"):
        repo.get("calexp:jointcal", visit=1, version="other")
    assert warned(lambda: repo.get("calexp", visit=1, version=3)) == "plain"


def test_a_version_wins_over_the_stage_of_the_plain_name(repo: Butler) -> None:
    repo.put("other", "calexp:other", visit=1)
    repo.defineStage("calexp", "jointcal")
    assert repo.get("calexp", visit=1) == "joint"
    assert repo.get("calexp", visit=1, version="other") == "other"


def test_a_type_that_has_the_key_keeps_it(tmp_path: Path) -> None:
    butler = opened(
        tmp_path,
        POLICY
        + "images: {map: {template: 'm-%(version)s-%(flavour)d.txt', storage: TextStorage}}\n",
    )
    butler.put("x", "map", version="jointcal", flavour=1)
    assert butler.get("map", {"version": "jointcal", "flavour": 1}) == "x"
    butler.put("plain", "calexp", visit=1)
    # a data ID of that type, with other keys that do not count
    assert butler.get("calexp", visit=1, version="none", flavour=2) == "plain"
    assert butler.datasetExists("calexp", {"visit": 1, "version": "none"})


# -- flavours


def test_a_flavour_and_its_type_are_one_dataset(repo: Butler) -> None:
    for _ in range(2):
        assert repo.get("coadd_det", flavour="deep", tract=0, filter="g") == "deep 0"
        assert repo.get("coadd_det", DataId(flavour="dcr", tract=0, filter="g", sub=1)) == "dcr 0"
    deep = {"flavour": "deep", "tract": 1, "filter": "g"}
    assert repo.getUri("coadd_det", deep) == repo.getUri("deepCoadd_det", tract=1, filter="g")
    assert repo.datasetExists("coadd_det", deep)
    repo.put("new", "coadd_map", flavour="deep", tract=7)
    assert repo.get("deepCoadd_map", tract=7) == "new"
    assert repo.get("deepCoadd_map", tract=7, flavour="deep") == "new"
    ids = {"flavour": ["deep", "dcr", "deep"], "tract": [0, 0, 9], "filter": "g", "sub": 1}
    assert repo.exists("coadd_det", ids).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("name", "data_id", "message"),
    [
        ("coadd_det", {}, r"coadd_det needs a flavour \(known: deep, dcr\)"),
        ("coadd_det", {"flavour": "deeep"}, "has no flavour 'deeep'; did you mean 'deep'"),
        ("coadd_map", {"flavour": "dcr"}, r"has no flavour 'dcr' \(known: deep\)"),
        ("coadd_det", {"flavour": 3}, "has no flavour 3"),
        ("deepCoadd_det", {"flavour": "dcr"}, "deepCoadd_det has flavour 'deep', not 'dcr'"),
    ],
)
def test_flavours_that_are_none_are_refused(
    repo: Butler, name: str, data_id: dict[str, Any], message: str
) -> None:
    full = {**data_id, "tract": 0, "filter": "g"}
    for call in (repo.get, repo.getUri, repo.datasetExists, lambda n, d: repo.exists(n, [d])):
        with pytest.raises(DataIdError, match=message):
            call(name, full)


def test_other_types_know_no_flavour(repo: Butler) -> None:
    assert warned(lambda: repo.get("calexp", visit=1, flavour="deep")) == "plain"
    with pytest.raises(UnknownDatasetType):
        repo.get("coadd_deet", flavour="deep", tract=0)


def test_keys_and_subsets_of_a_family_have_the_flavour(repo: Butler) -> None:
    assert repo.getKeys("coadd_det") == {"flavour": str, "tract": int, "filter": str, "sub": int}
    refs = list(repo.subset("coadd_det", tract=0))
    assert [dict(ref.dataId) for ref in refs] == [
        {"tract": 0, "flavour": "deep", "filter": "g"},
        {"tract": 0, "flavour": "deep", "filter": "r"},
        {"tract": 0, "flavour": "dcr", "filter": "g", "sub": 1},
    ]
    assert [ref.get() for ref in refs] == ["deep 0", "deep 0", "dcr 0"]
    assert [ref.datasetExists() for ref in refs] == [True, True, True]
    assert refs[2].get("dcrCoadd_det") == "dcr 0"
    (one,) = repo.subset("coadd_det", flavour="dcr")
    assert dict(one.dataId) == {"flavour": "dcr", "tract": 0, "filter": "g", "sub": 1}
    assert one.get() == one.get("dcrCoadd_det") == "dcr 0"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", ["deep 0 g", "deep 0 r", "deep 1 g", "dcr 0 g"]),
        ("flavour == 'dcr'", ["dcr 0 g"]),
        ("flavour == 'deep' and tract == 0", ["deep 0 g", "deep 0 r"]),
        ("flavour == 'dcr' or filter == 'r'", ["deep 0 r", "dcr 0 g"]),
        ("not (flavour == 'deep' and filter == 'g')", ["deep 0 r", "dcr 0 g"]),
        ("flavour == 'none'", []),
        ("sub == 1", ["dcr 0 g"]),
    ],
)
def test_a_query_of_a_family_asks_all_its_flavours(
    repo: Butler, where: str, expected: list[str]
) -> None:
    rows = repo.query("coadd_det", where)
    assert rows.columns == ("flavour", "tract", "filter", "sub")
    assert [f"{row['flavour']} {row['tract']} {row['filter']}" for row in rows] == expected
    assert [ref.get() for ref in rows.refs()] == [text.rpartition(" ")[0] for text in expected]


def test_a_query_of_a_family_is_sorted_limited_and_distinct(repo: Butler) -> None:
    assert repo.query("coadd_det", columns="tract", order="-tract")["tract"] == [1, 0, 0, 0]
    assert repo.query("coadd_det", columns="flavour", distinct=True)["flavour"] == ["deep", "dcr"]
    assert len(repo.query("coadd_det", limit=3)) == 3
    assert repo.query("coadd_det", columns=["sub", "size"], order="sub")[0] == {"sub": 1, "size": 5}
    assert len(repo.query("coadd_det", flavour="dcr")) == 1
    assert len(repo.query("coadd_det", tract=0).refs()) == 3
    with pytest.raises(UnknownKey, match="coadd_det has no key 'trakt'; did you mean 'tract'"):
        repo.query("coadd_det", "trakt == 1")
    with pytest.raises(DataIdError, match="pass a flavour"):
        repo.query(["coadd_det", "calexp"])


def test_aliases_of_families_are_families(repo: Butler) -> None:
    repo.defineAlias("@c", "coadd")
    assert repo.get("@c_det", flavour="deep", tract=0, filter="g") == "deep 0"
    assert len(list(repo.subset("@c_det"))) == 4


class FlavourMapper(CameraMapper):
    """A camera of texts, of some flavours."""


def test_pins_are_those_of_the_flavours_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    monkeypatch.setattr(FlavourMapper, "policyFile", f"{tmp_path}/camera.yaml", raising=False)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        Butler(tmp_path / name, mapper=FlavourMapper).put(name, "deepCoadd_map", tract=1)
    pins = {"deepCoadd_map": tmp_path / "old"}
    pinned = Butler(tmp_path / "new", mapper=FlavourMapper, pins=pins)
    assert pinned.get("coadd_map", flavour="deep", tract=1) == "old"
