"""The exception tree: what old code may catch, what messages say, what survives a trip between processes."""

from __future__ import annotations

import copy
import inspect
import pickle
import sqlite3

import pytest

from persistence import errors
from persistence.errors import (
    AliasError,
    AmbiguousDataId,
    Argument,
    CalibrationError,
    CameraNotFound,
    DatabaseError,
    DatabaseLocked,
    DataIdError,
    ExpressionError,
    FileConflict,
    FormatterError,
    IncompleteDataId,
    IngestError,
    LossyWarning,
    Message,
    MissingExtra,
    MissingKey,
    MultipleResults,
    NoMapperException,
    NoRepositoryAtRoot,
    NoResults,
    NoSuchDetector,
    NoTables,
    NotImportable,
    NotInSkyMap,
    NotPartOfThisPackage,
    ParentsMismatch,
    PersistenceError,
    PolicyError,
    RegistryError,
    RegistryLocked,
    RegistryWarning,
    RepositoryError,
    RowExists,
    SourceChanged,
    TemplateError,
    TemplateUndefined,
    UnknownArgument,
    UnknownDatasetType,
    UnknownKey,
    UnknownKeyWarning,
    UnsafeContent,
    UsageError,
    WrittenDiffers,
    did_you_mean,
    for_commands,
)

ID = {"visit": 410877, "ccdnum": 28}
EVERY = [
    PersistenceError("what was refused"),
    UnknownDatasetType("calxep", ["calexp", "raw"], "DecamMapper"),
    DataIdError("what was refused"),
    MissingKey("what was refused"),
    PolicyError("what was refused"),
    TemplateUndefined("what was refused"),
    TemplateError("what was refused"),
    RegistryError("what was refused"),
    RegistryLocked("what was refused"),
    RowExists("what was refused"),
    FormatterError("what was refused"),
    UnsafeContent("what was refused"),
    SourceChanged("what was refused"),
    RepositoryError("what was refused"),
    CameraNotFound("what was refused"),
    IngestError("what was refused", "/raw/a.fits", 3),
    FileConflict("what was refused", pathname="/raw/a.fits"),
    NoResults("No locations for get:", "calexp", ID, ["looked in /a", "looked in /b"]),
    IncompleteDataId("Incomplete data ID:", "calexp", ID, ["needs  filter"]),
    NoTables("Incomplete data ID:", "calexp", ID, ["needs  filter"]),
    AmbiguousDataId("No unique lookup for:", "calexp", ID),
    MultipleResults("No unique dataset for:", "calexp", ID, ["first", "second"]),
    UnknownKey("what was refused"),
    NoSuchDetector("what was refused"),
    NotInSkyMap("what was refused"),
    NotPartOfThisPackage("what was refused"),
    AliasError("what was refused"),
    CalibrationError("what was refused"),
    ParentsMismatch("what was refused"),
    NotImportable("what was refused"),
    WrittenDiffers("what was refused"),
    NoRepositoryAtRoot("what was refused"),
    UnknownArgument("what was refused"),
    NoMapperException("what was refused"),
    ExpressionError("where, column 3: visit is a whole number"),
    UsageError("what was refused"),
    DatabaseError("what was refused"),
    DatabaseLocked("what was refused"),
]


def named(error: object) -> str:
    return type(error).__name__


def test_the_table_has_every_exception_of_the_module():
    known = {
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, BaseException) and cls.__module__ == errors.__name__
    }
    warnings = {cls for cls in known if issubclass(cls, Warning)}
    assert known - {type(error) for error in EVERY} - warnings == {MissingExtra}


@pytest.mark.parametrize("error", EVERY, ids=named)
def test_whatever_is_refused_can_be_caught_as_one_class(error):
    assert isinstance(error, PersistenceError)


@pytest.mark.parametrize(
    ("cls", "caught_as"),
    [
        (UnknownDatasetType, AttributeError),
        (UnknownDatasetType, KeyError),
        (DataIdError, ValueError),
        (DataIdError, RuntimeError),
        (MissingKey, KeyError),
        (PolicyError, RuntimeError),
        (TemplateUndefined, RuntimeError),
        (RegistryError, RuntimeError),
        (FormatterError, RuntimeError),
        (UnsafeContent, FormatterError),
        (MissingExtra, ImportError),
        (RepositoryError, RuntimeError),
        (CameraNotFound, RepositoryError),
        (ParentsMismatch, RepositoryError),
        (AliasError, RuntimeError),
        (CalibrationError, ValueError),
        (CalibrationError, TypeError),
        (NotImportable, ImportError),
        (WrittenDiffers, RuntimeError),
        (NoRepositoryAtRoot, RepositoryError),
        (IngestError, RuntimeError),
        (FileConflict, IngestError),
        (FileConflict, FileExistsError),
        (NoResults, RuntimeError),
        (IncompleteDataId, NoResults),
        (NoTables, IncompleteDataId),
        (NoTables, TypeError),
        (AmbiguousDataId, NoResults),
        (MultipleResults, NoResults),
        (UnknownKey, sqlite3.OperationalError),
        (UnknownKey, KeyError),
        (UnknownKeyWarning, UserWarning),
        (RegistryWarning, UserWarning),
        (UnknownArgument, RepositoryError),
        (UnknownArgument, TypeError),
    ],
    ids=lambda cls: cls.__name__,
)
def test_what_gen2_raised_can_still_be_caught(cls, caught_as):
    assert issubclass(cls, caught_as)


