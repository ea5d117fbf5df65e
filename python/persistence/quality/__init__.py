"""How good processed exposures are: the rows of `visitSummary`, and what makes one suspicious."""
