// The shapes of the HTTP API, by hand until `npm run types:api` writes them from the server's own description.

export type LonLat = [lon: number, lat: number];
export type Bounds = [west: number, south: number, east: number, north: number];

export type Datum = 'wgs84' | 'gcj02' | 'bd09' | 'cgcs2000';
export type BandState = 'in' | 'under' | 'over';
export type GridClass = 'mature' | 'open' | 'urban_village' | 'rural' | 'dedicated';

/** Layers that the server lists as tables and that `City.counts` counts. */
export type TableLayer =
  | 'grids'
  | 'communities'
  | 'subdistricts'
  | 'districts'
  | 'zones'
  | 'buildings'
  | 'compounds'
  | 'institutions'
  | 'cameras'
  | 'checkpoints'
  | 'services'
  | 'streets';

export interface Band {
  lo: number;
  hi: number;
}

export interface City {
  name: string;
  version: number;
  since: string;
  crs: string;
  synthetic: boolean;
  /** null while the city holds nothing that has a place. */
  bounds: Bounds | null;
  attribution: string[];
  counts: Partial<Record<TableLayer, number>>;
  /** Layers this server refuses to show to whoever asks from here. */
  closed: string[];
  bands: Partial<Record<GridClass, Band>>;
}

export interface Place {
  code: string;
  name: string;
}

export interface GridCard {
  grid: string;
  id: number;
  name: string;
  class: GridClass | null;
  households: number;
  band: (Band & { state: BandState }) | null;
  buildings: number;
  /** null when the camera layer is closed. */
  cameras: number | null;
  area_m2: number;
  community: Place | null;
  subdistrict: Place | null;
  district: Place | null;
  bounds: Bounds;
  anchor: LonLat;
  neighbours: string[];
  /** How many of the households come from where. */
  basis: { surveyed: number; spread: number; estimated: number };
  inherited: string[];
}

export interface Located {
  primary: GridCard | null;
  co_responsible: { grid: string; name: string }[];
  building: { id: number; code: string | null; name: string | null } | null;
  border: { metres: number; neighbour: string | null } | null;
  point: LonLat;
  crs: string;
  version: number;
}

export type ResultKind =
  | 'grid'
  | 'community'
  | 'subdistrict'
  | 'district'
  | 'building'
  | 'compound'
  | 'institution'
  | 'street'
  | 'zone'
  | 'checkpoint'
  | 'service'
  | 'camera';

export interface SearchResult {
  kind: ResultKind;
  id: number;
  code: string | null;
  name: string;
  detail: string;
  anchor: LonLat;
  bounds: Bounds | null;
  grid: string | null;
}

export interface Field {
  name: string;
  kind: 'text' | 'code' | 'integer' | 'real' | 'bool' | 'date';
}

export type Cell = string | number | boolean | null;

export type Row = { id: number; anchor: LonLat | null; bounds: Bounds | null } & Record<
  string,
  Cell | LonLat | Bounds | undefined
>;

export interface Rows {
  layer: TableLayer;
  version: number;
  total: number;
  fields: Field[];
  rows: Row[];
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
}
