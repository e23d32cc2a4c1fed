// npm run test:browser [-- part of a name]
import { launch, noGpu, strays, World } from './harness.mjs';
import { startServer } from './server.mjs';
import access from './access.mjs';
import address from './address.mjs';
import desk, { close } from './desk.mjs';
import explorer from './explorer.mjs';
import lookup from './lookup.mjs';
import machines from './machines.mjs';
import panels from './panels.mjs';
import states from './states.mjs';

const wanted = process.argv[2] ?? '';
const tests = { ...lookup, ...panels, ...address, ...states, ...machines, ...explorer, ...access, ...desk };

const server = await startServer();
const browser = await launch();
const flat = await launch({ gpu: noGpu });
const world = new World(server.url, browser, flat);
await world.someGrid();
let passed = 0;
const failed = [];

async function run(name, test) {
  const started = Date.now();
  const opened = [];
  // Each test's pages are closed behind it, and none of them may have complained.
  const scoped = Object.create(world, {
    open: {
      value: async (options) => {
        const page = await world.open(options);
        opened.push(page);
        return page;
      }
    }
  });
  try {
    const note = await test(scoped);
    const complaints = opened.flatMap((page) => page.complaints);
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`);
    passed++;
    console.log(`  ok    ${name}${note ? ` (${note})` : ''} ${Date.now() - started} ms`);
  } catch (error) {
    failed.push(name);
    const lines = String(error.stack ?? error).split('\n');
    console.log(`  FAIL  ${name}\n        ${lines.slice(0, 8).join('\n        ')}`);
  }
  for (const page of opened) await page.context().close();
}

// The first test measures, so it runs alone; the others two at a time.
const queue = Object.entries(tests).filter(([name]) => name.includes(wanted));
if (queue.length > 0) await run(...queue.shift());
const lane = async () => {
  while (queue.length > 0) await run(...queue.shift());
};
await Promise.all([lane(), lane()]);

if (!wanted) {
  if (strays.length === 0) passed++;
  else failed.push('nothing leaves the origin');
  console.log(
    `  ${strays.length === 0 ? 'ok  ' : 'FAIL'}  nothing leaves the origin ${[...new Set(strays)].join(' ')}`
  );
}

await browser.close();
await flat.close();
server.stop();
await close();
console.log(`browser: ${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
