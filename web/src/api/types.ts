// The shapes of the HTTP API. `schema.d.ts` is written from the server's own description by `npm run types:api`; here
// they get shorter names, and words and tuples where JSON only knows strings and lists. A field that the server drops,
// or changes the type of, no longer compiles.
import type { components } from './schema';

type Schemas = components['schemas'];

/** A schema with some fields told more exactly. The server sends every field, null where it knows nothing. */
export type Exactly<Name extends keyof Schemas, Narrower extends Partial<Schemas[Name]>> = Required<
  Omit<Schemas[Name], keyof Narrower>
> &
  Narrower;

export type LonLat = [lon: number, lat: number];
export type Bounds = [west: number, south: number, east: number, north: number];

export type Geometry =
  | { type: 'Point'; coordinates: LonLat }
  | { type: 'MultiPoint' | 'LineString'; coordinates: LonLat[] }
  | { type: 'MultiLineString' | 'Polygon'; coordinates: LonLat[][] }
  | { type: 'MultiPolygon'; coordinates: LonLat[][][] };

export interface Feature {
  type: 'Feature';
  id?: number;
  geometry: Geometry | null;
  properties: Record<string, string | number | boolean | null>;
}

export interface FeatureCollection {
  type: 'FeatureCollection';
  features: Feature[];
}

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

export type Band = Schemas['BandOf'];
export type Place = Schemas['Named'];

export type City = Exactly<
  'CityAnswer',
  {
    /** null while the city holds nothing that has a place. */
    bounds: Bounds | null;
  }
>;

export type GridCard = Exactly<
  'GridCard',
  {
    band: (Band & { state: BandState }) | null;
    /** null when the camera layer is closed. */
    cameras: number | null;
    bounds: Bounds;
    anchor: LonLat;
  }
>;

export type Located = Exactly<
  'LocateAnswer',
  {
    primary: GridCard | null;
    point: LonLat;
  }
>;

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

export type SearchResult = Exactly<'Hit', { kind: ResultKind; anchor: LonLat; bounds: Bounds }>;

export type Field = Exactly<'Column', { kind: 'text' | 'code' | 'integer' | 'real' | 'bool' | 'date' }>;

/** A table's row: besides id and place, a value for each field, null where unknown. */
export type Row = { id: number; anchor: LonLat; bounds: Bounds } & Record<
  string,
  string | number | boolean | null | LonLat | Bounds
>;

export type Rows = Exactly<'TablePage', { layer: TableLayer; fields: Field[]; rows: Row[] }>;

/** RFC 9457; what stands between us and the server may leave parts out. */
export type Problem = Partial<Schemas['Problem']> & { status: number };
