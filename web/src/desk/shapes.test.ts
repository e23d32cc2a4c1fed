import { describe, expect, it } from 'vitest';
import type { LonLat } from '../api/types';
import { boundsOf, crossesItself, ringOf, shapeOf } from './shapes';

const square: LonLat[] = [
  [0, 0],
  [2, 0],
  [2, 2],
  [0, 2]
];

describe('shapes', () => {
  it('grow from a point to an area and back to their corners', () => {
    expect([0, 1, 2, 3].map((count) => shapeOf(square.slice(0, count))?.type)).toEqual([
      undefined,
      'Point',
      'LineString',
      'Polygon'
    ]);
    expect(ringOf(shapeOf(square))).toEqual(square);
  });

  it('with holes or several parts have no single ring', () => {
    const closed = [...square, square[0]];
    expect(ringOf({ type: 'Polygon', coordinates: [closed, closed] })).toBeNull();
    expect(ringOf({ type: 'MultiPolygon', coordinates: [[closed], [closed]] })).toBeNull();
    expect(ringOf({ type: 'MultiPolygon', coordinates: [[closed]] })).toEqual(square);
    expect(ringOf(null)).toBeNull();
  });

  it('have bounds', () => {
    expect(boundsOf(shapeOf(square)!)).toEqual([0, 0, 2, 2]);
    expect(boundsOf({ type: 'Point', coordinates: [3, 4] })).toEqual([3, 4, 3, 4]);
    expect(boundsOf({ type: 'MultiPoint', coordinates: [] })).toBeNull();
  });

  it('cross themselves or do not', () => {
    expect(crossesItself(square)).toBe(false);
    expect(crossesItself([square[0], square[2], square[1], square[3]])).toBe(true);
    expect(crossesItself(square.slice(0, 3))).toBe(false);
  });
});
