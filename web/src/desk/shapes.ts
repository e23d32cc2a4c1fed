// Shapes as plain rings of corners, and what one can do to them with a pointer.
import type { Bounds, Geometry, LonLat } from '../api/types';

export function boundsOf(geometry: Geometry): Bounds | null {
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] !== 'number') return value.forEach(visit);
    const [lon, lat] = value as LonLat;
    bounds[0] = Math.min(bounds[0], lon);
    bounds[1] = Math.min(bounds[1], lat);
    bounds[2] = Math.max(bounds[2], lon);
    bounds[3] = Math.max(bounds[3], lat);
  };
  visit(geometry.coordinates);
  return Number.isFinite(bounds[0]) ? bounds : null;
}

/** The corners of the one outer ring, without the closing repetition; null for holes and several parts. */
export function ringOf(geometry: Geometry | null): LonLat[] | null {
  if (!geometry) return null;
  const polygon =
    geometry.type === 'Polygon'
      ? geometry.coordinates
      : geometry.type === 'MultiPolygon' && geometry.coordinates.length === 1
        ? geometry.coordinates[0]
        : null;
  if (!polygon || polygon.length !== 1) return null;
  return polygon[0].slice(0, -1);
}

/** What is on the map while the ring grows: a point, a line, then an area. */
export function shapeOf(ring: readonly LonLat[]): Geometry | null {
  if (ring.length === 0) return null;
  if (ring.length === 1) return { type: 'Point', coordinates: ring[0] };
  if (ring.length === 2) return { type: 'LineString', coordinates: [...ring] };
  return { type: 'Polygon', coordinates: [[...ring, ring[0]]] };
}

export function middle(a: LonLat, b: LonLat): LonLat {
  return rounded([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
}

/** Seven places are the resolution of the city file: 1.1 cm. */
export function rounded([lon, lat]: LonLat): LonLat {
  return [Number(lon.toFixed(7)), Number(lat.toFixed(7))];
}

function turn(a: LonLat, b: LonLat, c: LonLat): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function cross(a: LonLat, b: LonLat, c: LonLat, d: LonLat): boolean {
  return turn(a, b, c) > 0 !== turn(a, b, d) > 0 && turn(c, d, a) > 0 !== turn(c, d, b) > 0;
}

/** Whether two sides that are not neighbours meet. */
export function crossesItself(ring: readonly LonLat[]): boolean {
  const count = ring.length;
  for (let i = 0; i < count; i++) {
    for (let j = i + 2; j < count; j++) {
      if (i === 0 && j === count - 1) continue;
      if (cross(ring[i], ring[(i + 1) % count], ring[j], ring[(j + 1) % count])) return true;
    }
  }
  return false;
}
