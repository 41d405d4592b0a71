// Runs the commands of a deployment on this machine and asks whether together they are a marketplace: ready, it sells, and
// it refuses failure instructions.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const kReadyWithin = 20_000;
const kToken = 'secret';

/** A folder for `use`, removed afterwards. */
export async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'ldt-deployment-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The folders and files that a deployment mounts, as parts of `folder`. */
export function makeFolders(folder) {
  for (const name of ['run', 'state', 'log', 'credentials']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'credentials', 'operator.token'), `${kToken}\n`);
}

export const makeCertificates = (prefix, folder) => execFileSync(join(prefix, 'bin', 'ldt'), ['certificates', folder]);

async function answerTo(port, method, path, body, headers = {}) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, body: await answer.json() };
}

async function isReady(port) {
  try {
    return (await answerTo(port, 'GET', '/readyz')).status === 200;
  } catch {
    return false;
  }
}

async function readyInTime(port, children) {
  const until = Date.now() + kReadyWithin;
  while (Date.now() < until && children.every((child) => child.exitCode === null)) {
    if (await isReady(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** It sells, and knows no failure instructions. */
async function tryIt(port) {
  const asOperator = { Authorization: `Bearer ${kToken}` };
  const order = { user: 'alice', sku: 'late-day', quantity: 2 };
  const waiting = { Prefer: 'wait=10' };
  const failing = { ...order, failures: [{ step: 'payment.charge', kind: 'TIMEOUT' }] };
  await answerTo(port, 'PUT', '/v1/inventory/late-day', { price: 10 }, asOperator);
  await answerTo(port, 'POST', '/v1/inventory/late-day/restock', { quantity: 5 }, asOperator);
  const sold = await answerTo(port, 'POST', '/v1/orders', order, waiting);
  const refused = await answerTo(port, 'POST', '/v1/orders', failing, waiting);
  const complaints = [];
  if (sold.body.state !== 'COMPLETED') complaints.push(`an order does not complete: ${JSON.stringify(sold)}`);
  if (refused.status !== 403) complaints.push(`failure instructions are on: ${JSON.stringify(refused)}`);
  return complaints;
}

async function end(children) {
  const alive = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const over = alive.map((child) => new Promise((resolve) => child.on('exit', resolve)));
  for (const child of alive) child.kill('SIGTERM');
  const kill = setTimeout(() => alive.forEach((child) => child.kill('SIGKILL')), 8000);
  await Promise.all(over);
  clearTimeout(kill);
}

/** @param commands  words of each service, program first, all paths and addresses real; `port` is that of the public API */
export async function becomesAMarketplace(commands, port, folder, environment = {}) {
  const said = [];
  const children = commands.map(([program, ...words]) => {
    const child = spawn('setpriv', ['--pdeathsig=TERM', program, ...words], {
      cwd: join(folder, 'state'),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [child.stdout, child.stderr]) output.on('data', (text) => said.push(String(text).trim()));
    child.on('error', (error) => said.push(`${basename(program)}: ${error.message}`));
    return child;
  });
  try {
    return (await readyInTime(port, children)) ? await tryIt(port) : ['it does not become ready:', ...said];
  } finally {
    await end(children);
  }
}
