// WGS 84 to GCJ-02 to BD-09, as published; only to type what a user of those maps would type.
const { PI, abs, atan2, cos, hypot, sin, sqrt } = Math;
const axis = 6378245;
const eccentricity = 0.00669342162296594323;

export function gcj02([lon, lat]) {
  const x = lon - 105;
  const y = lat - 35;
  const common = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const angle = (lat / 180) * PI;
  const m = 1 - eccentricity * sin(angle) ** 2;
  return [
    lon + (east * 180) / ((axis / sqrt(m)) * cos(angle) * PI),
    lat + (north * 180) / (((axis * (1 - eccentricity)) / (m * sqrt(m))) * PI)
  ];
}

export function bd09(place) {
  const [lon, lat] = gcj02(place);
  const turn = (PI * 3000) / 180;
  const z = hypot(lon, lat) + 0.00002 * sin(lat * turn);
  const theta = atan2(lat, lon) + 0.000003 * cos(lon * turn);
  return [z * cos(theta) + 0.0065, z * sin(theta) + 0.006];
}
