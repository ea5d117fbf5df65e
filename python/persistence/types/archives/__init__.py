"""Archives: the tables in which afw stores objects beside an exposure or a catalog."""
