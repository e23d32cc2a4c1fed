// Proves that what was built runs in Chromium 90: its syntax parses there, and what it calls exists there.
//
// 1. Every script must parse as ES2021 plus class fields, private members and top-level await (Chromium 72-89), without
//    static blocks (94) and `#name in object` (91).
// 2. No script may call an API younger than 90 unless `src/polyfills.ts` brings it or the call is guarded.
// 3. No style sheet may depend on a younger feature.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';
import { full } from 'acorn-walk';

const assets = new URL('../dist/assets', import.meta.url).pathname;

/** Brought by src/polyfills.ts, to page and worker alike. */
const patched = new Set(['Object.hasOwn', '.at()', '.findLast()']);

/** Static members that came after Chromium 90. */
const youngStatics = {
  Object: ['hasOwn', 'groupBy'],
  Map: ['groupBy'],
  Array: ['fromAsync'],
  AbortSignal: ['timeout', 'any', 'abort'],
  Promise: ['withResolvers', 'try'],
  crypto: ['randomUUID'],
  Response: ['json'],
  URL: ['canParse', 'parse'],
  CSS: ['highlights'],
  Intl: ['supportedValuesOf', 'DurationFormat']
};
const youngGlobals = ['structuredClone', 'reportError', 'EyeDropper'];
const youngMethods = [
  'at',
  'findLast',
  'findLastIndex',
  'toSorted',
  'toReversed',
  'toSpliced',
  'isWellFormed',
  'toWellFormed',
  'roundRect',
  'throwIfAborted',
  'showPopover',
  'hidePopover',
  'togglePopover',
  'checkVisibility',
  'transferToFixedLength',
  'setHTML',
  'getSetCookie',
  'requestClose',
  'startViewTransition'
];
const youngStyles = [
  [/:has\(/, ':has()'],
  [/@container\b/, '@container'],
  [/@layer\b/, '@layer'],
  [/@scope\b/, '@scope'],
  [/@starting-style\b/, '@starting-style'],
  [/\bcolor-mix\(/, 'color-mix()'],
  [/\boklch\(|\boklab\(|\blch\(|\blab\(/, 'oklch() and its kin'],
  [/\blight-dark\(/, 'light-dark()'],
  [/\d(?:dvh|svh|lvh|dvw|svw|lvw)\b/, 'dvh and its kin'],
  [/[{;]\s*&/, 'nesting'],
  [/\b(?:translate|rotate|scale)\s*:(?!root)/, 'individual transforms'],
  [/\bsubgrid\b/, 'subgrid'],
  [/\btext-wrap\s*:/, 'text-wrap'],
  [/\(\s*(?:width|height)\s*[<>]/, 'range media queries']
];

const faults = [];
const allowed = [];

for (const name of readdirSync(assets).sort()) {
  const text = () => readFileSync(join(assets, name), 'utf8');
  if (/\.m?js$/.test(name)) checkScript(name, text());
  if (name.endsWith('.css')) checkStyle(name, text());
}

for (const line of allowed) console.log(`  ${line}`);
if (faults.length > 0) {
  console.error(`younger than Chromium 90:\n  ${faults.join('\n  ')}`);
  process.exit(1);
}
console.log('everything that was built runs in Chromium 90');

function checkScript(name, text) {
  let tree;
  try {
    // Acorn knows class fields from 2022 on; what else came then is looked for below.
    tree = parse(text, { ecmaVersion: 2022, sourceType: 'module' });
  } catch (error) {
    faults.push(`${name}: ${error.message}`);
    return;
  }
  const found = new Map();
  const note = (what, node) => {
    if (!found.has(what)) found.set(what, []);
    found.get(what).push(node.start);
  };

  full(tree, (node) => {
    if (node.type === 'StaticBlock') note('static block', node);
    if (node.type === 'BinaryExpression' && node.operator === 'in' && node.left.type === 'PrivateIdentifier') {
      note('#name in object', node);
    }
    if (node.type === 'Literal' && node.regex && /[dv]/.test(node.regex.flags)) note('regular expression flag', node);
    if (node.type === 'CallExpression') {
      const { callee } = node;
      if (callee.type === 'Identifier' && youngGlobals.includes(callee.name)) note(callee.name, node);
      if (callee.type === 'MemberExpression' && !callee.computed) {
        const { object, property } = callee;
        if (
          object.type === 'Identifier' &&
          Object.hasOwn(youngStatics, object.name) &&
          youngStatics[object.name].includes(property.name)
        ) {
          note(`${object.name}.${property.name}`, node);
        } else if (youngMethods.includes(property.name)) {
          note(`.${property.name}()`, node);
        }
      }
    }
  });

  for (const [what, places] of found) {
    if (patched.has(what)) {
      allowed.push(`${name}: ${what}, ${places.length} times, patched`);
      continue;
    }
    const shown = text.slice(Math.max(0, places[0] - 60), places[0] + 60).replace(/\s+/g, ' ');
    faults.push(`${name}: ${what}, ${places.length} times, first in …${shown}…`);
  }
}

function checkStyle(name, text) {
  for (const [pattern, what] of youngStyles) {
    const match = pattern.exec(text);
    if (!match) continue;
    // The explorer's library uses them for trimmings: an old browser drops those rules and the page reads as well.
    if (name.startsWith('docs-')) allowed.push(`${name}: ${what}, of no consequence there`);
    else faults.push(`${name}: ${what} in …${text.slice(Math.max(0, match.index - 50), match.index + 40)}…`);
  }
}
