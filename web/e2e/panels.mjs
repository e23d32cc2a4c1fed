// Layers, legend, table, language and theme.
import { card, check, equal, shot, viewOf } from './harness.mjs';

export default {
  async 'a layer is fetched when it is switched on, and only then'(world) {
    const { closed, counts } = await world.api('city');
    const layer = ['checkpoints', 'compounds', 'services'].find((name) => counts[name] > 0 && !closed.includes(name));
    const names = { checkpoints: '巡查点位', compounds: '小区', services: '服务点' };
    const grid = await world.someGrid();
    const page = await world.open({ hash: viewOf(grid.anchor, 16) });
    const asked = () => page.requests.some((url) => url.includes(`/tiles/${layer}/`));
    check(!asked(), 'asked for before');
    await page.click('#layers-button');
    await page.click(`label:has-text("${names[layer]}") input`);
    await page.waitForFunction((name) => location.hash.includes(`on=${name}`), layer);
    await page.waitForRequest(/tiles/, { timeout: 2000 }).catch(() => {});
    check(asked(), 'not asked for');
    await shot(page, 'desktop-light-zh-layers');
  },

  async 'grids are coloured by neighbours, band and class, with a legend'(world) {
    const page = await world.open();
    await page.click('#layers-button');
    for (const [name, word] of [
      ['户数达标', '户数不足'],
      ['网格类型', '三无小区']
    ]) {
      await page.click(`.segments label:has-text("${name}")`);
      check((await page.innerText('.legend')).includes(word), `no ${word} in the legend`);
    }
    await page.waitForFunction(() => location.hash.includes('by=class'));
    await page.click('.segments label:has-text("户数达标")');
    await shot(page, 'desktop-light-zh-band');
  },

  async 'a switched-off layer disappears from the map'(world) {
    const page = await world.open();
    const before = await page.screenshot({ clip: { x: 400, y: 200, width: 400, height: 300 } });
    await page.click('#layers-button');
    for (const name of ['grids', 'communities', 'subdistricts', 'districts']) {
      const names = { grids: '网格', communities: '社区', subdistricts: '街道', districts: '区县' };
      await page.click(`label.switch:has(.name:text-is("${names[name]}")) input`);
    }
    await page.waitForTimeout(700);
    const after = await page.screenshot({ clip: { x: 400, y: 200, width: 400, height: 300 } });
    check(!before.equals(after), 'nothing changed');
    await page.waitForFunction(() => location.hash.includes('off=districts,subdistricts,communities,grids'));
  },

  async 'the table sorts, filters and follows the map'(world) {
    const grid = await world.someGrid();
    const { total } = await world.api('grids?limit=1');
    const page = await world.open({ hash: '#table=grids' });
    await page.waitForSelector('tbody tr');
    const column = (name) =>
      page.$$eval(
        'table tr',
        (rows, title) => {
          const at = [...rows[0].cells].findIndex((cell) => cell.innerText.trim() === title);
          return rows.slice(1).map((row) => row.cells[at].innerText.trim());
        },
        name
      );
    await page.click('th button:has-text("户数") >> nth=0');
    await page.waitForSelector('th[aria-sort="descending"]');
    await page.waitForFunction(() => !document.querySelector('.waiting'));
    const figures = (await column('户数')).map((text) => Number(text.replace(/,/g, '')));
    check(figures.length > 1 && figures.every((value, at) => at === 0 || value <= figures[at - 1]), figures.join(' '));

    await page.fill('.filter input', grid.name);
    await page.waitForFunction(
      (name) => [...document.querySelectorAll('tbody tr')].every((row) => row.innerText.includes(name)),
      grid.name
    );
    await page.fill('.filter input', 'no such name');
    await page.waitForSelector('.notice button');
    await page.click('.notice button');
    await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length >= count, Math.min(total, 10));

    await page.click(`tbody tr:has-text("${grid.grid}")`);
    check((await card(page)).text.includes(grid.grid), 'the row selects another grid');
    await page.waitForSelector('tbody tr.selected');
    await shot(page, 'desktop-light-zh-table');
  },

  async 'the table can be held to the part of the map in view'(world) {
    const { rows, total } = await world.api('buildings?limit=1');
    const page = await world.open({ hash: `${viewOf(rows[0].anchor, 19)}&table=buildings` });
    // The building stands in the middle of the window, which the table covers: drag it into the open.
    await page.mouse.move(700, 340);
    await page.mouse.down();
    await page.mouse.move(850, 130, { steps: 4 });
    await page.mouse.up();
    await page.click('.here input');
    await page.waitForFunction((count) => document.querySelectorAll('tbody tr').length < count, Math.min(total, 100));
    const shown = await page.innerText('.pages [role="status"]');
    check(Number(shown.replace(/[^\d]/g, '')) < total, shown);
    return shown;
  },

  async 'every layer has its table'(world) {
    const page = await world.open({ flat: true, hash: '#table=grids' });
    const { counts } = await world.api('city');
    const options = await page.$$eval('.controls select option', (all) => all.map((option) => option.value));
    for (const layer of options) {
      await page.selectOption('.controls select', layer);
      await page.waitForFunction(
        ([name, count]) =>
          location.hash.includes(`table=${name}`) &&
          (count > 0 ? document.querySelector('tbody tr') : document.querySelector('.notice:not([aria-busy])')),
        [layer, counts[layer] ?? 0]
      );
      const heads = await page.$$eval('th button', (all) => all.map((button) => button.innerText.trim()));
      equal(
        heads.filter((head) => /^[a-z_0-9]+$/.test(head)),
        [],
        `columns of ${layer} without a Chinese name`
      );
    }
    return `${options.length} layers`;
  },

  async 'language and theme switch, and are remembered'(world) {
    const page = await world.open();
    equal(await page.getAttribute('html', 'lang'), 'zh-Hans', 'language');
    await page.click('.language');
    equal(await page.getAttribute('html', 'lang'), 'en', 'language');
    check(
      !/[\u4e00-\u9fff]/.test((await page.innerText('nav.tools')).replace('中文', '')),
      'Chinese left in the tools'
    );
    await page.click('[aria-label="Switch to dark"]');
    equal(await page.getAttribute('html', 'data-theme'), 'dark', 'theme');
    await page.reload();
    await page.waitForSelector('[data-map="ready"]', { state: 'attached' });
    equal(await page.getAttribute('html', 'lang'), 'en', 'language after reload');
    equal(await page.getAttribute('html', 'data-theme'), 'dark', 'theme after reload');
    await shot(page, 'desktop-dark-en');
  },

  async 'the debug view ships'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: `${viewOf(grid.anchor)}&debug=1` });
    await shot(page, 'desktop-debug');
  },

  async 'a phone has no sideways scroll and large targets'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ phone: true, width: 360, hash: `#grid=${grid.grid}` });
    await card(page);
    for (const view of ['grid', 'layers', 'table']) {
      if (view === 'layers') await page.click('#layers-button');
      if (view === 'table') {
        await page.click('.layers header button');
        await page.click('nav.tools button >> nth=1');
        await page.waitForSelector('tbody tr');
      }
      const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      check(wide <= 0, `${wide} px too wide with the ${view}`);
      const small = await page.$$eval('button, select, input, a', (all) =>
        all
          .filter((element) => element.offsetParent !== null && !element.closest('.hidden-visually, .skip'))
          .map((element) => [element, (element.closest('label') ?? element).getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
          .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
      );
      equal(small, [], `small targets with the ${view}`);
      await shot(page, `phone-light-zh-${view}`);
    }
  },

  async 'targets on a desktop are at least 24 pixels'(world) {
    const grid = await world.someGrid();
    const page = await world.open({ hash: `#table=grids&grid=${grid.grid}` });
    await card(page);
    await page.click('#layers-button');
    const small = await page.$$eval('button, select, input, a', (all) =>
      all
        .filter((element) => element.offsetParent !== null && !element.closest('.hidden-visually, .skip'))
        .map((element) => [element, (element.closest('label') ?? element).getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.height < 24 || box.width < 24))
        .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
    );
    equal(small, [], 'small targets');
  }
};
