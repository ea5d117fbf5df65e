from lsst.obs.twin.ingest import TwinParseTask

config.parse.retarget(TwinParseTask)
config.parse.translation = {"expTime": "EXPTIME", "taiObs": "DATE-OBS"}
config.parse.translation["object"] = "OBJECT"
config.parse.defaults = {"object": "UNKNOWN"}
config.parse.translators = {"visit": "translate_visit", "filter": "translate_filter"}
config.parse.translators["side"] = "translate_side"
config.parse.translators["date"] = "translate_date"
config.register.columns = {
    "visit": "int",
    "side": "text",
    "basename": "text",
    "filter": "text",
    "object": "text",
    "date": "text",
    "taiObs": "text",
    "expTime": "double",
}
config.register.unique = ["visit", "side"]
config.register.visit = ["visit", "object", "date", "filter"]
