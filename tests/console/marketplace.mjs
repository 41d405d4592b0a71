// A marketplace of the installed product, started on a free port in a folder of its own, and its API for the tests' use.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ldt = join(process.env.LDT_PREFIX, 'bin', 'ldt');

export class Marketplace {
  /** @param options further ones of `ldt up`, e.g. --no-failures */
  static async start(options = []) {
    const folder = await mkdtemp(join(tmpdir(), 'ldt-console-'));
    const data = join(folder, 'data');
    const market = new Marketplace(folder, data);
    await market.ldt('up', '--data', data, '--http', '127.0.0.1:0', '--detach', ...options);
    market.url = `http://${(await readFile(join(data, 'http.address'), 'utf8')).trim()}`;
    market.token = (await readFile(join(data, 'operator.token'), 'utf8')).trim();
    return market;
  }

  constructor(folder, data) {
    this.folder = folder;
    this.data = data;
  }

  /** The command line; what it printed, and its exit code. */
  async ldt(...options) {
    try {
      return { ...(await run(ldt, options, { timeout: 60_000 })), code: 0 };
    } catch (error) {
      if (options[0] === 'up' || typeof error.code !== 'number') throw error;
      return { stdout: error.stdout, stderr: error.stderr, code: error.code };
    }
  }

  async stop() {
    await this.ldt('down', '--data', this.data);
    await rm(this.folder, { recursive: true, force: true });
  }

  async call(method, path, body, headers = {}) {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      body: body ? JSON.stringify(body) : undefined,
    });
    return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
  }

  operator(method, path, body) {
    return this.call(method, path, body, { Authorization: `Bearer ${this.token}` });
  }

  /** Places an order and waits for its end, unless told not to. */
  async place(order, wait = 10) {
    const answer = await this.call('POST', '/v1/orders', { sku: 'late-day', quantity: 1, ...order }, { Prefer: `wait=${wait}` });
    return answer.body;
  }

  /** Many small orders that complete, each by a user of its own. */
  async place_many(count, name) {
    const sku = `many-${name}`;
    await this.operator('PUT', `/v1/inventory/${sku}`, { price: 1 });
    await this.operator('POST', `/v1/inventory/${sku}/restock`, { quantity: count });
    let next = 0;
    const worker = async () => {
      while (next < count) await this.place({ user: `${name}-${next++ % 200}`, sku }, 10);
    };
    await Promise.all(Array.from({ length: 32 }, worker));
  }
}
