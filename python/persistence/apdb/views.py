"""Views: the tables under the names of earlier programs.

``dia_objects``, ``dia_sources`` and ``dia_objects_to_dia_sources`` are those of ap_association's
tutorials of 2018 and 2019. ``DiaSource_baseline`` and the others with that ending have the columns
of the baseline schema of those years (LSST Data Products, Lyon 2018); what is not computed is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from persistence.apdb import schema

# Columns of a view: the name there, and the expression, of which {} is quoted column names' place.
_Columns = Mapping[str, str]

_NEWEST = 'o."validityEndMjdTai" IS NULL'
_KEPT = 's."timeWithdrawnMjdTai" IS NULL'
# Days from the Julian date 0 to the modified one.
_DATES = {
    "sqlite": "datetime({} + 2400000.5)",
    "postgresql": "timestamp '1858-11-17' + {} * interval '1 day'",
}
_LONG, _REAL, _DOUBLE = "BIGINT", "REAL", "DOUBLE PRECISION"


def _null(kind: str) -> str:
    return f"CAST(NULL AS {kind})"


def _tutorial() -> dict[str, tuple[_Columns, str]]:
    """Return the columns and the rest of the tutorial's views."""
    objects = {
        "id": 'o."diaObjectId"',
        "coord_ra": "o.ra",
        "coord_dec": 'o."dec"',
        "nobs": 'o."nDiaSources"',
        "pixelId": "o.{pixels}",
    }
    for band in schema.load().bands:
        for name in ("psfFluxMean", "psfFluxMeanErr", "psfFluxSigma"):
            objects[f"{name}_{band}"] = f'o."{band}_{name}"'
    sources = {
        "id": 's."diaSourceId"',
        "coord_ra": "s.ra",
        "coord_dec": 's."dec"',
        "diaObjectId": 's."diaObjectId"',
        "ccdVisitId": 'v."ccdVisitId"',
        "visit": "s.visit",
        "ccdnum": "s.detector",
        "filterName": "s.band",
        "midPointTai": 's."midpointMjdTai"',
        "psFlux": 's."psfFlux"',
        "psFluxErr": 's."psfFluxErr"',
        "snr": "s.snr",
        "pixelId": "s.{pixels}",
    }
    pairs = {"obj_id": 's."diaObjectId"', "src_id": 's."diaSourceId"'}
    # Scripts search in them as sorted arrays.
    return {
        "dia_objects": (objects, f'{{DiaObject}} o WHERE {_NEWEST} ORDER BY o."diaObjectId"'),
        "dia_sources": (sources, f'{{sources}} WHERE {_KEPT} ORDER BY s."diaSourceId"'),
        "dia_objects_to_dia_sources": (
            pairs,
            f'{{DiaSource}} s WHERE s."diaObjectId" IS NOT NULL AND {_KEPT} '
            'ORDER BY s."diaObjectId", s."diaSourceId"',
        ),
    }


# Columns of the baseline's DiaSource: what there is under another name now, or its type.
_SAME = (
    "diaSourceId diaObjectId ssObjectId parentDiaSourceId ra x y apFlux apFluxErr snr trailFlux "
    "trailFluxErr trailRa trailRaErr trailLength trailLengthErr trailAngle trailAngleErr trailChi2 "
    "trailNdata ixx iyy ixy ixxPSF iyyPSF ixyPSF extendedness"
)
_RENAMED = {
    "midPointTai": "midpointMjdTai",
    "raSigma": "raErr",
    "raErr": "raErr",
    "decl": "dec",
    "declSigma": "decErr",
    "declErr": "decErr",
    "ra_decl_Cov": "ra_dec_Cov",
    "xSigma": "xErr",
    "xErr": "xErr",
    "ySigma": "yErr",
    "yErr": "yErr",
    "psFlux": "psfFlux",
    "psFluxSigma": "psfFluxErr",
    "psFluxErr": "psfFluxErr",
    "psLnL": "psfLnL",
    "psChi2": "psfChi2",
    "psNdata": "psfNdata",
    "trailDecl": "trailDec",
    "trailDeclErr": "trailDecErr",
    "dipMeanFlux": "dipoleMeanFlux",
    "dipMeanFluxErr": "dipoleMeanFluxErr",
    "dipFluxDiff": "dipoleFluxDiff",
    "dipFluxDiffErr": "dipoleFluxDiffErr",
    "dipLength": "dipoleLength",
    "dipAngle": "dipoleAngle",
    "dipChi2": "dipoleChi2",
    "dipNdata": "dipoleNdata",
    "totFlux": "scienceFlux",
    "totFluxErr": "scienceFluxErr",
}
_ABSENT = {
    # The slides' last line, of which nothing but name and type can be read.
    "z": _REAL,
    "x_y_Cov": _REAL,
    "psRa": _DOUBLE,
    "psRaErr": _REAL,
    "psDecl": _DOUBLE,
    "psDeclErr": _REAL,
    "psFlux_psRa_Cov": _REAL,
    "psFlux_psDecl_Cov": _REAL,
    "psRa_psDecl_Cov": _REAL,
    "trailLnL": _REAL,
    "dipRa": _DOUBLE,
    "dipRaErr": _REAL,
    "dipDecl": _DOUBLE,
    "dipDeclErr": _REAL,
    "dipLengthErr": _REAL,
    "dipAngleErr": _REAL,
    "dipLnL": _REAL,
    "diffFlux": _REAL,
    "diffFluxErr": _REAL,
    "fpBkgd": _REAL,
    "fpBkgdErr": _REAL,
    "ixxErr": _REAL,
    "iyyErr": _REAL,
    "ixyErr": _REAL,
    "spuriousness": _REAL,
    "flags": _LONG,
}


