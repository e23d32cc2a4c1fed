// The coordinate reference systems that a district's files come in, and the codes of CGCS2000's Gauss-Krüger zones.

/** Central meridians of the three-degree zones over China, in degrees east; every second one is that of a six-degree zone. */
export const meridians = Array.from({ length: 21 }, (_, index) => 75 + 3 * index);

export interface Zone {
  meridian: number;
  width: 3 | 6;
  /** Whether eastings begin with the number of the zone. */
  prefixed: boolean;
}

const series: { first: number; width: Zone['width']; prefixed: boolean }[] = [
  { first: 4534, width: 3, prefixed: false },
  { first: 4513, width: 3, prefixed: true },
  { first: 4502, width: 6, prefixed: false },
  { first: 4491, width: 6, prefixed: true }
];

/** "EPSG:4543" for the three-degree zone around 102° E. */
export function epsgOf({ meridian, width, prefixed }: Zone): string {
  const { first } = series.find((one) => one.width === width && one.prefixed === prefixed)!;
  return `EPSG:${first + (meridian - 75) / width}`;
}

export function zoneOf(crs: string): Zone | null {
  const code = Number(/^epsg:(\d+)$/i.exec(crs.trim())?.[1]);
  for (const { first, width, prefixed } of series) {
    const meridian = 75 + (code - first) * width;
    if (meridian >= 75 && meridian <= 135) return { meridian, width, prefixed };
  }
  return null;
}

/** "4543", "epsg 4543" or "EPSG：4543" as the server reads it; null when it is no code. */
export function readEpsg(text: string): string | null {
  const code = /^\s*(?:epsg)?\s*[:：]?\s*(\d{4,6})\s*$/i.exec(text)?.[1];
  return code === undefined ? null : `EPSG:${code}`;
}
