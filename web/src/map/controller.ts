// The one owner of the map engine. The page tells it what to show; it does nothing when nothing changed.
import { GPUInitializationError, Map as Engine, Marker, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import type {
  GeoJSONSource,
  MapGeoJSONFeature,
  MapMouseEvent,
  PaddingOptions,
  Point,
  StyleSpecification
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from './worker?worker&url';
import type { Bounds, GridClass, LonLat } from '../api/types';
import { noOverlay, type Handle, type Overlay, type Thing } from '../state/drawing';
import type { Hover } from '../state/store.svelte';
import type { Camera, Flight } from '../state/view';
import { handleElement } from './handle';
import { supplyIcons } from './icons';
import type { Look } from './look';
import { pinElement } from './pin';
import { draftOf, style } from './style';

setWorkerUrl(workerUrl);

/** Layers whose features can be named under the pointer, the smallest things first. */
const nameable = ['cameras', 'checkpoints', 'services', 'institutions', 'buildings'] as const;

/** Layers whose features can be picked for editing, the smallest things first. */
const pickable = ['preview-points', ...nameable, 'preview-fill', 'preview-lines', 'compounds-fill', 'grids-fill'];

/** How far beside a small thing a click still picks it, in pixels. */
const reach = 6;

/** Which way an arrow key moves a handle, in pixels. */
const arrows: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};

/** How long a finger rests before it asks about the place. */
const longPress = 550;

/** How long the map takes to move; nothing at all for visitors who asked for less motion. */
const duration = 700;

export interface Listener {
  moved(camera: Camera): void;
  /** Somebody clicked or pressed here, where these things lie, the smallest first. */
  asked(place: LonLat, things: Thing[]): void;
  /** A handle is being dragged; `done` once it is let go. */
  dragged(id: string, place: LonLat, done: boolean): void;
  removed(id: string): void;
  hovered(hover: Hover | null): void;
  ready(): void;
  /** A tile did not come. */
  lost(error: unknown): void;
}

export interface Start {
  container: HTMLElement;
  root: string;
  fontFaces: StyleSpecification['font-faces'];
  look: Look;
  camera: Camera | null;
  bounds: Bounds;
  padding: PaddingOptions;
  label: string;
}

export class MapController {
  private readonly engine: Engine;
  private readonly pin: Marker;
  private look: Look;
  private flight: Flight | null = null;
  private selected: number | null = null;
  private hovered: number | null = null;
  private pinned: string | null = null;
  private press: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private styled = false;
  private overlay: Overlay = noOverlay;
  private drawing = false;
  private readonly handles = new Map<string, { handle: Handle; marker: Marker }>();

  /** Throws `GPUInitializationError` where there is no WebGL 2. */
  constructor(
    private readonly start: Start,
    private readonly listener: Listener
  ) {
    const { camera, bounds, padding } = start;
    this.look = start.look;
    this.engine = new Engine({
      container: start.container,
      style: style(start.look, start.root, start.fontFaces, noOverlay),
      ...(camera
        ? { center: [camera.lon, camera.lat] as LonLat, zoom: camera.zoom }
        : { bounds, fitBoundsOptions: { padding } }),
      minZoom: 3,
      maxZoom: 20,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      fadeDuration: 150,
      locale: { 'Map.Title': start.label }
    });
    this.engine.touchZoomRotate.disableRotation();
    this.engine.keyboard.disableRotation();
    this.engine.addControl(new ScaleControl({ maxWidth: 110, unit: 'metric' }), 'bottom-right');
    supplyIcons(this.engine);
    this.pin = new Marker({ element: pinElement(), anchor: 'bottom' });
    this.listen();
  }

  /** Redraws in another look; sources and tiles stay. */
  setLook(look: Look): void {
    if (JSON.stringify(look) === JSON.stringify(this.look)) return;
    this.look = look;
    // Before the first style stands there is nothing to compare with; "style.load" catches up.
    if (this.styled) this.redraw();
  }

  select(id: number | null): void {
    if (id === this.selected) return;
    this.mark(this.selected, { selected: false });
    this.mark(id, { selected: true });
    this.selected = id;
  }

  setPin(place: LonLat | null): void {
    const next = place && place.join();
    if (next === this.pinned) return;
    this.pinned = next;
    if (place) this.pin.setLngLat(place).addTo(this.engine);
    else this.pin.remove();
  }

  /** Shows what the desk works on, above the city. */
  setOverlay(overlay: Overlay): void {
    const before = this.overlay;
    this.overlay = overlay;
    if (!this.styled) return;
    const source = (id: string) => this.engine.getSource<GeoJSONSource>(id);
    if (overlay.preview !== before.preview) source('preview')?.setData(overlay.preview);
    if (overlay.draft !== before.draft) source('draft')?.setData(draftOf(overlay));
  }

  /** While somebody draws, clicks set points and two of them are no zoom. */
  setDrawing(drawing: boolean): void {
    if (drawing === this.drawing) return;
    this.drawing = drawing;
    this.engine.getContainer().classList.toggle('map-drawing', drawing);
    if (drawing) this.engine.doubleClickZoom.disable();
    else this.engine.doubleClickZoom.enable();
  }

  /** Puts handles on the map, keeping those that are there: one that is being dragged must not be taken away. */
  setHandles(handles: readonly Handle[]): void {
    const wanted = new Set(handles.map(({ id }) => id));
    for (const [id, { marker }] of this.handles) {
      if (wanted.has(id)) continue;
      marker.remove();
      this.handles.delete(id);
    }
    for (const handle of handles) {
      const there = this.handles.get(handle.id);
      if (there && there.handle.kind === handle.kind && there.handle.label === handle.label) {
        // The one in the hand is ahead of what is known of it.
        if (there.handle.place.join() !== handle.place.join()) there.marker.setLngLat(handle.place);
        there.handle = handle;
        continue;
      }
      there?.marker.remove();
      this.handles.set(handle.id, { handle, marker: this.markerOf(handle) });
    }
  }

  fly(flight: Flight | null, padding: PaddingOptions): void {
    if (!flight || flight === this.flight) return;
    this.flight = flight;
    const { engine } = this;
    switch (flight.kind) {
      case 'bounds':
        engine.fitBounds(flight.bounds, { padding, maxZoom: flight.maxZoom, duration });
        break;
      case 'place':
        engine.easeTo({
          center: [flight.lon, flight.lat],
          zoom: Math.max(engine.getZoom(), flight.minZoom),
          offset: middleOf(padding),
          duration
        });
        break;
      case 'camera':
        if (!near(this.camera(), flight.camera)) {
          engine.jumpTo({ center: [flight.camera.lon, flight.camera.lat], zoom: flight.camera.zoom });
        }
        break;
      case 'zoom':
        engine.easeTo({ zoom: engine.getZoom() + flight.steps, duration: 250 });
    }
  }

  /** Brings `place` into the free part of the map if a panel covers it. */
  reveal(place: LonLat, padding: PaddingOptions): void {
    const { x, y } = this.engine.project(place);
    const { clientWidth, clientHeight } = this.engine.getContainer();
    const inside =
      x > (padding.left ?? 0) &&
      x < clientWidth - (padding.right ?? 0) &&
      y > (padding.top ?? 0) &&
      y < clientHeight - (padding.bottom ?? 0);
    if (!inside) this.engine.easeTo({ center: place, offset: middleOf(padding), duration });
  }

  /** What of the city is in view, and under no panel. */
  freeBounds({ top = 0, right = 0, bottom = 0, left = 0 }: PaddingOptions): Bounds {
    const { clientWidth, clientHeight } = this.engine.getContainer();
    const corner = (x: number, y: number) => this.engine.unproject([x, y]);
    const northWest = corner(left, top);
    const southEast = corner(Math.max(clientWidth - right, left), Math.max(clientHeight - bottom, top));
    return [northWest.lng, southEast.lat, southEast.lng, northWest.lat];
  }

  /** Asks again for the tiles that did not come while the server was away. */
  refresh(): void {
    for (const [id, { type }] of Object.entries(this.engine.getStyle().sources)) {
      if (type === 'vector') this.engine.refreshTiles(id);
    }
  }

  setLabel(label: string): void {
    this.engine.getCanvas().setAttribute('aria-label', label);
  }

  destroy(): void {
    clearTimeout(this.press);
    cancelAnimationFrame(this.frame);
    this.engine.remove();
  }

  private camera(): Camera {
    const { lng, lat } = this.engine.getCenter();
    return { lon: lng, lat, zoom: this.engine.getZoom() };
  }

  private redraw(): void {
    this.engine.showTileBoundaries = this.look.debug;
    this.engine.setStyle(style(this.look, this.start.root, this.start.fontFaces, this.overlay), { diff: true });
  }

  private mark(id: number | null, state: Record<string, boolean>): void {
    // The engine takes no state before its style stands; "style.load" catches up.
    if (id !== null && this.styled) this.engine.setFeatureState({ source: 'areas', sourceLayer: 'grids', id }, state);
  }

  private listen(): void {
    const { engine, listener } = this;
    const report = () => listener.moved(this.camera());
    engine.on('style.load', () => {
      this.styled = true;
      engine.showTileBoundaries = this.look.debug;
      if (this.look !== this.start.look || this.overlay !== noOverlay) this.redraw();
      this.mark(this.selected, { selected: true });
    });
    engine.on('moveend', report);
    engine.once('load', report);
    engine.once('idle', () => listener.ready());
    engine.on('error', ({ error }) => listener.lost(error));

    engine.on('click', ({ lngLat, point }) => listener.asked([lngLat.lng, lngLat.lat], this.thingsAt(point)));
    engine.on('contextmenu', (event) => {
      event.preventDefault();
      listener.asked([event.lngLat.lng, event.lngLat.lat], this.thingsAt(event.point));
    });
    engine.on('mousemove', (event) => this.point(event));
    engine.on('mouseout', () => this.unpoint());
    engine.on('movestart', () => this.unpoint());

    engine.on('touchstart', ({ lngLats, lngLat, point }) => {
      clearTimeout(this.press);
      // Whoever draws taps; a finger that rests there is about to drag.
      if (lngLats.length !== 1 || this.drawing) return;
      this.press = setTimeout(() => listener.asked([lngLat.lng, lngLat.lat], this.thingsAt(point)), longPress);
    });
    for (const end of ['touchend', 'touchmove', 'touchcancel', 'movestart'] as const) {
      engine.on(end, () => clearTimeout(this.press));
    }

    // A cross marks the place that Enter asks about, while the keyboard has the map.
    const canvas = engine.getCanvas();
    for (const type of ['focus', 'blur', 'keydown'] as const) {
      canvas.addEventListener(type, () => {
        engine.getContainer().classList.toggle('map-keyed', canvas.matches(':focus-visible'));
      });
    }
    canvas.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey) return;
      const { lng, lat } = engine.getCenter();
      listener.asked([lng, lat], this.thingsAt(engine.project([lng, lat])));
    });
  }

  /** Looks once a frame at most at what is under the pointer. */
  private point({ point }: MapMouseEvent): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const grid = this.featuresAt(point, ['grids-fill'])[0];
      const thing = this.featuresAt(point, nameable)[0];
      this.hover(typeof grid?.id === 'number' ? grid.id : null);
      this.engine.getCanvas().style.cursor = this.drawing ? 'crosshair' : grid ? 'pointer' : '';
      if (!grid && !thing) return this.listener.hovered(null);
      this.listener.hovered({ x: point.x, y: point.y, grid: grid ? hoveredGrid(grid) : null, thing: named(thing) });
    });
  }

  private unpoint(): void {
    cancelAnimationFrame(this.frame);
    this.hover(null);
    this.listener.hovered(null);
  }

  private hover(id: number | null): void {
    if (id === this.hovered) return;
    this.mark(this.hovered, { hover: false });
    this.mark(id, { hover: true });
    this.hovered = id;
  }

  private markerOf(handle: Handle): Marker {
    const { id } = handle;
    const element = handleElement(handle);
    const marker = new Marker({ element, draggable: true }).setLngLat(handle.place).addTo(this.engine);
    const place = (): LonLat => {
      const { lng, lat } = marker.getLngLat();
      return [lng, lat];
    };
    marker.on('drag', () => this.listener.dragged(id, place(), false));
    marker.on('dragend', () => this.listener.dragged(id, place(), true));
    element.addEventListener('click', (event) => event.stopPropagation());
    // The engine leaves the keys of elements that are not its own to their makers.
    let keyed = false;
    const letGo = () => {
      if (keyed) this.listener.dragged(id, place(), true);
      keyed = false;
    };
    element.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === 'Delete' || event.key === 'Backspace') return this.listener.removed(id);
      // A point between two corners becomes a corner where it stands; only then it moves.
      if (event.key === 'Enter') return this.listener.dragged(id, place(), true);
      const step = arrows[event.key];
      if (!step || handle.kind === 'between') return;
      event.preventDefault();
      event.stopPropagation();
      const pixels = event.shiftKey ? 10 : 1;
      const { x, y } = this.engine.project(place());
      marker.setLngLat(this.engine.unproject([x + step[0] * pixels, y + step[1] * pixels]));
      keyed = true;
      this.listener.dragged(id, place(), false);
    });
    element.addEventListener('keyup', letGo);
    element.addEventListener('blur', letGo);
    element.addEventListener('dblclick', (event) => {
      event.stopPropagation();
      this.listener.removed(id);
    });
    return marker;
  }

  private thingsAt({ x, y }: Point): Thing[] {
    const present = pickable.filter((id) => this.engine.getLayer(id));
    const box: [[number, number], [number, number]] = [
      [x - reach, y - reach],
      [x + reach, y + reach]
    ];
    const found = this.engine.queryRenderedFeatures(box, { layers: present });
    return found
      .filter(({ id }) => typeof id === 'number')
      .sort((a, b) => present.indexOf(a.layer.id) - present.indexOf(b.layer.id))
      .map(({ id, source, sourceLayer = source }) => ({ layer: sourceLayer.replace(/_label$/, ''), id: Number(id) }));
  }

  private featuresAt(point: Point, layers: readonly string[]): MapGeoJSONFeature[] {
    const present = layers.filter((id) => this.engine.getLayer(id));
    return this.engine.queryRenderedFeatures(point, { layers: present });
  }
}

function hoveredGrid({ id, properties }: MapGeoJSONFeature): Hover['grid'] {
  return {
    id: Number(id),
    code: String(properties.code ?? ''),
    name: String(properties.name ?? properties.code ?? ''),
    households: Number(properties.households ?? 0),
    class: (properties.class as GridClass | undefined) ?? null,
    state: String(properties.state ?? 'none')
  };
}

function named(feature: MapGeoJSONFeature | undefined): Hover['thing'] {
  if (!feature) return null;
  const { name, number, code } = feature.properties;
  const text = name || number || code;
  return text ? { kind: feature.layer.id, name: String(text) } : null;
}

/** From the middle of the map to the middle of what no panel covers. */
function middleOf({ left = 0, right = 0, top = 0, bottom = 0 }: PaddingOptions): [number, number] {
  return [(left - right) / 2, (top - bottom) / 2];
}

/** Closer than the address can tell. */
function near(a: Camera, b: Camera): boolean {
  return Math.abs(a.lon - b.lon) < 2e-5 && Math.abs(a.lat - b.lat) < 2e-5 && Math.abs(a.zoom - b.zoom) < 0.011;
}

export function isWithoutGpu(error: unknown): boolean {
  return error instanceof GPUInitializationError;
}
