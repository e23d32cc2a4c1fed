// The data desk: files matched, checked, imported, undone and brought out again; things edited in place.
// These tests change the city, so they have one of their own.
import { readFileSync } from 'node:fs';
import { faults } from './access.mjs';
import { check, equal, shot, viewOf, World } from './harness.mjs';
import * as messy from './messy.mjs';
import { startServer } from './server.mjs';

let own = null;
/** The city of these tests, for whoever is asked to open pages. */
async function city(world, extra = ['--seed', '7']) {
  const server = await startServer('compound', extra);
  const there = new World(server.url, world.browser, world.flat);
  // Pages are opened through the test's own world, which closes them.
  const place = Object.create(there, {
    open: { value: (options) => world.open({ ...options, at: server.url }) }
  });
  return { place, stop: server.stop };
}
async function shared(world) {
  own ??= startServer('compound', ['--seed', '7']);
  const { url } = await own;
  return Object.create(new World(url, world.browser, world.flat), {
    open: { value: (options) => world.open({ ...options, at: url }) }
  });
}
export async function close() {
  const server = await own?.catch(() => null);
  server?.stop();
}

/** Lets go of files above the page, as the file manager does. */
async function drop(page, files) {
  const data = await page.evaluateHandle(
    (list) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of list) {
        transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      }
      return transfer;
    },
    files.map(({ name, content }) => ({ name, base64: content.toString('base64') }))
  );
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: data });
  await page.waitForSelector('.veil');
  await page.dispatchEvent('body', 'drop', { dataTransfer: data });
  await page.waitForSelector('.veil', { state: 'detached' });
}

const card = (name) => `[data-file="${name}"]`;

async function spread(page, name) {
  const toggle = page.locator(`${card(name)} .toggle`);
  await toggle.waitFor();
  if ((await toggle.getAttribute('aria-expanded')) === 'false') await toggle.click();
}

/** Waits until a file stands as wanted; says what it says instead. */
async function stands(page, name, ...states) {
  try {
    await page.waitForFunction(
      ([file, wanted]) => wanted.includes(document.querySelector(`[data-file="${file}"]`)?.dataset.state),
      [name, states],
      { timeout: 90_000 }
    );
  } catch {
    const shown = await page.$eval(card(name), (element) => `${element.dataset.state}: ${element.innerText}`);
    throw new Error(`${name} is not ${states.join(' or ')} but ${shown.slice(0, 1500)}`);
  }
}

async function tally(page, name, kind) {
  const chip = page.locator(`${card(name)} [data-tally="${kind}"]`);
  return (await chip.count()) === 0 ? 0 : Number((await chip.innerText()).replace(/[^\d]/g, ''));
}

async function sign(page, author, reason) {
  const name = page.locator('input[autocomplete="name"]');
  if ((await name.count()) === 0) await page.click('.folded button');
  await name.fill(author);
  await page.locator('.both input >> nth=1').fill(reason);
}

async function bringIn(page, name) {
  await page.click(`${card(name)} .act .primary`);
  await stands(page, name, 'done');
  const said = await page.innerText(`${card(name)} [data-outcome="done"] strong`);
  return Number(said.replace(/[^\d]/g, ''));
}

/** Waits for the thing of the form to be saved, and gives the version. */
async function saved(page) {
  await page.waitForSelector('[data-saved]');
  return Number(await page.getAttribute('[data-saved]', 'data-saved'));
}

const field = (name) => `.fields label:has-text("${name}") + input, .fields label:has-text("${name}") + select`;

