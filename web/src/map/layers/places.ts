import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

const name: ExpressionSpecification = ['coalesce', ['get', 'name'], ''];

/** Compounds, institutions, service points, checkpoints and cameras. */
export function places(look: Look): Layer[] {
  const colours = coloursOf(look);
  const { theme, switches } = look;
  const caption = {
    'text-font': font,
    'text-anchor': 'top',
    'text-offset': [0, 0.9] as [number, number],
    'text-size': 11.5,
    'text-max-width': 7,
    'text-optional': true
  } as const;
  const ink = { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.5 } as const;
  return [
    {
      id: 'compounds-fill',
      type: 'fill',
      source: 'compounds',
      'source-layer': 'compounds',
      filter: ['==', ['geometry-type'], 'Polygon'],
      minzoom: 12,
      layout: { visibility: shown(switches.compounds) },
      paint: { 'fill-color': colours.compound, 'fill-opacity': 0.12 }
    },
    {
      id: 'compounds-lines',
      type: 'line',
      source: 'compounds',
      'source-layer': 'compounds',
      filter: ['==', ['geometry-type'], 'Polygon'],
      minzoom: 12,
      layout: { visibility: shown(switches.compounds), 'line-join': 'round' },
      paint: { 'line-color': colours.compound, 'line-width': 1.6, 'line-dasharray': [3, 1.5] }
    },
    {
      id: 'compounds-names',
      type: 'symbol',
      source: 'compounds',
      'source-layer': 'compounds_label',
      minzoom: 14,
      layout: {
        visibility: shown(switches.compounds),
        'text-font': font,
        'text-field': name,
        'text-size': 12,
        'text-max-width': 6
      },
      paint: { 'text-color': colours.compound, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 }
    },
    {
      id: 'institutions',
      type: 'symbol',
      source: 'institutions',
      'source-layer': 'institutions_label',
      minzoom: 13,
      layout: {
        ...caption,
        visibility: shown(switches.institutions),
        'icon-image': `institution-${theme}`,
        'text-field': ['step', ['zoom'], '', 15, name]
      },
      paint: ink
    },
    {
      id: 'services',
      type: 'symbol',
      source: 'services',
      'source-layer': 'services',
      layout: {
        ...caption,
        visibility: shown(switches.services),
        'icon-image': `service-${theme}`,
        'icon-allow-overlap': true,
        'text-field': ['step', ['zoom'], '', 14, name]
      },
      paint: ink
    },
    {
      id: 'checkpoints',
      type: 'symbol',
      source: 'checkpoints',
      'source-layer': 'checkpoints',
      minzoom: 12,
      layout: {
        ...caption,
        visibility: shown(switches.checkpoints),
        'icon-image': `checkpoint-${theme}`,
        'icon-allow-overlap': ['step', ['zoom'], false, 15, true],
        'text-field': ['step', ['zoom'], '', 15.5, name]
      },
      paint: ink
    },
    {
      id: 'cameras',
      type: 'symbol',
      source: 'cameras',
      'source-layer': 'cameras',
      minzoom: 12,
      layout: {
        visibility: shown(switches.cameras),
        // Domes and pan-tilt-zoom cameras look all round; a fixed one has a direction.
        'icon-image': [
          'case',
          ['==', ['get', 'online'], false],
          `camera-off-${theme}`,
          ['all', ['==', ['get', 'kind'], 'fixed'], ['has', 'direction']],
          `camera-fixed-${theme}`,
          `camera-round-${theme}`
        ],
        'icon-rotate': ['case', ['==', ['get', 'kind'], 'fixed'], ['to-number', ['get', 'direction'], 0], 0],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': ['step', ['zoom'], false, 14.5, true],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.45, 15, 0.7, 17, 1]
      }
    }
  ];
}
