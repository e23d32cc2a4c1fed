// All that lies on the desk. It outlives the panel: who looks at the map meanwhile finds it as it was.
import * as api from '../api/desk';
import { answers, describe } from '../state/answers.svelte';
import { parcelsOf } from './parcels';
import { Source } from './source.svelte';

/** So many files are sent at once; more would only make each slower. */
const lanes = 2;

class Sources {
  list = $state.raw<Source[]>([]);
  /** The one that is spread out; the others are a line each. */
  open = $state<number | null>(null);
  loading = $state(false);
  failure = $state<string | null>(null);

  private next = 1;
  private queue: Source[] = [];
  private busy = 0;
  private asked = false;

  /** Finds again what was sent before the page was reloaded. */
  async recall(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    this.loading = true;
    this.failure = null;
    try {
      const here = new Set(this.list.map(({ file }) => file?.id));
      for (const file of await api.files()) if (!here.has(file.id)) this.put(new Source(this.next++, [], file));
    } catch (error) {
      this.asked = false;
      answers.note(error);
      this.failure = describe(error);
    }
    this.loading = false;
  }

  add(files: readonly File[]): void {
    for (const parcel of parcelsOf(files)) {
      const source = new Source(this.next++, parcel.files);
      this.put(source);
      this.queue.push(source);
    }
    this.work();
  }

  retry(source: Source): void {
    this.queue.push(source);
    this.work();
  }

  async remove(source: Source): Promise<void> {
    this.list = this.list.filter((other) => other !== source);
    this.queue = this.queue.filter((other) => other !== source);
    if (this.open === source.key) this.open = null;
    try {
      await source.remove();
    } catch (error) {
      // The server forgets it within the hour.
      answers.note(error);
    }
  }

  private put(source: Source): void {
    this.list = [...this.list, source];
    this.open ??= source.key;
  }

  private work(): void {
    while (this.busy < lanes) {
      const source = this.queue.shift();
      if (!source) return;
      this.busy++;
      source
        .send()
        .then(() => this.join(source))
        .finally(() => {
          this.busy--;
          this.work();
        });
    }
  }

  /** A part that came later belongs to the source that the server put it to. */
  private join(source: Source): void {
    const { file } = source;
    const older = this.list.find((other) => other !== source && file !== null && other.file?.id === file.id);
    if (!older || !file) return;
    source.cancelCheck();
    this.list = this.list.filter((other) => other !== source);
    if (this.open === source.key) this.open = older.key;
    older.arrive(file);
  }
}

export const sources = new Sources();
