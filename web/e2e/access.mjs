// axe in both themes and languages, with everything open that can be open.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { card, equal, shot } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function faults(page) {
  // Through the debugger, which the page's content policy does not bind.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  });
}

const tests = {};
for (const theme of ['light', 'dark']) {
  for (const language of ['zh-Hans', 'en']) {
    tests[`axe finds nothing: ${theme}, ${language}`] = async (world) => {
      const grid = await world.someGrid();
      const point = `#at=${grid.anchor.join(',')},wgs84`;
      const page = await world.open({ theme, language, hash: point });
      const short = language === 'en' ? 'en' : 'zh';
      await card(page);
      equal(await faults(page), [], 'map with card');
      await shot(page, `desktop-${theme}-${short}-point`);
      await page.click('#layers-button');
      equal(await faults(page), [], 'layers');
      await page.keyboard.press('Escape');
      await page.fill('#search', '104.39, 31.13');
      equal(await faults(page), [], 'search');
      await page.keyboard.press('Escape');
      await page.click('nav.tools button >> nth=1');
      await page.waitForSelector('tbody tr');
      await page.waitForFunction(() => !document.querySelector('.waiting'));
      equal(await faults(page), [], 'table');
      await shot(page, `desktop-${theme}-${short}-table`);
      await page.click('nav.tools > button:last-child');
      await page.waitForSelector('dialog[open]');
      equal(await faults(page), [], 'help');
      await shot(page, `desktop-${theme}-${short}-help`);

      await page.keyboard.press('Escape');
      await page.click('nav.tools button >> nth=0');
      await page.setViewportSize({ width: 390, height: 844 });
      equal(await faults(page), [], 'phone');
      await shot(page, `phone-${theme}-${short}`);
    };
  }
}

export default tests;
