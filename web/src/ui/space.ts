// Which part of the map no panel covers, in pixels from each side. The style sheets lay out the panels; this repeats
// their measures, because the map must know them before it moves.

import type { Mode } from '../state/view';

export const phoneWidth = 760;
/** Shares of the height that the table takes beside the map, and the card's sheet on a phone. */
export const tableShare = 0.54;
export const sheetShare = 0.44;

export interface Space {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** The style sheet's --left, with and without the desk. */
const left = 372;
const deskLeft = 500;

export function freeSpace(width: number, height: number, card: boolean, mode: Mode['kind'], deskLow: boolean): Space {
  if (width <= phoneWidth) {
    const sheet = mode === 'desk' ? deskLow : card;
    return { top: 116, right: 28, left: 28, bottom: sheet ? Math.round(height * sheetShare) + 24 : 40 };
  }
  const beside = mode === 'desk' ? deskLeft + 48 : card || mode === 'table' ? left + 48 : 64;
  return {
    top: 76,
    right: 64,
    left: Math.min(beside, width - 128),
    bottom: mode === 'table' ? Math.round(height * tableShare) + 40 : 48
  };
}
