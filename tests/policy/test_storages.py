"""The one table of kinds of storage: ours, and those that packages announce."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from persistence.errors import PolicyError
from persistence.files import entry_points
from persistence.policy import dataset_type, storages

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
ANNOUNCED = "[persistence.formatters]\nToyStorage = toyshop\n"


def test_our_own_are_announced_too():
    project = tomllib.loads(PROJECT.read_text())["project"]
    assert project["entry-points"][storages.GROUP] == storages.OWN


def test_a_storage_that_a_package_announces_is_found_and_may_stand_in_a_policy(site):
    assert storages.find("ToyStorage") is None
    site(ANNOUNCED)
    assert storages.find("ToyStorage") == "toyshop"
    assert dataset_type.FIELDS["storage"]("ToyStorage") == "ToyStorage"
    assert "toyshop" not in sys.modules


def test_ours_come_before_what_is_announced(site):
    site("[persistence.formatters]\nTextStorage = toyshop\n")
    assert storages.find("TextStorage") == "persistence.formatters.text"


def test_only_a_name_that_is_none_of_ours_makes_us_look_at_what_is_announced(tmp_path):
    """In a new process: a repository is opened, written and read, and no entry point of ours is asked for."""
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n"
        "  note: {template: note.txt, storage: TextStorage}\n"
        "  path: {template: path, storage: ignored}\n"
        "  number: {template: number, storage: Internal}\n"
    )
    code = (
        "from persistence import Butler\n"
        "from persistence.files import entry_points\n"
        f"camera, groups = {str(tmp_path / 'camera.yaml')!r}, []\n"
        "announced = entry_points.announced\n"
        "entry_points.announced = lambda group: groups.append(group) or announced(group)\n"
        f"butler = Butler(outputs=dict(root={str(tmp_path / 'repo')!r}, mapper=camera, mode='rw'))\n"
        "butler.put('x', 'note')\n"
        "assert butler.get('note') == 'x' and butler.datasetExists('note')\n"
        "print({*groups} - {'persistence.cameras'})\n"
        "import sys\n"
        "print('importlib.metadata' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nFalse\n"


@pytest.mark.parametrize("storage", ["FitsStorage", "ToyStorage"])
def test_an_unknown_storage_is_told_its_neighbour_and_what_is_known(site, storage):
    site(ANNOUNCED)
    with pytest.raises(PolicyError) as caught:
        dataset_type.FIELDS["storage"](f"{storage[:-1]}")
    message = str(caught.value)
    assert message.startswith(f"unknown storage '{storage[:-1]}'; did you mean '{storage}'")
    assert "(known: FitsStorage, " in message
    assert message.endswith("ToyStorage, Internal, ignored, None)")
    entry_points._targets.cache_clear()
    entry_points.announced.cache_clear()


@pytest.mark.parametrize("storage", ["Internal", "ignored", "ignored:FITS", "None", None])
def test_a_storage_that_holds_no_data_may_stand_in_a_policy(storage):
    assert dataset_type.FIELDS["storage"](storage) == storage
    assert storages.find(storage or "") is None
