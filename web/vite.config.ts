import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { fontFaces } from './scripts/font-faces.ts';

// The oldest browser we promise to start in: government desktops still run Chromium 90.
const floor = 'chrome90';
const server = process.env.GRIDWEAVE_URL ?? 'http://127.0.0.1:8080';

/** The map engine declares itself free of side effects, but its worker is nothing else: it would be shaken off. */
const keepMapWorker: Plugin = {
  name: 'gridweave-keep-map-worker',
  transform(code, id) {
    return id.includes('maplibre-gl-worker') ? { code, map: null, moduleSideEffects: true } : null;
  }
};

export default defineConfig({
  // Relative, so that the map also works below a path of an intranet proxy.
  base: './',
  plugins: [svelte(), fontFaces()],
  build: {
    target: floor,
    cssTarget: floor,
    // Nothing inline: the content security policy allows neither inline scripts nor data: fonts.
    assetsInlineLimit: 0,
    // The polyfill is an inline-free shim that Chromium 90 does not need.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    // Two pages: the map, and the API explorer with a library of its own.
    rolldownOptions: { input: ['index.html', 'docs.html'] }
  },
  worker: {
    format: 'es',
    plugins: () => [keepMapWorker]
  },
  server: {
    proxy: { '/api': server, '/tiles': server, '/docs': server }
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node'
  }
} as import('vite').UserConfig);