def _baseline(kind: str) -> dict[str, tuple[_Columns, str]]:
    """Return the columns and the rest of the baseline's views."""
    order = (
        'ROW_NUMBER() OVER (PARTITION BY s."diaObjectId", s."ssObjectId" '
        'ORDER BY s."timeProcessedMjdTai", s."diaSourceId")'
    )
    first = {
        "diaSourceId": 's."diaSourceId"',
        "ccdVisitId": 'v."ccdVisitId"',
        "diaObjectId": 's."diaObjectId"',
        "ssObjectId": 's."ssObjectId"',
        "parentDiaSourceId": 's."parentDiaSourceId"',
        "prv_procOrder": order,
        "ssObjectReassocTime": _DATES[kind].format('s."ssObjectReassocTimeMjdTai"'),
    }
    sources = (
        first
        | {name: f's."{column}"' for name, column in _RENAMED.items()}
        | {name: f's."{name}"' for name in _SAME.split()}
        | {name: _null(of) for name, of in _ABSENT.items()}
    )
    objects = {
        "diaObjectId": 'o."diaObjectId"',
        "validityStart": _DATES[kind].format('o."validityStartMjdTai"'),
        "validityEnd": _DATES[kind].format('o."validityEndMjdTai"'),
        "ra": "o.ra",
        "raSigma": 'o."raErr"',
        "decl": 'o."dec"',
        "declSigma": 'o."decErr"',
        "ra_decl_Cov": 'o."ra_dec_Cov"',
        "radecTai": 'o."lastDiaSourceMjdTai"',
        **dict.fromkeys(("pmRa", "pmDecl", "parallax"), _null(_REAL)),
    }
    for band in schema.load().bands:
        for now in ("Mean", "MeanErr", "Sigma", "Ndata"):
            objects[f"{band}PSFlux{now}"] = f'o."{band}_psfFlux{now}"'
        for now in ("Mean", "MeanErr"):
            objects[f"{band}FPFlux{now}"] = f'o."{band}_fpFlux{now}"'
    objects["flags"] = _null(_LONG)
    forced = {
        "diaObjectId": 's."diaObjectId"',
        "ccdVisitId": 'v."ccdVisitId"',
        "psFlux": 's."psfFlux"',
        "psFluxSigma": 's."psfFluxErr"',
        **dict.fromkeys(("x", "y"), _null(_REAL)),
        "flags": _null(_LONG),
    }
    return {
        "DiaSource_baseline": (sources, f"{{sources}} WHERE {_KEPT}"),
        "DiaObject_baseline": (objects, "{DiaObject} o"),
        "DiaForcedSource_baseline": (forced, f"{{forced}} WHERE {_KEPT}"),
    }


def statements(
    kind: str, tables: Mapping[str, str], pixels: str, named: Callable[[str], str]
) -> Mapping[str, str]:
    """Return the statements that create the views.

    Parameters
    ----------
    kind : `str`
        The kind of database.
    tables : mapping [`str`, `str`]
        The tables' quoted names, by those without the prefix.
    pixels : `str`
        The column of pixels, quoted.
    named : callable
        Returns the name of a view as it is in the database, quoted.

    Returns
    -------
    statements : mapping [`str`, `str`]
        By the views' names.
    """
    visits = "LEFT JOIN {ApdbVisitDetector} v ON v.visit = s.visit AND v.detector = s.detector"
    joins = {"sources": f"{{DiaSource}} s {visits}", "forced": f"{{DiaForcedSource}} s {visits}"}
    places = dict(tables) | {name: join.format(**tables) for name, join in joins.items()}
    made = {}
    for name, (columns, rest) in (_tutorial() | _baseline(kind)).items():
        chosen = ", ".join(f'{said} AS "{column}"' for column, said in columns.items())
        chosen = chosen.replace("{pixels}", pixels)
        # Names are those of the schema, or quoted by the caller.
        made[name] = f"CREATE VIEW {named(name)} AS SELECT {chosen} FROM {rest.format(**places)}"  # noqa: S608
    return made
