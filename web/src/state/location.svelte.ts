// Keeps the store and the browser's address in step. Call once, inside an effect root.
import { store } from './store.svelte';
import { decode, encode } from './url';

/** Moving the map rewrites the address in place; browsers refuse more than a hundred such writes in 30 s. */
const settle = 350;

export function followAddress(): () => void {
  store.restore(decode(location.hash));
  let written = encode(store.urlState);
  let step = stepOf();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const stop = $effect.root(() => {
    $effect(() => {
      const next = encode(store.urlState);
      const nextStep = stepOf();
      if (next === written) return;
      clearTimeout(timer);
      if (nextStep !== step) {
        write('push', next);
        step = nextStep;
      } else {
        timer = setTimeout(() => write('replace', next), settle);
      }
    });
  });

  function write(how: 'push' | 'replace', fragment: string): void {
    written = fragment;
    const url = fragment ? `#${fragment}` : location.pathname + location.search;
    if (how === 'push') history.pushState(null, '', url);
    else history.replaceState(null, '', url);
  }

  function back(): void {
    clearTimeout(timer);
    const state = decode(location.hash);
    // Without a view in the address the map stays where it is.
    store.restore({ ...state, camera: state.camera });
    written = encode(store.urlState);
    step = stepOf();
  }

  addEventListener('popstate', back);
  return () => {
    stop();
    removeEventListener('popstate', back);
  };
}

/** What "back" should undo: another selection, or another mode. Moves and switches only amend the entry. */
function stepOf(): string {
  const { selection, mode } = store;
  return JSON.stringify([selection, mode.kind === 'table' ? mode.table.layer : mode.kind === 'desk' ? mode.desk : '']);
}
