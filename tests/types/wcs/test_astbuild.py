"""AST's mappings, made of dumps; what they give was computed by AST 9.0.5."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from persistence.errors import FormatterError
from persistence.types.wcs.astbuild import build
from persistence.types.wcs.astdump import parse
from persistence.types.wcs.astframes import frame_set
from persistence.types.wcs.astmaps import Inverted, Map


def mapping(text: str) -> Map:
    return build(parse(text.replace(" ; ", "\n")))


# Name, dump (lines parted by semicolons), points, where they are mapped to.
CASES = [
    (
        "shift",
        "Begin ShiftMap ; Nin = 2 ; Sft1 = 1 ; Sft2 = -2 ; End ShiftMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[1.1, 0.7], [-0.8, -1.6]],
    ),
    (
        "window",
        "Begin WinMap ; Nin = 2 ; Sft1 = 1 ; Scl1 = 2 ; Sft2 = 2 ; Scl2 = 3 ; End WinMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[1.2, 0.4], [5.6, 3.2]],
    ),
    (
        "zoom",
        "Begin ZoomMap ; Nin = 2 ; Zoom = 3.5 ; End ZoomMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.35, -1.05], [4.2, 1.4]],
    ),
    (
        "matrix",
        'Begin MatrixMap ; Nin = 2 ; M0 = 2 ; M1 = 1 ; M2 = -1 ; M3 = 3 ; Form = "Full" ; End MatrixMap',
        [[0.1, -0.3], [1.2, 0.4]],
        [[1.4, -0.2], [3.5, 1.5]],
    ),
    (
        "diagonal",
        'Begin MatrixMap ; Nin = 2 ; M0 = 2 ; M1 = 3 ; Form = "Diagonal" ; End MatrixMap',
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.2, -0.6], [3.6, 1.2]],
    ),
    (
        "unit",
        "Begin UnitMap ; Nin = 2 ; End UnitMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.1, -0.3], [1.2, 0.4]],
    ),
    (
        "sphere",
        "Begin SphMap ; Nin = 3 ; Nout = 2 ; PlrLg = 0.7 ; End SphMap",
        [[0.2, 0.0], [-0.5, 0.0], [0.9, 2.0]],
        [[-1.19028994968, 0.7], [1.03158973354, 1.57079632679]],
    ),
    (
        "TAN",
        'Begin WcsMap ; Nin = 2 ; Type = "TAN" ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.150410359644, -0.721574016788], [-0.486235802736, 0.330233799813]],
    ),
    (
        "STG",
        'Begin WcsMap ; Nin = 2 ; Type = "STG" ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.141757929221, -0.633903230626], [-0.458264847393, 0.290110602229]],
    ),
    (
        "CEA",
        'Begin WcsMap ; Nin = 2 ; Type = "CEA" ; PV2_1 = 0.5 ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.3, -2.0], [1.78241472012, 1.56665381925]],
    ),
    (
        "ZEA",
        'Begin WcsMap ; Nin = 2 ; Type = "ZEA" ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.137848465923, -0.598581718487], [-0.445626615363, 0.273945445368]],
    ),
    (
        "ZPN",
        'Begin WcsMap ; Nin = 2 ; Type = "ZPN" ; PV2_1 = 1 ; PV2_3 = 3.5 ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.247062871285, -1.57056100822], [-0.798687097284, 0.718779109994]],
    ),
    (
        "CAR",
        'Begin WcsMap ; Nin = 2 ; Type = "CAR" ; End WcsMap',
        [[0.3, -2.0], [1.1, 0.9]],
        [[0.3, -2.0], [1.1, 0.9]],
    ),
    (
        "TAN of three axes, latitude first",
        'Begin WcsMap ; Nin = 3 ; Type = "TAN" ; WcsAx1 = 3 ; WcsAx2 = 1 ; End WcsMap',
        [[1.1], [0.5], [0.3]],
        [[-0.486235802736], [0.5], [0.150410359644]],
    ),
    (
        "unit norm",
        "Begin UnitNormMap ; Nin = 2 ; Nout = 3 ; Ctr1 = 3 ; End UnitNormMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [
            [-0.924016832422, -0.992733782034],
            [0.382351792726, 0.120331367519],
            [3.1384709653, 3.32415402772],
        ],
    ),
    (
        "polynomial",
        "Begin PolyMap ; Nin = 2 ; MPF1 = 2 ; MPF2 = 1 ; NCF1 = 3 ; NCF2 = 2 ; CF1 = 1 ; CF2 = 2 ; CF3 = 0.1 "
        "; CF4 = 3 ; CF5 = -0.2 ; PF3 = 1 ; PF5 = 2 ; PF6 = 1 ; PF8 = 1 ; PF9 = 1 ; PF10 = 1 ; IterInv = 1 ; "
        "End PolyMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[1.2012, 0.4036], [3.576, 1.224]],
    ),
    (
        "radial",
        "Begin PolyMap ; Nin = 1 ; MPF1 = 3 ; NCF1 = 2 ; CF1 = 10313.24 ; CF2 = 9539.7 ; PF1 = 1 ; PF2 = 3 ; "
        "IterInv = 1 ; End PolyMap",
        [[0.001, 0.02]],
        [[10.3132495397, 206.3411176]],
    ),
    (
        "two ways",
        "Begin TranMap ; Nin = 2 ; MapA = ; Begin ZoomMap ; Nin = 2 ; Zoom = 3 ; End ZoomMap ; MapB = ; Begin "
        "WinMap ; Nin = 2 ; Sft1 = 1 ; Scl1 = 2 ; Sft2 = 2 ; Scl2 = 3 ; End WinMap ; End TranMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.3, -0.9], [3.6, 1.2]],
    ),
    (
        "series",
        "Begin CmpMap ; Nin = 2 ; MapA = ; Begin MatrixMap ; Nin = 2 ; M0 = 2 ; M1 = 1 ; M2 = -1 ; M3 = 3 ; "
        'Form = "Full" ; End MatrixMap ; MapB = ; Begin ShiftMap ; Nin = 2 ; Sft1 = 1 ; Sft2 = 5 ; End '
        "ShiftMap ; End CmpMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[2.4, 0.8], [8.5, 6.5]],
    ),
    (
        "parallel",
        "Begin CmpMap ; Nin = 2 ; Series = 0 ; MapA = ; Begin ZoomMap ; Nin = 1 ; Zoom = 4 ; End ZoomMap ; "
        "MapB = ; Begin ShiftMap ; Nin = 1 ; Sft1 = 1 ; End ShiftMap ; End CmpMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.4, -1.2], [2.2, 1.4]],
    ),
    (
        "series with an inverse",
        "Begin CmpMap ; Nin = 2 ; InvA = 1 ; MapA = ; Begin MatrixMap ; Nin = 2 ; Invert = 1 ; M0 = 2 ; M1 = "
        '1 ; M2 = -1 ; M3 = 3 ; Form = "Full" ; End MatrixMap ; MapB = ; Begin ShiftMap ; Nin = 2 ; Sft1 = 1 '
        "; Sft2 = 5 ; End ShiftMap ; End CmpMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.871428571429, 0.814285714286], [5.35714285714, 5.07142857143]],
    ),
    (
        "an inverted series",
        "Begin CmpMap ; Nin = 2 ; Invert = 1 ; MapA = ; Begin MatrixMap ; Nin = 2 ; M0 = 2 ; M1 = 1 ; M2 = -1 "
        '; M3 = 3 ; Form = "Full" ; End MatrixMap ; MapB = ; Begin ShiftMap ; Nin = 2 ; Sft1 = 1 ; Sft2 = 5 ; '
        "End ShiftMap ; End CmpMap",
        [[0.1, -0.3], [1.2, 0.4]],
        [[0.157142857143, 0.1], [-1.21428571429, -1.5]],
    ),
    (
        "radial distortion",
        "Begin CmpMap ; Nin = 2 ; InvB = 1 ; MapA = ; Begin CmpMap ; Nin = 2 ; Nout = 3 ; MapA = ; Begin "
        "UnitNormMap ; Nin = 2 ; Nout = 3 ; End UnitNormMap ; MapB = ; Begin CmpMap ; Nin = 3 ; Series = 0 ; "
        "MapA = ; Begin UnitMap ; Nin = 2 ; End UnitMap ; MapB = ; Begin PolyMap ; Nin = 1 ; MPF1 = 2 ; NCF1 "
        "= 2 ; CF1 = 0.9 ; CF2 = 0.01 ; PF1 = 1 ; PF2 = 2 ; IterInv = 1 ; End PolyMap ; End CmpMap ; End "
        "CmpMap ; MapB = ; Begin UnitNormMap ; Nin = 2 ; Nout = 3 ; Invert = 1 ; End UnitNormMap ; End CmpMap",
        [[3.0, 0.0], [4.0, 0.0]],
        [[2.85, 0.0], [3.8, 0.0]],
    ),
    (
        "tangent polynomial",  # DECam's own: TPV of FITS
        'Begin WcsMap ; Nin = 2 ; Invert = 1 ; Type = "TPN" ; PV1_0 = 0.001 ; PV1_1 = 1.01 ; PV1_2 = -0.002 ; '
        "PV1_3 = 0.003 ; PV1_4 = 0.01 ; PV1_7 = -0.02 ; PV1_11 = 0.004 ; PV1_23 = -0.01 ; PV1_30 = 0.006 ; "
        "PV1_39 = 0.002 ; PV2_4 = 0.02 ; PV2_9 = 0.003 ; PV2_12 = -0.001 ; End WcsMap",
        [[0.01, -0.012], [0.003, 0.011]],
        [[1.8597323140584072, -2.3229683806516275], [1.560221399677227, 1.5544759512376716]],
    ),
]
# SphMap brings back unit vectors; TranMap has an inverse of its own.
NOT_BACK = ("sphere", "two ways")


@pytest.mark.parametrize(
    ("name", "text", "points", "wanted"), CASES, ids=[case[0] for case in CASES]
)
def test_a_mapping_gives_what_ast_gives(name, text, points, wanted):
    found = mapping(text)
    assert (found.nin, found.nout) == (len(points), len(wanted))
    np.testing.assert_allclose(found.forward(np.array(points)), wanted, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(
    ("name", "text", "points", "wanted"), CASES, ids=[case[0] for case in CASES]
)
def test_the_inverse_brings_back(name, text, points, wanted):
    if name in NOT_BACK:
        return
    found = mapping(text)
    back = found.inverse(found.forward(np.array(points)))
    np.testing.assert_allclose(back, points, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(Inverted(found).forward(found.forward(np.array(points))), back)


def test_an_inverse_of_its_own_is_used():
    there_and_back = mapping(next(text for name, text, *_ in CASES if name == "two ways"))
    np.testing.assert_allclose(there_and_back.inverse(np.array([[3.0], [6.0]])), [[1], [4 / 3]])


def test_the_inverse_of_a_sphere_gives_unit_vectors():
    sphere = mapping("Begin SphMap ; Nin = 3 ; Nout = 2 ; End SphMap")
    found = sphere.inverse(np.array([[np.pi / 2], [np.pi / 6]]))[:, 0]
    np.testing.assert_allclose(found, [0, 0.75**0.5, 0.5], atol=1e-15)


CHEBYSHEV = """Begin ChebyMap ; Nin = 2 ; IsA Mapping ; MPF1 = 2 ; MPF2 = 2 ; NCF1 = 3 ; NCF2 = 3 ;
CF1 = 1.5 ; CF2 = 20 ;
CF3 = 0.3 ; CF4 = 0.5 ; CF5 = 10 ; CF6 = 0.7 ; PF3 = 1 ; PF5 = 2 ; PF10 = 1 ; PF11 = 1 ; PF12 = 1 ;
IterInv = 1 ; IsA PolyMap ;
FSCL1 = 0.02 ; FSCL2 = 0.1 ; FOFF1 = -1 ; FOFF2 = -2 ; End ChebyMap""".replace(" ;\n", " ; ")


def test_chebyshev_polynomials_run_over_their_box():
    found, points = mapping(CHEBYSHEV), np.array([[0.0, 50, 100, 20], [10.0, 20, 30, 25]])
    wanted = [[-18.2, 1.2, 21.8, -10.584], [-8.8, 0.5, 11.2, 5.29]]  # AST 9.0.5
    np.testing.assert_allclose(found.forward(points), wanted, rtol=1e-12)
    np.testing.assert_allclose(found.inverse(np.array(wanted)), points, atol=1e-9)


EXPLICIT = """Begin PolyMap ; Nin = 1 ; MPF1 = 1 ; NCF1 = 1 ; CF1 = 2 ; PF1 = 1 ; MPI1 = 1 ; NCI1 = 2
CI1 = 7 ; CI2 = 0.5 ; PI2 = 1 ; End PolyMap"""


def test_the_stored_inverse_counts_unless_iteration_is_asked_for():
    values = np.array([[4.0]])
    assert mapping(EXPLICIT).inverse(values) == 9
    assert mapping(EXPLICIT.replace("\n", "\nIterInv = 1\n")).inverse(values) == 2


def test_what_iteration_does_not_find_is_nan():
    terms = "MPF1 = 2 ; NCF1 = 2 ; CF1 = 1 ; PF1 = 2 ; CF2 = 1 ; PF2 = 1"
    square = mapping(f"Begin PolyMap ; Nin = 1 ; {terms} ; IterInv = 1 ; End PolyMap")
    found = square.inverse(np.array([[-1.0, 2.0, np.nan]]))[0]
    np.testing.assert_allclose(found, [np.nan, 1, np.nan])


@pytest.mark.parametrize("longitude", [0.0, 2.0])
def test_what_a_projection_does_not_show_is_nan(longitude):
    plane = mapping('Begin WcsMap ; Nin = 2 ; Type = "TAN" ; End WcsMap').forward(
        np.array([[longitude], [-0.1]])
    )
    assert np.isnan(plane).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Begin SlaMap ; Nin = 2 ; End SlaMap", "AST's SlaMap is not supported"),
        (
            'Begin WcsMap ; Nin = 2 ; Type = "TPN" ; PV2_40 = 1 ; End WcsMap',
            "TPN has parameters up to 39, not PVi_40",
        ),
        ("Begin CmpMap ; MapA = ; Begin LutMap ; End LutMap ; End CmpMap", "AST's LutMap"),
        ("Begin CmpMap ; Nin = 2 ; End CmpMap", "lacks its MapA"),
        ('Begin MatrixMap ; Nin = 2 ; Form = "Odd" ; End MatrixMap', "'Odd'"),
        ('Begin WcsMap ; Nin = 2 ; Type = "TAN" ; PV1_7 = 3 ; End WcsMap', "pv1_7"),
        ("Begin PolyMap ; Nin = 1 ; MPF1 = 1 ; NCF1 = 1 ; PF1 = 2 ; End PolyMap", r"powers \[2\]"),
        ("Begin PolyMap ; Nin = 1 ; MPF1 = 999999999 ; NCF1 = 1 ; End PolyMap", "999999999"),
        ("Begin PolyMap ; Nin = 1 ; MPF1 = -2 ; NCF1 = 1 ; End PolyMap", "-2"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(text, message):
    with pytest.raises(FormatterError, match=message):
        mapping(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Begin MatrixMap ; Nin = 2 ; M0 = 1 ; End MatrixMap", r"shape \(2, 2\) has no inverse"),
        ("Begin ZoomMap ; Nin = 2 ; Zoom = 0 ; End ZoomMap", "factor of 0"),
        (
            "Begin PolyMap ; Nin = 2 ; Nout = 1 ; MPF1 = 1 ; NCF1 = 1 ; IterInv = 1 ; End PolyMap",
            "has no inverse",
        ),
    ],
)
def test_a_missing_inverse_is_told(text, message):
    found = mapping(text)
    with pytest.raises(FormatterError, match=message):
        found.inverse(np.ones((found.nout, 1)))


@pytest.mark.parametrize("code", ["TPV", "XYZ", ""])
def test_an_unknown_projection_is_told(code):
    with pytest.raises(FormatterError, match=f"projection '{code}'"):
        mapping(f'Begin WcsMap ; Nin = 2 ; Type = "{code}" ; End WcsMap').forward(np.ones((2, 1)))


small = st.floats(-1e-3, 1e-3)


@given(
    hnp.arrays(float, (2, 5), elements=small),
    hnp.arrays(float, (2, 7), elements=st.floats(-10, 10)),
)
def test_a_gentle_distortion_is_undone_by_iteration(terms, points):
    values = [1.0, *terms[0], 1.0, *terms[1]]
    powers = [
        (1, 0),
        (0, 0),
        (0, 1),
        (2, 0),
        (1, 1),
        (0, 2),
        (0, 1),
        (0, 0),
        (1, 0),
        (2, 0),
        (1, 1),
        (0, 2),
    ]
    lines = [
        "Begin PolyMap",
        "Nin = 2",
        "MPF1 = 2",
        "MPF2 = 2",
        "NCF1 = 6",
        "NCF2 = 6",
        "IterInv = 1",
    ]
    lines += [f"CF{number} = {value!r}" for number, value in enumerate(map(float, values), 1)]
    lines += [f"PF{number} = {power}" for number, power in enumerate(np.ravel(powers), 1)]
    found = mapping("\n".join([*lines, "End PolyMap"]))
    np.testing.assert_allclose(found.inverse(found.forward(points)), points, atol=1e-9)


FRAMES = """Begin FrameSet ; Nframe = 4 ; Currnt = 4 ; Lnk1 = 2 ; Lnk3 = 2 ; Lnk4 = 3 ; Inv3 = 1
Frm1 = ; Begin Frame ; Naxes = 1 ; Domain = "A" ; End Frame ; Frm2 = ; Begin Frame ; Naxes = 1
Domain = "B" ; End Frame
Frm3 = ; Begin Frame ; Naxes = 1 ; Domain = "C" ; End Frame ; Frm4 = ; Begin Frame ; Naxes = 1
Domain = "D" ; End Frame
Map1 = ; Begin ZoomMap ; Nin = 1 ; Zoom = 2 ; End ZoomMap ; Map3 = ; Begin ShiftMap ; Nin = 1 ; Invert = 0
Sft1 = 5 ; End ShiftMap
Map4 = ; Begin ZoomMap ; Nin = 1 ; Zoom = 10 ; Invert = 1 ; End ZoomMap
End FrameSet"""


def test_a_frame_set_finds_its_way_through_a_tree():
    frames = frame_set(parse(FRAMES.replace(" ; ", "\n")))
    assert frames.map.forward(np.array([[16.0]])) == (16 / 2 - 5) * 10
    assert frames.between(4, 1).forward(np.array([[30.0]])) == 16
    assert frames.between(3, 3).forward(np.array([[7.0]])) == 7
    assert (frames.numbered("C"), frames.numbered("Z")) == (3, None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Currnt = 4", "Currnt = 5", "no frame 5"),
        ("Lnk1 = 2", "Lnk1 = 9", "no frame 9"),
        ("Lnk1 = 2", "Lnk1 = 4 ; Lnk2 = 1 ; Map2 = ; Begin UnitMap ; End UnitMap", "in a circle"),
        ("Nframe = 4", "Nframe = 5", "lacks its Frm5"),
        ("FrameSet", "Frame", "expected AST's FrameSet"),
    ],
)
def test_a_damaged_frame_set_is_refused(old, new, message):
    with pytest.raises(FormatterError, match=message):
        frame_set(parse(FRAMES.replace(old, new).replace(" ; ", "\n"))).map.forward(np.ones((1, 1)))
