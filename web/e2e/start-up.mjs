// npm run bench:start: from starting the built program to an idle map in headless Chromium, five times, fresh browser
// profile each. Goal: a median of at most 5 s for the default district.
import { launch, strays, World } from './harness.mjs';
import { startServer } from './server.mjs';

const scale = process.argv[2] ?? 'district';
const rounds = [];
for (let i = 0; i < 5; i++) {
  const browser = await launch();
  const started = Date.now();
  const server = await startServer(scale);
  const listening = Date.now() - started;
  const page = await new World(server.url, browser, null).open();
  const idle = Date.now() - started;
  rounds.push({ listening, idle });
  console.log(`${scale}: listening after ${listening} ms, map idle after ${idle} ms`);
  await page.context().close();
  await browser.close();
  server.stop();
}
const median = (key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[2];
console.log(
  `${scale}: median ${median('listening')} ms to listening, ${median('idle')} ms to an idle map; ${strays.length} requests off the origin`
);
