"""The camera: two detectors side by side."""

import lsst.afw.cameraGeom.cameraConfig

assert type(config) == lsst.afw.cameraGeom.cameraConfig.CameraConfig, "config is of type %s.%s" % (
    type(config).__module__,
    type(config).__name__,
)
config.name = "twin"
config.plateScale = 20.0
config.transformDict.nativeSys = "FocalPlane"
config.transformDict.transforms = {}
config.transformDict.transforms["FieldAngle"] = lsst.afw.geom.transformConfig.TransformConfig()
config.transformDict.transforms["FieldAngle"].transform["inverted"].transform.retarget(
    target=lsst.afw.geom.transformRegistry["radial"]
)
config.transformDict.transforms["FieldAngle"].transform["inverted"].transform.coeffs = [
    0.0,
    10313.24,
]
config.transformDict.transforms["FieldAngle"].transform.name = "inverted"
config.detectorList = {}
config.detectorList[0] = lsst.afw.cameraGeom.cameraConfig.DetectorConfig()
config.detectorList[0].bbox_x0 = 0
config.detectorList[0].bbox_y0 = 0
config.detectorList[0].bbox_x1 = 63
config.detectorList[0].bbox_y1 = 47
config.detectorList[0].name = "East"
config.detectorList[0].id = 0
config.detectorList[0].serial = "tw0"
config.detectorList[0].detectorType = 0
config.detectorList[0].pixelSize_x = 0.02
config.detectorList[0].pixelSize_y = 0.02
config.detectorList[0].refpos_x = 31.5
config.detectorList[0].refpos_y = 23.5
config.detectorList[0].offset_x = -1.0
config.detectorList[0].offset_y = 0.0
config.detectorList[0].transposeDetector = False
config.detectorList[0].yawDeg = 0.0
config.detectorList[0].pitchDeg = 0.0
config.detectorList[0].rollDeg = 0.0
config.detectorList[0].transformDict.nativeSys = "Pixels"
config.detectorList[0].transformDict.transforms = None
config.detectorList[1] = lsst.afw.cameraGeom.cameraConfig.DetectorConfig()
config.detectorList[1].bbox_x0 = 0
config.detectorList[1].bbox_y0 = 0
config.detectorList[1].bbox_x1 = 63
config.detectorList[1].bbox_y1 = 47
config.detectorList[1].name = "West"
config.detectorList[1].id = 1
config.detectorList[1].serial = "tw1"
config.detectorList[1].detectorType = 0
config.detectorList[1].pixelSize_x = 0.02
config.detectorList[1].pixelSize_y = 0.02
config.detectorList[1].refpos_x = 31.5
config.detectorList[1].refpos_y = 23.5
config.detectorList[1].offset_x = 1.0
config.detectorList[1].offset_y = 0.0
config.detectorList[1].transposeDetector = False
config.detectorList[1].yawDeg = 0.0
config.detectorList[1].pitchDeg = 0.0
config.detectorList[1].rollDeg = 0.0
config.detectorList[1].transformDict.nativeSys = "Pixels"
config.detectorList[1].transformDict.transforms = None
