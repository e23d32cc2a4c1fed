import type { Bounds, City, GridCard, Located, Problem, Rows, SearchResult, TableLayer } from './types';

/** The server answered, and said no. */
export class Refused extends Error {
  readonly status: number;
  readonly detail: string;
  /** All that it said, with what some answers carry beyond RFC 9457. */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title ?? `HTTP ${problem.status}`);
    this.name = 'Refused';
    this.problem = problem;
    this.status = problem.status;
    this.detail = problem.detail ?? problem.title ?? '';
  }
}

/** No answer came: the server is gone, or something between us and it is. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.name = 'Unreachable';
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Where the application lives, ending in a slash: behind a proxy that need not be the origin's root. */
export const root = typeof document === 'undefined' ? '/' : new URL('.', document.baseURI).href;

type Query = Record<string, string | number | undefined>;

export interface Call {
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const search = parameters.toString();
  return `${root}api/v1/${path}${search ? `?${search}` : ''}`;
}

/** What the server says in JSON; null when it has nothing to say (204). */
export async function request<T>(method: string, path: string, call: Call = {}): Promise<T> {
  const { query, body, headers = {}, signal } = call;
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Unreachable(error);
  }

  // A gateway that lost its server answers in the server's place.
  if (response.status >= 502 && response.status <= 504) throw new Unreachable(`HTTP ${response.status}`);
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refused({ ...problem, status: response.status });
  }
  if (response.status === 204) return null as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Unreachable(error);
  }
}

function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request('GET', path, { query, signal });
}

export function city(signal?: AbortSignal): Promise<City> {
  return get('city', {}, signal);
}

export function locate(lon: number, lat: number, crs: string, signal?: AbortSignal): Promise<Located> {
  return get('locate', { lon, lat, crs }, signal);
}

export function grid(code: string, signal?: AbortSignal): Promise<GridCard> {
  return get(`grids/${encodeURIComponent(code)}`, {}, signal);
}

export async function search(q: string, limit: number, signal?: AbortSignal): Promise<SearchResult[]> {
  return (await get<{ results: SearchResult[] }>('search', { q, limit }, signal)).results;
}

export interface RowsQuery {
  bbox?: Bounds;
  q?: string;
  sort?: string;
  limit: number;
  offset?: number;
}

export function rows(layer: TableLayer, query: RowsQuery, signal?: AbortSignal): Promise<Rows> {
  return get(layer, { ...query, bbox: query.bbox?.map((degrees) => degrees.toFixed(6)).join(',') }, signal);
}
