import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

const roads = ['motorway', 'trunk', 'primary', 'secondary', 'tertiary', 'residential', 'service', 'pedestrian'];
const paths = ['footway', 'cycleway', 'path', 'track'];

/** Widths in pixels at zooms 12, 15 and 18: a class is read from its width before its colour. */
const widths: [string[], number, number, number][] = [
  [['motorway', 'trunk'], 2.6, 8, 26],
  [['primary'], 2, 7, 23],
  [['secondary'], 1.5, 5.6, 19],
  [['tertiary'], 1, 4.4, 16],
  [['residential', 'pedestrian'], 0.5, 2.8, 12]
];
const narrowest = [0, 1.4, 7];

function width(extra: number): ExpressionSpecification {
  const at = (column: 1 | 2 | 3) => {
    const cases = widths.flatMap((row) => [row[0], row[column] + extra]);
    return ['match', ['get', 'class'], ...cases, narrowest[column - 1] + extra] as unknown as ExpressionSpecification;
  };
  return ['interpolate', ['exponential', 1.5], ['zoom'], 12, at(1), 15, at(2), 18, at(3)];
}

/** Big streets are drawn over small ones. */
const importance: ExpressionSpecification = [
  'match',
  ['get', 'class'],
  ['motorway', 'trunk'],
  6,
  'primary',
  5,
  'secondary',
  4,
  'tertiary',
  3,
  ['residential', 'pedestrian'],
  2,
  1
];

export function streets(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.streets);
  const line = { visibility, 'line-cap': 'round', 'line-join': 'round', 'line-sort-key': importance } as const;
  return [
    {
      id: 'paths',
      type: 'line',
      source: 'base',
      'source-layer': 'streets',
      minzoom: 14.5,
      filter: ['in', ['get', 'class'], ['literal', paths]],
      layout: { visibility },
      paint: {
        'line-color': colours.path,
        'line-dasharray': [2, 1.6],
        'line-width': ['interpolate', ['linear'], ['zoom'], 14.5, 0.6, 18, 2]
      }
    },
    {
      id: 'streets-casing',
      type: 'line',
      source: 'base',
      'source-layer': 'streets',
      minzoom: 12.5,
      filter: ['in', ['get', 'class'], ['literal', roads]],
      layout: line,
      paint: { 'line-color': colours.streetCasing, 'line-width': width(1.6) }
    },
    {
      id: 'streets',
      type: 'line',
      source: 'base',
      'source-layer': 'streets',
      filter: ['in', ['get', 'class'], ['literal', roads]],
      layout: line,
      paint: {
        'line-color': [
          'match',
          ['get', 'class'],
          ['motorway', 'trunk'],
          colours.streetTrunk,
          ['primary'],
          colours.streetMajor,
          ['secondary', 'tertiary'],
          colours.street,
          colours.streetMinor
        ],
        'line-width': width(0)
      }
    },
    {
      id: 'streets-names',
      type: 'symbol',
      source: 'base',
      'source-layer': 'streets',
      minzoom: 13.5,
      filter: ['all', ['has', 'name'], ['in', ['get', 'class'], ['literal', roads]]],
      layout: {
        visibility,
        'symbol-placement': 'line',
        'symbol-spacing': 320,
        'symbol-sort-key': ['-', 0, importance],
        'text-font': font,
        'text-field': ['get', 'name'],
        'text-size': [
          'interpolate',
          ['linear'],
          ['zoom'],
          13.5,
          ['case', ['>=', importance, 4], 11, 9.5],
          17,
          ['case', ['>=', importance, 4], 14, 12.5]
        ],
        'text-letter-spacing': 0.08,
        'text-max-angle': 35,
        'text-padding': 6
      },
      paint: { 'text-color': colours.textSoft, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 }
    }
  ];
}

/** Railways and walls. */
export function barriers(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.streets);
  return [
    {
      id: 'rail',
      type: 'line',
      source: 'base',
      'source-layer': 'barriers',
      filter: ['==', ['get', 'kind'], 'rail'],
      layout: { visibility },
      paint: { 'line-color': colours.rail, 'line-width': ['interpolate', ['linear'], ['zoom'], 11, 0.8, 17, 3] }
    },
    {
      id: 'rail-sleepers',
      type: 'line',
      source: 'base',
      'source-layer': 'barriers',
      minzoom: 13,
      filter: ['==', ['get', 'kind'], 'rail'],
      layout: { visibility },
      paint: {
        'line-color': colours.ground,
        'line-dasharray': [5, 5],
        'line-width': ['interpolate', ['linear'], ['zoom'], 13, 0.6, 17, 1.8]
      }
    },
    {
      id: 'barriers-walls',
      type: 'line',
      source: 'base',
      'source-layer': 'barriers',
      minzoom: 15,
      filter: ['match', ['get', 'kind'], ['wall', 'fence'], true, false],
      layout: { visibility },
      paint: { 'line-color': colours.wall, 'line-width': 1, 'line-dasharray': [4, 2] }
    }
  ];
}
