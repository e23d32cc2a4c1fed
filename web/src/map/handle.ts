import type { Handle } from '../state/drawing';

/** A grip for finger, mouse and keyboard; its looks come from the page's style sheet. */
export function handleElement({ kind, label }: Handle): HTMLElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = `map-handle map-handle-${kind}`;
  element.setAttribute('aria-label', label);
  element.append(document.createElement('span'));
  return element;
}
