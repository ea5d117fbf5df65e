"""Arguments that choose data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from persistence.pipe.cmdline.containers import DataIdContainer
from persistence.pipe.cmdline.idarguments import ConfigDatasetType, DataIdArgument, DatasetArgument
from persistence.pipe.cmdline.parser import ArgumentParser


class Container(DataIdContainer):
    pass


@pytest.mark.parametrize(
    ("given", "words", "dataset_type"),
    [
        (DatasetArgument(), "--id_dstype raw", "raw"),
        (DatasetArgument(default="raw"), "", "raw"),
        (DatasetArgument(default="raw"), "--id_dstype processCcd_metadata", "processCcd_metadata"),
        (DatasetArgument(name="--dst-type"), "--dst-type raw", "raw"),
        (DatasetArgument(name="--dst", default="raw"), "", "raw"),
        (DatasetArgument(name="dstype", default="calexp"), "raw", "raw"),
        (ConfigDatasetType("isr.datasetType"), "", "raw"),
        (ConfigDatasetType("isr.datasetType"), "-c isr.datasetType=calexp", "calexp"),
        ("raw", "", "raw"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_dataset_type_comes_from_where_it_is_said_to(
    config: Any, own: Path, given: Any, words: str, dataset_type: str
) -> None:
    parser = ArgumentParser(name="toy")
    parser.add_id_argument("--id", given, help="which", ContainerClass=Container, level="")
    parsed = parser.parse_args(
        config, [str(own), *words.split(), "--rerun", "a", "--id", "visit=410877", "ccdnum=1"]
    )
    assert (type(parsed.id), parsed.id.datasetType, parsed.id.level) == (
        Container,
        dataset_type,
        "",
    )
    assert parsed.id.idList == [{"visit": 410877, "ccdnum": 1}]
    assert len(parsed.id.refList) == (dataset_type == "raw")


def test_each_option_has_its_container(config: Any, own: Path) -> None:
    parser = ArgumentParser(name="toy")
    for name in ("--id", "--otherId"):
        parser.add_id_argument(name, "raw", help="which")
    parsed = parser.parse_args(
        config, [str(own), "--rerun", "a", "--other", "ccdnum=1", "--id", "ccdnum=2..3"]
    )
    assert (len(parsed.id.refList), len(parsed.otherId.refList)) == (4, 2)


def test_without_references_values_stay_text(config: Any, own: Path) -> None:
    parser = ArgumentParser(name="toy")
    parser.add_id_argument("--badId", "raw", help="which", doMakeDataRefList=False)
    words = ["--badId", "visit=8^9", "any=x", "--badId", "visit=8"]
    parsed = parser.parse_args(config, [str(own), "--rerun", "a", *words])
    assert parsed.badId.idList == [
        {"visit": "8", "any": "x"},
        {"visit": "9", "any": "x"},
        {"visit": "8"},
    ]
    assert parsed.badId.refList == []


@pytest.mark.parametrize(
    ("given", "words", "message"),
    [
        (DatasetArgument(), "", "the following arguments are required: --id_dstype"),
        (DatasetArgument("dstype"), "", "the following arguments are required: dstype"),
        (
            DatasetArgument("dstype"),
            "rwa",
            "--id: DecamMapper has no dataset type 'rwa'; did you mean 'raw'",
        ),
        (
            ConfigDatasetType("isr.none"),
            "",
            r"the dataset type is config.isr.none, but there is no such field",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_dataset_type_that_is_not_known_is_refused(
    config: Any, own: Path, ended: Any, given: Any, words: str, message: str
) -> None:
    parser = ArgumentParser(name="toy")
    parser.add_id_argument("--id", given, help="which")
    done = ended(parser, config, own, "--rerun", "a", *words.split())
    assert done.status == 2
    assert message in done.err


def test_a_dataset_type_of_none_is_a_fault_of_the_task(config: Any, own: Path) -> None:
    parser = ArgumentParser(name="toy")
    parser.add_id_argument("--id", ConfigDatasetType("maybe"), help="which")
    with pytest.raises(RuntimeError, match="the dataset type must be set"):
        parser.parse_args(config, [str(own), "--rerun", "a", "--id"])


def test_an_arguments_name_has_no_dashes() -> None:
    made = DataIdArgument("badId", DatasetArgument("--x"), "visit", False, Container)
    assert (made.argName, made.isDynamicDatasetType, type(made.container())) == (
        "--badId",
        True,
        Container,
    )
    assert made.getDatasetType(argparse.Namespace(x="raw")) == "raw"
    assert not DataIdArgument("id", "raw").isDynamicDatasetType
    with pytest.raises(RuntimeError, match="must not begin with dashes, as in '--id'"):
        DataIdArgument("--id", "raw")
