// One source on the desk: its way to the server, how it is to be read, its dry run and its import.
import { isAbort, Refused, Unreachable } from '../api/client';
import * as api from '../api/desk';
import type { DeskFile, Finding, Findings, Imported, Matching, Preview, Reading, Sheet, Signature } from '../api/desk';
import { answers, describe } from '../state/answers.svelte';
import { follow, pause } from './jobs';

export interface Progress {
  /** What is going on, in the server's words; empty before it says. */
  what: string;
  done: number;
  /** 0 while nobody knows. */
  all: number;
}

export type Journey =
  | { kind: 'waiting' }
  | { kind: 'sending'; sent: number; again: boolean }
  /** `unreadable` says that sending it again would change nothing. */
  | { kind: 'broken'; message: string; unreadable: boolean }
  | { kind: 'here'; file: DeskFile };

export type Check =
  | { kind: 'none' }
  | { kind: 'running'; progress: Progress }
  | { kind: 'done'; job: string; preview: Preview }
  | { kind: 'failed'; message: string };

export type Outcome =
  | { kind: 'none' }
  | { kind: 'running'; progress: Progress }
  | { kind: 'done'; job: string; imported: Imported }
  | { kind: 'undone'; imported: Imported; by: number }
  | { kind: 'failed'; message: string; job: string | null; findings: Findings | null };

/** Files up to this size are checked again by themselves after each change of how they are read. */
const quick = 24 << 20;
/** Pauses before a broken line is tried again, in milliseconds. */
const retries = [1_000, 3_000, 8_000];
/** The person at the desk is still choosing. */
const settle = 350;

export class Source {
  name = $state('');
  bytes = $state(0);
  journey = $state.raw<Journey>({ kind: 'waiting' });
  sheet = $state.raw<Sheet | null>(null);
  layer = $state<string | null>(null);
  crs = $state<string | null>(null);
  swapped = $state<true | null>(null);
  map = $state.raw<Matching>({});
  replace = $state(false);
  /** Whether it is read as a file like it was read last time. */
  remembered = $state(false);
  check = $state.raw<Check>({ kind: 'none' });
  /** The last dry run, while a newer one is under way. */
  shown = $state.raw<Preview | null>(null);
  outcome = $state.raw<Outcome>({ kind: 'none' });

  private files: File[];
  private sending = new AbortController();
  private checking: AbortController | null = null;
  private importing: AbortController | null = null;

  constructor(
    readonly key: number,
    files: File[],
    known: DeskFile | null = null
  ) {
    this.files = files;
    this.name = known?.name ?? files[0]?.name ?? '';
    this.bytes = known?.bytes ?? files.reduce((sum, file) => sum + file.size, 0);
    if (known) this.arrive(known);
  }

  get file(): DeskFile | null {
    return this.journey.kind === 'here' ? this.journey.file : null;
  }

  /** Whether nothing that the server knows would be lost by forgetting it here. */
  get settled(): boolean {
    return this.outcome.kind === 'done' || this.outcome.kind === 'undone';
  }

  /** Sends all parts; a broken line is tried again a few times. Resolves when there is nothing more to do. */
  async send(): Promise<void> {
    const { signal } = (this.sending = new AbortController());
    let file: DeskFile | null = null;
    let before = 0;
    for (const part of this.files) {
      for (let attempt = 0; ; attempt++) {
        this.journey = { kind: 'sending', sent: before, again: attempt > 0 };
        try {
          file = await api.upload(
            part,
            (bytes) => (this.journey = { kind: 'sending', sent: before + bytes, again: attempt > 0 }),
            signal
          );
          break;
        } catch (error) {
          if (isAbort(error)) return;
          const line = error instanceof Unreachable;
          if (!line || attempt >= retries.length) {
            const unreadable = error instanceof Refused && error.status < 500;
            this.journey = { kind: 'broken', message: describe(error), unreadable };
            return;
          }
          try {
            await pause(retries[attempt], signal);
          } catch {
            return;
          }
        }
      }
      before += part.size;
    }
    if (file) this.arrive(file);
  }

