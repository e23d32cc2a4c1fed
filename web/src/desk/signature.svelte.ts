// Who sits at the desk, and why the next change is made. Asked once, kept until it is altered.
import type { Signature } from '../api/desk';
import { rememberAuthor, startAuthor } from '../state/preferences';

class Sign {
  author = $state(startAuthor());
  reason = $state('');
  /** Whether somebody tried to go on without it. */
  missed = $state(false);
  /** Whether both are written and folded away. */
  folded = $state(false);

  get complete(): boolean {
    return this.author.trim() !== '' && this.reason.trim() !== '';
  }

  remember(): void {
    rememberAuthor(this.author.trim());
  }

  /** What to send with a change, or null, and then what is missing is marked. */
  take(): Signature | null {
    this.missed = !this.complete;
    if (this.missed) {
      this.folded = false;
      return null;
    }
    this.remember();
    this.folded = true;
    return { author: this.author.trim(), reason: this.reason.trim() };
  }
}

export const signature = new Sign();
