// One thing being edited: what stands on the server, what was typed and moved, and what the server made of it.
import * as api from '../api/desk';
import type { Fault, Finding, LayerSchema, Thing, ThingField, Value } from '../api/desk';
import type { Geometry, LonLat } from '../api/types';
import { readCoordinate } from '../geo/coordinate';
import { answers, describe } from '../state/answers.svelte';
import type { Handle } from '../state/drawing';
import type { EditLayer } from '../state/view';
import { signature } from './signature.svelte';
import { crossesItself, middle, ringOf, rounded, shapeOf } from './shapes';

/** What is in the form: text as typed, so that the server judges it by the rules that files are read by. */
export type Entry = string | boolean | null;

/** More corners than this cannot be told apart on the screen. */
const mostCorners = 150;

interface Corner {
  key: number;
  place: LonLat;
}

export type Phase =
  | { kind: 'idle' }
  | { kind: 'saving' }
  | { kind: 'saved'; version: number; added: boolean; remarks: Finding[] }
  | { kind: 'failed'; message: string }
  /** `current` is what somebody else made of it; null when it is gone. */
  | { kind: 'conflict'; current: Thing | null };

export class Edit {
  readonly fields: ThingField[];
  base = $state.raw<Thing | null>(null);
  entries = $state<Record<string, Entry>>({});
  geometry = $state.raw<Geometry | null>(null);
  /** The corners that can be dragged; null while the outline only shows. */
  corners = $state.raw<Corner[] | null>(null);
  /** Whether clicks on the map set points. */
  drawing = $state(false);
  faults = $state.raw<Fault[]>([]);
  phase = $state.raw<Phase>({ kind: 'idle' });
  /** Somebody tried to open another thing before this one was saved. */
  blocked = $state(false);

  private nextKey = 1;

  constructor(
    readonly layer: EditLayer,
    readonly schema: LayerSchema,
    base: Thing | null
  ) {
    this.fields = schema.fields;
    this.load(base);
  }

  load(base: Thing | null): void {
    this.base = base;
    this.entries = Object.fromEntries(
      this.fields.map((field) => [field.name, entryOf(field, base?.properties[field.name] ?? null)])
    );
    this.geometry = base?.geometry ?? null;
    this.corners = null;
    this.drawing = false;
    this.faults = [];
    this.phase = { kind: 'idle' };
    this.blocked = false;
  }

  get id(): number | null {
    return this.base?.id ?? null;
  }

  get name(): string {
    const { entries } = this;
    return String(entries.name || entries.code || '');
  }

  get moved(): boolean {
    return JSON.stringify(this.geometry) !== JSON.stringify(this.base?.geometry ?? null);
  }

  /** The values that differ from the server's. */
  get changed(): Record<string, Value> {
    const properties: Record<string, Value> = {};
    for (const field of this.fields) {
      const before = entryOf(field, this.base?.properties[field.name] ?? null);
      const after = this.entries[field.name];
      if (after !== before) properties[field.name] = valueOf(field, after);
    }
    return properties;
  }

  get dirty(): boolean {
    return this.moved || Object.keys(this.changed).length > 0;
  }

  /** Whether the shape is one that can be saved. */
  get sound(): boolean {
    if (!this.corners) return this.geometry !== null;
    const ring = this.corners.map(({ place }) => place);
    return ring.length >= 3 && !crossesItself(ring);
  }

  get crossed(): boolean {
    return this.corners !== null && crossesItself(this.corners.map(({ place }) => place));
  }

  get tooFine(): number | null {
    const count = ringOf(this.geometry)?.length ?? 0;
    return count > mostCorners ? count : null;
  }

  get canReshape(): boolean {
    return ringOf(this.geometry) !== null && this.tooFine === null;
  }

  faultOf(field: string): Fault | null {
    return this.faults.find((fault) => fault.field === field) ?? null;
  }

  set(field: string, entry: Entry): void {
    this.entries[field] = entry;
    this.faults = this.faults.filter((fault) => fault.field !== field);
    if (this.phase.kind === 'saved' || this.phase.kind === 'failed') this.phase = { kind: 'idle' };
  }

  /** Puts a point where the text says; false when it says nothing of the kind. */
  type(text: string): boolean {
    const read = readCoordinate(text);
    if (!read) return false;
    this.place([read.lon, read.lat]);
    return true;
  }

  place(at: LonLat): void {
    this.drawing = false;
    this.reshape({ type: 'Point', coordinates: rounded(at) });
  }

  /** Starts an outline from nothing. */
  draw(): void {
    this.corners = [];
    this.drawing = true;
    this.reshape(null);
  }

  /** Starts with a click that is still to come. */
  drawPoint(): void {
    this.corners = null;
    this.drawing = true;
    this.reshape(null);
  }

  grasp(): void {
    const ring = ringOf(this.geometry);
    if (ring) this.corners = ring.map((place) => ({ key: this.nextKey++, place }));
  }

  drawn(): void {
    if (this.sound) this.drawing = false;
  }

  stepBack(): void {
    if (this.corners) this.setCorners(this.corners.slice(0, -1));
  }

  resetShape(): void {
    this.geometry = this.base?.geometry ?? null;
    this.corners = null;
    this.drawing = false;
  }

