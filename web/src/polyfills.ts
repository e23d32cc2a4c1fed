// What the map engine asks of a browser and Chromium 90 does not have. `npm run check:floor` finds what else is used.

const has = Object.prototype.hasOwnProperty;
const shims: [object, string, (...parameters: never[]) => unknown][] = [
  [Object, 'hasOwn', (object: object, key: PropertyKey) => has.call(object, key)],
  [Array.prototype, 'at', at],
  [String.prototype, 'at', at],
  [Array.prototype, 'findLast', findLast]
];

function at(this: ArrayLike<unknown>, index: number): unknown {
  const place = Math.trunc(index) || 0;
  return this[place < 0 ? this.length + place : place];
}

function findLast(this: unknown[], test: (value: unknown, index: number, all: unknown[]) => boolean): unknown {
  for (let index = this.length - 1; index >= 0; index--) {
    if (test(this[index], index, this)) return this[index];
  }
  return undefined;
}

for (const [owner, name, value] of shims) {
  if (!(name in owner)) Object.defineProperty(owner, name, { value, configurable: true, writable: true });
}

export {};
