import type { Language } from '../i18n/index.svelte';
import type { ColourBy, Switches, Theme } from '../state/view';
import { mapColours, type MapColours } from './palette';

/** All that decides how the map is drawn. Layers are functions of this and of nothing else. */
export interface Look {
  theme: Theme;
  language: Language;
  colourBy: ColourBy;
  switches: Switches;
  /** Layers the server does not show; their tiles are never asked for. */
  closed: readonly string[];
  /** Whether a grid is selected, so that the others step back. */
  focused: boolean;
  /** Whether the desk draws on top, so that the whole city steps back. */
  quiet: boolean;
  debug: boolean;
}

export function coloursOf(look: Look): MapColours {
  return mapColours[look.theme];
}

export function shown(on: boolean): 'visible' | 'none' {
  return on ? 'visible' : 'none';
}

export const font = ['Gridweave Sans'];