@pytest.mark.parametrize(
    "error", [error for error in EVERY if isinstance(error, KeyError)], ids=named
)
def test_a_key_error_shows_its_message_and_not_the_repr_of_it(error):
    assert str(error) == error.args[0]


@pytest.mark.parametrize(
    "cls",
    sorted({type(error) for error in EVERY}, key=lambda cls: cls.__name__),
    ids=lambda cls: cls.__name__,
)
def test_an_error_can_be_created_without_its_constructor(cls):
    """As tblib does, when Dask has installed it, with errors from another process."""
    assert isinstance(cls.__new__(cls), cls)


def test_an_error_without_a_message_shows_nothing():
    assert str(PersistenceError()) == ""


@pytest.mark.parametrize(
    "error",
    [
        *EVERY,
        pytest.param(
            MissingExtra("pyarrow", "tables", "Parquet"),
        ),
    ],
    ids=named,
)
@pytest.mark.parametrize(
    "travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickle", "copy"]
)
def test_an_error_comes_whole_out_of_another_process(error, travel):
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_the_message_of_a_missing_library_is_the_command_that_installs_it():
    error = pickle.loads(pickle.dumps(MissingExtra("pyarrow", "tables", "Parquet")))
    assert (error.library, error.extra, error.purpose) == ("pyarrow", "tables", "Parquet")
    message = str(error)
    assert message == "Parquet needs pyarrow: pip install 'gen2-butler[tables]'"


def test_a_misspelt_dataset_type_is_told_its_neighbour():
    error = UnknownDatasetType("calxep", iter(["raw", "calexp"]), "DecamMapper")
    assert (error.datasetType, error.known) == ("calxep", ("raw", "calexp"))
    assert str(error) == "DecamMapper has no dataset type 'calxep'; did you mean 'calexp'?"
    assert error.datasetType == "calxep"


def test_no_results_says_what_was_asked_for_and_a_line_for_each_reason():
    error = NoResults("No locations for get:", "calexp", ID, ["looked in /a", "looked in /b"])
    assert str(error).split("\n") == [
        "No locations for get: calexp {'visit': 410877, 'ccdnum': 28}",
        "  looked in /a",
        "  looked in /b",
    ]
    assert (error.datasetType, error.dataId, error.reasons) == (
        "calexp",
        ID,
        ("looked in /a", "looked in /b"),
    )


def test_multiple_results_shows_what_answered_and_keeps_it():
    error = MultipleResults("No unique dataset for:", "calexp", ID, [1, 2])
    assert str(error).endswith("\n  1\n  2")
    assert error.locations == [1, 2]


def test_an_ingest_error_knows_which_file_it_was():
    error = FileConflict("another file stands there", pathname="/raw/a.fits", position=3)
    assert (error.pathname, error.position) == ("/raw/a.fits", 3)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("calxep", ["raw", "calexp"], "; did you mean 'calexp'?"),
        ("calexp_", ["calexps", "raw", "calexp"], "; did you mean 'calexp' or 'calexps'?"),
        ("calexp", [], ""),
        ("xyz", ["raw", "calexp"], ""),
        ("1", [1, 2], "; did you mean '1'?"),
    ],
)
def test_a_hint_names_what_looks_alike_and_nothing_else(word, known, hint):
    assert did_you_mean(word, known) == hint


@pytest.mark.parametrize(
    ("given", "python", "command"),
    [
        (("mapper",), "mapper=", "--mapper NAME"),
        (("mapper", "my camera.yaml"), "mapper='my camera.yaml'", "--mapper 'my camera.yaml'"),
        (("trust", ("a.B",)), "trust=['a.B']", "--trust a.B"),
        (("calibRoot",), "calibRoot=", "--calib DIR"),
    ],
)
def test_an_argument_is_shown_as_the_tool_at_hand_takes_it(given, python, command):
    shown = Argument(*given)
    assert str(shown) == python
    with for_commands():
        assert str(shown) == command
    assert str(shown) == python


def test_an_error_chooses_the_notation_when_it_is_shown():
    """It may be created in a worker process, and shown by a command."""
    reason = Message("needs  filter; pass ", Argument("calibRoot"))
    errors = [
        RepositoryError(Message(Message("no mapper"), "; pass ", Argument("mapper"))),
        NoResults("No locations for get:", "bias", {"ccd": 1}, [reason, "nothing else"]),
        LossyWarning(Message("read it with ", Argument("trust", ("a.B",)))),
    ]
    errors[0].where = "/data/repo"
    for error in [*errors, *pickle.loads(pickle.dumps(errors))]:
        python = str(error)
        with for_commands():
            command = str(error)
        assert "=" in python
        assert "--" not in python
        assert "--" in command
        assert "=" not in command.replace(str({"ccd": 1}), "")
    assert str(errors[0]) == "/data/repo: no mapper; pass mapper="


def test_equal_messages_are_one():
    messages = [Message("pass ", Argument("mapper")), Message("pass ", Argument("mapper"))]
    assert len({*messages, Message("pass ", Argument("trust"))}) == 2
