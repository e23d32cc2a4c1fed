// A place, a code or a name leads to the responsible grid.
import { bd09 } from './datum.mjs';
import { card, check, equal, shot, viewOf } from './harness.mjs';

export default {
  // How long it takes is told here and measured by start-up.mjs; a busy machine must not fail a test.
  async 'the map comes to rest'(world) {
    const page = await world.open();
    await shot(page, 'desktop-light-zh');
    return `${page.idle} ms to idle`;
  },

  async 'a click shows the card of the grid that answers for the place'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: viewOf(grid.anchor) });
    await page.mouse.click(640, 400);
    const shown = await card(page);
    equal(shown.kind, 'grid', 'card');
    check(shown.text.includes(grid.grid) && shown.text.includes(grid.name), shown.text);
    for (const level of [grid.district, grid.subdistrict, grid.community]) {
      check(!level || shown.text.includes(level.name), `no ${level?.name} in the card`);
    }
    check(await page.isVisible('.map-pin'), 'no pin at the place');
    await shot(page, 'desktop-light-zh-card');
  },

  async 'the pointer shows what it is over'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: viewOf(grid.anchor) });
    await page.mouse.move(600, 390);
    await page.mouse.move(640, 400);
    await page.waitForFunction((name) => document.querySelector('.tip')?.innerText.includes(name), grid.name);
  },

  async 'a coordinate of Baidu finds the same grid'(world) {
    const grid = await world.someGrid();
    const [lon, lat] = bd09(grid.anchor);
    const page = await world.open();
    await page.fill('#search', `${lat.toFixed(6)}N ${lon.toFixed(6)}E`);
    await page.click('[role="option"]:has-text("BD-09")');
    const shown = await card(page);
    check(shown.text.includes(grid.grid), shown.text);
    check(shown.text.includes(lon.toFixed(6)), 'the typed coordinate is not echoed');
    const hash = await page.waitForFunction(() => location.hash.includes('bd09') && location.hash);
    check(String(await hash.jsonValue()).includes('at='), 'the point is not in the address');
  },

  async 'a name and a code find a grid'(world) {
    const grid = await world.someGrid();
    const page = await world.open();
    await page.fill('#search', grid.name);
    await page.waitForSelector('[role="option"]');
    await shot(page, 'desktop-light-zh-search');
    await page.click(`[role="option"]:has-text("${grid.grid}")`);
    check((await card(page)).text.includes(grid.grid), 'by name');

    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-card]', { state: 'detached' });
    await page.fill('#search', grid.grid);
    // Enter at once: the answer is still on its way.
    await page.press('#search', 'Enter');
    check((await card(page)).text.includes(grid.grid), 'by code');
  },

  async 'a long press on a phone asks about the place'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ phone: true, hash: viewOf(grid.anchor) });
    const touch = await page.context().newCDPSession(page);
    const at = { x: 195, y: 422 };
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
    await page.waitForTimeout(800);
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    check((await card(page)).text.includes(grid.grid), 'another grid');
    await shot(page, 'phone-light-zh-card');
  },

  async 'a code is copied and a neighbour is one click away'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: `#grid=${grid.grid}` });
    await card(page);
    await page.click('[aria-label="复制网格编码"]');
    equal(await page.evaluate(() => navigator.clipboard.readText()), grid.grid, 'clipboard');
    await page.click('.neighbours button');
    await page.waitForFunction(
      (codes) => codes.some((code) => document.querySelector('[data-card="grid"]')?.innerText.includes(code)),
      grid.neighbours
    );
  },

  async 'a place outside every grid says so'(world) {
    const page = await world.open({ flat: true, hash: '#at=0.5,0.5,wgs84' });
    equal((await card(page)).kind, 'outside', 'card');
  },

  async 'the keyboard alone is enough'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: viewOf(grid.anchor) });
    // From the skip link into the search box.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement?.id), 'search', 'focus');
    await page.keyboard.type(grid.grid);
    await page.waitForSelector('[role="option"]');
    await page.keyboard.press('ArrowDown');
    equal(await page.getAttribute('#search', 'aria-activedescendant'), 'option-0', 'active option');
    await page.keyboard.press('Enter');
    check((await card(page)).text.includes(grid.grid), 'no card');

    // Escape twice: out of the box's text, then the selection.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-card]', { state: 'detached' });

    // Tab to the map, and ask about its middle.
    for (let step = 0; step < 20; step++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.classList.contains('maplibregl-canvas'))) break;
    }
    check(await page.evaluate(() => document.activeElement.classList.contains('maplibregl-canvas')), 'map not reached');
    check(await page.isVisible('.map-keyed'), 'no cross in the middle of the map');
    await page.keyboard.press('Enter');
    check((await card(page)).text.includes(grid.grid), 'the middle of the map is another grid');

    // Single keys for the panels.
    await page.keyboard.press('l');
    await page.waitForSelector('#layers-title:focus');
    await page.keyboard.press('Escape');
    equal(await page.evaluate(() => document.activeElement?.id), 'layers-button', 'focus after closing');
    await page.keyboard.press('t');
    await page.waitForSelector('tbody tr');
    await page.focus('th button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('th[aria-sort="ascending"]');
    await page.focus('tbody .pick');
    await page.keyboard.press('Enter');
    await card(page);
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.keyboard.press('/');
    equal(await page.evaluate(() => document.activeElement?.id), 'search', 'focus after /');
  }
};
