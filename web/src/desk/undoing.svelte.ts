// Undoing a change: an undo is a change of its own, so undoing it is how one redoes.
import * as api from '../api/desk';
import { answers, describe } from '../state/answers.svelte';
import { signature } from './signature.svelte';

export interface UndoFailure {
  message: string;
  /** What was changed since, when that is why. */
  clashes: api.Clash[];
}

export class Undoing {
  busy = $state(false);
  failure = $state.raw<UndoFailure | null>(null);

  /** The version that undoes `version`, or null, and then `failure` says why. */
  async undo(version: number, reason: string): Promise<number | null> {
    const author = signature.author.trim();
    if (author === '') {
      signature.missed = true;
      return null;
    }
    signature.remember();
    this.busy = true;
    this.failure = null;
    try {
      const by = await api.undo(version, { author, reason });
      await answers.loadCity();
      return by;
    } catch (error) {
      answers.note(error);
      this.failure = { message: describe(error), clashes: api.clashesOf(error) ?? [] };
      return null;
    } finally {
      this.busy = false;
    }
  }
}
