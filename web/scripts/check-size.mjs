// JavaScript, gzipped, must stay within its budget: the map route's (page, engine and worker together), and what the data
// desk adds once somebody opens it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const budgets = { map: 520, desk: 120 };
const dist = new URL('../dist', import.meta.url).pathname;
const assets = join(dist, 'assets');

/** The scripts that a file needs, whichever way they name each other; `without` are somebody else's. */
function scriptsOf(file, without) {
  const names = new Set();
  const visit = (text) => {
    // The list of what to fetch ahead names the desk's scripts too; the calls themselves name the rest.
    for (const [, name] of text.replace(/const __vite__mapDeps=[^;]*;/, '').matchAll(/([\w.-]+\.m?js)\b/g)) {
      if (names.has(name) || without.has(name) || !existsSync(join(assets, name))) continue;
      names.add(name);
      visit(readFileSync(join(assets, name), 'utf8'));
    }
  };
  visit(readFileSync(join(dist, file), 'utf8'));
  return names;
}

const entry = readdirSync(assets).filter((name) => /^desk-.*\.js$/.test(name));
if (entry.length !== 1)
  throw new Error(`the desk is in one chunk of its own, not in ${entry.length}: ${entry.join(' ')}`);
// The API explorer is another page.
const map = scriptsOf('index.html', new Set(entry));
const desk = new Set([...entry, ...scriptsOf(join('assets', entry[0]), map)]);

let exceeded = false;
for (const [route, names] of Object.entries({ map, desk })) {
  let total = 0;
  for (const name of [...names].sort()) {
    const size = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length / 1024;
    total += size;
    console.log(`${size.toFixed(1).padStart(7)} KB  ${name}`);
  }
  console.log(`${total.toFixed(1).padStart(7)} KB  of ${budgets[route]} KB for the ${route}`);
  exceeded ||= total > budgets[route];
}
if (exceeded) process.exit(1);
