// The part of the URL after "#": view, layers, selection and table. It stays in the browser, so a shared link tells
// the server's log nothing about the place someone asked for.
import type { TableLayer } from '../api/types';
import {
  defaultSwitches,
  defaultTable,
  editLayers,
  switches,
  tableLayers,
  type Camera,
  type ColourBy,
  type DeskView,
  type EditLayer,
  type Mode,
  type Selection,
  type Switch,
  type Switches
} from './view';

export interface UrlState {
  camera: Camera | null;
  mode: Mode;
  selection: Selection;
  switches: Switches;
  colourBy: ColourBy;
  debug: boolean;
}

export const defaultUrlState: UrlState = {
  camera: null,
  mode: { kind: 'map' },
  selection: { kind: 'none' },
  switches: defaultSwitches,
  colourBy: 'neighbours',
  debug: false
};

/** Commas and slashes are legal in a fragment and read better than %2C. */
function escape(value: string): string {
  return encodeURIComponent(value).replace(/%2C/g, ',').replace(/%2F/g, '/');
}

export function encode(state: UrlState): string {
  const parts: [string, string][] = [];
  if (state.camera) {
    const { zoom, lon, lat } = state.camera;
    parts.push(['v', `${zoom.toFixed(2)}/${lon.toFixed(5)}/${lat.toFixed(5)}`]);
  }
  if (state.selection.kind === 'grid') parts.push(['grid', state.selection.code]);
  if (state.selection.kind === 'point') {
    parts.push(['at', `${state.selection.lon},${state.selection.lat},${state.selection.crs}`]);
  }
  const changed = switches.filter((name) => state.switches[name] !== defaultSwitches[name]);
  const on = changed.filter((name) => state.switches[name]);
  const off = changed.filter((name) => !state.switches[name]);
  if (on.length) parts.push(['on', on.join(',')]);
  if (off.length) parts.push(['off', off.join(',')]);
  if (state.colourBy !== 'neighbours') parts.push(['by', state.colourBy]);
  if (state.debug) parts.push(['debug', '1']);
  if (state.mode.kind === 'table') {
    const { layer, sort, filter, here } = state.mode.table;
    parts.push(['table', layer]);
    if (sort) parts.push(['sort', sort]);
    if (filter) parts.push(['filter', filter]);
    if (here) parts.push(['here', '1']);
  }
  if (state.mode.kind === 'desk') {
    const { desk } = state.mode;
    parts.push(['desk', desk.pane]);
    if (desk.pane === 'edit') parts.push(['thing', desk.id === null ? desk.layer : `${desk.layer}/${desk.id}`]);
  }
  return parts.map(([name, value]) => `${name}=${escape(value)}`).join('&');
}

/** Reads what it understands and leaves the rest at its default: links outlive versions. */
export function decode(fragment: string): UrlState {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  return {
    camera: readCamera(parameters.get('v')),
    mode: readMode(parameters),
    selection: readSelection(parameters),
    switches: readSwitches(parameters),
    colourBy: readColourBy(parameters.get('by')),
    debug: parameters.get('debug') === '1'
  };
}

function readCamera(text: string | null): Camera | null {
  const numbers = (text ?? '').split('/').map(Number);
  if (text === null || numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  const [zoom, lon, lat] = numbers;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85 || zoom < 0 || zoom > 24) return null;
  return { zoom, lon, lat };
}

function readSelection(parameters: URLSearchParams): Selection {
  const code = parameters.get('grid');
  if (code) return { kind: 'grid', code };
  const [lon, lat, crs] = (parameters.get('at') ?? '').split(',');
  if (lon && lat && crs && Number.isFinite(Number(lon)) && Number.isFinite(Number(lat))) {
    return { kind: 'point', lon: Number(lon), lat: Number(lat), crs };
  }
  return { kind: 'none' };
}

function readSwitches(parameters: URLSearchParams): Switches {
  const known = (text: string | null) =>
    (text ?? '').split(',').filter((name): name is Switch => (switches as readonly string[]).includes(name));
  const result = { ...defaultSwitches };
  for (const name of known(parameters.get('on'))) result[name] = true;
  for (const name of known(parameters.get('off'))) result[name] = false;
  return result;
}

function readColourBy(text: string | null): ColourBy {
  return text === 'band' || text === 'class' ? text : 'neighbours';
}

function readMode(parameters: URLSearchParams): Mode {
  const desk = readDesk(parameters);
  if (desk) return { kind: 'desk', desk };
  const layer = parameters.get('table');
  if (layer === null || !(tableLayers as readonly string[]).includes(layer)) return { kind: 'map' };
  return {
    kind: 'table',
    table: {
      ...defaultTable,
      layer: layer as TableLayer,
      sort: parameters.get('sort') ?? '',
      filter: parameters.get('filter') ?? '',
      here: parameters.get('here') === '1'
    }
  };
}

function readDesk(parameters: URLSearchParams): DeskView | null {
  const pane = parameters.get('desk');
  if (pane === 'files' || pane === 'changes') return { pane };
  if (pane !== 'edit') return null;
  const [layer, id] = (parameters.get('thing') ?? '').split('/');
  return {
    pane,
    layer: (editLayers as readonly string[]).includes(layer) ? (layer as EditLayer) : editLayers[0],
    id: /^\d{1,15}$/.test(id ?? '') ? Number(id) : null
  };
}
