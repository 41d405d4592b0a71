// Which calls this server has, from its own description: asking for one that is not there would fill the browser's log.
import { api } from './client';

const pause_ms = 2000;

let paths: Promise<Set<string>> | undefined;

/** Asks until it is told: a server that is starting answers a moment later. */
async function described(): Promise<Set<string>> {
  for (;;) {
    try {
      return new Set(Object.keys((await api.description()).paths));
    } catch {
      await new Promise((resolve) => window.setTimeout(resolve, pause_ms));
    }
  }
}

/** Whether the server's description has this path, e.g. "/v1/events". */
export async function has_path(path: string): Promise<boolean> {
  paths ??= described();
  return (await paths).has(path);
}
