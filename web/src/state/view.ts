// What the visitor is looking at, as plain data. Everything here can be written to the URL.
import type { Bounds, Datum, TableLayer } from '../api/types';

export type Theme = 'light' | 'dark';
export type ColourBy = 'neighbours' | 'band' | 'class';

/** One thing at a time fills the screen: the map, or a table or the data desk beside it. */
export type Mode = { kind: 'map' } | { kind: 'table'; table: TableView } | { kind: 'desk'; desk: DeskView };

/** The panes of the data desk: files coming in, things edited in place, and what was changed. */
export type DeskView = { pane: 'files' } | { pane: 'edit'; layer: EditLayer; id: number | null } | { pane: 'changes' };

export interface TableView {
  layer: TableLayer;
  /** A field, with "-" before it for descending; empty for the server's own order. */
  sort: string;
  filter: string;
  /** Only rows inside the part of the map that is in view. */
  here: boolean;
}

export type Selection =
  { kind: 'none' } | { kind: 'grid'; code: string } | { kind: 'point'; lon: number; lat: number; crs: Datum | string };

export interface Camera {
  lon: number;
  lat: number;
  zoom: number;
}

/** A request to move the map; each is a new object, so that the same place can be asked for twice. */
export type Flight =
  | { kind: 'bounds'; bounds: Bounds; maxZoom: number }
  | { kind: 'place'; lon: number; lat: number; minZoom: number }
  /** Exactly there, without moving across: for links, back and forward. */
  | { kind: 'camera'; camera: Camera }
  | { kind: 'zoom'; steps: number };

/** The layer switches. `streets` and `nature` belong to the base map. */
export const switches = [
  'districts',
  'subdistricts',
  'communities',
  'grids',
  'zones',
  'buildings',
  'compounds',
  'institutions',
  'cameras',
  'checkpoints',
  'services',
  'streets',
  'nature'
] as const;
export type Switch = (typeof switches)[number];
export type Switches = Record<Switch, boolean>;

/** What a newcomer sees: whom the ground belongs to, on a base map quiet enough to read it. */
export const defaultSwitches: Switches = {
  districts: true,
  subdistricts: true,
  communities: true,
  grids: true,
  zones: false,
  buildings: true,
  compounds: false,
  institutions: false,
  cameras: false,
  checkpoints: false,
  services: false,
  streets: true,
  nature: true
};

export const tableLayers = [
  'grids',
  'communities',
  'subdistricts',
  'districts',
  'zones',
  'buildings',
  'compounds',
  'institutions',
  'cameras',
  'checkpoints',
  'services',
  'streets'
] as const satisfies readonly TableLayer[];

/** Layers whose things can be edited in place. */
export const editLayers = [
  'buildings',
  'compounds',
  'cameras',
  'checkpoints',
  'services',
  'institutions',
  'grids'
] as const satisfies readonly TableLayer[];
export type EditLayer = (typeof editLayers)[number];

export const datums = ['wgs84', 'gcj02', 'bd09', 'cgcs2000'] as const satisfies readonly Datum[];

export const defaultTable: TableView = { layer: 'grids', sort: '', filter: '', here: false };
