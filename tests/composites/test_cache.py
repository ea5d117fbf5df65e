"""Components that several readers share."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from persistence.butler.proxy import ReadProxy
from persistence.composites.cache import CacheInfo, ComponentCache, can_be_shared
from persistence.dataids.location import Location
from persistence.types.exposure import exposure
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.metadata.property import PropertyList
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import GaussianPsf
from persistence.types.table.catalog import Catalog


class Thing:
    """Can be referred to weakly."""


class Exposure(Thing):
    """Has the name of a class that is not shared, but is another class."""


class Own(Thing):
    """Declares that each reader gets a copy."""

    shareable = False


class Derived(Own):
    """Inherits the declaration."""


class Rows(dict):
    """Has items that can be assigned."""


class Constants(Rows):
    """Has items that can be assigned, and declares that nobody does."""

    shareable = True


class Question(Own):
    """Uses the name for something else."""

    def shareable(self):
        return False


class Slotted:
    """Has no place for a weak reference."""

    __slots__ = ()


@pytest.fixture
def place(tmp_path):
    """Return a function that says where a file is, and makes it."""

    def make(name="file", text="text", **more):
        (tmp_path / name).write_text(text)
        return Location(str(tmp_path), name, None, "FitsStorage", "a.B", "thing", {})._replace(
            **more
        )

    return make


def test_a_component_that_somebody_holds_is_read_once(place):
    cache = ComponentCache()
    first = cache.get(place(), "psf", Thing)
    assert cache.get(place(), "psf", Thing) is not first  # it was written again
    held = cache.get(location := place(), "psf", Thing)
    assert cache.get(location, "psf", Thing) is held
    assert cache.info().hits == 1


def test_a_component_that_nobody_holds_is_forgotten(place):
    cache, location = ComponentCache(), place()
    held = cache.get(location, "psf", Thing)
    assert cache.info() == CacheInfo(hits=0, misses=1, size=1)
    del held
    gc.collect()
    assert cache.info() == CacheInfo(hits=0, misses=1, size=0)


OTHERS = {
    "another file": lambda place, location: place("other"),
    "another size": lambda place, location: place(text="longer text"),
    "another HDU": lambda place, location: location._replace(hdu=2),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_differs_is_read_anew(place, other):
    cache, location = ComponentCache(), place()
    held = cache.get(location, "psf", Thing)
    assert cache.get(OTHERS[other](place, location), "psf", Thing) is not held


def test_another_component_of_the_file_is_another(place):
    cache, location = ComponentCache(), place()
    held = cache.get(location, "psf", Thing)
    assert cache.get(location, "wcs", Thing) is not held
    assert cache.get(location, None, Thing) is not held


def test_the_type_tells_what_the_whole_is_and_not_what_a_component_is(place):
    cache, location = ComponentCache(), place()
    other = location._replace(python="a.C")
    whole, psf = cache.get(location, None, Thing), cache.get(location, "psf", Thing)
    assert cache.get(other, None, Thing) is not whole
    assert cache.get(other, "psf", Thing) is psf


def test_a_file_that_was_touched_or_replaced_is_read_anew(place):
    cache, location = ComponentCache(), place()
    held = cache.get(location, "psf", Thing)
    os.utime(location.full_path, ns=(1, 1))
    touched = cache.get(location, "psf", Thing)
    assert touched is not held
    other = place("other")
    os.utime(other.full_path, ns=(1, 1))
    os.replace(other.full_path, location.full_path)
    assert cache.get(location, "psf", Thing) is not touched


@pytest.mark.parametrize("option", ["bbox", "columns"])
def test_a_part_of_a_component_is_not_shared(place, option):
    cache = ComponentCache()
    location = place(options={option: 1})
    held = cache.get(location, "psf", Thing)
    assert cache.get(location, "psf", Thing) is not held
    assert cache.info() == CacheInfo(0, 0, 0)


@pytest.mark.parametrize(
    "make", [Own, Derived, Rows, Slotted, dict, lambda: np.zeros(2), lambda: None, lambda: 5]
)
def test_what_declares_so_or_is_plain_data_is_not_kept(place, make):
    cache, location = ComponentCache(), place()
    held = cache.get(location, "image", make)
    assert cache.get(location, "image", make) is not held or type(held) in (int, type(None))
    assert cache.info() == CacheInfo(0, 0, 0)


SHARED = {
    "a user's class": (Thing, True),
    "a class that only has the name of ours": (Exposure, True),
    "a class that declares that it is not": (Own, False),
    "a class derived from one": (Derived, False),
    "items that can be assigned": (Rows, False),
    "items that are declared to be constant": (Constants, True),
    "a method of the attribute's name": (Question, True),
    "an array": (lambda: np.zeros(2), False),
    "a table": (Table, False),
    "a catalog": (lambda: Catalog({"id": [1]}), False),
    "a table of pandas": (lambda: pytest.importorskip("pandas").DataFrame(), False),
    "a header": (fits.Header, False),
    "an exposure": (lambda: exposure.Exposure(np.zeros((2, 2)), fits.Header()), False),
    "a mask": (lambda: Mask.from_flags({"BAD": np.zeros((2, 2), bool)}), False),
    "a WCS": (WCS, True),
    "a PSF": (lambda: GaussianPsf((5, 5), 2.0), True),
    "a calibration of fluxes": (lambda: PhotoCalib(1.0), True),
    "metadata": (PropertyList, True),
}


@pytest.mark.parametrize("what", SHARED)
def test_the_class_decides_whether_its_objects_are_shared(what):
    make, shared = SHARED[what]
    assert can_be_shared(make()) is shared


def test_an_object_that_is_read_later_is_not_read_to_be_asked():
    assert not can_be_shared(ReadProxy(lambda: pytest.fail("it was read")))


def test_the_oldest_go_first(place):
    cache = ComponentCache(limit=2)
    places = [place(str(number)) for number in range(3)]
    held = [cache.get(one, None, Thing) for one in places]
    assert cache.info().size == 2
    assert cache.get(places[2], None, Thing) is held[2]
    assert cache.get(places[0], None, Thing) is not held[0]


def test_a_cache_that_keeps_nothing_reads_each_time(place):
    cache, location = ComponentCache(limit=0), place()
    held = cache.get(location, None, Thing)
    assert cache.get(location, None, Thing) is not held
    assert repr(cache) == "ComponentCache(limit=0): CacheInfo(hits=0, misses=0, size=0)"


def test_clearing_forgets_but_takes_nothing_away(place):
    cache, location = ComponentCache(), place()
    held = cache.get(location, None, Thing)
    cache.clear()
    assert cache.info() == CacheInfo(0, 0, 0)
    assert cache.get(location, None, Thing) is not held


def test_a_failure_to_read_is_not_kept(place):
    cache, location = ComponentCache(), place()
    with pytest.raises(ZeroDivisionError):
        cache.get(location, None, lambda: 1 / 0)
    assert isinstance(cache.get(location, None, Thing), Thing)


def test_a_missing_file_is_told(place):
    location = place()
    os.unlink(location.full_path)
    with pytest.raises(FileNotFoundError):
        ComponentCache().get(location, None, Thing)
