from lsst.obs.twin.ingest import TwinCalibsParseTask

config.parse.retarget(TwinCalibsParseTask)
config.parse.translators = {
    "side": "translate_side",
    "calibDate": "translate_calibDate",
    "filter": "translate_filter",
}
config.register.columns = {
    "side": "text",
    "filter": "text",
    "calibDate": "text",
    "validStart": "text",
    "validEnd": "text",
}
config.register.detector = ["side"]
config.register.unique = ["side", "calibDate"]
config.register.visit = ["calibDate", "side"]
config.register.tables = ["bias"]
