"""Write recipes: the framework's, a camera's own, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import PolicyError
from persistence.policy import recipes
from persistence.policy.recipes import Compression, Plane, Scaling

PLAIN = "mask: {}, variance: {}"


@pytest.fixture
def camera(tmp_path: Path):
    """Return a function that writes a camera's recipes."""

    def write(text: str) -> str:
        path = tmp_path / "writeRecipes.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_the_framework_has_gen2s_recipes():
    assert set(recipes.load()) == {"noCompression", "lossless", "default", "lossyBasic"}


@pytest.mark.parametrize(
    ("name", "image", "mask"),
    [
        ("noCompression", Plane(), Plane()),
        ("lossless", Plane(Compression("GZIP_SHUFFLE")), Plane(Compression("GZIP_SHUFFLE"))),
        ("default", Plane(Compression("GZIP_SHUFFLE")), Plane(Compression("GZIP_SHUFFLE"))),
        (
            "lossyBasic",
            Plane(Compression("RICE"), Scaling("STDEV_POSITIVE", 32, ("NO_DATA",), 0, 10.0, 10.0)),
            Plane(Compression("GZIP_SHUFFLE")),
        ),
    ],
)
def test_each_recipe_says_how_each_plane_is_written(name, image, mask):
    recipe = recipes.find(name, "calexp")
    assert (recipe.image, recipe.mask, recipe.variance) == (image, mask, image)


def test_a_camera_may_add_recipes(camera):
    path = camera(
        "FitsStorage: {mine: {image: {compression: {algorithm: GZIP, rows: 3}}, " + PLAIN + "}}"
    )
    mine = recipes.find("mine", "calexp", path)
    assert mine.image == Plane(Compression("GZIP", rows=3))
    assert mine.mask == mine.variance == Plane()
    assert recipes.find("lossless", "calexp", path) == recipes.find("lossless", "calexp")
    assert "mine" not in recipes.load()


def test_a_camera_without_recipes_has_the_frameworks(tmp_path):
    assert recipes.load(str(tmp_path / "gone.yaml")) == recipes.load()


def test_an_unknown_recipe_is_refused_with_the_dataset_type_and_its_neighbour():
    with pytest.raises(
        PolicyError, match=r"^calexp names write recipe 'losslss'; did you mean 'lossless'.*known: "
    ):
        recipes.find("losslss", "calexp")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default: {image: {}, mask: {}, variance: {}}", "recipe 'default' is the framework's"),
        ("mine: {image: {}, mask: {}}", "recipe 'mine' has to have image, mask and variance"),
        (
            "mine: {image: {}, mask: {}, variance: {}, psf: {}}",
            "recipe 'mine' has to have image, mask and variance",
        ),
        (
            "mine: {image: {compress: {}}, " + PLAIN + "}",
            "recipe 'mine', image: unknown entry 'compress'",
        ),
        (
            "mine: {image: {compression: {row: 3}}, " + PLAIN + "}",
            "recipe 'mine', image: unknown entry 'row'; did you mean 'rows'",
        ),
        (
            "mine: {image: {compression: {algorithm: LZW}}, " + PLAIN + "}",
            "unknown algorithm 'LZW' .known: NONE, GZIP",
        ),
        (
            "mine: {image: {scaling: {algorithm: MEAN}}, " + PLAIN + "}",
            "unknown algorithm 'MEAN' .known: NONE, RANGE",
        ),
        ("mine: {image: {scaling: {algorithm: RICE}}, " + PLAIN + "}", "unknown algorithm 'RICE'"),
    ],
)
def test_a_recipe_that_cannot_be_meant_is_refused_with_file_and_place(camera, text, message):
    path = camera(f"FitsStorage: {{{text}}}")
    with pytest.raises(PolicyError, match=message) as caught:
        recipes.load(path)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "FitsStorage:",
        "FitsStorage: {mine: }",
        "FitsStorage: {mine: {image: , " + PLAIN + "}}",
        "FitsStorage: {mine: {image: 3, " + PLAIN + "}}",
        "FitsStorage: {mine: {image: {compression: }, " + PLAIN + "}}",
    ],
)
def test_an_entry_that_is_no_mapping_is_refused_with_its_file(camera, text):
    path = camera(text)
    with pytest.raises(PolicyError) as caught:
        recipes.load(path)
    assert path in str(caught.value)


def test_a_value_of_another_type_is_refused(camera):
    with pytest.raises(PolicyError, match="quantizeLevel"):
        recipes.load(
            camera(
                "FitsStorage: {mine: {image: {compression: {quantizeLevel: fast}}, " + PLAIN + "}}"
            )
        )


IDS = st.dictionaries(
    st.sampled_from(["visit", "ccdnum", "filter"]), st.integers(0, 10**6) | st.text(max_size=3)
)


@settings(max_examples=100, deadline=None)
@given(IDS)
def test_the_dither_seed_is_one_that_fits_takes_and_the_order_of_keys_does_not_count(data_id):
    seed = recipes.seed(data_id)
    assert 1 <= seed <= 10000
    assert recipes.seed(dict(reversed(data_id.items()))) == seed


def test_the_dither_seeds_of_detectors_differ():
    seeds = {recipes.seed({"visit": 410877, "ccdnum": ccdnum}) for ccdnum in range(1, 63)}
    assert len(seeds) > 50


def test_the_dither_seed_stays_the_same_from_one_release_to_the_next():
    assert recipes.seed({"visit": 410877, "ccdnum": 28}) == 1578
