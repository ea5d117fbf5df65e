"""Which kind of object a Butler hands out: decided by its door, and kept."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

import lsst.daf.persistence as dafPersist  # as scripts call it
import lsst.obs.base
import persistence
from persistence import CameraMapper, Exposure, RepositoryError
from persistence.gen2types import Face, wrap
from persistence.gen2types.images.exposure import Exposure as ExposureFace

POLICY = """
exposures:
  calexp: {template: 'calexp/%(visit)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
  raw: {template: 'calexp/%(visit)d.fits', python: lsst.afw.image.DecoratedImageF, storage: FitsStorage}
images:
  flat: {template: 'calexp/%(visit)d.fits', python: lsst.afw.image.ImageF, storage: FitsStorage}
datasets:
  plane: {template: 'calexp/%(visit)d.fits', python: lsst.afw.image.MaskedImageF, storage: FitsStorage}
  note: {template: 'note/%(visit)d.txt', storage: TextStorage}
  pair: {python: types.SimpleNamespace, composite: {image: {datasetType: calexp}, note: {datasetType: note}}}
"""
ID = {"visit": 1}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with one exposure, and a note."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    root = tmp_path / "repo"
    butler = persistence.Butler(
        outputs={"root": root, "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    )
    butler.put(exposure(), "calexp", ID)
    butler.put("seen", "note", ID)
    return root


def exposure() -> Exposure:
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN", "DEC--TAN"], [10.0, 5.0]
    made.wcs.crpix, made.wcs.cd = [2.0, 3.0], np.eye(2) * 1e-4
    image = np.arange(48, dtype=np.float32).reshape(6, 8)
    return Exposure(image, fits.Header({"OBJECT": "x"}), variance=image + 1, given_wcs=made)


DOORS: dict[str, tuple[Any, str | None, bool]] = {
    "ours": (persistence.Butler, None, False),
    "Gen2's": (dafPersist.Butler, None, True),
    "ours, asked for afw's names": (persistence.Butler, "gen2", True),
    "Gen2's, asked for astropy's objects": (dafPersist.Butler, "astropy", False),
}


@pytest.mark.parametrize("door", DOORS)
def test_the_door_decides_what_is_handed_out_and_copies_keep_it(root: Path, door: str) -> None:
    cls, types, has_faces = DOORS[door]
    butler = cls(root) if types is None else cls(root, types=types)
    (reference,) = butler.subset("calexp", dataId=ID)
    for one in (butler, pickle.loads(pickle.dumps(butler)), copy.copy(butler)):
        assert type(one) is cls
        assert isinstance(one.get("calexp", ID), Face) is has_faces
        assert isinstance(one.get("calexp", ID, immediate=False).image, Face) is has_faces
        assert isinstance(one.get("calexp.wcs", ID), Face) is has_faces
    assert isinstance(reference.get(), Face) is has_faces
    assert isinstance(pickle.loads(pickle.dumps(reference)).get("calexp_md"), Face) is has_faces
    assert butler.get("note", ID) == "seen"


def test_both_doors_are_butlers_of_one_kind(root: Path) -> None:
    assert issubclass(dafPersist.Butler, persistence.Butler)
    with pytest.raises(RepositoryError, match=r"types='gen3'; did you mean 'gen2'\?"):
        persistence.Butler(root, types="gen3")


@pytest.mark.parametrize("types", ["astropy", "gen2"])
def test_any_kind_of_object_can_be_put(root: Path, types: str) -> None:
    butler = persistence.Butler(root, types=types)
    for visit, obj in enumerate((exposure(), wrap(exposure())), start=2):
        butler.put(obj, "calexp", visit=visit)
        back = persistence.Butler(root).get("calexp", visit=visit)
        assert np.array_equal(back.image, exposure().image)
        assert back.wcs.wcs.crval.tolist() == [10.0, 5.0]


def test_a_face_that_is_put_again_is_what_it_was_read_from(root: Path) -> None:
    """A composite's part that nobody changed is referred to, and no pixel is copied."""
    rerun = dafPersist.Butler(inputs=str(root), outputs={"root": f"{root}2", "mode": "rw"})
    pair = rerun.get("pair", ID)
    rerun.put(pair, "pair", ID)
    assert Path(f"{root}2/calexp/1.fits").is_symlink()


class Plain(CameraMapper):
    """A camera of ours: its hooks are given our objects."""

    def std_calexp(self, item: Any, dataId: Any) -> Any:
        self.seen = type(item)
        return item


class Old(lsst.obs.base.CameraMapper):
    """A camera of Gen2's: its hooks are given afw's names, and may give them."""

    def std_calexp(self, item: Any, dataId: Any) -> Any:
        self.seen = type(item)
        item.getMaskedImage().getImage().getArray()[:] += 1.0
        return item

    def bypass_note(self, datasetType: Any, pythonType: Any, location: Any, dataId: Any) -> Any:
        return wrap(exposure())


@pytest.mark.parametrize("types", ["astropy", "gen2"])
@pytest.mark.parametrize("camera", [Plain, Old])
def test_hooks_are_given_what_their_camera_was_written_for(
    root: Path, tmp_path: Path, camera: Any, types: str
) -> None:
    mapper = camera(str(tmp_path / "camera.yaml"))
    butler = persistence.Butler(root, mapper=mapper, types=types)
    made = butler.get("calexp", ID)
    assert issubclass(mapper.seen, ExposureFace if camera is Old else Exposure)
    assert isinstance(made, Face) is (types == "gen2")
    ours = made.astropy if types == "gen2" else made
    assert ours.image[0, 0] == (1.0 if camera is Old else 0.0)
    if camera is Old:
        assert isinstance(butler.get("note", ID), Face) is (types == "gen2")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("calexp", "ExposureF"),
        ("calexp_sub", "ExposureF"),
        ("raw", "ExposureF"),  # Gen2 made exposures of all images in this section
        ("flat", "ImageF"),
        ("plane", "MaskedImageF"),
        ("calexp_wcs", "SkyWcs"),
        ("calexp_md", "PropertyList"),
        ("calexp_bbox", "Box2I"),
    ],
)
def test_the_declared_type_decides_which_image_of_afws_it_is(
    root: Path, name: str, kind: str
) -> None:
    options = {"bbox": persistence.Box(1, 1, 2, 3)} if name.endswith("_sub") else {}
    made = dafPersist.Butler(root).get(name, ID, **options)
    assert type(made).__name__ == kind


