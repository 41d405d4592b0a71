// The systemd units: by systemd's own judgement, and by running what they run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { commandOf } from './files.mjs';
import { becomesAMarketplace, freePort, inFolder, makeCertificates, makeFolders } from './running.mjs';

const kMostExposed = 20; // of 100; what is left is the network, which the services are for
// No ports that others on this machine may have.
const kTrial = 'LDT_TELEMETRY_OPTIONS=--otlp-grpc off --otlp-http off';
const kServices = ['ldt-telemetry', 'ldt-payment', 'ldt-inventory', 'ldt-delivery', 'ldt-order'];

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
export function checkUnits(files, { prefix }) {
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

/** The units' commands on folders of our own. */
function commandsOf(files, prefix, folder, settings) {
  return kServices.map((name) =>
    commandOf(files.units[`${name}.service`], settings).map((word) =>
      word
        .replace('/usr/bin', join(prefix, 'bin'))
        .replace('/run/ldt', join(folder, 'run'))
        .replace('/var/log/ldt', join(folder, 'log'))
        .replace('/etc/ldt', join(folder, 'etc'))
        .replace('%d', join(folder, 'credentials')),
    ),
  );
}

async function run(files, prefix, folder) {
  const port = await freePort();
  const settings = `${files.settings.replace(/^LDT_HTTP=.*$/m, `LDT_HTTP=127.0.0.1:${port}`)}\n${kTrial}`;
  makeFolders(folder);
  return becomesAMarketplace(commandsOf(files, prefix, folder, settings), port, folder);
}


/** With the settings as they are delivered: SQLite, sockets. */
export const checkRunning = (files, { prefix }) => inFolder((folder) => run(files, prefix, folder));

/** With the settings' lines on TLS switched on. */
export const checkRunningWithTls = (files, { prefix }) =>
  inFolder((folder) => {
    mkdirSync(join(folder, 'etc'));
    makeCertificates(prefix, join(folder, 'etc', 'tls'));
    const settings = files.settings.replace(/^#(?=LDT_TLS_)/gm, '').replace(/^(?=LDT_BATCHES_)/gm, '#');
    return run({ ...files, settings }, prefix, folder);
  });
