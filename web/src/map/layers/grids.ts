import type { ExpressionSpecification } from 'maplibre-gl';
import { bandColours, classColours, gridColours } from '../palette';
import { coloursOf, font, shown, type Look } from '../look';
import type { Layer } from '../order';

const selected: ExpressionSpecification = ['boolean', ['feature-state', 'selected'], false];
const hovered: ExpressionSpecification = ['boolean', ['feature-state', 'hover'], false];

function fillColour(look: Look): ExpressionSpecification {
  switch (look.colourBy) {
    case 'neighbours': {
      const cases = gridColours.slice(1).flatMap((colour, index) => [index + 1, colour]);
      return ['match', ['get', 'colour'], ...cases, gridColours[0]] as unknown as ExpressionSpecification;
    }
    case 'band': {
      const colours = bandColours[look.theme];
      return ['match', ['get', 'state'], 'in', colours.in, 'under', colours.under, 'over', colours.over, colours.none];
    }
    case 'class': {
      const { none, ...classes } = classColours;
      const cases = Object.entries(classes).flat();
      return ['match', ['get', 'class'], ...cases, none] as unknown as ExpressionSpecification;
    }
  }
}

/** Neighbour colours only tell grids apart and may fade; the other two carry a meaning and stay stronger. */
function fillOpacity(look: Look): ExpressionSpecification {
  const colours = coloursOf(look);
  const more = look.colourBy === 'neighbours' ? 0 : 0.18;
  if (look.quiet) return ['interpolate', ['linear'], ['zoom'], 12, 0.12, 16, 0.08];
  return ['interpolate', ['linear'], ['zoom'], 12, colours.gridFill + more, 16, colours.gridFillNear + more];
}

/** 912 户, or 912 hh: beneath the name once there is room. */
function households(look: Look): ExpressionSpecification {
  const unit = look.language === 'en' ? ' hh' : ' 户';
  return ['concat', ['to-string', ['coalesce', ['get', 'households'], 0]], unit];
}

export function grids(look: Look): Layer[] {
  const colours = coloursOf(look);
  const visibility = shown(look.switches.grids);
  const tail: ExpressionSpecification = ['slice', ['to-string', ['get', 'code']], -3];
  return [
    {
      id: 'grids-fill',
      type: 'fill',
      source: 'areas',
      'source-layer': 'grids',
      layout: { visibility },
      paint: { 'fill-color': fillColour(look), 'fill-opacity': fillOpacity(look), 'fill-antialias': false }
    },
    {
      id: 'grids-pattern',
      type: 'fill',
      source: 'areas',
      'source-layer': 'grids',
      filter: ['match', ['get', 'state'], ['under', 'over'], true, false],
      layout: { visibility: shown(look.switches.grids && look.colourBy === 'band') },
      paint: {
        'fill-pattern': ['match', ['get', 'state'], 'over', `hatch-${look.theme}`, `dots-${look.theme}`],
        'fill-opacity': ['interpolate', ['linear'], ['zoom'], 12, 0.8, 16, 0.55]
      }
    },
    {
      id: 'grids-veil',
      type: 'fill',
      source: 'areas',
      'source-layer': 'grids',
      layout: { visibility: shown(look.focused) },
      paint: { 'fill-color': colours.veil, 'fill-opacity': ['case', selected, 0, 0.5], 'fill-antialias': false }
    },
    {
      id: 'grids-lines-halo',
      type: 'line',
      source: 'areas',
      'source-layer': 'grids',
      minzoom: 13.5,
      layout: { visibility, 'line-join': 'round' },
      paint: {
        'line-color': colours.borderHalo,
        'line-opacity': 0.7,
        'line-width': ['interpolate', ['linear'], ['zoom'], 13.5, 2, 18, 5]
      }
    },
    {
      id: 'grids-lines',
      type: 'line',
      source: 'areas',
      'source-layer': 'grids',
      minzoom: 11.5,
      layout: { visibility, 'line-join': 'round' },
      paint: {
        'line-color': colours.gridLine,
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 11.5, 0.4, 14, 0.9],
        'line-width': ['interpolate', ['linear'], ['zoom'], 11.5, 0.4, 14, 0.9, 18, 1.8]
      }
    },
    {
      id: 'grids-hover',
      type: 'line',
      source: 'areas',
      'source-layer': 'grids',
      layout: { visibility, 'line-join': 'round' },
      paint: {
        'line-color': colours.hover,
        'line-width': ['interpolate', ['linear'], ['zoom'], 12, 1.5, 16, 3],
        'line-opacity': ['case', hovered, 1, 0]
      }
    },
    {
      id: 'grids-selected-halo',
      type: 'line',
      source: 'areas',
      'source-layer': 'grids',
      layout: { 'line-join': 'round', visibility: shown(look.focused) },
      paint: { 'line-color': colours.selectedHalo, 'line-width': 7, 'line-opacity': ['case', selected, 0.9, 0] }
    },
    {
      id: 'grids-selected',
      type: 'line',
      source: 'areas',
      'source-layer': 'grids',
      layout: { 'line-join': 'round', visibility: shown(look.focused) },
      paint: { 'line-color': colours.selected, 'line-width': 3.5, 'line-opacity': ['case', selected, 1, 0] }
    },
    {
      id: 'grids-numbers',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'grids_label',
      minzoom: 13,
      maxzoom: 15,
      layout: {
        visibility,
        'text-font': font,
        'text-field': tail,
        'text-size': ['interpolate', ['linear'], ['zoom'], 13, 10.5, 15, 14],
        'text-padding': 1
      },
      paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 }
    },
    {
      id: 'grids-names',
      type: 'symbol',
      source: 'areas',
      'source-layer': 'grids_label',
      minzoom: 15,
      layout: {
        visibility,
        'text-font': font,
        'text-field': [
          'format',
          ['coalesce', ['get', 'name'], ['get', 'code'], ''],
          {},
          '\n',
          {},
          households(look),
          { 'font-scale': 0.85, 'text-color': colours.textSoft }
        ],
        'text-size': ['interpolate', ['linear'], ['zoom'], 15, 12.5, 18, 16],
        'text-max-width': 8,
        'text-line-height': 1.25,
        'text-padding': 3
      },
      paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 2 }
    }
  ];
}
