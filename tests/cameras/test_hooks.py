"""The hooks of a camera's mapper: found once, refused early, shown with their definition."""

from __future__ import annotations

import functools

import pytest

from persistence.cameras import hooks
from persistence.errors import PolicyError


class Toy:
    """A camera with a hook of every kind, and with what only looks like one."""

    std_flag = True  # not a method

    def std_raw(self, item, dataId):
        return item

    def bypass_thing(self, datasetType, pythonType, location, dataId):
        return 1

    def map_linearizer(self, dataId, write=False):
        return None

    def query_raw(self, format, dataId):
        return []

    def add_raw(self, *args, **kwargs):
        return {}

    def map_(self, dataId, write):
        return "of no dataset type"

    def standard(self):
        return "no hook"

    def stdraw(self):
        return "no hook"

    def _std_raw(self):
        return "no hook"

    @staticmethod
    def std_bias(item, dataId):
        return item

    @classmethod
    def std_dark(cls, item, dataId):
        return item

    std_partial = functools.partialmethod(std_raw)


def test_each_hook_is_found_by_kind_and_dataset_type():
    assert hooks.collect(Toy) == {
        ("std", "raw"): "std_raw",
        ("std", "bias"): "std_bias",
        ("std", "dark"): "std_dark",
        ("std", "partial"): "std_partial",
        ("bypass", "thing"): "bypass_thing",
        ("map", "linearizer"): "map_linearizer",
        ("query", "raw"): "query_raw",
        ("add", "raw"): "add_raw",
    }


def test_the_table_is_read_only():
    with pytest.raises(TypeError):
        hooks.collect(Toy)["std", "raw"] = "other"


def test_a_subclass_inherits_hooks_and_replaces_them():
    class Sub(Toy):
        def std_raw(self, item, dataId, more=None):
            return None

        def std_flat(self, item, dataId):
            return None

        std_bias = None  # the hook is taken away

    found = hooks.collect(Sub)
    assert ("std", "flat") in found
    assert ("map", "linearizer") in found
    assert ("std", "bias") not in found


def test_the_names_of_dataset_types_may_have_underscores():
    class Sub:
        def bypass_ccdExposureId_bits(self, datasetType, pythonType, location, dataId):
            return 32

    assert hooks.collect(Sub) == {("bypass", "ccdExposureId_bits"): "bypass_ccdExposureId_bits"}


def made(name, function):
    return type("Camera", (), {name: function})


@pytest.mark.parametrize(
    ("name", "function", "wanted"),
    [
        ("std_raw", lambda self, item: item, "item, dataId"),
        ("std_raw", lambda self, item, dataId, more: item, "item, dataId"),
        ("std_raw", staticmethod(lambda item: item), "item, dataId"),
        ("map_raw", lambda self, dataId: None, "dataId, write"),
        ("query_raw", lambda self, dataId: None, "format, dataId"),
        (
            "bypass_raw",
            lambda self, location, dataId: None,
            "datasetType, pythonType, location, dataId",
        ),
        ("add_raw", lambda self: None, "datasetType, dataId"),
    ],
)
def test_a_hook_that_cannot_be_called_is_refused_with_its_definition(name, function, wanted):
    with pytest.raises(PolicyError) as caught:
        hooks.collect(made(name, function))
    message = str(caught.value)
    assert (
        f"test_hooks.py:{getattr(function, '__func__', function).__code__.co_firstlineno}: Camera.{name}("
        in message
    )
    assert f"it is called with ({wanted})" in message


def test_a_hook_for_a_type_that_the_policy_lacks_is_refused_with_its_neighbour():
    cls = made("std_calxep", lambda self, item, dataId: item)
    with pytest.raises(
        PolicyError, match=r"Camera\.std_calxep\(.*no dataset type 'calxep'; did you mean 'calexp'"
    ):
        hooks.check_types(cls, hooks.collect(cls), ["raw", "calexp"])


def test_a_hook_for_a_type_of_the_policy_is_taken():
    cls = made("std_calexp", lambda self, item, dataId: item)
    hooks.check_types(cls, hooks.collect(cls), ["raw", "calexp"])
    with pytest.raises(PolicyError):
        hooks.check_types(cls, hooks.collect(cls), ["raw"])


def test_a_map_hook_makes_its_own_dataset_type_which_others_may_use():
    cls = type(
        "Camera",
        (),
        {"map_x": lambda self, dataId, write: None, "std_x": lambda self, item, dataId: item},
    )
    hooks.check_types(cls, hooks.collect(cls), [])
