import type { ExpressionSpecification } from 'maplibre-gl';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

const name: ExpressionSpecification = ['coalesce', ['get', 'name'], ['get', 'code'], ''];

/** Districts, subdistricts and communities: the heavier the line, the higher the level. */
export function administration(look: Look): Layer[] {
  const colours = coloursOf(look);
  const { districts, subdistricts, communities } = look.switches;
  return [
    {
      id: 'communities-lines',
      type: 'line',
      source: 'areas',
      'source-layer': 'communities',
      minzoom: 10.5,
      layout: { visibility: shown(communities), 'line-join': 'round' },
      paint: {
        'line-color': colours.communityLine,
        'line-opacity': 0.85,
        'line-width': ['interpolate', ['linear'], ['zoom'], 11, 0.7, 14, 1.8, 18, 3]
      }
    },
    {
      id: 'subdistricts-lines',
      type: 'line',
      source: 'areas',
      'source-layer': 'subdistricts',
      layout: { visibility: shown(subdistricts), 'line-join': 'round' },
      paint: {
        'line-color': colours.subdistrictLine,
        'line-dasharray': [3.5, 1.6],
        'line-width': ['interpolate', ['linear'], ['zoom'], 10, 1.4, 14, 2.8, 18, 4.5]
      }
    },
    {
      id: 'districts-lines-halo',
      type: 'line',
      source: 'areas',
      'source-layer': 'districts',
      layout: { visibility: shown(districts), 'line-join': 'round' },
      paint: {
        'line-color': colours.districtLine,
        'line-opacity': 0.18,
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, 5, 14, 10, 18, 14]
      }
    },
    {
      id: 'districts-lines',
      type: 'line',
      source: 'areas',
      'source-layer': 'districts',
      layout: { visibility: shown(districts), 'line-join': 'round' },
      paint: {
        'line-color': colours.districtLine,
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, 1.6, 14, 3, 18, 5]
      }
    },
    {
      id: 'communities-names',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'communities_label',
      minzoom: 12.6,
      maxzoom: 15.2,
      layout: {
        visibility: shown(communities),
        'text-font': font,
        'text-field': name,
        'text-size': ['interpolate', ['linear'], ['zoom'], 12.6, 12.5, 15, 17],
        'text-letter-spacing': 0.1,
        'text-max-width': 7,
        'text-padding': 4
      },
      paint: { 'text-color': colours.communityLine, 'text-halo-color': colours.halo, 'text-halo-width': 2 }
    },
    {
      id: 'subdistricts-names',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'subdistricts_label',
      minzoom: 10,
      maxzoom: 13.6,
      layout: {
        visibility: shown(subdistricts),
        'text-font': font,
        'text-field': name,
        'text-size': ['interpolate', ['linear'], ['zoom'], 10, 11.5, 13.5, 17],
        'text-letter-spacing': 0.12,
        'text-padding': 4
      },
      paint: { 'text-color': colours.subdistrictLine, 'text-halo-color': colours.halo, 'text-halo-width': 2 }
    },
    {
      id: 'districts-names',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'districts_label',
      maxzoom: 11.5,
      layout: {
        visibility: shown(districts),
        'text-font': font,
        'text-field': name,
        'text-size': 17,
        'text-letter-spacing': 0.2
      },
      paint: { 'text-color': colours.districtLine, 'text-halo-color': colours.halo, 'text-halo-width': 2 }
    }
  ];
}

/** Overlays that ignore the levels. */
export function zones(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.zones);
  return [
    {
      id: 'zones-fill',
      type: 'fill',
      source: 'areas',
      'source-layer': 'zones',
      layout: { visibility },
      paint: { 'fill-pattern': `stripes-${look.theme}` }
    },
    {
      id: 'zones-lines',
      type: 'line',
      source: 'areas',
      'source-layer': 'zones',
      layout: { visibility },
      paint: { 'line-color': colours.zone, 'line-width': 2, 'line-dasharray': [1.2, 1.2] }
    },
    {
      id: 'zones-names',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'zones_label',
      minzoom: 11.5,
      layout: { visibility, 'text-font': font, 'text-field': name, 'text-size': 13, 'text-letter-spacing': 0.08 },
      paint: { 'text-color': colours.textZone, 'text-halo-color': colours.halo, 'text-halo-width': 2 }
    }
  ];
}
