// The map route's JavaScript, gzipped, must stay within its budget: page, engine and worker together.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const budget = 520;
const assets = new URL('../dist/assets', import.meta.url).pathname;

let total = 0;
for (const name of readdirSync(assets).sort()) {
  if (!/\.m?js$/.test(name)) continue;
  const size = gzipSync(readFileSync(join(assets, name)), { level: 9 }).length / 1024;
  total += size;
  console.log(`${size.toFixed(1).padStart(7)} KB  ${name}`);
}
console.log(`${total.toFixed(1).padStart(7)} KB  of ${budget} KB`);
if (total > budget) process.exit(1);