const tests = {
  async "a planner's first hour"(world) {
    const { place, stop } = await city(world);
    try {
      const grids = await messy.grids(place);
      const estates = await messy.estates(place);
      const cameras = await messy.cameras(place);
      const page = await place.open();
      await drop(page, [grids, estates, cameras]);
      equal(await page.evaluate(() => location.hash.includes('desk=files')), true, 'at the desk');

      // The grids: the datum is told from the evidence, and explained.
      await spread(page, grids.name);
      await stands(page, grids.name, 'importable');
      const evidence = await page.innerText(`${card(grids.name)} .evidence`);
      check(evidence.includes('BD-09'), evidence);
      await shot(page, 'desk-hour-1-grids');
      check((await tally(page, grids.name, 'updated')) >= 1, 'no grid changes');
      equal(await tally(page, grids.name, 'added'), 0, 'new grids');

      // Nothing goes in unsigned.
      await page.click(`${card(grids.name)} .act .primary`);
      await page.waitForSelector('.both input[aria-invalid="true"]');
      await sign(page, '王工', '十一月台账核对');
      const first = await bringIn(page, grids.name);
      equal((await place.api(`grids/${grids.renamed}`)).name, '改名试点网格', 'name after the import');
      await shot(page, 'desk-hour-2-imported');

      // Undone and redone on the spot.
      await page.click(`${card(grids.name)} button:has-text("撤销这次导入")`);
      await stands(page, grids.name, 'undone');
      equal((await place.api(`grids/${grids.renamed}`)).name, grids.was, 'name after the undo');
      await page.click(`${card(grids.name)} button:has-text("重新应用")`);
      await stands(page, grids.name, 'done');
      equal((await place.api(`grids/${grids.renamed}`)).name, '改名试点网格', 'name after the redo');

      // The estates: a title row, units and totals are understood.
      await spread(page, estates.name);
      await stands(page, estates.name, 'importable', 'faulty', 'none');
      await page.selectOption(`${card(estates.name)} .pair select >> nth=-1`, 'compounds');
      await stands(page, estates.name, 'importable');
      equal(await tally(page, estates.name, 'added'), estates.fresh.length, 'new estates');
      await shot(page, 'desk-hour-3-estates');
      await bringIn(page, estates.name);
      for (const name of estates.fresh) {
        equal((await place.api(`compounds?q=${encodeURIComponent(name)}`)).total, 1, name);
      }

      // The cameras: the columns are called the wrong way round, which is corrected by hand.
      await spread(page, cameras.name);
      await stands(page, cameras.name, 'importable', 'faulty', 'none');
      await page.selectOption(`${card(cameras.name)} .pair select >> nth=-1`, 'cameras');
      await stands(page, cameras.name, 'importable', 'faulty');
      for (const [name, column] of [
        ['编码', '设备编号'],
        ['经度', '北纬'],
        ['纬度', '东经']
      ]) {
        await page.selectOption(`${card(cameras.name)} select[aria-label^="${name}"]`, column);
      }
      await stands(page, cameras.name, 'checking');
      await stands(page, cameras.name, 'importable');
      await shot(page, 'desk-hour-4-cameras');
      equal(await tally(page, cameras.name, 'added'), cameras.fresh.length, 'new cameras');
      await bringIn(page, cameras.name);

      // All of it is in the history, with who and why.
      await page.click('.panes button >> nth=2');
      await page.waitForSelector(`[data-version="${first}"]`);
      const history = await page.innerText('.desk ol');
      check(history.includes('王工') && history.includes('十一月台账核对'), history);
      await shot(page, 'desk-hour-5-history');

      // Out to Excel, and in again: nothing changes.
      await page.click('.desk > header [aria-label="下载"]');
      await page.selectOption('dialog select', 'compounds');
      await shot(page, 'desk-hour-6-download');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.click('dialog a[href$="compounds.xlsx"]')
      ]);
      check(/compounds\.xlsx$/.test(download.suggestedFilename()), download.suggestedFilename());
      const content = readFileSync(await download.path());
      await page.keyboard.press('Escape');
      await page.click('.panes button >> nth=0');
      await drop(page, [{ name: download.suggestedFilename(), content }]);
      await spread(page, download.suggestedFilename());
      await stands(page, download.suggestedFilename(), 'same');
      await shot(page, 'desk-hour-7-again');
      const changes = ['added', 'updated', 'removed'];
      const figures = await Promise.all(changes.map((kind) => tally(page, download.suggestedFilename(), kind)));
      equal(figures, [0, 0, 0], 'changes of what came out of the city');

      // The same estates once more: the mapping is remembered, and can be forgotten.
      await drop(page, [{ ...estates, name: '小区台账-十二月.csv' }]);
      await spread(page, '小区台账-十二月.csv');
      await page.waitForSelector(`${card('小区台账-十二月.csv')} .desk-note.good`);
      await page.click(`${card('小区台账-十二月.csv')} .desk-note.good button`);
      await page.waitForSelector(`${card('小区台账-十二月.csv')} .desk-note.good`, { state: 'detached' });
      return `${grids.count} grids`;
    } finally {
      stop();
    }
  },

  async 'a file that cannot be read says why'(world) {
    const place = await shared(world);
    const page = await place.open({ flat: true, hash: '#desk=files' });
    const content = Buffer.from('{"type":"FeatureCollection","features":[{"type":"Fea');
    await drop(page, [{ name: '断了.geojson', content }]);
    await page.waitForSelector(`${card('断了.geojson')} .desk-note.warn`);
    const said = await page.innerText(card('断了.geojson'));
    check(said.length > 60, said);
    await page.click(`${card('断了.geojson')} [aria-label^="移除"]`);
    await page.waitForSelector(card('断了.geojson'), { state: 'detached' });
  },

  async 'a line that breaks during an upload is tried again'(world) {
    const place = await shared(world);
    let broken = 0;
    const page = await place.open({
      flat: true,
      hash: '#desk=files',
      before: (page) =>
        page.route('**/api/v1/desk/files?name=*', (route) => (broken++ < 1 ? route.abort() : route.continue()))
    });
    const { content } = await messy.cameras(place);
    await drop(page, [{ name: '弱网.csv', content }]);
    await page.waitForSelector(`${card('弱网.csv')}:not([data-state="waiting"]):not([data-state="sending"])`);
    check(broken === 2, `${broken} attempts`);
    check((await page.getAttribute(card('弱网.csv'), 'data-state')) !== 'broken', 'given up');
  },

  async 'a building is corrected in place, and its outline reshaped'(world) {
    const place = await shared(world);
    const { rows } = await place.api('buildings?limit=40');
    const building = rows.find(({ name, floors }) => name && floors);
    const before = await place.api(`features/buildings/${building.id}`);
    const page = await place.open({ hash: `${viewOf(building.anchor, 18)}&desk=edit&thing=buildings/${building.id}` });
    await page.waitForSelector('form');
    await sign(page, '李工', '现场核对');
    await page.fill(field('层数'), '六层半');
    await page.click('.act .primary');
    await page.waitForSelector('.fields [aria-invalid="true"]');
    await shot(page, 'desk-edit-fault');
    await page.fill(field('层数'), String(building.floors + 1));
    await page.fill(field('户数') + ' >> nth=0', '48');
    await page.selectOption(field('户数口径'), 'resident');
    await page.click('button:has-text("修改轮廓")');
    const corner = page.locator('.map-handle-corner >> nth=0');
    await corner.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowUp');
    await shot(page, 'desk-edit-outline');
    await page.click('.act .primary');
    const version = await saved(page);
    const after = await place.api(`features/buildings/${building.id}`);
    equal(
      [after.properties.floors, after.properties.households, after.properties.basis],
      [building.floors + 1, 48, 'resident'],
      'fields'
    );
    check(JSON.stringify(after.geometry) !== JSON.stringify(before.geometry), 'the outline is as it was');
    const { changes } = await place.api('changes?limit=20');
    const change = changes.find((one) => one.version === version);
    equal([change.author, change.reason], ['李工', '现场核对'], 'signature');
    await page.click('.foot .good button');
    await page.waitForFunction(
      (floors) => [...document.querySelectorAll('.fields input')].some((input) => input.value === floors),
      String(building.floors)
    );
    const undone = await place.api(`features/buildings/${building.id}`);
    equal([undone.properties, undone.geometry], [before.properties, before.geometry], 'after the undo');
  },

  async 'a camera is moved by keyboard, and by typing'(world) {
    const place = await shared(world);
    const { rows } = await place.api('cameras?limit=3');
    const camera = await place.api(`features/cameras/${rows[2].id}`);
    const page = await place.open({ hash: `${viewOf(camera.anchor, 18)}&table=cameras` });
    await page.waitForSelector('tbody tr');
    await page.click(`tbody tr:has-text("${camera.properties.code}") .edit button`);
    const handle = page.locator('.map-handle-point');
    await handle.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    await sign(page, '李工', '移位');
    await page.click('.act .primary');
    await saved(page);
    const moved = await place.api(`features/cameras/${camera.id}`);
    check(moved.anchor[0] > camera.anchor[0], `${moved.anchor} is not east of ${camera.anchor}`);
    await shot(page, 'desk-edit-camera');
    await page.fill('section input.code', `${camera.anchor[1]}N ${camera.anchor[0]}E`);
    await page.keyboard.press('Enter');
    await page.click('.act .primary');
    await page.waitForFunction(
      (before) => Number(document.querySelector('[data-saved]')?.dataset.saved) > before,
      moved.version
    );
    equal((await place.api(`features/cameras/${camera.id}`)).geometry, camera.geometry, 'typed back');
  },

  async 'a checkpoint is added on the map, deleted, and brought back'(world) {
    const place = await shared(world);
    const grid = await place.someGrid();
    const page = await place.open({ hash: `${viewOf(grid.anchor, 18)}&desk=edit&thing=checkpoints` });
    await page.waitForSelector('.list button');
    await page.click('button:has-text("新增巡查点位")');
    await page.waitForSelector('.map-drawing');
    await page.mouse.click(900, 420);
    await page.waitForSelector('.map-handle-point');
    await page.fill(field('名称'), '试点消火栓');
    await sign(page, '李工', '新增点位');
    await page.click('.act .primary');
    await saved(page);
    equal((await place.api(`checkpoints?q=${encodeURIComponent('试点消火栓')}`)).total, 1, 'added');
    await page.click('.danger');
    await shot(page, 'desk-edit-delete');
    await page.click('[role="alertdialog"] button >> nth=0');
    await page.waitForSelector('.desk-note.good:has-text("试点消火栓")');
    equal((await place.api(`checkpoints?q=${encodeURIComponent('试点消火栓')}`)).total, 0, 'deleted');
    await page.click('.desk-note.good button');
    await page.waitForSelector('.desk-note.good', { state: 'detached' });
    equal((await place.api(`checkpoints?q=${encodeURIComponent('试点消火栓')}`)).total, 1, 'brought back');
  },

  async 'a building is drawn'(world) {
    const place = await shared(world);
    const grid = await place.someGrid();
    const page = await place.open({ hash: `${viewOf(grid.anchor, 19)}&desk=edit&thing=buildings` });
    await page.waitForSelector('.list button');
    const { total } = await place.api('buildings?limit=1');
    await page.click('button:has-text("新增楼栋")');
    await page.waitForSelector('.map-drawing');
    for (const [x, y] of [
      [840, 340],
      [900, 340],
      [900, 400],
      [840, 400]
    ]) {
      await page.mouse.click(x, y);
      await page.waitForTimeout(60);
    }
    await page.click('button:has-text("画好了")');
    await shot(page, 'desk-edit-drawn');
    await page.fill(field('名称'), '试点新楼');
    await sign(page, '李工', '新建');
    await page.click('.act .primary');
    await saved(page);
    equal((await place.api('buildings?limit=1')).total, total + 1, 'buildings');
  },

  async 'a conflict shows both versions'(world) {
    const place = await shared(world);
    const { rows } = await place.api('compounds?limit=5');
    const { id } = rows[4];
    const page = await place.open({ flat: true, hash: `#desk=edit&thing=compounds/${id}` });
    await page.waitForSelector('form');
    const { etag } = await place.api(`features/compounds/${id}`);
    await place.api(`features/compounds/${id}`, {
      method: 'PATCH',
      headers: { 'if-match': `"${etag}"` },
      body: { author: '赵工', reason: '另一台电脑', properties: { manager: '甲物业', aliases: '老名字' } }
    });
    await page.fill(field('管理单位'), '乙物业');
    await sign(page, '李工', '核对物业');
    await page.click('.act .primary');
    await page.waitForSelector('[data-conflict]');
    const shown = await page.innerText('.desk-table');
    check(shown.includes('甲物业') && shown.includes('乙物业'), shown);
    await shot(page, 'desk-edit-conflict');
    await page.click('button:has-text("保存我选的")');
    await saved(page);
    const { properties } = await place.api(`features/compounds/${id}`);
    equal([properties.manager, properties.aliases], ['乙物业', '老名字'], 'mine, and what they alone changed');
  },

  async 'an undo that would lose later work is refused, and says whose'(world) {
    const place = await shared(world);
    const { rows } = await place.api('services?limit=5');
    const { id } = rows[0];
    const change = async (name, reason) => {
      const { etag } = await place.api(`features/services/${id}`);
      return place.api(`features/services/${id}`, {
        method: 'PATCH',
        headers: { 'if-match': `"${etag}"` },
        body: { author: '赵工', reason, properties: { name } }
      });
    };
    const { version } = await change('先改的名字', '先');
    await change('后改的名字', '后');
    const page = await place.open({ flat: true, hash: '#desk=changes' });
    await page.waitForSelector(`[data-version="${version}"]`);
    // Without a name nothing happens.
    await page.click(`[data-version="${version}"] .line button`);
    await page.waitForSelector('.sign [aria-invalid="true"]');
    await page.fill('.sign input', '李工');
    await page.click(`[data-version="${version}"] .line button`);
    await page.waitForSelector(`[data-version="${version}"] .desk-note.warn`);
    const said = await page.innerText(`[data-version="${version}"] .desk-note.warn`);
    check(said.includes('后改的名字') || said.includes('服务点'), said);
    await shot(page, 'desk-undo-refused');
  },

  async 'unsaved changes are not lost by a click elsewhere'(world) {
    const place = await shared(world);
    const page = await place.open({ flat: true, hash: '#desk=edit&thing=compounds' });
    await page.click('.list button >> nth=1');
    await page.waitForSelector('form');
    await page.fill(field('管理单位'), '未保存物业');
    await page.click('nav.tools button >> nth=0');
    await page.click('nav.tools button >> nth=2');
    await page.waitForSelector('form');
    equal(await page.inputValue(field('管理单位')), '未保存物业', 'after looking at the map');
    await page.click('.head button');
    await page.waitForSelector('.blocked');
    await page.click('.blocked button >> nth=1');
    await page.waitForSelector('.list button');
  },

  async 'a server for looking only says so'(world) {
    const { place, stop } = await city(world, ['--allow-remote']);
    try {
      const page = await place.open({ flat: true, hash: '#desk=files' });
      await page.waitForSelector('.desk [role="note"]');
      check((await page.innerText('.desk [role="note"]')).includes('不能修改'), 'no explanation');
      check((await page.locator('.dropzone').count()) === 0, 'takes files all the same');
      await shot(page, 'desk-read-only');
      await page.click('.panes button >> nth=1');
      await page.waitForSelector('.list button');
      await page.click('.list button >> nth=0');
      await page.waitForSelector('form');
      check(await page.isDisabled('.fields input >> nth=0'), 'a field can be typed in');
      check((await page.locator('.act').count()) === 0, 'there is something to press');
      await page.click('nav.tools button >> nth=1');
      await page.waitForSelector('tbody tr');
      check((await page.locator('td.edit').count()) === 0, 'a pencil in the table');
    } finally {
      stop();
    }
  },

  async 'the desk fits a phone'(world) {
    const place = await shared(world);
    const page = await place.open({ flat: true, phone: true, width: 360, hash: '#desk=edit&thing=buildings' });
    await page.waitForSelector('.list button');
    const inspect = async (view) => {
      const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      check(wide <= 0, `${wide} px too wide with ${view}`);
      const small = await page.$$eval('button, select, input, a', (all) =>
        all
          .filter((element) => element.offsetParent !== null && !element.closest('.hidden-visually, .skip'))
          .map((element) => [element, (element.closest('label') ?? element).getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
          .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
      );
      equal(small, [], `small targets with ${view}`);
    };
    await inspect('a list');
    await page.click('.list button >> nth=2');
    await page.waitForSelector('form');
    await inspect('a form');
    await shot(page, 'desk-phone-form');
    await page.click('.panes button >> nth=0');
    const { content } = await messy.cameras(place);
    await page.setInputFiles('.dropzone input', [{ name: '手机.csv', mimeType: 'text/csv', buffer: content }]);
    await spread(page, '手机.csv');
    await stands(page, '手机.csv', 'importable', 'faulty', 'none');
    await inspect('a file');
    await shot(page, 'desk-phone-file');
    await page.click('.panes button >> nth=2');
    await page.waitForSelector('.desk h2');
    await inspect('the history');
  }
};

for (const theme of ['light', 'dark']) {
  for (const language of ['zh-Hans', 'en']) {
    tests[`axe finds nothing at the desk: ${theme}, ${language}`] = async (world) => {
      const place = await shared(world);
      const short = `${theme}-${language === 'en' ? 'en' : 'zh'}`;
      const page = await place.open({ flat: true, theme, language, hash: '#desk=files' });
      equal(await faults(page), [], 'no files');
      const { content } = await messy.grids(place);
      const name = `grids-${short}.geojson`;
      const cut = { name: `cut-${short}.geojson`, mimeType: 'text/plain', buffer: content.subarray(0, 900) };
      await page.setInputFiles('.dropzone input', [{ name, mimeType: 'text/plain', buffer: content }, cut]);
      await spread(page, name);
      await stands(page, name, 'importable');
      await page.waitForSelector(`${card(cut.name)} .desk-note.warn`);
      equal(await faults(page), [], 'a file');
      await shot(page, `desk-file-${short}`);
      await page.click('.panes button >> nth=1');
      await page.waitForSelector('.list button');
      equal(await faults(page), [], 'a list');
      await page.click('.list button >> nth=1');
      await page.waitForSelector('form');
      equal(await faults(page), [], 'a form');
      await shot(page, `desk-form-${short}`);
      // Something that can be undone, and something that can be done again.
      const { rows } = await place.api('buildings?limit=60');
      const { id } = rows[50 + (theme === 'dark' ? 2 : 0) + (language === 'en' ? 1 : 0)];
      for (const name of [`${short} 甲`, `${short} 乙`]) {
        const { etag } = await place.api(`features/buildings/${id}`);
        await place.api(`features/buildings/${id}`, {
          method: 'PATCH',
          headers: { 'if-match': `"${etag}"` },
          body: { author: '赵工', reason: `改名 ${short}`, properties: { name } }
        });
      }
      const { changes } = await place.api('changes?limit=50');
      const last = changes.find(({ reason }) => reason === `改名 ${short}`);
      await place.api(`changes/${last.version}/undo`, { method: 'POST', body: { author: '赵工', reason: '改错了' } });
      await page.click('.panes button >> nth=2');
      await page.waitForSelector('.desk ol button:has-text("重做"), .desk ol button:has-text("Redo")');
      equal(await faults(page), [], 'the history');
      await page.click('.desk > header .icon-button >> nth=3');
      await page.waitForSelector('dialog[open]');
      equal(await faults(page), [], 'downloads');
      await shot(page, `desk-download-${short}`);
    };
  }
}

export default tests;
