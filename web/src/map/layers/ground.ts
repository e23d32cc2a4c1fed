import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

/** Lawns and fields step back on an overview, where they would hide the grids; parks and woods stay landmarks. */
const greenOpacity: ExpressionSpecification = [
  'interpolate',
  ['linear'],
  ['zoom'],
  12,
  ['match', ['get', 'kind'], ['park', 'forest', 'cemetery'], 0.7, 0.15],
  15.5,
  0.8
];

/** Ground, green and water. Water and green cover the colour of the grid they lie in, or they would turn grey. */
export function ground(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.nature);
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': colours.ground } },
    {
      id: 'green',
      type: 'fill',
      source: 'base',
      'source-layer': 'green',
      layout: { visibility },
      paint: {
        'fill-color': ['match', ['get', 'kind'], 'pitch', colours.pitch, colours.green],
        'fill-opacity': greenOpacity
      }
    },
    {
      id: 'water',
      type: 'fill',
      source: 'base',
      'source-layer': 'water',
      filter: ['==', ['geometry-type'], 'Polygon'],
      layout: { visibility },
      paint: { 'fill-color': colours.water, 'fill-outline-color': colours.waterLine }
    },
    {
      id: 'water-lines',
      type: 'line',
      source: 'base',
      'source-layer': 'water',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { visibility, 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': colours.water,
        'line-width': [
          'interpolate',
          ['exponential', 1.6],
          ['zoom'],
          11,
          ['match', ['get', 'kind'], 'river', 1.5, 0.6],
          17,
          ['match', ['get', 'kind'], 'river', 14, 5]
        ]
      }
    },
    {
      id: 'water-names',
      type: 'symbol',
      source: 'base',
      'source-layer': 'water_label',
      minzoom: 13,
      layout: {
        visibility,
        'text-font': font,
        'text-field': ['coalesce', ['get', 'name'], ''],
        'text-size': 12,
        'text-letter-spacing': 0.12,
        'text-max-width': 6
      },
      paint: { 'text-color': colours.textWater, 'text-halo-color': colours.halo, 'text-halo-width': 1 }
    },
    {
      id: 'green-names',
      type: 'symbol',
      source: 'base',
      'source-layer': 'green_label',
      filter: ['match', ['get', 'kind'], ['park', 'cemetery', 'forest'], true, false],
      minzoom: 14.5,
      layout: {
        visibility,
        'text-font': font,
        'text-field': ['coalesce', ['get', 'name'], ''],
        'text-size': 11.5,
        'text-max-width': 6
      },
      paint: { 'text-color': colours.textGreen, 'text-halo-color': colours.halo, 'text-halo-width': 1.2 }
    }
  ];
}
