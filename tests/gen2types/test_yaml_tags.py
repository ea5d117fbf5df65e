"""Properties in YAML that a program reads and writes itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lsst.daf.base import DateTime, PropertyList, PropertySet

# As the original wrote them: doc/gen2/afw-files.md, 5.1.
TEXT = """!<lsst.daf.base.PropertyList>
- [EXPTIME, Double, 1.5e1, exposure time]
- [DATE, DateTime, !<lsst.daf.base.DateTime> '2018-09-17T18:53:01.708284000', '']
- [N, Int, [1, 2], '']
- [SMALL, Double, 1e5, '']
"""


@pytest.mark.parametrize("loader", ["Loader", "FullLoader", "SafeLoader"])
def test_a_program_that_reads_yaml_gets_properties(loader: str) -> None:
    header = yaml.load(TEXT, Loader=getattr(yaml, loader))
    assert isinstance(header, PropertyList)
    assert header["EXPTIME"] == 15.0
    assert header.getComment("EXPTIME") == "exposure time"
    assert header["DATE"] == DateTime("2018-09-17T18:53:01.708284", DateTime.TAI)
    assert header.getArray("N") == [1, 2]
    assert header["SMALL"] == 1e5


@pytest.mark.parametrize("kind", [PropertySet, PropertyList])
def test_a_program_that_writes_yaml_writes_gen2s(kind: type[PropertySet], tmp_path: Path) -> None:
    properties = kind()
    properties.set("A", [1, 2])
    properties.set("B", DateTime(0))
    properties.set("C.D", 1.5)
    text = yaml.dump(properties)
    assert text.startswith(f"!<lsst.daf.base.{kind.__name__}>\n")
    assert yaml.load(text, Loader=yaml.FullLoader) == properties
    # The reader of repositories takes it, too.
    from persistence.dataids.location import Location
    from persistence.formatters import properties as formatter

    path = tmp_path / "a.yaml"
    path.write_text(text)
    location = Location(
        str(tmp_path), "a.yaml", None, "YamlStorage", f"lsst.daf.base.{kind.__name__}", "md", {}
    )
    assert formatter.read(location) == properties.astropy


@pytest.mark.real
@pytest.mark.parametrize("name", ["fitsheader-decam.yaml", "fitsheader-decam-0160496.yaml"])
def test_headers_of_astro_metadata_translator_are_read_as_by_itself(real: Path, name: str) -> None:
    tests = pytest.importorskip("astro_metadata_translator.tests")

    class Loader(yaml.FullLoader):
        """As that package reads them where there is no ``lsst.daf.base``."""

    yaml.add_constructor("lsst.daf.base.PropertyList", tests.pl_constructor, Loader)
    path = real / "decam_headers" / name
    expected = yaml.load(path.read_text(), Loader=Loader)
    header = tests.read_test_file(str(path))
    assert isinstance(header, PropertyList)
    assert header.toDict() == expected
