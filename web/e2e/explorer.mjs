// The API explorer at /docs.
import { check, equal, shot } from './harness.mjs';

export default {
  async 'the explorer lists the API and calls it'(world) {
    const grid = await world.someGrid();
    for (const theme of ['dark', 'light']) {
      const page = await world.open({ flat: true, theme, path: 'docs', wait: null });
      await page.waitForSelector('.opblock');
      const paths = await page.$$eval('.opblock-summary-path', (all) => all.map((path) => path.dataset.path));
      check(paths.includes('/api/v1/locate'), paths.join(' '));
      await page.click('.opblock-summary-path[data-path="/api/v1/locate"] >> nth=0');
      await page.waitForSelector('.opblock.is-open .parameters');
      await shot(page, `docs-${theme}`);
      if (theme === 'dark') continue;
      for (const [name, value] of [
        ['lon', grid.anchor[0]],
        ['lat', grid.anchor[1]]
      ]) {
        await page.fill(`.opblock.is-open input[placeholder="${name}"]`, String(value));
      }
      await page.click('.opblock.is-open .execute');
      await page.waitForSelector('.opblock.is-open .live-responses-table .response');
      const answer = await page.innerText('.opblock.is-open .live-responses-table .response');
      check(answer.includes(grid.grid), answer.slice(0, 200));
      equal(await page.getAttribute('#back', 'href'), './', 'way back');
    }
  }
};
