// Which part of the map no panel covers, in pixels from each side. The style sheets lay out the panels; this repeats
// their measures, because the map must know them before it moves.

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

export function freeSpace(width: number, height: number, card: boolean, table: boolean): Space {
  if (width <= phoneWidth) {
    return { top: 116, right: 28, left: 28, bottom: card ? Math.round(height * sheetShare) + 24 : 40 };
  }
  return {
    top: 76,
    right: 64,
    left: card || table ? 420 : 64,
    bottom: table ? Math.round(height * tableShare) + 40 : 48
  };
}
