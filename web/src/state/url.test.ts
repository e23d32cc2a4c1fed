import { describe, expect, it } from 'vitest';
import { decode, defaultUrlState, encode, type UrlState } from './url';
import { defaultSwitches } from './view';

const states: Record<string, UrlState> = {
  'a newcomer': defaultUrlState,
  'a selected grid': {
    ...defaultUrlState,
    camera: { lon: 104.39789, lat: 31.13114, zoom: 15.25 },
    selection: { kind: 'grid', code: '510603002002005' }
  },
  'a point of another map': {
    ...defaultUrlState,
    selection: { kind: 'point', lon: 104.406993333, lat: 31.135316438, crs: 'bd09' },
    colourBy: 'band'
  },
  'other layers': {
    ...defaultUrlState,
    switches: { ...defaultSwitches, cameras: true, zones: true, buildings: false }
  },
  'a filtered table': {
    ...defaultUrlState,
    mode: { kind: 'table', table: { layer: 'buildings', sort: '-households', filter: '青石 & 3/4,5', here: true } },
    debug: true
  },
  'files on the desk': { ...defaultUrlState, mode: { kind: 'desk', desk: { pane: 'files' } } },
  'a layer to edit': { ...defaultUrlState, mode: { kind: 'desk', desk: { pane: 'edit', layer: 'cameras', id: null } } },
  'a thing to edit': { ...defaultUrlState, mode: { kind: 'desk', desk: { pane: 'edit', layer: 'grids', id: 17 } } },
  changes: { ...defaultUrlState, mode: { kind: 'desk', desk: { pane: 'changes' } } },
  'a code with odd letters': { ...defaultUrlState, selection: { kind: 'grid', code: 'A&b=c #1/二' } }
};

describe('url', () => {
  it.each(Object.entries(states))('round trip: %s', (_, state) => {
    expect(decode(`#${encode(state)}`)).toEqual(state);
  });

  it('is empty for the default', () => {
    expect(encode(defaultUrlState)).toBe('');
  });

  it.each([
    '#',
    '#v=abc',
    '#v=1/2',
    '#v=99/500/0',
    '#on=nonsense&off=,',
    '#table=people',
    '#desk=drawer',
    '#at=1,2',
    '#by=mood',
    '#%E0'
  ])('falls back on %s', (fragment) => {
    expect(decode(fragment)).toEqual(defaultUrlState);
  });

  it('opens the desk for a thing it does not know', () => {
    const mode = { kind: 'desk', desk: { pane: 'edit', layer: 'buildings', id: null } };
    expect(decode('#desk=edit&thing=people/x')).toEqual({ ...defaultUrlState, mode });
  });
});
