// The systemd units: by systemd's own judgement, and by running what they run.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commandOf } from './files.mjs';

const kMostExposed = 20; // of 100; what is left is the network, which the services are for
const kServices = ['ldt-telemetry', 'ldt-payment', 'ldt-inventory', 'ldt-delivery', 'ldt-order'];

function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'ldt-units-'));
  const done = () => rmSync(folder, { recursive: true, force: true });
  return Promise.resolve(use(folder)).finally(done);
}

function analyze(folder, ...words) {
  const result = spawnSync('systemd-analyze', words, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
  });
  if (result.error) return { status: 1, output: result.error.message };
  return { status: result.status, output: result.stdout + result.stderr };
}

/** systemd-analyze verify says nothing of a unit that is well. */
export function checkUnits(files, prefix) {
  return inFolder((folder) => {
    for (const [name, text] of Object.entries(files.units))
      writeFileSync(join(folder, name), text.replaceAll('/usr/bin/', `${prefix}/bin/`));
    return Object.keys(files.units).flatMap((name) => {
      const { status, output } = analyze(folder, 'verify', '--man=no', join(folder, name));
      // Of units of this machine it complains, too.
      const lines = output.split('\n').filter((line) => line.includes('ldt'));
      return status !== 0 && lines.length === 0 ? [`${name}: ${output.trim()}`] : lines;
    });
  });
}

export function checkExposure(files) {
  return inFolder((folder) => {
    const services = Object.entries(files.units).filter(([name]) => name.endsWith('.service'));
    for (const [name, text] of services) writeFileSync(join(folder, name), text);
    return services.flatMap(([name]) => {
      const { status, output } = analyze(
        folder, 'security', '--no-pager', '--offline=true', `--threshold=${kMostExposed}`, join(folder, name),
      );
      return status === 0 ? [] : [`${name}: ${output.trim().split('\n').at(-1)}`];
    });
  });
}

export function checkTarget(files) {
  const wants = files.units['ldt.target']?.match(/^Wants=(.*)$/m)?.[1].split(' ') ?? [];
  const complaints = kServices.filter((name) => !wants.includes(`${name}.service`)).map((name) => `ldt.target wants no ${name}`);
  for (const [name, unit] of Object.entries(files.units)) {
    if (name.endsWith('.service') && !/^User=ldt$/m.test(unit)) complaints.push(`${name} does not run as ldt`);
  }
  return complaints;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const get = (port, path) =>
  new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, timeout: 1000 }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', () => resolve(0)).on('timeout', () => asked.destroy()).end();
  });

async function readyWithin(port, milliseconds, children) {
  const until = Date.now() + milliseconds;
  while (Date.now() < until && children.every((child) => child.exitCode === null)) {
    if ((await get(port, '/readyz')) === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function end(children) {
  const over = children.map((child) => new Promise((resolve) => (child.exitCode === null ? child.on('exit', resolve) : resolve())));
  for (const child of children) child.kill('SIGTERM');
  const kill = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), 8000);
  await Promise.all(over);
  clearTimeout(kill);
}

/** The units' commands with the settings as they are delivered, on folders of our own: they are a marketplace. */
async function run(files, prefix, folder, more) {
  const port = await freePort();
  const settings = `${files.settings.replace(/^LDT_HTTP=.*$/m, `LDT_HTTP=127.0.0.1:${port}`)}\n${more}`;
  for (const name of ['run', 'state', 'log', 'credentials']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'credentials', 'operator.token'), 'secret\n');
  const said = [];
  const children = kServices.map((name) => {
    const [program, ...words] = commandOf(files.units[`${name}.service`], settings).map((word) =>
      word
        .replace('/usr/bin', join(prefix, 'bin'))
        .replace('/run/ldt', join(folder, 'run'))
        .replace('/var/log/ldt', join(folder, 'log'))
        .replace('/etc/ldt', join(folder, 'etc'))
        .replace('%d', join(folder, 'credentials')),
    );
    const child = spawn(program, words, { cwd: join(folder, 'state'), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr]) output.on('data', (text) => said.push(String(text).trim()));
    return child;
  });
  try {
    return (await readyWithin(port, 15_000, children)) ? [] : ['it does not become ready:', ...said];
  } finally {
    await end(children);
  }
}

const kTrial = 'LDT_TELEMETRY_OPTIONS=--otlp-grpc off --otlp-http off';

export const checkRunning = (files, prefix) => inFolder((folder) => run(files, prefix, folder, kTrial));

/** The same with the settings' lines on TLS switched on, and certificates of `ldt certificates`. */
export const checkRunningWithTls = (files, prefix) =>
  inFolder((folder) => {
    mkdirSync(join(folder, 'etc'));
    execFileSync(join(prefix, 'bin', 'ldt'), ['certificates', join(folder, 'etc', 'tls')]);
    const settings = files.settings.replace(/^#(?=LDT_TLS_)/gm, '').replace(/^(?=LDT_BATCHES_)/gm, '#');
    return run({ ...files, settings }, prefix, folder, kTrial);
  });
