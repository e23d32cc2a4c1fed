//! Shared arcs of polygons that tile the plane.
