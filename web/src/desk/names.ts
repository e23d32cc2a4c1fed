// Names of datums, fields and changes in the language of the page.
import type { DatumScore, Preview, Tally } from '../api/desk';
import type { GridClass } from '../api/types';
import { i18n } from '../i18n/index.svelte';
import { zoneOf } from './crs';
import { texts } from './texts/index.svelte';

export function datumName(crs: string): string {
  const { t } = texts;
  const word = t.datumNames[crs.toLowerCase()];
  if (word) return word;
  if (/^epsg:4326$/i.test(crs)) return t.datumNames.wgs84;
  if (/^epsg:4490$/i.test(crs)) return t.datumNames.cgcs2000;
  if (/^epsg:(3857|900913)$/i.test(crs)) return t.webMercator;
  const zone = zoneOf(crs);
  if (!zone) return crs;
  const name = t.zoneName(String(zone.width), String(zone.meridian));
  // The number of the zone is how people recognise such coordinates: 35 400 000 lies in zone 35.
  const number = zone.width === 3 ? zone.meridian / 3 : (zone.meridian + 3) / 6;
  return zone.prefixed ? name + t.zonePrefixed(String(number)) : name;
}

export function scoreName({ crs, swapped }: Pick<DatumScore, 'crs' | 'swapped'>): string {
  const name = datumName(crs);
  return swapped ? texts.t.swappedName(name) : name;
}

export function fieldName(name: string): string {
  // Where a table says it stands, which is no field of the layer.
  if (name === 'lon' || name === 'lat' || name === 'position' || name === 'wkt') return texts.t[name];
  return i18n.t.columns[name] ?? name;
}

export function percent(share: number): string {
  // 99.96 % is not all of it.
  const shown = share < 1 ? Math.min(share, 0.999) : 1;
  return new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 1 }).format(shown);
}

export function sizeOf(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? i18n.number(size) : i18n.decimal(size)} ${units[unit]}`;
}

export const tallyKinds = ['added', 'updated', 'unchanged', 'removed', 'derived'] as const;

export function sum(tallies: readonly Tally[], kind: (typeof tallyKinds)[number]): number {
  return tallies.reduce((total, tally) => total + (tally[kind] ?? 0), 0);
}

/** How many things an import would alter. */
export function alterations(tallies: readonly Tally[]): number {
  return sum(tallies, 'added') + sum(tallies, 'updated') + sum(tallies, 'removed');
}

/** Whether the city holds all of it already. */
export function same({ problems, tallies, total }: Preview): boolean {
  return problems.errors === 0 && total > 0 && alterations(tallies) === 0;
}

export function when(time: string): string {
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) return time;
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' }).format(moment);
}

/** A word of ours, such as the kind of a building, as people say it. */
export function wordName(field: string, word: string): string {
  const { t } = i18n;
  if (field === 'class') return t.classes[word as GridClass] ?? t.valueNames[word] ?? word;
  return t.valueNames[word] ?? word;
}
