"""Holds a million answers of the lookup on real grids against GEOS (pip install shapely).

Away from borders the two must agree on every point; within two units (2 cm) of one, where GEOS has no border rule and
its doubles round, points are only counted. Run from the root of the repository:

    python3 tests/peers/geos_locate.py
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal

import numpy
import shapely

shared = os.environ.get("GRIDWEAVE_SHARED", "../shared")
path = os.path.join(shared, "data/maps/cn-grid/hangzhou-xiacheng-grids.geojson")


def units(ring):
    return [tuple(int((Decimal(repr(v)) * 10**7).quantize(Decimal(1), ROUND_HALF_UP)) for v in c[:2]) for c in ring]


grids = {}
for feature in json.load(open(path, encoding="utf-8"))["features"]:
    geometry = feature["geometry"]
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for part in parts:
        polygon = shapely.Polygon(units(part[0]), [units(hole) for hole in part[1:]])
        grids.setdefault(feature["properties"]["网格编号"], []).append(polygon)
codes = sorted(grids, key=lambda code: code.encode())
areas = [shapely.MultiPolygon(grids[code]) for code in codes]
print(len(codes), "grids,", sum(not area.is_valid for area in areas), "of them invalid to GEOS")

with tempfile.NamedTemporaryFile() as answers:
    command = ["cargo", "test", "--test", "locate", "answers_for_a_peer", "--", "--ignored"]
    subprocess.run(command, check=True, env={**os.environ, "GRIDWEAVE_PEER_FILE": answers.name})
    rows = list(csv.reader(open(answers.name, encoding="utf-8")))

points = shapely.points(numpy.array([[int(x), int(y)] for x, y, _ in rows], dtype=float))
ours = numpy.array([codes.index(code) if code else -1 for _, _, code in rows])
theirs = numpy.full(len(rows), len(codes))
# Even-odd like ours, invalid polygons included: GEOS locates points by ray crossing.
for point, area in zip(*shapely.STRtree(areas).query(points, predicate="intersects")):
    theirs[point] = min(theirs[point], area)
theirs[theirs == len(codes)] = -1
borders = shapely.STRtree([shapely.boundary(area) for area in areas])
beside = numpy.zeros(len(rows), dtype=bool)
beside[borders.query(points, predicate="dwithin", distance=2.0)[0]] = True
differ = ours != theirs
print(f"{len(rows)} points, {(ours >= 0).sum()} inside, {beside.sum()} within 2 units of a border")
print(f"{(differ & beside).sum()} differences there, {(differ & ~beside).sum()} elsewhere")
sys.exit(bool((differ & ~beside).sum()))
