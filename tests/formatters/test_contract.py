"""What every formatter keeps: round trips, refusals that name the dataset type or the file, the usual errors."""

from __future__ import annotations

import ast
import datetime
import io
import pickle
import pickletools
from functools import reduce
from typing import Any, ClassVar

import numpy as np
import pyarrow
import pyarrow.parquet
import yaml
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from matplotlib import image as pictures
from matplotlib.figure import Figure

from persistence import skymap
from persistence.dataids.location import Location
from persistence.policy import recipes
from persistence.policy.storages import OWN
from persistence.testing import FormatterContract
from persistence.types.exposure.exposure import Exposure
from persistence.types.fields.background import Background, BackgroundList, Surface
from persistence.types.metadata.config import Config
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.table.parquet import ParquetTable


def pixels(dtype: str = "f4") -> Any:
    return (np.arange(6000).reshape(60, 100) % 97).astype(dtype)


def full_exposure() -> Exposure:
    mask = Mask.from_flags({"SAT": pixels() > 50, "STREAK": pixels() < 5})
    header = fits.Header({"EXPTIME": 30.0, "OBJECT": "field"})
    return Exposure(pixels(), header, mask=mask, variance=pixels() + 1)


class TestFits(FormatterContract):
    storage = "FitsStorage"
    python = "lsst.afw.image.ExposureF"
    ending = ".fits"
    leaks = True
    objects: ClassVar = [
        pixels,
        full_exposure,
        lambda: Exposure(pixels(), fits.Header()),
        lambda: Exposure(pixels(), fits.Header(), variance=pixels()),
        lambda: Exposure(np.zeros((0, 5), "f4"), fits.Header()),
    ]
    wrong: ClassVar = [
        None,
        [1, 2],
        "text",
        {"image": 1},
        np.array([["a"]]),
        np.ones((2, 2), complex),
        np.ones((2, 2), "f2"),
        np.array([[None]]),
        np.array(1.0),
    ]

    def same(self, one, other):
        one, other = (
            Exposure(x, fits.Header()) if isinstance(x, np.ndarray) else x for x in (one, other)
        )
        masks = (one.mask, other.mask)
        return (
            np.array_equal(one.image, other.image)
            and one.image.dtype == other.image.dtype
            and (one.variance is None) == (other.variance is None)
            and (one.variance is None or np.array_equal(one.variance, other.variance))
            and (one.mask is None) == (other.mask is None)
            and (
                one.mask is None
                or (
                    np.array_equal(*(m.array for m in masks)) and masks[0].planes == masks[1].planes
                )
            )
        )

    def foreign(self):
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(pixels())]
        for kind, plane in (("MASK", pixels("i4")), ("VARIANCE", pixels())):
            header = fits.Header(
                {"EXTTYPE": kind, "MP_BAD": 0, "MP_SAT": 1} if kind == "MASK" else {"EXTTYPE": kind}
            )
            hdus.append(fits.ImageHDU(plane, header))
        stream = io.BytesIO()
        fits.HDUList(hdus).writeto(stream)
        mask = Mask(pixels("i4"), {"BAD": 0, "SAT": 1})
        return stream.getvalue(), Exposure(pixels(), fits.Header(), mask=mask, variance=pixels())

    def seen(self, content):
        with fits.open(io.BytesIO(content)) as hdus:
            image, mask, variance = (
                hdu.data.astype(hdu.data.dtype.newbyteorder("=")) for hdu in hdus[1:4]
            )
            planes = {key[3:]: bit for key, bit in hdus[2].header["MP_*"].items()}
            return Exposure(image, hdus[1].header, mask=Mask(mask, planes), variance=variance)


