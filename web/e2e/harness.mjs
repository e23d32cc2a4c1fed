// Opens pages, watches what they ask for and complain about, and knows the city that is served.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const results = fileURLToPath(new URL('../test-results', import.meta.url));
mkdirSync(results, { recursive: true });

const software = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

export const noGpu = ['--disable-gpu', '--disable-software-rasterizer'];

export function launch({ gpu = software, env = {} } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [...quiet, ...gpu],
    env: { ...process.env, ...env }
  });
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(a === b, `${what}: ${a} instead of ${b}`);
}

/** Every request of every test that went elsewhere. */
export const strays = [];

export class World {
  /** `flat` is a browser without WebGL: it starts at once, for tests that are not about the map. */
  constructor(url, browser, flat) {
    this.url = url;
    this.browser = browser;
    this.flat = flat;
  }

  async api(path, { method = 'GET', body, headers = {} } = {}) {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body)
    });
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** A grid with a band and neighbours, and a point well inside it. */
  async someGrid() {
    if (!this.grid) {
      const { rows } = await this.api('grids?limit=50&sort=-households');
      for (const { code } of rows) {
        const card = await this.api(`grids/${code}`);
        if (card.neighbours.length > 0) this.grid ??= card;
        if (card.neighbours.length > 0 && card.band) return (this.grid = card);
      }
    }
    return this.grid;
  }

  async open(options = {}) {
    const {
      path = '',
      hash = '',
      at = this.url,
      phone = false,
      theme = 'light',
      language = 'zh-Hans',
      width,
      flat = false,
      browser = flat ? this.flat : this.browser,
      motion = 'reduce',
      before,
      wait = flat ? 'no-webgl' : 'ready'
    } = options;
    const context = await browser.newContext({
      viewport: { width: width ?? (phone ? 390 : 1280), height: phone ? 844 : 800 },
      locale: language === 'en' ? 'en-GB' : 'zh-CN',
      colorScheme: theme,
      reducedMotion: motion,
      hasTouch: phone,
      isMobile: phone,
      permissions: ['clipboard-read', 'clipboard-write']
    });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    page.complaints = [];
    page.requests = [];
    page.on('console', (message) => {
      // A refused or broken answer is what some tests are about; the browser logs it by itself.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
        page.complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => page.complaints.push(error.stack ?? error.message));
    context.on('request', (request) => {
      const url = request.url();
      page.requests.push(url);
      if (!url.startsWith(at) && !/^(data|blob):/.test(url)) strays.push(url);
    });
    if (before) await before(page);
    const started = Date.now();
    await page.goto(`${at}/${path}${hash}`);
    if (wait) await page.waitForSelector(`[data-map="${wait}"]`, { timeout: 90_000, state: 'attached' });
    page.idle = Date.now() - started;
    return page;
  }
}

/** The card that is shown, once it is there. */
export async function card(page) {
  await page.waitForSelector('[data-card]:not([data-card="loading"])', { timeout: 10_000 });
  return page.$eval('[data-card]', (element) => ({ kind: element.dataset.card, text: element.innerText }));
}

/** A view that looks at the middle of `place`. */
export function viewOf([lon, lat], zoom = 17) {
  return `#v=${zoom}/${lon}/${lat}`;
}

export async function shot(page, name) {
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${results}/${name}.png` });
}
