"""A user's script: ``mypy --strict`` has nothing to say of it, and knows what each line returns."""

from typing import Any, assert_type

import lsst.daf.persistence as dafPersist  # noqa: N812  # as scripts of Gen2 call it
from persistence import Box, Butler, Config, Exposure, PropertySet
from persistence.skymap.base import SkyMap
from persistence.types.exposure.camera import Camera
from persistence.types.table.catalog import Catalog

butler = Butler("repo/rerun/processed")
visits: list[int] = butler.queryMetadata("raw", "visit", filter="g")
for reference in butler.subset("calexp", visit=visits[0]):
    print(reference.dataId["ccdnum"], reference.getUri())
calexp = butler.get("calexp", visit=visits[0], ccdnum=28)
assert_type(calexp, Exposure)
if calexp.mask is not None and calexp.zero_point is not None:
    print(calexp.mask.counts(), calexp.zero_point + 1.0)
assert_type(butler.get("calexp_sub", visit=1, ccdnum=2, bbox=Box(0, 0, 9, 9)), Exposure)
assert_type(butler.get("src", {"visit": 1}, ccdnum=2), Catalog)
assert_type(butler.get("processCcd_config"), Config)
assert_type(butler.get("processCcd_metadata", visit=1, ccdnum=2), PropertySet)
assert_type(butler.get("camera"), Camera)
assert_type(butler.get("deepCoadd_skyMap"), SkyMap)
assert_type(butler.get("something", visit=1), Any)
assert_type(butler.get("calexp", visit=1, immediate=False), Any)
assert_type(dafPersist.Butler("repo").get("calexp", visit=1), Any)
print(butler.getDatasetTypes().types, butler.subset("raw").to_table())
butler.put(calexp, "calexp", visit=1, ccdnum=2)
calexp.plot(mask=["CR"]).savefig("calexp.png")
