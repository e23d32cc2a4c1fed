// Icons and patterns, drawn when the map first asks for them: no sprite sheet to keep in step with two themes.
import type { Map as Engine } from 'maplibre-gl';
import type { Theme } from '../state/view';
import { mapColours } from './palette';

const ratio = 2;
const ink: Record<Theme, Record<string, string>> = {
  light: {
    camera: '#b3261e',
    off: '#6b6f76',
    checkpoint: '#0b6e4f',
    service: '#1d4e9e',
    institution: '#6a4c93',
    edge: '#ffffff'
  },
  dark: {
    camera: '#ff8a7a',
    off: '#9aa1a9',
    checkpoint: '#5fd3a7',
    service: '#86b6ff',
    institution: '#c9a6f0',
    edge: '#0e1216'
  }
};

type Draw = (pen: CanvasRenderingContext2D, size: number, theme: Theme) => void;

function disc(pen: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string, edge: string): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, Math.PI * 2);
  pen.fillStyle = fill;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = edge;
  pen.stroke();
}

const drawings: Record<string, { size: number; draw: Draw }> = {
  'camera-fixed': {
    size: 34,
    draw(pen, size, theme) {
      const c = size / 2;
      // A wedge of 70° to the north; the layer turns it.
      const half = (35 * Math.PI) / 180;
      pen.beginPath();
      pen.moveTo(c, c);
      pen.arc(c, c, c - 1, -Math.PI / 2 - half, -Math.PI / 2 + half);
      pen.closePath();
      pen.globalAlpha = 0.35;
      pen.fillStyle = ink[theme].camera;
      pen.fill();
      pen.globalAlpha = 1;
      disc(pen, c, c, 4.2, ink[theme].camera, ink[theme].edge);
    }
  },
  'camera-round': {
    size: 22,
    draw(pen, size, theme) {
      const c = size / 2;
      pen.globalAlpha = 0.3;
      disc(pen, c, c, c - 1, ink[theme].camera, 'transparent');
      pen.globalAlpha = 1;
      disc(pen, c, c, 4.2, ink[theme].camera, ink[theme].edge);
    }
  },
  'camera-off': {
    size: 18,
    draw(pen, size, theme) {
      const c = size / 2;
      disc(pen, c, c, 5, ink[theme].edge, ink[theme].off);
      pen.beginPath();
      pen.moveTo(c - 5, c + 5);
      pen.lineTo(c + 5, c - 5);
      pen.lineWidth = 2;
      pen.strokeStyle = ink[theme].off;
      pen.stroke();
    }
  },
  checkpoint: {
    size: 20,
    draw(pen, size, theme) {
      const c = size / 2;
      pen.beginPath();
      pen.moveTo(c, c - 7);
      pen.lineTo(c + 7, c);
      pen.lineTo(c, c + 7);
      pen.lineTo(c - 7, c);
      pen.closePath();
      pen.fillStyle = ink[theme].checkpoint;
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = ink[theme].edge;
      pen.stroke();
    }
  },
  service: {
    size: 22,
    draw(pen, size, theme) {
      const c = size / 2;
      disc(pen, c, c, 8, ink[theme].service, ink[theme].edge);
      pen.fillStyle = ink[theme].edge;
      pen.fillRect(c - 1.2, c - 4.5, 2.4, 9);
      pen.fillRect(c - 4.5, c - 1.2, 9, 2.4);
    }
  },
  institution: {
    size: 20,
    draw(pen, size, theme) {
      const c = size / 2;
      pen.fillStyle = ink[theme].institution;
      pen.strokeStyle = ink[theme].edge;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.rect(c - 6, c - 6, 12, 12);
      pen.fill();
      pen.stroke();
      disc(pen, c, c, 2, ink[theme].edge, ink[theme].edge);
    }
  },
  /** Over the band: strokes rising to the right. */
  hatch: {
    size: 10,
    draw(pen, size, theme) {
      strokes(pen, size, theme === 'light' ? '#7a2a08' : '#ffc29f', 1.2);
    }
  },
  /** Under the band: dots. */
  dots: {
    size: 12,
    draw(pen, size, theme) {
      pen.fillStyle = theme === 'light' ? '#4a3a96' : '#d4ccff';
      pen.beginPath();
      pen.arc(size / 2, size / 2, 1.1, 0, Math.PI * 2);
      pen.fill();
    }
  },
  /** Zones. */
  stripes: {
    size: 14,
    draw(pen, size, theme) {
      pen.globalAlpha = 0.5;
      strokes(pen, size, mapColours[theme].zone, 2);
    }
  }
};

/** Lines at 45° that meet themselves at the tile's edges. */
function strokes(pen: CanvasRenderingContext2D, size: number, colour: string, width: number): void {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift - 2, size + 2);
    pen.lineTo(shift + size + 2, -2);
    pen.stroke();
  }
}

function draw(name: string, theme: Theme): { image: ImageData; size: number } | null {
  const drawing = drawings[name];
  if (!drawing) return null;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = drawing.size * ratio;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!pen) return null;
  pen.scale(ratio, ratio);
  drawing.draw(pen, drawing.size, theme);
  return { image: pen.getImageData(0, 0, canvas.width, canvas.height), size: drawing.size };
}

export function supplyIcons(engine: Engine): void {
  engine.setMissingStyleImageResolver((id) => {
    const match = /^(.*)-(light|dark)$/.exec(id);
    const drawn = match && draw(match[1], match[2] as Theme);
    if (drawn && !engine.hasImage(id)) engine.addImage(id, drawn.image, { pixelRatio: ratio });
  });
}

/** The same drawing for the legend. */
export function iconUrl(name: string, theme: Theme): string {
  const drawing = drawings[name];
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = drawing.size * ratio;
  const pen = canvas.getContext('2d');
  if (!pen) return '';
  pen.scale(ratio, ratio);
  drawing.draw(pen, drawing.size, theme);
  return canvas.toDataURL();
}
