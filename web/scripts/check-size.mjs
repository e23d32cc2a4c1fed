// The map route's JavaScript, gzipped, must stay within its budget: page, engine and worker together.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const budget = 520;
const dist = new URL('../dist', import.meta.url).pathname;

/** The scripts a page needs, whichever way they name each other. The API explorer is another page. */
function scriptsOf(page) {
  const names = new Set();
  const visit = (text) => {
    for (const [, name] of text.matchAll(/([\w.-]+\.m?js)\b/g)) {
      const file = join(dist, 'assets', name);
      if (names.has(name) || !existsSync(file)) continue;
      names.add(name);
      visit(readFileSync(file, 'utf8'));
    }
  };
  visit(readFileSync(join(dist, page), 'utf8'));
  return [...names].sort();
}

let total = 0;
for (const name of scriptsOf('index.html')) {
  const size = gzipSync(readFileSync(join(dist, 'assets', name)), { level: 9 }).length / 1024;
  total += size;
  console.log(`${size.toFixed(1).padStart(7)} KB  ${name}`);
}
console.log(`${total.toFixed(1).padStart(7)} KB  of ${budget} KB`);
if (total > budget) process.exit(1);
