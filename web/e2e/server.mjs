// Starts the real server on the demo city, or uses one that already runs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const patience = 120_000;

/** `extra` are more words of the call; with them a server is always started, never a running one used. */
export async function startServer(scale = 'compound', extra = []) {
  if (process.env.GRIDWEAVE_URL && extra.length === 0)
    return { url: process.env.GRIDWEAVE_URL.replace(/\/$/, ''), stop() {} };

  const binary = process.env.GRIDWEAVE_BIN ?? fileURLToPath(new URL('../../target/debug/gridweave', import.meta.url));
  if (!existsSync(binary)) throw new Error(`no server at ${binary}: build it, or set GRIDWEAVE_BIN or GRIDWEAVE_URL`);

  const child = spawn(binary, ['demo', '--scale', scale, '--listen', '127.0.0.1:0', ...extra], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  const url = await new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`the server did not start in ${patience / 1000} s`)), patience);
    child.stdout.on('data', (piece) => {
      said += piece;
      const match = /Gridweave is listening on (http:\/\/\S+)/.exec(said);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1].replace(/\/$/, ''));
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  return { url, stop: () => child.kill() };
}
