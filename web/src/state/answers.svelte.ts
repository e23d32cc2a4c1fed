// What the server said: the city, and the card of whatever is selected.
import * as api from '../api/client';
import type { City, GridCard, Located } from '../api/types';
import type { Selection } from './view';

export type CityState =
  | { kind: 'loading' }
  | { kind: 'ready'; city: City }
  | { kind: 'empty'; city: City }
  | { kind: 'failed'; message: string };

/** The card of the selection. `located` is there when a point was asked for. */
export type CardState =
  | { kind: 'none' }
  | { kind: 'loading' }
  | { kind: 'grid'; card: GridCard; located: Located | null }
  | { kind: 'outside'; located: Located }
  | { kind: 'unknown'; code: string }
  | { kind: 'failed'; message: string };

/** How long to wait before asking a silent server again, at first and at most. */
const patience = { first: 2_000, most: 15_000 };

class Answers {
  city = $state.raw<CityState>({ kind: 'loading' });
  card = $state.raw<CardState>({ kind: 'none' });
  /** false once a request found nobody; any answer makes it true again. */
  reachable = $state(true);
  /** Names of the grids around the selected one, by code. */
  names = $state.raw<Record<string, string>>({});

  private asking: AbortController | null = null;
  private selection: Selection = { kind: 'none' };
  private retry: ReturnType<typeof setTimeout> | undefined;
  private wait = patience.first;

  async loadCity(): Promise<void> {
    clearTimeout(this.retry);
    try {
      const city = await api.city();
      this.wait = patience.first;
      const cameBack = !this.reachable;
      this.reachable = true;
      const empty = city.bounds === null || Object.values(city.counts).every((count) => count === 0);
      const changed = this.city.kind === 'ready' && this.city.city.version !== city.version;
      this.city = { kind: empty ? 'empty' : 'ready', city };
      if (changed || (cameBack && this.card.kind === 'failed')) this.ask(this.selection);
    } catch (error) {
      this.note(error);
      // A city once shown stays on the screen, under the banner.
      if (this.city.kind !== 'ready') this.city = { kind: 'failed', message: describe(error) };
    }
  }

  /** Fetches the card of `selection`; the answer to an older question is dropped. */
  async ask(selection: Selection): Promise<void> {
    this.selection = selection;
    this.asking?.abort();
    if (selection.kind === 'none') {
      this.card = { kind: 'none' };
      return;
    }
    const asking = new AbortController();
    this.asking = asking;
    this.card = { kind: 'loading' };
    try {
      const card = await fetchCard(selection, asking.signal);
      if (asking.signal.aborted) return;
      this.reachable = true;
      this.card = card;
      if (card.kind === 'grid') this.fetchNames(card.card, asking.signal);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (error instanceof api.Refused && error.status === 404 && selection.kind === 'grid') {
        this.card = { kind: 'unknown', code: selection.code };
        return;
      }
      this.note(error);
      this.card = { kind: 'failed', message: describe(error) };
    }
  }

  askAgain(): void {
    this.ask(this.selection);
  }

  /** Tells apart a server that refuses from one that is gone, and keeps looking for the latter. */
  note(error: unknown): void {
    if (!(error instanceof api.Unreachable)) return;
    this.reachable = false;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.loadCity(), this.wait);
    this.wait = Math.min(this.wait * 2, patience.most);
  }

  /** Neighbours come as codes; their names are in the rows around the grid. */
  private async fetchNames(card: GridCard, signal: AbortSignal): Promise<void> {
    try {
      const { rows } = await api.rows('grids', { bbox: card.bounds, limit: 60 }, signal);
      const names: Record<string, string> = {};
      for (const row of rows) {
        if (typeof row.code === 'string' && typeof row.name === 'string') names[row.code] = row.name;
      }
      this.names = names;
    } catch {
      // The codes stand in for the names.
    }
  }
}

async function fetchCard(selection: Exclude<Selection, { kind: 'none' }>, signal: AbortSignal): Promise<CardState> {
  if (selection.kind === 'grid') {
    return { kind: 'grid', card: await api.grid(selection.code, signal), located: null };
  }
  const located = await api.locate(selection.lon, selection.lat, selection.crs, signal);
  if (!located.primary) return { kind: 'outside', located };
  return { kind: 'grid', card: located.primary, located };
}

export function describe(error: unknown): string {
  if (error instanceof api.Refused) return error.detail;
  return error instanceof Error ? error.message : String(error);
}

export const answers = new Answers();
