// The map engine's worker, with the same patches as the page: a worker starts with a world of its own.
import '../polyfills';
import 'maplibre-gl/dist/maplibre-gl-worker.mjs';
