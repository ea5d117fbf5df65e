"""What the cards of a header say of a table and its fields."""

from __future__ import annotations

import pytest

from persistence.errors import FormatterError
from persistence.types.table import schema
from persistence.types.table.schema import Card


def parsed(*cards):
    return schema.parse(Card(*card, *[""] * (3 - len(card))) for card in cards)


@pytest.mark.parametrize(
    ("keywords", "afw"),
    [
        (["TTYPE1", "AFW_TYPE"], True),
        (["AFW_TABLE_VERSION"], True),
        (["TCCLS2"], True),
        (["TFLAG1", "FLAGCOL"], True),
        (["TTYPE1", "TFORM1", "TDOC1", "ALIAS"], False),
        ([], False),
    ],
)
def test_the_cards_that_only_afw_writes_tell_its_tables(keywords, afw):
    assert schema.is_afw(keywords) is afw


@pytest.mark.parametrize(
    ("cards", "version"),
    [
        ([("AFW_TYPE", "SOURCE")], 0),
        ([], 3),
        ([("AFW_TYPE", "SOURCE"), ("AFW_TABLE_VERSION", 2)], 2),
        ([("AFW_TABLE_VERSION", 0)], 0),
    ],
)
def test_a_version_that_is_not_said_depends_on_the_type(cards, version):
    assert parsed(*cards).version == version


@pytest.mark.parametrize("version", [4, -1, "3", None, 1.0, True])
def test_other_versions_are_refused(version):
    with pytest.raises(FormatterError, match="AFW_TABLE_VERSION"):
        parsed(("AFW_TABLE_VERSION", version))


def test_flags_need_a_column():
    with pytest.raises(FormatterError, match="no FLAGCOL"):
        parsed(("TFLAG1", "lonely"))


def test_fields_are_in_the_order_of_their_cards():
    found = parsed(
        ("TTYPE1", "flags"),
        ("FLAGCOL", 1),
        ("TTYPE2", "id", "a comment"),
        ("TFLAG1", "first"),
        ("TFDOC1", "a flag"),
        ("TTYPE3", "x"),
        ("TDOC3", "a number"),
        ("TUNIT3", "count"),
        ("TFLAG2", "second"),
    ).fields
    assert [(field.name, field.doc, field.unit, field.column, field.part) for field in found] == [
        ("id", "a comment", "", 2, None),
        ("first", "a flag", "", 1, 0),
        ("x", "a number", "count", 3, None),
        ("second", "", "", 1, 1),
    ]


@pytest.mark.parametrize(
    ("version", "name", "unit", "today"),
    [
        (1, "a_flux", "count", "a_instFlux"),
        (1, "a_fluxSigma", "Count", "a_instFluxErr"),
        (1, "a_fluxErr", "dn", "a_instFluxErr"),
        (2, "a_fluxErr", "adu", "a_instFluxErr"),
        (1, "base_GaussianFlux_flux", "count", "base_GaussianFlux_instFlux"),
        (2, "modelfit_CModel_flux", "", "modelfit_CModel_instFlux"),
        (1, "b_xSigma", "pixel", "b_xErr"),
        (2, "b_xSigma", "pixel", None),
        (1, "g_flux", "Jy", None),
        (1, "g_flux", "", None),
        (1, "g_fluxSigma", "", "g_fluxErr"),
        (3, "a_fluxSigma", "count", None),
        (0, "a_fluxSigma", "count", None),
    ],
)
def test_fields_of_old_versions_answer_to_their_names_of_today(version, name, unit, today):
    found = parsed(("TTYPE1", name), ("TUNIT1", unit), ("AFW_TABLE_VERSION", version)).aliases
    assert found == ({today: name} if today else {})


def test_covariances_give_errors_first_and_drop_the_suffix_of_old_names():
    found = parsed(
        ("TTYPE1", "centroid.err"),
        ("TFORM1", "3E"),
        ("TUNIT1", "pixel^2"),
        ("TCCLS1", "Covariance(Point)"),
    ).fields
    assert [(field.name, field.part, field.squared, field.unit) for field in found] == [
        ("centroid_xErr", 0, True, "pixel"),
        ("centroid_yErr", 2, True, "pixel"),
        ("centroid_x_y_Cov", 1, False, "pixel^2"),
    ]


def test_cards_that_repeat_become_lists_and_structure_is_left_out():
    found = parsed(
        *[
            ("XTENSION", "BINTABLE"),
            ("NAXIS1", 8),
            ("TTYPE1", "x"),
            ("TFORM1", "D"),
            ("TCCLS1", "Scalar"),
        ],
        *[
            ("A", 1),
            ("B", 2),
            ("A", 3),
            ("A", 4),
            ("COMMENT", "one"),
            ("HISTORY", "two"),
            ("", "blank"),
        ],
        *[("ALIAS", "y:x"), ("AR_HDU", 3), ("AFW_TYPE", "SIMPLE"), ("AFW_TABLE_VERSION", 3)],
    )
    assert found.metadata == {"A": [1, 3, 4], "B": 2, "comments": ["one"], "HISTORY": ["two"]}
    assert (found.aliases, found.archive, found.type) == ({"y": "x"}, 2, "SIMPLE")
