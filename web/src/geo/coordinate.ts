// Reads a coordinate in the ways people write them: "104.39, 31.13", "31.13N 104.39E", "北纬31°7′48″，东经104°23′24″",
// "geo:31.13,104.39". The datum is never guessed: it is asked for.

export interface Coordinate {
  lon: number;
  lat: number;
}

type Axis = 'lon' | 'lat';

interface Angle {
  degrees: number;
  axis: Axis | null;
}

const fullWidth: Record<string, string> = {
  '，': ',',
  '、': ',',
  '；': ',',
  ';': ',',
  '。': '.',
  '．': '.',
  '－': '-',
  '−': '-',
  '＋': '+',
  '：': ':',
  '（': ' ',
  '）': ' ',
  '(': ' ',
  ')': ' ',
  '[': ' ',
  ']': ' ',
  '°': 'd',
  º: 'd',
  度: 'd',
  '′': 'm',
  "'": 'm',
  '’': 'm',
  '‘': 'm',
  分: 'm',
  '″': 's',
  '"': 's',
  '”': 's',
  '“': 's',
  秒: 's'
};

function normalise(text: string): string {
  let plain = '';
  // Words first: the 度 of 经度 is no degree sign.
  const worded = text
    .replace(/东经|經度|经度|longitude|lng|lon/gi, 'E')
    .replace(/北纬|緯度|纬度|latitude|lat/gi, 'N')
    .replace(/西经/g, 'W')
    .replace(/南纬/g, 'S');
  for (const character of worded.trim()) {
    const code = character.codePointAt(0)!;
    if (fullWidth[character] !== undefined) plain += fullWidth[character];
    // Full-width digits and letters sit at a fixed distance from the ASCII ones.
    else if (code >= 0xff10 && code <= 0xff5a) plain += String.fromCodePoint(code - 0xfee0);
    else plain += character;
  }
  // Two primes are how some write a double one.
  return plain.replace(/mm/g, 's').replace(/[=:]/g, ' ');
}

const letter = '[NSEWnew]';
const number = '[+-]?\\d+(?:\\.\\d+)?';
/** One angle: decimal degrees, or degrees with minutes and perhaps seconds; the letter before or after it. */
const anglePattern = new RegExp(
  `^(${letter})?\\s*(${number})(?:\\s*d)?(?:\\s*(\\d+(?:\\.\\d+)?)\\s*m(?:\\s*(\\d+(?:\\.\\d+)?)\\s*s?)?)?\\s*(${letter}|S)?$`
);
/** The same with bare spaces, as in "31 07 52.1". */
const spacedPattern = new RegExp(
  `^(${letter}|S)?\\s*(\\d+)\\s+(\\d+(?:\\.\\d+)?)(?:\\s+(\\d+(?:\\.\\d+)?))?\\s*(${letter}|S)?$`
);

function readAngle(text: string): Angle | null {
  const match = anglePattern.exec(text) ?? spacedPattern.exec(text);
  if (!match) return null;
  const [, before, degrees, minutes, seconds, after] = match;
  if (before && after) return null;
  const side = (before ?? after ?? '').toUpperCase();
  const whole = Number(degrees);
  if (Number(minutes ?? 0) >= 60 || Number(seconds ?? 0) >= 60) return null;
  const size = Math.abs(whole) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600;
  const negative = degrees.startsWith('-') || side === 'S' || side === 'W';
  return {
    degrees: negative ? -size : size,
    axis: side === '' ? null : side === 'N' || side === 'S' ? 'lat' : 'lon'
  };
}

/** Every way to cut the text in two angles; a comma decides, otherwise each space is tried. */
function* cuts(text: string): Generator<[string, string]> {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 2) {
    yield [parts[0], parts[1]];
    return;
  }
  if (parts.length !== 1) return;
  const words = parts[0].split(/\s+/);
  // The middle first: "31 07 52 104 23 24" is two angles of three words.
  const order = words.map((_, index) => index).sort((a, b) => middle(a) - middle(b));
  function middle(index: number): number {
    return Math.abs(index - words.length / 2);
  }
  for (const index of order) {
    if (index > 0) yield [words.slice(0, index).join(' '), words.slice(index).join(' ')];
  }
  // Glued together, as in "31.13N104.39E".
  const glued = new RegExp(`^(.*?[dmsNSEW\\d])\\s*(${letter}.*)$`).exec(parts[0]);
  if (glued) yield [glued[1], glued[2]];
  const lettersAfter = new RegExp(`^(.*?(?:${letter}|S))\\s*(\\d.*)$`).exec(parts[0]);
  if (lettersAfter) yield [lettersAfter[1], lettersAfter[2]];
}

function arrange(first: Angle, second: Angle): Coordinate | null {
  if (first.axis && second.axis && first.axis === second.axis) return null;
  let lonFirst: boolean;
  if (first.axis) lonFirst = first.axis === 'lon';
  else if (second.axis) lonFirst = second.axis === 'lat';
  else if (Math.abs(first.degrees) > 90) lonFirst = true;
  else if (Math.abs(second.degrees) > 90) lonFirst = false;
  // West of 90°E both orders are possible numbers; only one of them is in China.
  else lonFirst = !(first.degrees >= 3 && first.degrees < 54 && second.degrees >= 73);
  const lon = lonFirst ? first.degrees : second.degrees;
  const lat = lonFirst ? second.degrees : first.degrees;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90) return null;
  return { lon: round(lon), lat: round(lat) };
}

/** Nine places are a tenth of a millimetre, and drop the dust of dividing by sixty. */
function round(degrees: number): number {
  return Math.round(degrees * 1e9) / 1e9;
}

/** The coordinate in `text`, or null when it is something else, such as a code or a name. */
export function readCoordinate(text: string): Coordinate | null {
  const geo = /^\s*geo:([+-]?[\d.]+),([+-]?[\d.]+)/i.exec(text);
  if (geo) {
    return arrange({ degrees: Number(geo[1]), axis: 'lat' }, { degrees: Number(geo[2]), axis: 'lon' });
  }
  const plain = normalise(text);
  if (/[^\d\s.,+\-dmsNSEWnsew]/.test(plain)) return null;
  for (const [left, right] of cuts(plain)) {
    const first = readAngle(left.trim());
    const second = readAngle(right.trim());
    if (first && second) {
      const coordinate = arrange(first, second);
      if (coordinate) return coordinate;
    }
  }
  return null;
}

/** 104.39789, 31.13114: five places are a metre. */
export function writeCoordinate(lon: number, lat: number, places = 5): string {
  return `${lon.toFixed(places)}, ${lat.toFixed(places)}`;
}
