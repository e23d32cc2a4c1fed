// What the data desk asks the map to show on top, and what the map tells it in return. Plain data and callbacks.
import type { FeatureCollection, Geometry, LonLat } from '../api/types';

export interface Overlay {
  /** The features of the file that is being checked, each with what would happen to it. */
  preview: FeatureCollection;
  /** The shape that is being edited. */
  draft: Geometry | null;
}

export const noFeatures: FeatureCollection = { type: 'FeatureCollection', features: [] };
export const noOverlay: Overlay = { preview: noFeatures, draft: null };

/** A point that can be dragged, by mouse, finger or arrow keys. */
export interface Handle {
  id: string;
  kind: 'point' | 'corner' | 'between';
  place: LonLat;
  /** For screen readers. */
  label: string;
}

/** Something under the pointer: a row of a layer, or of the file that is being checked. */
export interface Thing {
  layer: string;
  id: number;
}

/** Whoever holds the tool gets the clicks that otherwise ask who is responsible. */
export interface MapTool {
  /** Whether clicks set points: a crosshair, and no zoom on a double click. */
  drawing: boolean;
  /** `things` lie there, the smallest first. */
  pressed(place: LonLat, things: Thing[]): void;
  handles: Handle[];
  /** `done` once the handle is let go. */
  dragged(id: string, place: LonLat, done: boolean): void;
  removed(id: string): void;
}
