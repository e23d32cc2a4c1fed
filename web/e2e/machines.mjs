// Old browsers, weak machines, machines without a Chinese font.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { card, check, equal, launch, shot } from './harness.mjs';

/** What Chromium 90 does not have. */
const younger = `
  for (const [owner, names] of [
    [Object, ['hasOwn', 'groupBy']],
    [Array, ['fromAsync']],
    [Array.prototype, ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']],
    [Object.getPrototypeOf(Int8Array).prototype, ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'with']],
    [String.prototype, ['at', 'isWellFormed', 'toWellFormed']],
    [Promise, ['withResolvers', 'try']],
    [Map, ['groupBy']],
    [AbortSignal, ['abort', 'timeout', 'any']],
    [AbortSignal.prototype, ['throwIfAborted']],
    [URL, ['canParse', 'parse']],
    [Response, ['json']],
    [crypto.constructor.prototype, ['randomUUID']],
    [globalThis, ['structuredClone', 'reportError', 'scheduler', 'Iterator', 'CompressionStream', 'DecompressionStream', 'VideoFrame', 'navigation', 'EyeDropper']],
    [globalThis.Element ? Element.prototype : {}, ['checkVisibility', 'setHTML', 'setHTMLUnsafe', 'ariaNotify']],
    [globalThis.HTMLElement ? HTMLElement.prototype : {}, ['showPopover', 'hidePopover', 'togglePopover', 'inert', 'popover']],
    [globalThis.Document ? Document.prototype : {}, ['startViewTransition']],
    [globalThis.CanvasRenderingContext2D ? CanvasRenderingContext2D.prototype : {}, ['roundRect', 'reset', 'letterSpacing']]
  ]) for (const name of names) delete owner[name];
`;

export default {
  async 'the map starts where nothing younger than Chromium 90 exists'(world) {
    let workers = 0;
    const page = await world.open({
      before: async (page) => {
        await page.addInitScript(younger);
        // A worker has its own world: there the same is done in front of its script.
        await page.context().route(/worker[^/]*\.js$/, async (route) => {
          const response = await route.fetch();
          workers++;
          await route.fulfill({ response, body: younger + (await response.text()) });
        });
      }
    });
    check(workers > 0, 'the worker was not touched');
    check(await page.evaluate(() => typeof structuredClone === 'undefined'), 'nothing was taken away');
    const grid = await world.someGrid();
    await page.fill('#search', grid.grid);
    await page.press('#search', 'Enter');
    check((await card(page)).text.includes(grid.grid), 'no card');
    await page.keyboard.press('t');
    await page.click('nav.tools button >> nth=1');
    await page.waitForSelector('tbody tr');
    await shot(page, 'desktop-floor');
  },

  async 'without WebGL 2, search, card and table still work'(world) {
    const page = await world.open({ flat: true });
    check((await page.innerText('.outline')).includes('WebGL'), 'no explanation');
    const grid = await world.someGrid();
    await page.waitForSelector('.dot');
    await page.fill('#search', grid.grid);
    await page.press('#search', 'Enter');
    check((await card(page)).text.includes(grid.grid), 'no card');
    await shot(page, 'desktop-no-webgl');
    await page.click('.outline .notice button');
    await page.waitForSelector('tbody tr');
  },

  async 'Chinese is drawn on a machine without a Chinese font'(world) {
    const folder = mkdtempSync(join(tmpdir(), 'gridweave-fonts-'));
    const file = join(folder, 'fonts.conf');
    writeFileSync(
      file,
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>${folder}</cachedir></fontconfig>`
    );
    const browser = await launch({ env: { FONTCONFIG_FILE: file } });
    try {
      const page = await world.open({ browser });
      await page.evaluate(() => document.fonts.ready);
      const drawn = await page.evaluate(async () => {
        const draw = (text, font) => {
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 64;
          const pen = canvas.getContext('2d');
          pen.font = `48px ${font}`;
          pen.fillText(text, 8, 50);
          return pen.getImageData(0, 0, 64, 64).data.join();
        };
        await document.fonts.load('48px "Gridweave Sans"', '网格社区');
        const faces = [...document.fonts];
        return {
          // Boxes for missing glyphs all look the same.
          boxes: draw('网', 'sans-serif') === draw('格', 'sans-serif'),
          ours: new Set(['网', '格', '社', '区'].map((text) => draw(text, '"Gridweave Sans"'))).size,
          page: faces.filter((face) => face.family.includes('Gridweave Sans') && face.status === 'loaded').length,
          map: faces.filter((face) => !face.family.includes('Gridweave Sans') && face.status === 'loaded').length
        };
      });
      check(drawn.boxes, 'this machine has a Chinese font after all: the test proves nothing');
      equal(drawn.ours, 4, 'different characters');
      check(drawn.page > 0, 'the page loaded no slice');
      check(drawn.map > 0, 'the map loaded no slice');
      await shot(page, 'desktop-no-chinese-font');
      const slices = page.requests.filter((url) => url.endsWith('.woff2')).length;
      return `${drawn.page} slices for the page, ${drawn.map} for the map, ${slices} requests`;
    } finally {
      await browser.close();
    }
  }
};
