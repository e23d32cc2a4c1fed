import { describe, expect, it } from 'vitest';
import { epsgOf, meridians, readEpsg, zoneOf, type Zone } from './crs';

describe('zones', () => {
  // From the EPSG registry: CGCS2000 / 3-degree Gauss-Kruger CM 102E, zone 34, CM 135E, zone 45; 6-degree CM 105E, zone 18.
  it.each<[string, Zone]>([
    ['EPSG:4543', { meridian: 102, width: 3, prefixed: false }],
    ['EPSG:4522', { meridian: 102, width: 3, prefixed: true }],
    ['EPSG:4554', { meridian: 135, width: 3, prefixed: false }],
    ['EPSG:4533', { meridian: 135, width: 3, prefixed: true }],
    ['EPSG:4507', { meridian: 105, width: 6, prefixed: false }],
    ['EPSG:4496', { meridian: 105, width: 6, prefixed: true }]
  ])('%s', (code, zone) => {
    expect(epsgOf(zone)).toBe(code);
    expect(zoneOf(code)).toEqual(zone);
  });

  it('gives every zone a code of its own', () => {
    const codes = new Set<string>();
    for (const prefixed of [false, true]) {
      for (const meridian of meridians) codes.add(epsgOf({ meridian, width: 3, prefixed }));
      for (const meridian of meridians.filter((degrees) => degrees % 6 === 3))
        codes.add(epsgOf({ meridian, width: 6, prefixed }));
    }
    expect(codes.size).toBe(2 * 21 + 2 * 11);
  });

  it.each(['EPSG:4490', 'EPSG:3857', 'bd09', ''])('knows that %s is no zone', (crs) => {
    expect(zoneOf(crs)).toBeNull();
  });
});

describe('readEpsg', () => {
  it.each([
    ['4543', 'EPSG:4543'],
    [' epsg：4543 ', 'EPSG:4543'],
    ['EPSG 32648', 'EPSG:32648'],
    ['bd09', null],
    ['45', null],
    ['', null]
  ])('%s -> %s', (text, code) => {
    expect(readEpsg(text)).toBe(code);
  });
});
