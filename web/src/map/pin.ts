const namespace = 'http://www.w3.org/2000/svg';

function shape(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A pin whose tip is the queried point; its colours come from the page's style sheet. */
export function pinElement(): HTMLElement {
  const holder = document.createElement('div');
  holder.className = 'map-pin';
  const svg = shape('svg', { viewBox: '0 0 28 38', width: '28', height: '38', 'aria-hidden': 'true' });
  svg.append(
    shape('path', {
      class: 'map-pin-body',
      d: 'M14 37C14 37 26 22.6 26 13.6A12 12 0 1 0 2 13.6C2 22.6 14 37 14 37Z'
    }),
    shape('circle', { class: 'map-pin-eye', cx: '14', cy: '13.6', r: '4.6' })
  );
  holder.append(svg);
  return holder;
}
