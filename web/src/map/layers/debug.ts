import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

/** Feature ids. Tile borders are the engine's own. */
export function debug(look: Look): Layer[] {
  const colours = coloursOf(look);
  const ids = (prefix: string): ExpressionSpecification => ['concat', prefix, ['to-string', ['id']]];
  const layout = { visibility: shown(look.debug), 'text-font': font, 'text-size': 10 } as const;
  const paint = { 'text-color': colours.districtLine, 'text-halo-color': colours.halo, 'text-halo-width': 1 };
  return [
    {
      id: 'debug-grids',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'grids_label',
      layout: { ...layout, 'text-field': ids('grid '), 'text-offset': [0, 2.4], 'text-allow-overlap': true },
      paint
    },
    {
      id: 'debug-streets',
      type: 'symbol',
      source: 'base',
      'source-layer': 'streets',
      minzoom: 15,
      layout: { ...layout, 'text-field': ids('street '), 'symbol-placement': 'line-center' },
      paint
    },
    {
      id: 'debug-buildings',
      type: 'symbol',
      source: 'base',
      'source-layer': 'buildings_label',
      minzoom: 16,
      layout: { ...layout, 'text-field': ids(''), 'text-offset': [0, 1.1] },
      paint
    }
  ];
}
