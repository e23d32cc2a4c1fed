// The calls of the data desk: files, their dry run and import, changes and their undo, things edited in place.
import { address, request, Refused, Unreachable } from './client';
import type { Bounds, Exactly, FeatureCollection, Field, Geometry, LonLat, Problem } from './types';

export type Severity = 'error' | 'warning' | 'note';

/** What is wrong with a file, with the place and the remedy where there is one. */
export type Finding = Exactly<'ProblemShape', { severity: Severity; at: LonLat | null }>;

/** The list holds at most a thousand; the download has them all. */
export type Findings = Exactly<'ProblemsShape', { list: Finding[] }>;

export type SheetGeometry = 'point' | 'line' | 'area' | 'mixed' | 'none';

/** Which column feeds which field; "" keeps a field empty whatever the columns are called. */
export type Matching = Record<string, string>;

export type Sheet = Exactly<
  'SheetShape',
  { geometry: SheetGeometry; remembered: { layer: string; crs: string | null; map: Matching } | null }
>;

export type DeskFile = Exactly<'FileAnswer', { sheets: Sheet[]; problem: Finding | null }>;

/** `all` is 0 while nobody knows how much there is. */
export type Job<T> = Omit<
  Exactly<'JobAnswer', { state: 'running' | 'done' | 'failed' | 'cancelled' }>,
  'result' | 'problem'
> & {
  result: T | null;
  problem: Problem | null;
};

/** How a file is to be read. */
export interface Reading {
  file: string;
  sheet: string | null;
  layer: string;
  crs: string | null;
  map: Matching;
  replace: boolean;
}

/** Shares from 0 to 1: of the points inside the city, and of the shapes that fit what it knows. */
export type DatumScore = Exactly<'ScoreShape', object>;

export type Datum = Exactly<
  'DatumShape',
  { how: 'stated' | 'declared' | 'prescribed' | 'detected' | 'assumed' | 'refused'; scores: DatumScore[] }
>;

export interface Tally {
  layer: string;
  added: number;
  updated: number;
  removed: number;
  /** The history does not tell these. */
  unchanged?: number;
  derived?: number;
}

export type PreviewField = Exactly<'FieldUseShape', { kind: Field['kind'] }>;

export type PreviewRow = Exactly<'TrialRow', { cells: Record<string, Value> }> & {
  /** Which cells have problems, where the server tells. */
  faults?: Record<string, Severity>;
};

export type Preview = Omit<
  Exactly<
    'PreviewShape',
    {
      datum: Datum | null;
      fields: PreviewField[];
      problems: Findings;
      rows: PreviewRow[];
      bounds: Bounds | null;
    }
  >,
  'features'
> & { features: FeatureCollection };

export type Imported = Exactly<'ImportedShape', { problems: Findings }>;

/** Who changes something, and why. */
export interface Signature {
  author: string;
  reason: string;
}

export type Change = Exactly<'ChangeShape', { tallies: Tally[] }>;

/** Something that changed since, and stands in the way of an undo. */
export interface Clash {
  layer: string | null;
  id: number | null;
  /** What it is called. */
  called: string;
}

export type Value = string | number | boolean | null;

/** The description leaves the geometry open; it is GeoJSON's. */
export type Thing = Omit<
  Exactly<'FeatureAnswer', { properties: Record<string, Value>; anchor: LonLat; bounds: Bounds; problems: Finding[] }>,
  'geometry'
> & { geometry: Geometry | null };

export type ThingField = Exactly<'FieldShape', { kind: Field['kind'] }>;

export type LayerSchema = Exactly<
  'LayerShape',
  { geometry: 'point' | 'line' | 'area' | 'point_or_area' | 'line_or_area'; fields: ThingField[] }
>;

/** Why a value was not taken. */
export interface Fault {
  field: string;
  message: string;
  remedy: string;
}

