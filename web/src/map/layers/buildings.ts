import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

export function buildings(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.buildings);
  return [
    {
      id: 'buildings',
      type: 'fill',
      source: 'base',
      'source-layer': 'buildings',
      minzoom: 13,
      layout: { visibility },
      paint: {
        'fill-color': [
          'match',
          ['get', 'kind'],
          ['school', 'hospital', 'public', 'office'],
          colours.buildingPublic,
          colours.building
        ],
        'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13, 0.4, 15, 0.85]
      }
    },
    {
      id: 'buildings-lines',
      type: 'line',
      source: 'base',
      'source-layer': 'buildings',
      minzoom: 14.5,
      layout: { visibility },
      paint: {
        'line-color': colours.buildingLine,
        'line-width': ['interpolate', ['linear'], ['zoom'], 14.5, 0.4, 18, 1.2]
      }
    },
    {
      id: 'buildings-names',
      type: 'symbol',
      source: 'base',
      'source-layer': 'buildings_label',
      minzoom: 16,
      layout: {
        visibility,
        'text-font': font,
        // The full name where there is room for it; before that the number, where there is one.
        'text-field': [
          'step',
          ['zoom'],
          ['coalesce', ['get', 'number'], ['get', 'name'], ''],
          17.3,
          ['coalesce', ['get', 'name'], ['get', 'number'], '']
        ],
        'text-size': ['interpolate', ['linear'], ['zoom'], 16, 9.5, 18, 12],
        'text-max-width': 6,
        'text-padding': 1
      },
      paint: { 'text-color': colours.textSoft, 'text-halo-color': colours.halo, 'text-halo-width': 1 }
    }
  ];
}
