from lsst.obs.base import FilterDefinition, FilterDefinitionCollection

TWIN_FILTER_DEFINITIONS = FilterDefinitionCollection(
    FilterDefinition(physical_filter="V-2", abstract_filter="v", lambdaEff=550, alias={"Visual"}),
    FilterDefinition(physical_filter="R-1", band="r", lambdaEff=640),
)
