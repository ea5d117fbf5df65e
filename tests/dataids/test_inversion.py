"""Names of files in directories -> data IDs, by many templates at once: as `candidates` reads each alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import policy
from obs_decam.mapper import DecamMapper
from persistence.dataids.inversion import Inverter
from persistence.dataids.template import PathTemplate
from persistence.errors import DataIdError
from persistence.policy import load

ENDINGS = ("", ".gz", ".fz")
CAMERAS = sorted(Path(policy.__file__).parent.glob("cameras/*.yaml"))
POLICIES = {path.stem: str(path) for path in CAMERAS} | {"decam": DecamMapper.policyFile}
ODD = [
    "%(a)s",
    "%(a)s%(b)s",
    "%(a)d%(b)d",
    "%(a)d1%(b)d",
    "%(a)s/%(b)s",
    "%(a)s-%(b)s",
    "%(a)d-%(b)d",
    "%(a)d_%(b)s_%(c)d",
    "%(a)d_%(b)02dx%(c)d",
    "%(a)d-%(b)d-%(c)s.fits",
    "%(a)dx%(b)d",
    "%(a)5d_%(b)d",
    "%(a).3d_%(b)d",
    "%(a)d.%(b)d/%(c)s",
    "%(a)+d_%(b)-6d_%(c) d",
    "%(a)x_%(b)#o_%(c)X",
    "%(a)04d/%(b)s/%(a)d",
    "%(a)d/%(a)03d",
    "%(a)s/%(b)s-%(a)s",
    "%(a)s-%(a)s",
    "%(a)d/%(b)d_%(a)d_%(c)d",
    "%(a)d/%(a)d_%(b)d_%(a)d_%(b)d.fits",
    "%(a).3f",
    "%(a).1f/%(a).2f_%(b)d",
    "%(a)e_%(b)g",
    "%(a)6s|%(b)-6s",
    "%(a).2s",
    "%(a)c%(b)03d",
    "100%%/%(a)s%%%(b)d",
    "50%%%(a)d/%(a)d%%%(b)d",
    "%(a)s.fits[%(b)d]",
    "%(a)s.fits.fz",
    "dir/%(a)s/",
    "dir/v%(a)d/",
    "plain",
    "plain/plain.fits",
    "%(a)s/plain.fits",
]
LETTERS = "ab.-_,=%[]()*?{}\\ 0123456789fgrxXeE\n~é"
TEXT = st.text(LETTERS, max_size=6) | st.sampled_from(["1-2", "-3", "007", "x.gz", "x.gz.gz", "٣"])
VALUES = {str: TEXT, int: st.integers(-99, 10**9), float: st.floats(-1e6, 1e6)}


def templates_of(path):
    types = load.load(path).types.values()
    texts = dict.fromkeys(data.template.text for data in types if data.template)
    return [PathTemplate(text) for text in texts]


EVERY = [
    PathTemplate(text)
    for text in dict.fromkeys(
        [one.text for path in POLICIES.values() for one in templates_of(path)] + ODD
    )
]
NUMBERS = range(len(EVERY))
INVERTER = Inverter(EVERY, [ENDINGS] * len(EVERY))


def expected(path, numbers=NUMBERS):
    """Read a path by each template alone: number, values and ending of each reading."""
    rows = set()
    for number in numbers:
        template = PathTemplate(EVERY[number].file_text)
        for ending in ENDINGS:
            stem = path.removesuffix(ending)
            if ending and (stem == path or stem.endswith(ending)):
                continue
            rows.update(
                (number, tuple(reading[key] for key in template.keys), ending)
                for reading in template.candidates(stem)
                if not any("/" in value for value in reading.values() if isinstance(value, str))
            )
    return rows


def inverted(path):
    directory, _, name = path.rpartition("/")
    rows = list(INVERTER.directory(directory).rows([name]))
    assert {row[0] for row in rows} <= {name}
    assert len(rows) == len(set(rows))
    return {row[1:] for row in rows}


@pytest.mark.parametrize("camera", POLICIES)
def test_each_path_of_a_cameras_policy_is_read_as_its_template_reads_it(camera):
    numbers = [EVERY.index(template) for template in templates_of(POLICIES[camera])]
    assert len(numbers) > 20

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.data())
    def check(data):
        number = data.draw(st.sampled_from(numbers))
        template = PathTemplate(EVERY[number].file_text)
        data_id = {key: data.draw(VALUES[kind], key) for key, kind in template.keys.items()}
        ending = data.draw(st.sampled_from(ENDINGS))
        try:
            path = template.format(data_id)
        except DataIdError:
            return
        rows = inverted(path + ending)
        if not any("/" in str(value) for value in data_id.values()) and (
            not ending or not path.endswith(ending)
        ):
            assert (number, tuple(data_id[key] for key in template.keys), ending) in rows
        assert rows == expected(path + ending)

    check()


@pytest.mark.parametrize("text", [one.text for one in EVERY])
def test_what_a_template_shows_is_read_back_and_nothing_else(text):
    number = EVERY.index(PathTemplate(text))
    template = PathTemplate(EVERY[number].file_text)
    values = VALUES | ({str: st.sampled_from("abc-_")} if "c" in text.partition(")")[2][:1] else {})

    @settings(max_examples=10, deadline=None, database=None)
    @given(st.fixed_dictionaries({key: values[kind] for key, kind in template.keys.items()}))
    def check(data_id):
        try:
            path = template.format(data_id)
        except DataIdError:
            return
        own = {row for row in inverted(path) if row[0] == number}
        assert own == expected(path, [number])
        assert (number, tuple(data_id[key] for key in template.keys), "") in own

    check()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["0000001", "calexp", "deepCoadd", "g", "0", "1,1", "dir", "v5", "100%"])
        | st.text(LETTERS, min_size=1, max_size=12),
        max_size=4,
    ),
    st.sampled_from(["calexp-0000001_01.fits", "decam0000001.fits.fz", "1,1_nImage.fits", "1_g_2"])
    | st.text(LETTERS, max_size=20),
    st.sampled_from(["", ".gz", ".fz", ".gz.gz"]),
)
@example(["0000001", "calexp"], "calexp-0000002_01.fits", "")
@example(["0000001", "calexp"], "calexp-0000001_01.fits", ".fz")
@example(["0000001", "calexp"], "calexp-0000001_1.fits", "")
@example(["0000001", "calexp"], "calexp-0000001_.fits", "")
@example(["deepCoadd", "g-1", "0"], "psfMatched-1,1_nImage.fits", ".gz")
@example(["dcrCoadd", "g12of3", "0"], "1,1.fits", "")
@example(["1"], "2_1_3", "")
@example(["1"], "1_-2_1_-2.fits", "")
@example([], "1111", "")
@example(["spectractorOutput", "v5"], "", "")
def test_any_name_is_read_as_each_template_alone_reads_it(directories, name, ending):
    path = "/".join([*directories, name + ending])
    assert inverted(path) == expected(path)


def test_a_directory_says_whose_files_it_holds_and_whether_more_lie_below():
    inverter = Inverter(
        [PathTemplate(text) for text in ("%(v)03d/%(c)d.fits", "%(f)s/x/%(v)d", "a%(f)s/%(v)d")],
        [ENDINGS] * 3,
    )
    root, first = inverter.directory(""), inverter.directory("007")
    assert (root.values, root.leads_on) == ((), True)
    assert (first.values, first.leads_on) == (((0, (7,)),), True)
    assert inverter.directory("abc").values == ((2, ("bc",)),)
    below = inverter.directory("007/x")
    assert (below.values, below.leads_on) == (((1, ("007",)),), False)
    nowhere = inverter.directory("007/y/z")
    assert (nowhere.values, nowhere.leads_on) == ((), False)
    assert list(nowhere.rows(["1.fits"])) == []


def test_readings_of_a_directory_are_each_given():
    inverter = Inverter([PathTemplate("%(f)s%(n)d/%(v)d")], [ENDINGS])
    directory = inverter.directory("g12")
    assert directory.values == ((0, ("g", 12)), (0, ("g1", 2)))
    assert list(directory.rows(["3"])) == [("3", 0, ("g", 12, 3), ""), ("3", 0, ("g1", 2, 3), "")]


def test_what_was_remembered_of_many_directories_is_dropped_and_read_anew():
    inverter = Inverter([PathTemplate("%(v)d/d%(f)s/%(n)d.fits")], [ENDINGS])
    for visit in range(6000):
        rows = list(inverter.directory(f"{visit}/dg").rows([f"{visit}.fits"]))
        assert rows == [(f"{visit}.fits", 0, (visit, "g", visit), "")]
    assert len(inverter._states) < 5000
