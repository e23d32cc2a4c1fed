// What the page shows when there is nothing to show, or nobody to ask.
import { card, check, equal, shot } from './harness.mjs';

const empty = (city) => ({
  ...city,
  bounds: null,
  counts: Object.fromEntries(Object.keys(city.counts).map((name) => [name, 0]))
});

export default {
  async 'an empty city says how to fill it'(world) {
    const city = await world.api('city');
    const page = await world.open({
      wait: null,
      before: (page) => page.route('**/api/v1/city', (route) => route.fulfill({ json: empty(city) }))
    });
    await page.waitForSelector('.centre .first input');
    await shot(page, 'desktop-light-zh-empty');
    await page.click('.centre summary');
    await page.waitForSelector('text=gridweave import city.osm.pbf --into city.gpkg --as osm');
  },

  async 'a silent server at the start is explained, and tried again'(world) {
    let down = true;
    const page = await world.open({
      wait: null,
      before: (page) => page.route('**/api/v1/city', (route) => (down ? route.abort() : route.continue()))
    });
    await page.waitForSelector('[role="alert"] h1');
    await shot(page, 'desktop-light-zh-gone');
    down = false;
    await page.waitForSelector('[data-map="ready"]', { timeout: 20_000, state: 'attached' });
  },

  async 'a server lost on the way raises a banner, which goes by itself'(world) {
    const grid = await world.someGrid();
    const page = await world.open();
    await page.route('**/api/**', (route) => route.abort());
    await page.fill('#search', grid.grid);
    await page.waitForSelector('.banner');
    await shot(page, 'desktop-light-zh-banner');
    await page.unroute('**/api/**');
    await page.waitForSelector('.banner', { state: 'detached', timeout: 20_000 });
  },

  async 'a card that fails offers another try'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ flat: true });
    const broken = { status: 500, contentType: 'application/problem+json', body: '{"title":"Broken","status":500}' };
    await page.route('**/api/v1/grids/*', (route) => route.fulfill(broken));
    await page.fill('#search', grid.grid);
    await page.click('[role="option"]');
    equal((await card(page)).kind, 'failed', 'card');
    await page.unroute('**/api/v1/grids/*');
    await page.click('[data-card] .body button');
    await page.waitForSelector('[data-card="grid"]');
  },

  async 'a table that fails offers another try'(world) {
    const broken = { status: 503, body: '' };
    const page = await world.open({
      flat: true,
      hash: '#table=grids',
      before: (page) => page.route('**/api/v1/grids?*', (route) => route.fulfill(broken))
    });
    await page.waitForSelector('.table .notice[role="alert"]');
    await page.unroute('**/api/v1/grids?*');
    await page.click('.table .notice button');
    await page.waitForSelector('tbody tr');
  },

  async 'a closed layer cannot be switched on and has no table'(world) {
    const city = await world.api('city');
    const page = await world.open({
      flat: true,
      hash: '#table=cameras&on=cameras',
      before: (page) =>
        page.route('**/api/v1/city', (route) => route.fulfill({ json: { ...city, closed: ['cameras'] } }))
    });
    check((await page.innerText('.table .notice')).includes('不对外显示'), 'no explanation');
    await page.click('#layers-button');
    check(await page.isDisabled('label:has-text("摄像头") input'), 'the switch works');
    check(!page.requests.some((url) => /\/(tiles|api\/v1)\/cameras/.test(url)), 'asked for all the same');
  },

  async 'a search without results helps along'(world) {
    const page = await world.open({ flat: true });
    await page.fill('#search', 'zzzz');
    await page.waitForSelector('.drop .note strong');
    check((await page.innerText('.drop')).includes('zzzz'), 'the question is not repeated');
  }
};
