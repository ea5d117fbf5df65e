"""Every public name of Gen2 can be imported under its old package and under ours."""

from __future__ import annotations

import subprocess
import sys

import pytest

import lsst.daf.persistence as old
import persistence

# doc/gen2/gen2-core.md, 1.1.
NAMES = """
Butler ButlerFactory ButlerSubset ButlerSubsetIterator ButlerDataRef DataId ReadProxy searchDataRefs dataExists
RepositoryArgs RepositoryCfg RepoData RepoDataContainer ButlerCfg Access AccessCfg LogicalLocation
Storage StorageInterface PosixStorage NoRepositroyAtRoot safeFileIo
Registry SqlRegistry SqliteRegistry PgsqlRegistry PosixRegistry FsScanner haveSqlite3 havePgsql
Policy listify iterify sequencify setify doImport deprecate_class
Mapper ButlerLocation ButlerComposite genericAssembler genericDisassembler Repository RepositoryMapper
NoMapperException NoResults MultipleResults ParentsMismatch DbAuth
""".split()
TEST_NAMES = """
EmptyTestMapper MapperForTestWriting TestObject TestObjectPair TestObjectCamelCaseSetter TestObjectUnderscoreSetter
""".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_in_both_packages(name: str) -> None:
    assert getattr(old, name) is not None
    # A module may be reached by two names; what is in it is the same. Gen2's Butler has afw's names.
    if name not in ("safeFileIo", "Butler"):
        assert getattr(old, name) is getattr(persistence, name)
    assert name in persistence.__all__


@pytest.mark.parametrize(
    "line",
    [
        "from lsst.daf.persistence import Policy, safeFileIo; safeFileIo.SafeFile",
        "import lsst.daf.persistence.safeFileIo as io; io.SafeFile",
        "from lsst.daf.persistence.safeFileIo import SafeFilename",
        "from lsst.daf.persistence.policy import Policy; import lsst.daf.persistence as d; assert Policy is d.Policy",
        "import lsst.daf.persistence.test as t; t.TestObject",
        "import lsst.daf.persistence.deprecation as d; d.always_warn = None; from lsst.daf.persistence import Butler",
        f"from lsst.daf.persistence.test import {', '.join(TEST_NAMES)}",
        "import lsst.daf.persistence as dafPersist; dafPersist.test.TestObject; dafPersist.Policy",
        "import persistence; persistence.safeFileIo.SafeFile; persistence.test.TestObject",
    ],
)
def test_the_ways_to_import_work_in_a_fresh_process(line: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", line], check=True)


def test_importing_the_package_imports_none_of_them() -> None:
    code = "import sys, persistence; print(*[m for m in sys.modules if m.startswith('persistence.compat')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", ["Butler", "ButlerSubset", "ButlerDataRef"])
def test_the_generation_is_the_second(name: str) -> None:
    assert getattr(old, name).GENERATION == 2


# Module of Gen2 -> names that scripts and camera packages import from it.
MODULES = {
    "access": "Access AccessCfg",
    "butler": "Butler ButlerCfg RepoData RepoDataContainer",
    "butlerExceptions": "MultipleResults NoMapperException NoResults ParentsMismatch",
    "butlerFactory": "ButlerFactory",
    "butlerLocation": "ButlerComposite ButlerLocation",
    "butlerSubset": "ButlerDataRef ButlerSubset ButlerSubsetIterator",
    "dataId": "DataId",
    "dbAuth": "DbAuth",
    "deprecation": "deprecate_class",
    "fsScanner": "FsScanner",
    "logicalLocation": "LogicalLocation",
    "mapper": "Mapper",
    "policy": "Policy",
    "posixStorage": "PosixStorage",
    "readProxy": "ReadProxy",
    "registries": "PgsqlRegistry PosixRegistry Registry SqlRegistry SqliteRegistry",
    "repository": "Repository RepositoryArgs",
    "repositoryCfg": "RepositoryCfg",
    "repositoryMapper": "RepositoryMapper",
    "safeFileIo": "SafeFile",
    "storage": "NoRepositroyAtRoot Storage",
    "storageInterface": "StorageInterface",
    "utils": "doImport iterify listify sequencify setify",
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_gen2_has_its_names(module: str) -> None:
    """By import, and as an attribute of the package, in which it is no package of ours."""
    found = __import__(f"lsst.daf.persistence.{module}", fromlist=["x"])
    for name in MODULES[module].split():
        assert getattr(found, name) is getattr(old, name, getattr(found, name))
    assert getattr(old, module) is found
    code = f"import lsst.daf.persistence as d; from lsst.daf.persistence import {module} as m; assert d.{module} is m, m"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_package_lists_its_names() -> None:
    assert {*NAMES, *MODULES, "test"} <= set(dir(old))
    assert "errors" not in dir(old)
    with pytest.raises(AttributeError, match="has no attribute 'Butlr'"):
        _ = old.Butlr
