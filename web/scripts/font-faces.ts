// Serves the bundled Chinese font in slices, for the map's labels (style `font-faces`) and the page alike.
//
// The list of slices (101 unicode ranges, 100 KB) is a static JSON file rather than JavaScript or CSS:
// it is fetched once, beside the first tiles, and a browser downloads only the slices whose characters it draws.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const packageName = '@fontsource-variable/noto-sans-sc';
const virtualId = 'virtual:font-faces';
const devPath = '/@font-faces/';

interface Slice {
  file: string;
  ranges: string[];
}

function readSlices(): { folder: string; slices: Slice[] } {
  const folder = dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
  const css = readFileSync(join(folder, 'index.css'), 'utf8');
  const slices = css
    .split('@font-face')
    .slice(1)
    .map((rule) => {
      const file = /url\(\.\/files\/([^)]+)\)/.exec(rule);
      const range = /unicode-range:\s*([^;]+);/.exec(rule);
      if (!file || !range) throw new Error(`unexpected @font-face rule in ${packageName}`);
      return { file: file[1], ranges: range[1].split(',').map((part) => part.trim()) };
    });
  if (slices.length === 0) throw new Error(`no @font-face rules in ${packageName}`);
  return { folder, slices };
}

/** Emits the slices and their list, and exports the list's URL from `virtual:font-faces`. */
export function fontFaces(): Plugin {
  const { folder, slices } = readSlices();
  let building = false;

  return {
    name: 'gridweave-font-faces',
    config(_config, { command }) {
      building = command === 'build';
    },
    resolveId(id) {
      return id === virtualId ? `\0${virtualId}` : null;
    },
    load(id) {
      if (id !== `\0${virtualId}`) return null;
      if (!building) return `export default ${JSON.stringify(`${devPath}faces.json`)};`;

      const faces = slices.map(({ file, ranges }) => {
        const source = readFileSync(join(folder, 'files', file));
        const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
        const name = `${basename(file, '.woff2')}-${hash}.woff2`;
        this.emitFile({ type: 'asset', fileName: `assets/${name}`, source });
        return { file: name, ranges };
      });
      const list = JSON.stringify(faces);
      const hash = createHash('sha256').update(list).digest('hex').slice(0, 8);
      const fileName = `assets/font-faces-${hash}.json`;
      this.emitFile({ type: 'asset', fileName, source: list });
      return `export default ${JSON.stringify(fileName)};`;
    },
    configureServer(server) {
      server.middlewares.use(devPath, (request, response, next) => {
        const name = basename(request.url ?? '');
        if (name === 'faces.json') {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify(slices));
          return;
        }
        if (!slices.some(({ file }) => file === name)) return next();
        response.setHeader('content-type', 'font/woff2');
        response.end(readFileSync(join(folder, 'files', name)));
      });
    }
  };
}