def test_a_hook_of_raws_is_given_an_image_with_its_header(root: Path, tmp_path: Path) -> None:
    class Raws(lsst.obs.base.CameraMapper):
        def std_raw(self, item: Any, dataId: Any) -> Any:
            assert type(item).__name__ == "DecoratedImageF"
            assert item.getMetadata().getScalar("OBJECT") == "x"
            return item

    butler = dafPersist.Butler(root, mapper=Raws(str(tmp_path / "camera.yaml")))
    assert type(butler.get("raw", ID)).__name__ == "ExposureF"


def test_an_assembler_of_an_old_camera_is_given_faces(root: Path, tmp_path: Path) -> None:
    seen: list[Any] = []

    class Assembling(lsst.obs.base.CameraMapper):
        def map_both(self, dataId: Any, write: bool = False) -> Any:
            def assemble(dataId: Any, componentInfo: Any, cls: Any) -> Any:
                seen.append(componentInfo["image"].obj)
                return componentInfo["image"].obj

            made = persistence.ButlerComposite(
                assembler=assemble, disassembler=None, python=SimpleNamespace, dataId=dataId,
                mapper=self,
            )  # fmt: skip
            made.add("image", "calexp", None, None, False, False)
            return made

    butler = persistence.Butler(root, mapper=Assembling(str(tmp_path / "camera.yaml")))
    assert isinstance(butler.get("both", ID), Exposure)
    assert isinstance(seen[0], ExposureFace)
