// What one sees can be sent as a link, and "back" undoes a selection.
import { card, check, equal, viewOf } from './harness.mjs';

export default {
  async 'view, layers, selection and table survive a reload'(world) {
    const grid = await world.someGrid();
    const hash = `${viewOf(
      grid.anchor.map((degrees) => degrees.toFixed(5)),
      '16.50'
    )}&grid=${grid.grid}&on=zones&off=buildings&by=band&table=grids&sort=-households&here=1`;
    const page = await world.open({ hash });
    check((await card(page)).text.includes(grid.grid), 'selection');
    await page.waitForSelector('th[aria-sort="descending"]');
    check(await page.isChecked('.here input'), 'only this view');
    await page.waitForTimeout(500);
    equal(decodeURIComponent(new URL(page.url()).hash), hash, 'address');
  },

  async 'back returns to the former selection'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: `#grid=${grid.grid}` });
    await card(page);
    await page.click('.neighbours button');
    await page.waitForFunction((code) => !location.hash.includes(code), grid.grid);
    await page.goBack();
    await page.waitForFunction(
      (code) => document.querySelector('[data-card="grid"]')?.innerText.includes(code),
      grid.grid
    );
  },

  async 'moving the map rewrites the address in place'(world) {
    const page = await world.open();
    const entries = await page.evaluate(() => history.length);
    await page.click('.buttons button >> nth=0');
    await page.waitForFunction(() => location.hash.includes('v='));
    equal(await page.evaluate(() => history.length), entries, 'history entries');
  },

  async 'an unknown code is explained'(world) {
    const page = await world.open({ flat: true, hash: '#grid=000' });
    const shown = await card(page);
    equal(shown.kind, 'unknown', 'card');
    check(shown.text.includes('000'), shown.text);
  }
};
