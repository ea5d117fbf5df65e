"""PSFEx's models: their formula, term by term, on small components made by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.formatters import archive_write
from persistence.types.archives import read as read_archive
from persistence.types.pixels.box import Box
from persistence.types.psf.psfex import PsfexPsf

HEAD = {
    "ndim": [2], "ngroup": [1], "ncoeff": [6], "_size_size": [3], "_comp_size": [6], "_context_size": [2],
    "averagePosition_x": [100.0], "averagePosition_y": [50.0], "_pixstep": [np.float32(1)],
}  # fmt: skip


def body(components, degree=2):
    number, height, width = np.shape(components)
    return {
        "group": [[0, 0]], "degree": [[degree]], "basis": [np.zeros(number)], "coeff": [np.zeros(number)],
        "_size": [[width, height, number]], "_comp": [np.ravel(components).astype(np.float32)],
        "_context_first": [[100.0, 50.0]], "_context_second": [[10.0, 20.0]],
    }  # fmt: skip


def psf_of(archive, components, degree=2, step=1.0):
    head = {**HEAD, "_pixstep": [np.float32(step)]}
    return archive({1: ("PsfexPsf", [head, body(components, degree)])})(1)


@pytest.mark.parametrize(
    ("term", "factor"),
    [(0, 1), (1, 3), (2, 9), (3, 0.5), (4, 1.5), (5, 0.25)],
    ids=["1", "u", "u2", "v", "uv", "v2"],
)
def test_each_component_has_its_power_of_the_position(archive, term, factor):
    components = np.zeros((6, 3, 5))
    components[0, 1, 2] = 1  # a point, and something that varies beside it
    components[term, 0, 4] += 2
    psf = psf_of(archive, components)
    fine = psf.fine_image(130, 60)  # u = 3, v = 0.5
    assert fine[0, 4] == pytest.approx(2 * factor)
    found = psf.kernel_image(130, 60)
    assert found.bbox == Box(-2, -1, 5, 3)
    assert found.array[0, 4] == pytest.approx(2 * factor / (1 + 2 * factor))
    assert psf.average_position == (100, 50)


def model(step, sigma=2.0, size=61):
    place = (np.arange(size) - size // 2) * step
    fine = np.exp(-(place**2 + place[:, np.newaxis] ** 2) / (2 * sigma**2))
    return np.stack([fine, 0 * fine, 0 * fine])


@pytest.mark.parametrize(("step", "side"), [(0.5, 31), (0.75, 45), (1.0, 61), (0.2, 13)])
def test_a_fine_model_is_sampled_at_the_pixels(archive, step, side):
    psf = psf_of(archive, model(step), 1, step)
    found = psf.kernel_image(7, 9)
    assert found.bbox == Box(-(side // 2), -(side // 2), side, side)
    place = np.arange(side) - side // 2
    wanted = np.exp(-(place**2 + place[:, np.newaxis] ** 2) / 8)
    np.testing.assert_allclose(found.array, wanted / wanted.sum(), atol=1e-4)
    assert psf.width() == pytest.approx(2, rel=2e-3)


@given(st.floats(-300, 300), st.floats(-300, 300))
def test_an_image_is_where_the_point_is_and_its_sum_is_1(x, y):
    psf = PsfexPsf(model(0.5), 1, (0.0, 0.0), (1.0, 1.0), 0.5, (0.0, 0.0))
    found = psf.image(x, y)
    assert found.array.sum() == pytest.approx(1)
    assert found.bbox.x0 == np.floor(x + 0.5) - 15
    rows, columns = np.indices((31, 31)) + np.array([[[found.bbox.y0 - y]], [[found.bbox.x0 - x]]])
    wanted = np.exp(-(rows**2 + columns**2) / 8)
    np.testing.assert_allclose(found.array, wanted / wanted.sum(), atol=1e-4)  # of a peak of 0.04


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (0, {"ndim": [3]}, "of 3 variables in 1 groups"),
        (0, {"ngroup": [2]}, "in 2 groups"),
        (1, {"degree": [[3]]}, "degree 3 has 6 components, not 10"),
    ],
)
def test_other_models_are_refused(archive, part, change, message):
    tables = [HEAD, body(np.ones((6, 3, 3)))]
    tables[part] = {**tables[part], **change}
    with pytest.raises(FormatterError, match=message):
        archive({1: ("PsfexPsf", tables)})(1)


# -- archives
# ------------------------------------------------------------------------------------------------

# Names and types of the columns as ``PsfexPsf::write`` in src/PsfexPsf.cc of meas_extensions_psfex
# has them, for three components of 7 x 5 pixels.
COLUMNS = (
    {
        "ndim": "1J", "ngroup": "1J", "ncoeff": "1J", "_size_size": "1J", "_comp_size": "1J",
        "_context_size": "1J", "averagePosition_x": "1D", "averagePosition_y": "1D", "_pixstep": "1E",
    },
    {
        "group": "2J", "degree": "1J", "basis": "3D", "coeff": "3D", "_size": "3J", "_comp": "105E",
        "_context_first": "2D", "_context_second": "2D",
    },
)  # fmt: skip
VALUES = (
    {
        "ndim": 2, "ngroup": 1, "ncoeff": 3, "_size_size": 3, "_comp_size": 105, "_context_size": 2,
        "averagePosition_x": 1030.25, "averagePosition_y": 2011.5, "_pixstep": 0.77,
    },
    {
        "group": [0, 0], "degree": 1, "basis": [1.0, 0.25, -0.5], "coeff": [0.0, 3e-310, 0.0],
        "_size": [7, 5, 3], "_comp": np.random.default_rng(2).normal(1, 2, 105),
        "_context_first": [1023.7, 2047.1], "_context_second": [1001.3, 2002.9],
    },
)  # fmt: skip


def archive_by_astropy() -> bytes:
    """Lay out an archive that holds a PsfexPsf, without anything of ours."""
    tables = []
    for number, (columns, values) in enumerate(zip(COLUMNS, VALUES, strict=True), 1):
        each = [
            fits.Column(name, form, array=np.array([values[name]]))
            for name, form in columns.items()
        ]
        table = fits.BinTableHDU.from_columns(each)
        table.header.update({"EXTTYPE": "ARCHIVE_DATA", "AR_CATN": number, "AR_NAME": "PsfexPsf"})
        tables.append(table)
    rows = {
        "id": ("1J", [1, 1]), "cat.archive": ("1J", [1, 2]), "cat.persistable": ("1J", [0, 1]),
        "row0": ("1J", [0, 0]), "nrows": ("1J", [1, 1]), "name": ("64A", ["PsfexPsf"] * 2),
        "module": ("64A", ["lsst.meas.extensions.psfex"] * 2),
    }  # fmt: skip
    index = fits.BinTableHDU.from_columns(
        [fits.Column(name, form, array=values) for name, (form, values) in rows.items()]
    )
    index.header.update({"EXTTYPE": "ARCHIVE_INDEX", "AR_CATN": 0, "AR_NCAT": 3})
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), index, *tables]).writeto(stream)
    return stream.getvalue()


def loaded(content: bytes) -> PsfexPsf:
    index = list(fits_headers.walk("a", content))[1][1].start
    return read_archive.parse(content[index:], "a").load(1)


def test_a_psfex_psf_is_stored_as_the_original_stores_it() -> None:
    content = archive_write.stand_alone(loaded(archive_by_astropy()))
    with fits.open(io.BytesIO(content)) as hdus:
        hdus.verify("exception")
        assert [hdu.header.get("EXTTYPE") for hdu in hdus[1:]] == ["ARCHIVE_INDEX"] + [
            "ARCHIVE_DATA"
        ] * 2
        index = hdus[1].data
        assert index["cat.persistable"].tolist() == [0, 1]
        assert set(index["name"]) == {"PsfexPsf"}
        assert set(index["module"]) == {"lsst.meas.extensions.psfex"}
        for table, columns in zip(hdus[2:], COLUMNS, strict=True):
            assert {each.name: each.format for each in table.columns} == columns
            assert table.header["AR_NAME"] == "PsfexPsf"


def test_what_is_read_is_written_again_bit_for_bit() -> None:
    original = archive_by_astropy()
    with (
        fits.open(io.BytesIO(original)) as before,
        fits.open(io.BytesIO(archive_write.stand_alone(loaded(original)))) as after,
    ):
        for old, new in zip(before[2:], after[2:], strict=True):
            assert old.data.tobytes() == new.data.tobytes()


def test_a_model_of_ones_own_comes_back_alike() -> None:
    psf = PsfexPsf(
        model(0.5).astype(np.float32).astype(float), 1, (3.0, 4.0), (5.0, 6.0), 0.5, (7.0, 8.0)
    )
    read = loaded(archive_write.stand_alone(psf))
    np.testing.assert_array_equal(read.components, psf.components)
    np.testing.assert_array_equal(read.image(3.3, 9.1).array, psf.image(3.3, 9.1).array)
    assert (read.degree, read.offset, read.scale, read.step) == (1, (3, 4), (5, 6), 0.5)
    assert read.average_position == (7, 8)