class TestCatalog(FormatterContract):
    storage = "FitsCatalogStorage"
    ending = ".fits"
    cuts: ClassVar = [0.1, 0.5, 0.8]  # behind it, there is padding alone
    leaks = True
    objects: ClassVar = [
        lambda: Table(
            {
                "id": [1, 2, 3],
                "flux": [0.5, 1.5, 2.5],
                "name": ["a", "bb", ""],
                "good": [True, False, True],
            }
        ),
        lambda: Table({"id": np.zeros(0, "i8")}),
        lambda: Table({"box": np.arange(6).reshape(3, 2)}),
        lambda: Table({"id": MaskedColumn([1, 2, 3], mask=[0, 1, 0], unit="Jy")}),
    ]
    wrong: ClassVar = [
        None,
        [1, 2],
        "text",
        np.zeros(3),
        Table({"x": np.array([None, 1], object)}),
        Table({"x": ["é"]}),
        {"a": [1, 2], "b": [1]},
        {"a": 1},
    ]

    def same(self, one, other):
        return one.colnames == other.colnames and all(
            np.array_equal(np.ma.getmaskarray(one[name]), np.ma.getmaskarray(other[name]))
            and np.ma.filled(one[name], 0).tolist() == np.ma.filled(other[name], 0).tolist()
            and one[name].unit == other[name].unit
            for name in one.colnames
        )

    def foreign(self):
        table = Table({"id": range(500), "flux": np.linspace(0, 1, 500), "name": ["a", "bb"] * 250})
        stream = io.BytesIO()
        columns = [
            fits.Column("id", "K", array=table["id"]),
            fits.Column("flux", "D", array=table["flux"], unit="Jy"),
            fits.Column("name", "2A", array=table["name"]),
        ]
        fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(stream)
        table["flux"].unit = "Jy"
        return stream.getvalue(), table

    def seen(self, content):
        with fits.open(io.BytesIO(content)) as hdus:
            found = Table({name: hdus[1].data[name].tolist() for name in hdus[1].columns.names})
            found["flux"].unit = hdus[1].columns["flux"].unit
            return found


def background(seed: int = 0, shape: tuple[int, int] = (6, 7)) -> BackgroundList:
    levels, variance = np.random.default_rng(seed).random((2, *shape)).astype("f4")
    mask = Mask.from_flags({"SAT": levels > 0.5, "STREAK": levels < 0.1})
    other = Background(
        levels[:1], variance[:1], Mask(mask.array[:1], mask.planes), Box(0, 0, 9, 9), Surface(1, 0)
    )
    surface = Surface(3, 1, 0, (2, 3), weighted=False)
    return BackgroundList(
        (Background(levels, variance, mask, Box(-5, 20, 300, 400), surface), other)
    )


class TestBackground(FormatterContract):
    storage = "FitsCatalogStorage"
    python = "lsst.afw.math.BackgroundList"
    ending = ".fits"
    cuts: ClassVar = [0.1, 0.4, 0.8]  # at a half, the first component would be whole
    leaks = True
    objects: ClassVar = [background, lambda: background(1, (1, 1))]
    wrong: ClassVar = [None, "text", np.ones((3, 3)), background()[0], BackgroundList(())]

    def same(self, one, other):
        return len(one) == len(other) and all(
            np.array_equal(a.levels, b.levels)
            and np.array_equal(a.variance, b.variance)
            and np.array_equal(a.mask.array, b.mask.array)
            and (a.mask.planes, a.bbox, a.surface) == (b.mask.planes, b.bbox, b.surface)
            for a, b in zip(one, other, strict=True)
        )

    def foreign(self):
        """Write it as in doc/gen2/afw-files.md, 6.3; the file is an older one, which lacks the cards of approximations."""
        levels = np.arange(12, dtype="f4").reshape(3, 4)
        cards = {
            "INTERPSTYLE": 5,
            "UNDERSAMPLESTYLE": 1,
            "BKGD_X0": 3,
            "BKGD_Y0": -4,
            "BKGD_WIDTH": 50,
            "BKGD_HEIGHT": 60,
        }
        planes = [levels, np.zeros((3, 4), "i4"), levels + 1]
        hdus = [fits.PrimaryHDU(planes[0]), *(fits.ImageHDU(plane) for plane in planes[1:])]
        for hdu in hdus:
            for keyword, value in cards.items():
                hdu.header[keyword if len(keyword) < 9 else f"HIERARCH {keyword}"] = value
        hdus[1].header["MP_BAD"] = 0
        stream = io.BytesIO()
        fits.HDUList(hdus).writeto(stream)
        mask = Mask(planes[1], {"BAD": 0})
        return stream.getvalue(), BackgroundList(
            (Background(levels, planes[2], mask, Box(3, -4, 50, 60), Surface()),)
        )

    def seen(self, content):
        found = []
        with fits.open(io.BytesIO(content)) as hdus:
            for image, mask, variance in zip(*[iter(hdus)] * 3, strict=True):
                card = image.header.__getitem__
                box = Box(*(card(f"BKGD_{name}") for name in ("X0", "Y0", "WIDTH", "HEIGHT")))
                order = card("APPROXORDERX"), card("APPROXORDERY")
                kinds = [card(f"{kind}STYLE") for kind in ("INTERP", "UNDERSAMPLE", "APPROX")]
                surface = Surface(*kinds, order, card("APPROXWEIGHTING"))
                planes = {key[3:]: bit for key, bit in mask.header["MP_*"].items()}
                found.append(
                    Background(image.data, variance.data, Mask(mask.data, planes), box, surface)
                )
        return BackgroundList(tuple(found))