  /** A click on the map while drawing. */
  pressed(at: LonLat): void {
    if (this.corners) this.setCorners([...this.corners, { key: this.nextKey++, place: rounded(at) }]);
    else this.place(at);
  }

  handles(label: (kind: Handle['kind'], number: number) => string): Handle[] {
    if (this.corners) {
      const { corners } = this;
      const there = corners.map<Handle>(({ key, place }, index) => ({
        id: `corner ${key}`,
        kind: 'corner',
        place,
        label: label('corner', index + 1)
      }));
      if (this.drawing) return there;
      return there.concat(
        corners.map<Handle>(({ key, place }, index) => ({
          id: `between ${key}`,
          kind: 'between',
          place: middle(place, corners[(index + 1) % corners.length].place),
          label: label('between', index + 1)
        }))
      );
    }
    if (this.geometry?.type !== 'Point') return [];
    return [{ id: 'point', kind: 'point', place: this.geometry.coordinates, label: label('point', 1) }];
  }

  /** The shape follows the handle; corners are set once it is let go, so that no handle vanishes in the hand. */
  dragged(id: string, at: LonLat, done: boolean): void {
    const place = rounded(at);
    if (id === 'point') return this.place(place);
    const { corners } = this;
    if (!corners) return;
    const [kind, key] = id.split(' ');
    const index = corners.findIndex((corner) => corner.key === Number(key));
    if (index < 0) return;
    const next = [...corners];
    if (kind === 'corner') next[index] = { ...corners[index], place };
    else next.splice(index + 1, 0, { key: this.nextKey++, place });
    if (done) this.setCorners(next);
    else this.reshape(shapeOf(next.map((corner) => corner.place)));
  }

  removed(id: string): void {
    const [kind, key] = id.split(' ');
    if (kind !== 'corner' || !this.corners || (this.corners.length <= 3 && !this.drawing)) return;
    this.setCorners(this.corners.filter((corner) => corner.key !== Number(key)));
  }

  private setCorners(corners: Corner[]): void {
    this.corners = corners;
    this.reshape(shapeOf(corners.map(({ place }) => place)));
  }

  private reshape(geometry: Geometry | null): void {
    this.geometry = geometry;
    this.faults = this.faults.filter(({ field }) => field !== 'geometry');
    if (this.phase.kind === 'saved' || this.phase.kind === 'failed') this.phase = { kind: 'idle' };
  }

  /** Saves what was changed; resolves to the thing as it now stands, or null. */
  async save(): Promise<Thing | null> {
    const by = signature.take();
    if (!by) return null;
    const amendment: api.Amendment = { properties: this.changed };
    if (this.moved && this.geometry) amendment.geometry = this.geometry;
    return this.attempt(
      this.base ? () => api.changeThing(this.base!, amendment, by) : () => api.addThing(this.layer, amendment, by)
    );
  }

  /** What somebody else deleted comes back as a thing of its own. */
  async saveAsNew(): Promise<Thing | null> {
    const { entries, geometry } = this;
    this.base = null;
    this.entries = entries;
    this.geometry = geometry;
    return this.save();
  }

  /** Goes on from what stands on the server, keeping of one's own changes those in `mine`. */
  rebase(current: Thing, mine: ReadonlySet<string>): void {
    const kept = { ...this.entries };
    const { geometry } = this;
    this.load(current);
    for (const field of mine) if (field !== 'geometry') this.entries[field] = kept[field];
    if (mine.has('geometry')) this.geometry = geometry;
  }

  private async attempt(change: () => Promise<Thing>): Promise<Thing | null> {
    this.phase = { kind: 'saving' };
    this.faults = [];
    try {
      const saved = await change();
      const added = this.base === null;
      this.load(saved);
      this.phase = { kind: 'saved', version: saved.version, added, remarks: saved.problems };
      await answers.loadCity();
      return saved;
    } catch (error) {
      answers.note(error);
      const current = this.base ? api.currentOf(error) : undefined;
      this.faults = api.faultsOf(error);
      this.phase = current !== undefined ? { kind: 'conflict', current } : { kind: 'failed', message: describe(error) };
      return null;
    }
  }
}

export function entryOf(field: ThingField, value: Value): Entry {
  if (field.kind === 'bool') return typeof value === 'boolean' ? value : null;
  return value === null ? '' : String(value);
}

export function valueOf(field: ThingField, entry: Entry): Value {
  if (typeof entry === 'boolean' || entry === null) return entry;
  const text = entry.trim();
  if (text === '') return null;
  const numeric = field.kind === 'integer' || field.kind === 'real';
  return numeric && /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The thing that is being edited; it stays while one looks at something else. */
class Held {
  edit = $state.raw<Edit | null>(null);
}
export const held = new Held();

let schemas: Promise<LayerSchema[]> | null = null;

/** Asked for once; again when that failed. */
export async function schemaOf(layer: EditLayer): Promise<LayerSchema> {
  schemas ??= api.schema().catch((error) => {
    schemas = null;
    throw error;
  });
  const found = (await schemas).find(({ name }) => name === layer);
  if (!found) throw new Error(layer);
  return found;
}
