"""An object that is read when it is first used: used like the object itself, read once."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

from persistence.butler.proxy import ReadProxy


class Counted:
    """Reads an object, and counts how often."""

    def __init__(self, value):
        self.value = value
        self.times = 0

    def __call__(self):
        self.times += 1
        return self.value


def stands_for(value):
    return ReadProxy(lambda: value)


def test_nothing_is_read_until_it_is_used_and_then_once():
    read = Counted([1, 2])
    proxy = ReadProxy(read)
    assert read.times == 0
    assert len(proxy) == 2
    assert proxy[0] == 1
    assert str(proxy) == "[1, 2]"
    assert proxy.__subject__() is read.value
    assert read.times == 1


def test_an_object_that_is_none_is_also_read_once():
    read = Counted(None)
    proxy = ReadProxy(read)
    assert not proxy
    assert proxy == None  # noqa: E711
    assert read.times == 1


def test_a_read_that_fails_is_tried_again():
    answers = iter([OSError("the disk sleeps"), [1]])

    def read():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    proxy = ReadProxy(read)
    with pytest.raises(OSError, match="the disk sleeps"):
        len(proxy)
    assert len(proxy) == 1


@pytest.mark.parametrize(
    ("use", "value"),
    [
        (len, [1, 2]),
        (list, [1, 2]),
        (str, 1.5),
        (repr, "text"),
        (bool, []),
        (hash, (1, 2)),
        (abs, -3),
        (operator.neg, 3),
        (int, 3.7),
        (float, 3),
        (operator.itemgetter(1), [1, 2]),
        (operator.methodcaller("upper"), "text"),
        (operator.attrgetter("real"), 3 + 4j),
        (lambda one: 2 in one, [1, 2]),
        (lambda one: 3 in one, [1, 2]),
        (lambda one: one == [1], [1]),
        (lambda one: one != [1], [1]),
        (lambda one: one < 4, 3),
        (lambda one: one <= 3, 3),
        (lambda one: one > 4, 3),
        (lambda one: one >= 3, 3),
        (lambda one: one + 1, 3),
        (lambda one: one - 1, 3),
        (lambda one: one * 2, 3),
        (lambda one: one / 2, 3),
        (lambda one: one // 2, 3),
        (lambda one: one % 2, 3),
        (lambda one: one & 2, 3),
        (lambda one: one | 4, 3),
        (lambda one: one ^ 1, 3),
        (lambda one: 1 + one, 3),
        (lambda one: 1 - one, 3),
        (lambda one: 2 * one, 3),
        (lambda one: 6 / one, 3),
        (lambda one: 7 // one, 3),
        (lambda one: 7 % one, 3),
        (lambda one: [0] + one, [1]),
        (dict, {"a": 1}),
    ],
)
def test_using_the_proxy_is_using_the_object(use, value):
    expected = use(value)
    found = use(stands_for(value))
    assert type(found) is type(expected)
    assert found == expected


def test_two_proxies_work_together():
    assert stands_for(3) + stands_for(4) == 7
    assert stands_for([1]) == stands_for([1])
    assert stands_for([1]) != stands_for([2])


def test_attributes_are_set_and_deleted_on_the_object():
    class Thing:
        pass

    thing = Thing()
    proxy = stands_for(thing)
    proxy.size = 5
    assert thing.size == 5
    del proxy.size
    assert not hasattr(thing, "size")
    with pytest.raises(AttributeError, match="size"):
        proxy.size  # noqa: B018


def test_items_are_set_on_the_object():
    value = [1, 2]
    stands_for(value)[0] = 9
    assert value == [9, 2]


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        np.array,
        np.sum,
        lambda one: np.asarray(one, dtype="f4"),
        lambda one: one + np.ones(3),
        lambda one: np.ones(3) + one,
        lambda one: one[one > 1],
        lambda one: one.mean(),
    ],
)
def test_numpy_takes_the_proxy_for_its_array(use):
    array = np.arange(3.0)
    found, expected = use(stands_for(array)), use(array)
    assert np.array_equal(found, expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_an_unhashable_object_stays_unhashable():
    with pytest.raises(TypeError, match="unhashable"):
        hash(stands_for([1]))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_proxy_can_be_copied(again):
    assert again(stands_for([1, 2])) == [1, 2]


def test_a_proxy_can_be_pickled():
    assert pickle.loads(pickle.dumps(ReadProxy(list))) == []


def delete_item(one):
    del one[0]
    return one


@pytest.mark.parametrize(
    ("use", "value"),
    [
        (lambda one: one(2), lambda number: number + 1),
        (lambda one: one**2, 3),
        (lambda one: 1 & one, 3),
        (lambda one: [5, 6][one], 1),
        (lambda one: f"{one:.2f}", 1.5),
        (delete_item, [1, 2]),
        (lambda one: isinstance(one, list), [1]),
    ],
    ids=["call", "power", "reflected and", "index", "format", "delete item", "isinstance"],
)
def test_what_is_not_forwarded_yet(use, value):
    expected = use(copy.copy(value))
    assert np.array_equal(use(stands_for(value)), expected)
