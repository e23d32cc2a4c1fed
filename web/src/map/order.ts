import type { LayerSpecification } from 'maplibre-gl';

/** Every layer of the map, once, from the ground up. */
export const order = [
  'ground',
  'grids-fill',
  'grids-pattern',
  'green',
  'water',
  'water-lines',
  'zones-fill',
  'compounds-fill',
  'buildings',
  'buildings-lines',
  'barriers-walls',
  'paths',
  'streets-casing',
  'streets',
  'rail',
  'rail-sleepers',
  'grids-veil',
  'compounds-lines',
  'zones-lines',
  'grids-lines-halo',
  'grids-lines',
  'communities-lines',
  'subdistricts-lines',
  'districts-lines-halo',
  'districts-lines',
  'grids-hover',
  'grids-selected-halo',
  'grids-selected',
  'preview-fill',
  'preview-lines-halo',
  'preview-lines',
  'draft-fill',
  'draft-lines',
  'water-names',
  'green-names',
  'streets-names',
  'buildings-names',
  'compounds-names',
  'institutions',
  'services',
  'checkpoints',
  'cameras',
  'zones-names',
  'grids-numbers',
  'grids-names',
  'communities-names',
  'subdistricts-names',
  'districts-names',
  'preview-points',
  'preview-errors',
  'debug-buildings',
  'debug-streets',
  'debug-grids'
] as const;

export type LayerId = (typeof order)[number];

/** A layer whose id is in the list above. */
export type Layer = LayerSpecification & { id: LayerId };

/** Puts layers in the order above. A missing, doubled or unknown id is a mistake in a layer file, so it throws. */
export function inOrder(layers: LayerSpecification[]): LayerSpecification[] {
  const rank = new Map<string, number>(order.map((id, index) => [id, index]));
  const seen = new Set<string>();
  for (const { id } of layers) {
    if (!rank.has(id)) throw new Error(`layer "${id}" has no place in the order`);
    if (seen.has(id)) throw new Error(`layer "${id}" is drawn twice`);
    seen.add(id);
  }
  const missing = order.filter((id) => !seen.has(id));
  if (missing.length > 0) throw new Error(`nothing draws ${missing.join(', ')}`);
  return [...layers].sort((a, b) => rank.get(a.id)! - rank.get(b.id)!);
}
