// The bundled Chinese font, for machines that have none: the same slices serve the page and the map's labels.
import type { StyleSpecification } from 'maplibre-gl';
import facesUrl from 'virtual:font-faces';
import { root } from './api/client';

export const family = 'Gridweave Sans';

interface Face {
  url: string;
  'unicode-range': string[];
}

let faces: Promise<Face[]> | undefined;

function load(): Promise<Face[]> {
  faces ??= fetch(new URL(facesUrl, root))
    .then((response) => response.json())
    .then((list: { file: string; ranges: string[] }[]) => {
      const folder = new URL('.', new URL(facesUrl, root));
      return list.map(({ file, ranges }) => ({ url: new URL(file, folder).href, 'unicode-range': ranges }));
    });
  return faces;
}

/** Declares the slices to the page. A browser fetches one when a character in its range is to be drawn. */
export async function installPageFonts(): Promise<void> {
  for (const face of await load()) {
    const source = `url("${face.url}") format("woff2")`;
    document.fonts.add(
      new FontFace(family, source, {
        weight: '100 900',
        display: 'swap',
        unicodeRange: face['unicode-range'].join(',')
      })
    );
  }
}

/** The same slices for the style of the map. Without them labels fall back on the fonts of the machine. */
export async function mapFontFaces(): Promise<StyleSpecification['font-faces']> {
  try {
    return { [family]: await load() };
  } catch {
    return {};
  }
}