  /** The server has it: read it as files like it were read before, or as the server guesses. */
  arrive(file: DeskFile): void {
    this.name = file.name;
    this.bytes = file.bytes;
    this.journey = { kind: 'here', file };
    // The sheet with the most rows is the data; the others are notes and covers.
    const sheets = [...file.sheets].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0));
    this.chooseSheet(this.sheet ? (file.sheets.find(({ name }) => name === this.sheet?.name) ?? sheets[0]) : sheets[0]);
  }

  chooseSheet(sheet: Sheet | undefined): void {
    this.sheet = sheet ?? null;
    // OpenStreetMap has no tables, and is what it is.
    const { remembered = null, layer = this.file?.format === 'osm' ? 'osm' : null } = sheet ?? {};
    this.remembered = remembered !== null;
    this.layer = remembered?.layer ?? layer;
    this.crs = remembered?.crs ?? null;
    this.swapped = null;
    this.map = remembered?.map ?? {};
    this.changed();
  }

  /** Reads it as if no file like it had ever come. */
  forget(): void {
    this.remembered = false;
    this.layer = this.sheet?.layer ?? null;
    this.crs = null;
    this.map = {};
    this.changed();
  }

  chooseLayer(layer: string | null): void {
    this.remembered = false;
    this.layer = layer;
    this.map = {};
    this.shown = null;
    this.changed();
  }

  chooseDatum(crs: string | null, swapped: true | null = null): void {
    this.crs = crs;
    this.swapped = swapped;
    this.changed();
  }

  chooseReplace(replace: boolean): void {
    this.replace = replace;
    this.changed();
  }

  /** "" reads no column into the field, null lets the server decide again. */
  match(field: string, column: string | null): void {
    const map = { ...this.map };
    if (column === null) delete map[field];
    else map[field] = column;
    this.map = map;
    this.changed();
  }

  /** Whether changes are followed by a dry run of their own. */
  get automatic(): boolean {
    return this.bytes <= quick;
  }

  /** Anything about the reading is different: the last dry run no longer tells what an import would do. */
  private changed(): void {
    this.checking?.abort();
    this.check = { kind: 'none' };
    this.outcome = { kind: 'none' };
    if (this.layer !== null && this.file?.problem?.severity !== 'error' && this.automatic) void this.dryRun(settle);
  }

  private reading(): (Reading & { swapped?: true }) | null {
    if (!this.file || this.layer === null) return null;
    const { file, sheet, layer, crs, map, replace, swapped } = this;
    const of = file.sheets.length > 1 ? (sheet?.name ?? null) : null;
    return { file: file.id, sheet: of, layer, crs, map, replace, ...(swapped ? { swapped } : {}) };
  }

  async dryRun(delay = 0): Promise<void> {
    const reading = this.reading();
    if (!reading) return;
    this.checking?.abort();
    const { signal } = (this.checking = new AbortController());
    this.check = { kind: 'running', progress: { what: '', done: 0, all: 0 } };
    try {
      await pause(delay, signal);
      const id = await api.startPreview(reading, signal);
      const tell = (progress: Progress) => (this.check = { kind: 'running', progress });
      const job = await follow<Preview>(id, tell, signal);
      if (signal.aborted) return;
      if (job.state === 'done' && job.result) {
        this.shown = job.result;
        this.check = { kind: 'done', job: id, preview: job.result };
      } else if (job.state === 'cancelled') {
        this.check = { kind: 'none' };
      } else {
        this.check = { kind: 'failed', message: job.problem?.detail ?? job.problem?.title ?? '' };
      }
    } catch (error) {
      if (signal.aborted) return;
      answers.note(error);
      this.check = { kind: 'failed', message: describe(error) };
    }
  }

  cancelCheck(): void {
    this.checking?.abort();
    this.check = { kind: 'none' };
  }

  async bringIn(by: Signature): Promise<void> {
    const reading = this.reading();
    if (!reading) return;
    const { signal } = (this.importing = new AbortController());
    this.outcome = { kind: 'running', progress: { what: '', done: 0, all: 0 } };
    try {
      const id = await api.startImport(reading, by);
      const tell = (progress: Progress) => (this.outcome = { kind: 'running', progress });
      const job = await follow<Imported>(id, tell, signal);
      if (job.state === 'done' && job.result) {
        this.outcome = { kind: 'done', job: id, imported: job.result };
        await answers.loadCity();
      } else if (job.state === 'cancelled') {
        this.outcome = { kind: 'none' };
      } else {
        const message = job.problem?.detail ?? job.problem?.title ?? '';
        this.outcome = { kind: 'failed', message, job: id, findings: job.result?.problems ?? null };
      }
    } catch (error) {
      if (isAbort(error)) {
        this.outcome = { kind: 'none' };
        return;
      }
      answers.note(error);
      this.outcome = { kind: 'failed', message: describe(error), job: null, findings: null };
    }
  }

  cancelImport(): void {
    this.importing?.abort();
  }

  /** Stops all that is under way; the caller drops it. */
  async remove(): Promise<void> {
    this.sending.abort();
    this.checking?.abort();
    this.importing?.abort();
    // What was imported has left the server's desk already.
    if (this.file && !this.settled) await api.removeFile(this.file.id);
  }
}

/** The problem that keeps a file from being read, or null. */
export function fatal(file: DeskFile): Finding | null {
  return file.problem?.severity === 'error' ? file.problem : null;
}
