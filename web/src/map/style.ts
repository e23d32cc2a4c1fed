import type { SourceSpecification, StyleSpecification, VectorSourceSpecification } from 'maplibre-gl';
import type { FeatureCollection } from '../api/types';
import { noFeatures, type Overlay } from '../state/drawing';
import { administration, zones } from './layers/areas';
import { buildings } from './layers/buildings';
import { debug } from './layers/debug';
import { desk } from './layers/desk';
import { grids } from './layers/grids';
import { ground } from './layers/ground';
import { places } from './layers/places';
import { barriers, streets } from './layers/streets';
import type { Look } from './look';
import { inOrder } from './order';

/** Layers that travel together, so that a screen of map costs few requests. */
const composites = {
  base: 'water,green,barriers,streets,buildings',
  areas: 'districts,subdistricts,communities,grids,zones'
};
/** Layers that a switch or a server may leave out, each with its own tiles. */
const single = ['compounds', 'institutions', 'cameras', 'checkpoints', 'services'] as const;

/** The whole style: a function of what is to be seen, and of where the server is. */
export function style(
  look: Look,
  root: string,
  fontFaces: StyleSpecification['font-faces'],
  overlay: Overlay
): StyleSpecification {
  const closed = new Set(look.closed);
  const sources: Record<string, SourceSpecification> = {
    preview: { type: 'geojson', data: overlay.preview },
    draft: { type: 'geojson', data: draftOf(overlay) }
  };
  for (const [name, layers] of Object.entries(composites)) sources[name] = tiles(root, layers);
  for (const name of single) if (!closed.has(name)) sources[name] = tiles(root, name);

  const layers = inOrder([
    ...ground(look),
    ...streets(look),
    ...barriers(look),
    ...buildings(look),
    ...administration(look),
    ...zones(look),
    ...grids(look),
    ...places(look),
    ...desk(look),
    ...debug(look)
  ]).filter((layer) => !('source' in layer) || layer.source in sources);

  return { version: 8, 'font-faces': fontFaces, sources, layers };
}

export function draftOf({ draft }: Overlay): FeatureCollection {
  return draft
    ? { type: 'FeatureCollection', features: [{ type: 'Feature', geometry: draft, properties: {} }] }
    : noFeatures;
}

function tiles(root: string, layers: string): VectorSourceSpecification {
  // Deeper zooms stretch the tiles of 16, whose unit there is 15 cm.
  return { type: 'vector', tiles: [`${root}tiles/${layers}/{z}/{x}/{y}`], minzoom: 0, maxzoom: 16 };
}
