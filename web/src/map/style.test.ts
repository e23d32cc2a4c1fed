import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it } from 'vitest';
import { noOverlay } from '../state/drawing';
import { defaultSwitches, switches, type Switches } from '../state/view';
import type { Look } from './look';
import { inOrder, order } from './order';
import { style } from './style';

const look: Look = {
  theme: 'light',
  language: 'zh-Hans',
  colourBy: 'neighbours',
  switches: defaultSwitches,
  closed: [],
  focused: false,
  quiet: false,
  debug: false
};

describe('style', () => {
  const all = Object.fromEntries(switches.map((name) => [name, true])) as Switches;
  for (const theme of ['light', 'dark'] as const) {
    for (const colourBy of ['neighbours', 'band', 'class'] as const) {
      it(`is valid in ${theme}, coloured by ${colourBy}`, () => {
        const made = style(
          { ...look, theme, colourBy, switches: all, focused: true, quiet: true, debug: true },
          'http://h/',
          {},
          noOverlay
        );
        expect(validateStyleMin(made).map((problem) => problem.message)).toEqual([]);
      });
    }
  }

  it('draws every layer of the order, in that order', () => {
    expect(style(look, 'http://h/', {}, noOverlay).layers.map((layer) => layer.id)).toEqual([...order]);
  });

  it('is the same for the same look', () => {
    expect(style({ ...look }, 'http://h/', {}, noOverlay)).toEqual(style(look, 'http://h/', {}, noOverlay));
  });

  it('never asks for the tiles of a closed layer', () => {
    const made = style({ ...look, switches: all, closed: ['cameras'] }, 'http://h/', {}, noOverlay);
    expect(JSON.stringify(made)).not.toContain('tiles/cameras');
    expect(made.layers.some((layer) => layer.id === 'cameras')).toBe(false);
  });

  it('asks the server it came from and nobody else', () => {
    const made = style(look, 'http://h/', {}, noOverlay);
    for (const source of Object.values(made.sources)) {
      if (source.type === 'geojson') expect(source.data).toBeTypeOf('object');
      else expect('tiles' in source && source.tiles?.every((url) => url.startsWith('http://h/tiles/'))).toBe(true);
    }
    expect(made.glyphs).toBeUndefined();
    expect(made.sprite).toBeUndefined();
  });
});

describe('inOrder', () => {
  const layers = style(look, '/', {}, noOverlay).layers;
  it('refuses an id it does not know', () => {
    expect(() => inOrder([...layers, { id: 'mystery', type: 'background' }])).toThrow('mystery');
  });
  it('refuses an id drawn twice', () => {
    expect(() => inOrder([...layers, layers[0]])).toThrow('twice');
  });
  it('refuses a layer left out', () => {
    expect(() => inOrder(layers.slice(1))).toThrow('nothing draws');
  });
});
