// The one store. It knows nothing of the map library: the map reads it, and reports back through its methods.
import type { Bounds, GridClass, LonLat, TableLayer } from '../api/types';
import {
  defaultSwitches,
  defaultTable,
  type Camera,
  type ColourBy,
  type DeskView,
  type Flight,
  type Mode,
  type Selection,
  type Switch,
  type Switches,
  type TableView,
  type Theme
} from './view';
import { noOverlay, type MapTool, type Overlay } from './drawing';
import type { UrlState } from './url';

export type Panel = 'none' | 'layers' | 'help' | 'download';

/** What lies under the pointer. */
export interface Hover {
  x: number;
  y: number;
  grid: { id: number; code: string; name: string; households: number; class: GridClass | null; state: string } | null;
  /** The name of a smaller thing on top: a building, a camera, a checkpoint. */
  thing: { kind: string; name: string } | null;
}

/** How the map engine is doing. */
export type MapHealth = 'starting' | 'ready' | 'no-webgl' | 'failed';

class Store {
  theme = $state<Theme>('light');
  mode = $state.raw<Mode>({ kind: 'map' });
  selection = $state.raw<Selection>({ kind: 'none' });
  switches = $state.raw<Switches>(defaultSwitches);
  colourBy = $state<ColourBy>('neighbours');
  debug = $state(false);
  panel = $state<Panel>('none');
  shortcuts = $state(true);

  camera = $state.raw<Camera | null>(null);
  /** The part of the city in view that no panel covers. */
  viewBounds = $state.raw<Bounds | null>(null);
  flight = $state.raw<Flight | null>(null);
  hover = $state.raw<Hover | null>(null);
  /** Whether the map goes to the selection once its card has come: not after a click, where one looks already. */
  followAnswer = false;
  mapHealth = $state<MapHealth>('starting');
  overlay = $state.raw<Overlay>(noOverlay);
  tool = $state.raw<MapTool | null>(null);
  /** On a phone the desk is a sheet; low, it leaves room for the map. */
  deskLow = $state(false);
  /** The place of a problem that somebody looks at. */
  spot = $state.raw<LonLat | null>(null);
  /** Files that were dropped on the page and that the desk has not taken up yet. */
  dropped = $state.raw<File[]>([]);
  /** The layer that the download dialog offers first. */
  downloadLayer = $state<TableLayer>('grids');
  /** Read out by screen readers. */
  announcement = $state('');

  private lastTable: TableView = defaultTable;
  private lastDesk: DeskView = { pane: 'files' };

  /** Selects something out of a list, a link or the search box, and goes there. */
  goTo(selection: Selection): void {
    this.followAnswer = true;
    this.selection = selection;
  }

  selectPoint([lon, lat]: LonLat): void {
    // Seven places are the resolution of the city file: 1.1 cm.
    this.followAnswer = false;
    this.selection = { kind: 'point', lon: Number(lon.toFixed(7)), lat: Number(lat.toFixed(7)), crs: 'wgs84' };
  }

  clearSelection(): void {
    this.selection = { kind: 'none' };
  }

  fly(flight: Flight): void {
    this.flight = { ...flight };
  }

  setSwitch(name: Switch, on: boolean): void {
    this.switches = { ...this.switches, [name]: on };
  }

  openTable(change: Partial<TableView> = {}): void {
    const from = this.mode.kind === 'table' ? this.mode.table : this.lastTable;
    this.lastTable = { ...from, ...change };
    this.mode = { kind: 'table', table: this.lastTable };
  }

  /** Without a pane, the desk as it was left. */
  openDesk(desk: DeskView = this.lastDesk): void {
    this.lastDesk = desk;
    this.mode = { kind: 'desk', desk };
  }

  openDownload(layer: TableLayer): void {
    this.downloadLayer = layer;
    this.panel = 'download';
  }

  openMap(): void {
    this.mode = { kind: 'map' };
  }

  togglePanel(panel: Panel): void {
    this.panel = this.panel === panel ? 'none' : panel;
  }

  get urlState(): UrlState {
    const { camera, mode, selection, switches, colourBy, debug } = this;
    return { camera, mode, selection, switches, colourBy, debug };
  }

  /** Takes over a URL: on start, and when the visitor goes back or forward. */
  restore(state: UrlState): void {
    this.mode = state.mode;
    if (state.mode.kind === 'table') this.lastTable = state.mode.table;
    if (state.mode.kind === 'desk') this.lastDesk = state.mode.desk;
    this.selection = state.selection;
    this.switches = state.switches;
    this.colourBy = state.colourBy;
    this.debug = state.debug;
    if (state.camera) {
      this.camera = state.camera;
      this.flight = { kind: 'camera', camera: state.camera };
    } else if (state.selection.kind !== 'none') {
      this.followAnswer = true;
    }
  }
}

export const store = new Store();