class TestPickle(FormatterContract):
    storage = "PickleStorage"
    ending = ".pickle"
    objects: ClassVar = [
        lambda: None,
        lambda: {"a": [1, 2.5, "text", b"bytes", (1, 2), {3}, True]},
        lambda: [datetime.datetime(2014, 8, 18, tzinfo=datetime.UTC), datetime.timedelta(1)],
        lambda: "x" * 100_000,
    ]
    wrong: ClassVar = [
        lambda: 1,
        (number for number in [1]),
        reduce(lambda inner, _: [inner], range(100_000), []),
    ]

    def foreign(self):
        obj = {"a": [1, 2.5, "text"], "b": datetime.date(2014, 8, 18)}
        return pickle.dumps(obj, protocol=2), obj

    def seen(self, content):
        return pickle.loads(content)


class TestSkyMap(FormatterContract):
    storage = "PickleStorage"
    python = "lsst.skymap.BaseSkyMap"
    ending = ".pickle"
    objects: ClassVar = [
        lambda: skymap.make("rings", numRings=120, projection="TAN", raStart=0.1),
        lambda: skymap.RingsSkyMap(skymap.make("rings", numRings=3).config, version=0),
        lambda: skymap.make(
            "discrete", raList=[1.5, 1e-17], decList=[2, 3], radiusList=[0.1, 1 / 3]
        ),
        lambda: skymap.make("discrete"),
        lambda: skymap.make("healpix", log2NSide=5, nest=True),
        lambda: skymap.make("dodeca", withTractsOnPoles=True),
        lambda: skymap.make("equat", decRange=(-2, 3)),
    ]
    wrong: ClassVar = [
        None,
        {"a": 1},
        "text",
        skymap.make("rings", numRings=3).config,
        skymap.SkyMap,
    ]

    def foreign(self):
        module, name = "lsst.skymap.discreteSkyMap", "DiscreteSkyMap"
        text = (
            f"import {module}\nassert type(config)=={module}.{name}Config, 'no'\n# dimensions\n"
            "config.patchInnerDimensions=[4000, 4000]\n\n# RA\nconfig.raList=[214.25]\n\nconfig.decList=[52.5]\n"
            "config.radiusList=[0.25]\nconfig.projection='TAN'\nconfig.pixelScale=0.185\n"
        )
        content = (
            f"\x80\x02c{module}\n{name}\nclsst.pex.config.config\nunreduceConfig\nc{module}\n{name}Config\n".encode(
                "latin1"
            )
            + pickle.dumps(text, 2)[2:-1]
            + b"\x86RK\x00\x86R."
        )
        values = {
            "raList": [214.25],
            "decList": [52.5],
            "radiusList": [0.25],
            "projection": "TAN",
            "pixelScale": 0.185,
        }
        return content, skymap.make("discrete", **values)

    def seen(self, content):
        """Follow the opcodes by eye: the class, the text, the version."""
        words = [argument for _, argument, _ in pickletools.genops(content) if argument is not None]
        assert words[1:4] == [
            "lsst.skymap.discreteSkyMap DiscreteSkyMap",
            "lsst.pex.config.config unreduceConfig",
            "lsst.skymap.discreteSkyMap DiscreteSkyMapConfig",
        ]
        (text,) = (word for word in words[4:] if isinstance(word, str))
        assert words[-1] == 0
        config: Any = type("Config", (), {})()
        for line in text.splitlines():
            if line.startswith("config."):
                name, _, value = line.removeprefix("config.").partition("=")
                setattr(config, name, ast.literal_eval(value))
        return skymap.make("discrete", **vars(config))


