// The map's colours. Ground, streets and water stay quiet, so that the grids speak.
import type { GridClass } from '../api/types';
import type { Theme } from '../state/view';

/**
 * Seven colours for neighbouring grids. Chosen by search so that any two are at least 20 apart (CIE 1976) for normal
 * sight and under simulated protanopia, deuteranopia and tritanopia; `palette.test.ts` measures it.
 */
export const gridColours = ['#8480e8', '#36b58f', '#c4dc4a', '#ffcf87', '#c57442', '#aa74ad', '#b0ecf3'] as const;

/** Under and over differ in lightness from "in" and carry a pattern, so that colour is not the only signal. */
export const bandColours: Record<Theme, Record<'in' | 'under' | 'over' | 'none', string>> = {
  light: { in: '#cfe3d2', under: '#a697de', over: '#df7040', none: '#dcd9d0' },
  dark: { in: '#2f4a3c', under: '#7467c0', over: '#d8733f', none: '#2c3137' }
};

export const classColours: Record<GridClass | 'none', string> = {
  mature: '#4e86c6',
  open: '#e59a3c',
  urban_village: '#b0568c',
  rural: '#8fb843',
  dedicated: '#7d7f8c',
  none: '#cfcbc0'
};

/** What an import would do to a feature. Lightness tells them apart as well, and a fault has a ring or dashes of its own. */
export const changeColours: Record<Theme, Record<'added' | 'updated' | 'unchanged' | 'error', string>> = {
  light: { added: '#0b6e4f', updated: '#c98500', unchanged: '#7d8087', error: '#b3261e' },
  dark: { added: '#5fd3a7', updated: '#f2c14e', unchanged: '#8b939c', error: '#ff8a7a' }
};

export interface MapColours {
  ground: string;
  green: string;
  pitch: string;
  water: string;
  waterLine: string;
  building: string;
  buildingPublic: string;
  buildingLine: string;
  street: string;
  streetMajor: string;
  streetTrunk: string;
  streetCasing: string;
  streetMinor: string;
  path: string;
  rail: string;
  wall: string;
  gridLine: string;
  communityLine: string;
  subdistrictLine: string;
  districtLine: string;
  borderHalo: string;
  zone: string;
  compound: string;
  text: string;
  textSoft: string;
  textWater: string;
  textGreen: string;
  textZone: string;
  halo: string;
  selected: string;
  selectedHalo: string;
  hover: string;
  veil: string;
  gridFill: number;
  gridFillNear: number;
}

export const mapColours: Record<Theme, MapColours> = {
  light: {
    ground: '#f6f3ec',
    green: '#d5e6c3',
    pitch: '#c5dfc4',
    water: '#b5d5e6',
    waterLine: '#8fbcd4',
    building: '#e3dccf',
    buildingPublic: '#ddd3dc',
    buildingLine: '#c3b9a8',
    street: '#ffffff',
    streetMajor: '#fdf0c4',
    streetTrunk: '#fadf9f',
    streetCasing: '#cfc6b6',
    streetMinor: '#ffffff',
    path: '#b9a98f',
    rail: '#8d8a86',
    wall: '#a39a8b',
    gridLine: '#5c5f6b',
    communityLine: '#3f4a66',
    subdistrictLine: '#4a2f5c',
    districtLine: '#7a1f3d',
    borderHalo: '#ffffff',
    zone: '#7a3b9a',
    compound: '#8a5a12',
    text: '#22262b',
    textSoft: '#4d5157',
    textWater: '#2b5f7e',
    textGreen: '#3a6630',
    textZone: '#63297f',
    halo: '#ffffff',
    selected: '#0b4f4a',
    selectedHalo: '#ffffff',
    hover: '#22262b',
    veil: '#f6f3ec',
    gridFill: 0.5,
    gridFillNear: 0.3
  },
  dark: {
    ground: '#14181d',
    green: '#1c2b20',
    pitch: '#20332a',
    water: '#17303f',
    waterLine: '#2b5268',
    building: '#2a3038',
    buildingPublic: '#2e2b38',
    buildingLine: '#48515b',
    street: '#39424c',
    streetMajor: '#4c4a3d',
    streetTrunk: '#5c5236',
    streetCasing: '#0e1115',
    streetMinor: '#323a43',
    path: '#4d4638',
    rail: '#636a72',
    wall: '#545b63',
    gridLine: '#aab4c0',
    communityLine: '#c3cfe8',
    subdistrictLine: '#d9b8ee',
    districtLine: '#f09ab2',
    borderHalo: '#0b0e11',
    zone: '#c48ae6',
    compound: '#e0ad5c',
    text: '#eef2f5',
    textSoft: '#b8c1ca',
    textWater: '#86bad6',
    textGreen: '#93c282',
    textZone: '#d9aef2',
    halo: '#0e1216',
    selected: '#7fe3d6',
    selectedHalo: '#06211f',
    hover: '#ffffff',
    veil: '#0b0e11',
    gridFill: 0.46,
    gridFillNear: 0.34
  }
};
