import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, type Look } from '../look';
import type { Layer } from '../order';
import { changeColours } from '../palette';

const isFault: ExpressionSpecification = ['==', ['get', 'worst'], 'error'];
const isArea: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];
const isPoint: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];

/** The file that is being checked, coloured by what its import would do, and the shape that is being edited. */
export function desk(look: Look): Layer[] {
  const colours = coloursOf(look);
  const change = changeColours[look.theme];
  const colour: ExpressionSpecification = [
    'case',
    isFault,
    change.error,
    [
      'match',
      ['get', 'change'],
      'added',
      change.added,
      'updated',
      change.updated,
      'refused',
      change.error,
      change.unchanged
    ]
  ];
  const unchanged: ExpressionSpecification = ['all', ['!', isFault], ['==', ['get', 'change'], 'unchanged']];
  return [
    {
      id: 'preview-fill',
      type: 'fill',
      source: 'preview',
      filter: isArea,
      paint: { 'fill-color': colour, 'fill-opacity': ['case', unchanged, 0.12, 0.32] }
    },
    {
      id: 'preview-lines-halo',
      type: 'line',
      source: 'preview',
      filter: ['!', isPoint],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colours.halo, 'line-width': 4, 'line-opacity': 0.8 }
    },
    {
      id: 'preview-lines',
      type: 'line',
      source: 'preview',
      filter: ['!', isPoint],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colour, 'line-width': ['case', isFault, 3, unchanged, 1, 1.8] }
    },
    {
      id: 'preview-points',
      type: 'circle',
      source: 'preview',
      filter: isPoint,
      paint: {
        'circle-color': colour,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 3, 16, 6],
        'circle-stroke-color': colours.halo,
        'circle-stroke-width': 1.5,
        'circle-opacity': ['case', unchanged, 0.7, 1]
      }
    },
    {
      id: 'preview-errors',
      type: 'circle',
      source: 'preview',
      filter: ['all', isPoint, isFault],
      paint: {
        'circle-opacity': 0,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 6, 16, 11],
        'circle-stroke-color': change.error,
        'circle-stroke-width': 2
      }
    },
    {
      id: 'draft-fill',
      type: 'fill',
      source: 'draft',
      filter: isArea,
      paint: { 'fill-color': colours.selected, 'fill-opacity': 0.22 }
    },
    {
      id: 'draft-lines',
      type: 'line',
      source: 'draft',
      filter: ['!', isPoint],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colours.selected, 'line-width': 2.5, 'line-dasharray': [2, 1.2] }
    }
  ];
}
