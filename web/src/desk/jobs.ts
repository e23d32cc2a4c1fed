import * as api from '../api/desk';
import { isAbort, Unreachable } from '../api/client';

/** How often the server is asked, at first and later, in milliseconds. */
const pace = { first: 120, most: 1000, growth: 1.4 };
/** A line that is down for this long is given up. */
const patience = 60_000;

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** Waits until a job has ended, telling how far it is; whoever aborts `signal` ends the job on the server as well. */
export async function follow<T>(id: string, tell: (job: api.Job<T>) => void, signal: AbortSignal): Promise<api.Job<T>> {
  let wait = pace.first;
  let silentSince = 0;
  for (;;) {
    try {
      const job = await api.job<T>(id, signal);
      silentSince = 0;
      if (job.state !== 'running') return job;
      tell(job);
      await pause(wait, signal);
    } catch (error) {
      if (isAbort(error)) {
        api.cancelJob(id).catch(() => {
          // It has ended by itself, or the line is down; the server forgets it.
        });
        throw error;
      }
      silentSince ||= Date.now();
      if (!(error instanceof Unreachable) || Date.now() - silentSince > patience) throw error;
      await pause(pace.most, signal);
    }
    wait = Math.min(wait * pace.growth, pace.most);
  }
}