class TestYaml(FormatterContract):
    storage = "YamlStorage"
    ending = ".yaml"
    objects: ClassVar = [
        lambda: None,
        lambda: {"b": 1, "a": [1, 2.5, "text", None, True, {"c": []}]},
        lambda: {
            "date": datetime.date(2014, 8, 18),
            "when": datetime.datetime(2014, 8, 18, 1, 2, 3),
        },
        lambda: {"tuple": (1, (2, 3)), "bytes": b"\x00\xff"},
        lambda: [
            "1",
            "yes",
            "null",
            "1e3",
            "2014-08-18",
            "0x1f",
            "",
            " ",
            "a: b",
            "é",
            "two\nlines",
            "\t",
        ],
    ]
    wrong: ClassVar = [object(), {"a": object()}, [len], {1: lambda: 1}]
    damaged: ClassVar = [
        b"\xff\xfe\x00",
        b"a: [1, 2",
        b"a: b: c",
        b"\x00",
        b"a: 2014-13-45\n",
        b"a: !!int xyz\n",
    ]
    cuts: ClassVar = []  # part of a YAML file is YAML

    def foreign(self):
        obj = {"a": [1, 2.5, "text", None], "b": {"c": "é"}}
        return yaml.safe_dump(obj, allow_unicode=True).encode(), obj

    def seen(self, content):
        return yaml.safe_load(content)


class TestText(FormatterContract):
    storage = "TextStorage"
    ending = ".txt"
    objects: ClassVar = [
        lambda: "",
        lambda: "one line",
        lambda: "lines\nof\r\nall\rkinds\n",
        lambda: "é \U0001f52d \x00 \x1a",
        lambda: "\ufeffmarked",
    ]
    wrong: ClassVar = [
        None,
        b"bytes",
        5,
        ["a"],
        "half a pair: \ud800",
    ]
    damaged: ClassVar = [b"\xff\xfe", b"text \xc3", b"\x80"]
    cuts: ClassVar = []  # part of a text is a text

    def foreign(self):
        return b"caf\xc3\xa9\r\nlast", "caf\xe9\r\nlast"

    def seen(self, content):
        return content.decode()


class TestConfig(FormatterContract):
    storage = "ConfigStorage"
    ending = ".py"
    objects: ClassVar = [
        Config,
        lambda: Config(
            {"isr.doBias": True, "name": "x", "sizes": [1, 2.5, None], "index['HTM'].depth": 7}
        ),
        lambda: Config(
            {"a": 1}, "lsst.ip.isr.IsrConfig", {"b": "retarget(target=lsst.ip.isr.IsrTask)"}
        ),
        lambda: Config({"low": float("-inf"), "high": float("inf")}),
    ]
    wrong: ClassVar = [
        None,
        [1],
        "text",
        Config({"a": object()}),
        Config({"a b": 1}),
        Config({"a": np.float64(1)}),
    ]
    damaged: ClassVar = [
        b"config.a = (1",
        b"\x00",
        b"config.a=",
        b"config.a='\xff'\n",
        b"config.a=float()\n",
        b"config.a=float([1])\n",
        b"config.a={[]: 1}\n",
        b"config.a=" + b"-" * 6000 + b"1\n",
    ]
    cuts: ClassVar = [0.6]  # inside a text

    def foreign(self):
        text = "import lsst.x\nassert type(config)==lsst.x.Y, 'no'\nroot.isr.doBias=True\nconfig.sizes=[1, 2]\n"
        return text.encode(), Config({"isr.doBias": True, "sizes": [1, 2]}, "lsst.x.Y")

    def seen(self, content):
        class Node:
            pass

        config, module = Node(), Node()
        config.isr, module.x = Node(), Node()
        module.x.Y = Node
        text = content.decode().replace("import lsst.x", "")
        exec(text, {"config": config, "lsst": module})  # as the original does
        return Config({"isr.doBias": config.isr.doBias, "sizes": config.sizes}, "lsst.x.Y")