export const exportFormats = ['xlsx', 'csv', 'geojson', 'gpkg', 'fgb', 'pmtiles'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export async function files(signal?: AbortSignal): Promise<DeskFile[]> {
  return (await request<{ files: DeskFile[] }>('GET', 'desk/files', { signal })).files;
}

export function removeFile(id: string): Promise<null> {
  return request('DELETE', `desk/files/${encodeURIComponent(id)}`);
}

/** Sends a file and tells how much of it has gone; only the old kind of request can tell. */
export function upload(file: File, sent: (bytes: number) => void, signal: AbortSignal): Promise<DeskFile> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const stop = () => call.abort();
    call.open('POST', address('desk/files', { name: file.name }));
    call.setRequestHeader('accept', 'application/json');
    call.setRequestHeader('content-type', 'application/octet-stream');
    call.responseType = 'text';
    call.upload.onprogress = (event) => sent(event.loaded);
    call.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    call.onerror = () => reject(new Unreachable('the connection broke'));
    call.onload = () => {
      if (call.status >= 502 && call.status <= 504) return reject(new Unreachable(`HTTP ${call.status}`));
      let answer: unknown = null;
      try {
        answer = JSON.parse(call.responseText);
      } catch {
        // Told by the status below.
      }
      if (call.status < 200 || call.status > 299) {
        return reject(new Refused({ ...(answer as object), status: call.status } as Problem));
      }
      if (answer === null) return reject(new Unreachable('not an answer of Gridweave'));
      resolve(answer as DeskFile);
    };
    call.onloadend = () => signal.removeEventListener('abort', stop);
    if (signal.aborted) return reject(new DOMException('aborted', 'AbortError'));
    signal.addEventListener('abort', stop);
    call.send(file);
  });
}

async function start(path: string, body: object, signal?: AbortSignal): Promise<string> {
  return (await request<{ job: string }>('POST', path, { body, signal })).job;
}

export function startPreview(reading: Reading, signal?: AbortSignal): Promise<string> {
  return start('desk/preview', reading, signal);
}

export function startImport(reading: Reading, by: Signature): Promise<string> {
  return start('desk/import', { ...reading, ...by });
}

export function job<T>(id: string, signal?: AbortSignal): Promise<Job<T>> {
  return request('GET', `jobs/${encodeURIComponent(id)}`, { signal });
}

export function cancelJob(id: string): Promise<null> {
  return request('DELETE', `jobs/${encodeURIComponent(id)}`);
}

export function problemsAddress(job: string, extension: 'xlsx' | 'jsonl'): string {
  return address(`jobs/${encodeURIComponent(job)}/problems.${extension}`);
}

export function exportAddress(layer: string, format: ExportFormat): string {
  return address(`export/${layer}.${format}`);
}

/** Newest first; `before` a version continues an earlier page. */
export async function changes(limit: number, before?: number, signal?: AbortSignal): Promise<Change[]> {
  return (await request<{ changes: Change[] }>('GET', 'changes', { query: { limit, before }, signal })).changes;
}

export async function undo(version: number, by: Signature): Promise<number> {
  return (await request<{ version: number }>('POST', `changes/${version}/undo`, { body: by })).version;
}

export async function schema(signal?: AbortSignal): Promise<LayerSchema[]> {
  return (await request<{ layers: LayerSchema[] }>('GET', 'schema', { signal })).layers;
}

export function thing(layer: string, id: number, signal?: AbortSignal): Promise<Thing> {
  return request('GET', `features/${layer}/${id}`, { signal });
}

/** What is to change of a thing; null clears a field. */
export interface Amendment {
  properties: Record<string, Value>;
  geometry?: Geometry;
}

export function addThing(layer: string, amendment: Amendment, by: Signature): Promise<Thing> {
  return request('POST', `features/${layer}`, { body: { ...by, ...amendment } });
}

export function changeThing(of: Thing, amendment: Amendment, by: Signature): Promise<Thing> {
  return request('PATCH', `features/${of.layer}/${of.id}`, {
    body: { ...by, ...amendment },
    headers: { 'if-match': `"${of.etag}"` }
  });
}

export function removeThing(of: Thing, by: Signature): Promise<{ version: number }> {
  return request('DELETE', `features/${of.layer}/${of.id}`, { body: by, headers: { 'if-match': `"${of.etag}"` } });
}

function extension<T>(error: unknown, status: number, name: string): T | undefined {
  if (!(error instanceof Refused) || error.status !== status) return undefined;
  return (error.problem as Problem & Record<string, unknown>)[name] as T | undefined;
}

/** The values that were not taken, when that is why the server refused. */
export function faultsOf(error: unknown): Fault[] {
  return extension<Fault[]>(error, 422, 'faults') ?? [];
}

/** What stands on the server now, null when it is gone; undefined when that is not why it refused. */
export function currentOf(error: unknown): Thing | null | undefined {
  if (error instanceof Refused && error.status === 404) return null;
  return extension<Thing | null>(error, 412, 'current');
}

export function clashesOf(error: unknown): Clash[] | undefined {
  if (!(error instanceof Refused) || error.status !== 409) return undefined;
  return extension<Clash[]>(error, 409, 'features') ?? [];
}