class TestParquet(FormatterContract):
    storage = "ParquetStorage"
    ending = ".parq"
    objects: ClassVar = [
        lambda: pyarrow.table({"id": [1, 2, 3], "name": ["a", "b", None]}),
        lambda: ParquetTable(table=pyarrow.table({"id": [1, 2, 3]})),
        lambda: Table({"id": [1, 2, 3], "flux": [0.5, 1.5, np.nan]}),
        lambda: pyarrow.table({"id": pyarrow.array([], "int64")}),
    ]
    wrong: ClassVar = [
        None,
        [1],
        {"a": [1]},
        np.zeros(3),
        Table({"x": np.zeros((2, 2))}),
        Table({"x": [1 + 2j]}),
        Table({"x": np.array([1, "a"], object)}),
    ]

    def same(self, one, other):
        tables = []
        for obj in (one, other):
            if isinstance(obj, Table):
                obj = pyarrow.table({name: np.asarray(obj[name]) for name in obj.colnames})
            tables.append(obj.to_arrow() if isinstance(obj, ParquetTable) else obj)
        one, other = tables
        return one.schema.equals(other.schema) and repr(one.to_pydict()) == repr(other.to_pydict())

    def foreign(self):
        table = pyarrow.table({"id": [1, 2, 3], "name": ["a", "b", None]})
        stream = io.BytesIO()
        pyarrow.parquet.write_table(table, stream)
        return stream.getvalue(), table

    def seen(self, content):
        return pyarrow.parquet.read_table(io.BytesIO(content))


class TestFigure(FormatterContract):
    storage = "MatplotlibStorage"
    ending = ".png"
    wrong: ClassVar = [None, "text", np.zeros((2, 2))]

    @staticmethod
    def figure(width: float = 1.0) -> Figure:
        figure = Figure(figsize=(width, 1.0), dpi=40)
        figure.subplots().plot([1, 2], [3, 5])
        return figure

    objects: ClassVar = [figure, lambda: TestFigure.figure(2.0)]

    def same(self, one, other):
        one, other = (self.picture(x) if isinstance(x, Figure) else x for x in (one, other))
        return one.shape == other.shape and np.array_equal(one, other)

    @staticmethod
    def picture(figure: Figure) -> Any:
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
        stream.seek(0)
        return pictures.imread(stream, format="png")

    def foreign(self):
        stream = io.BytesIO()
        self.figure().savefig(stream, format="png")
        return stream.getvalue(), self.figure()

    def seen(self, content):
        return pictures.imread(io.BytesIO(content), format="png")


def test_every_storage_has_its_contract():
    kept = {cls.storage for cls in FormatterContract.__subclasses__()}
    assert kept == set(OWN)


def test_the_default_recipe_is_taken_if_none_is_given(disk_of):
    disk = disk_of("FitsStorage", "lsst.afw.image.ExposureF", ".fits")
    # The headers: the bytes differ, for gzip writes the time into each tile.
    headers = [
        fits.getheader(disk.write(pixels(), **options).full_path, 1, disable_image_compression=True)
        for options in (
            {},
            {"recipe": recipes.find("default", "thing")},
            {"recipe": recipes.find("noCompression", "x")},
        )
    ]
    assert headers[0].tostring() == headers[1].tostring() != headers[2].tostring()


def test_a_location_names_its_hdu_in_its_address():
    location = Location("/repo", "a/b.fits", 3, "FitsStorage", "lsst.afw.image.ImageF", "thing", {})
    assert location.full_path == "/repo/a/b.fits"
    assert location.uri == "/repo/a/b.fits[3]"
    assert str(location) == "lsst.afw.image.ImageF at /repo/a/b.fits[3] (FitsStorage)"
    assert location._replace(hdu=0).uri == "/repo/a/b.fits[0]"
    assert location._replace(hdu=None).uri == "/repo/a/b.fits"
