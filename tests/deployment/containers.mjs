// Runs what the compose file and the manifests run, without containers: their commands, with names of hosts, ports and
// mounted folders put on this machine, over a PostgreSQL of this machine, with mutual TLS.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { composeFile, kubernetesObjects } from './files.mjs';
import { becomesAMarketplace, freePort, inFolder, makeCertificates, makeFolders } from './running.mjs';

const kServices = ['telemetry', 'payment', 'inventory', 'delivery', 'order'];

/** A port of this machine for each that a service of the deployment has. */
async function choosePorts(commands) {
  const ports = new Map();
  for (const [name, words] of Object.entries(commands)) {
    for (const [, port] of words.join(' ').matchAll(/=0\.0\.0\.0:(\d+)/g)) ports.set(`${name}:${port}`, await freePort());
  }
  return ports;
}

function translate(name, words, { prefix, folder, ports, store }) {
  const [program, ...rest] = words.map((word) =>
    word
      .replace(/^(--store=)?postgresql:.*/, (all, option = '') => option + store)
      .replace('$(POD_NAME)', `${name}-0`)
      .replace(/=0\.0\.0\.0:(\d+)/, (all, port) => `=127.0.0.1:${ports.get(`${name}:${port}`)}`)
      .replace(/=dns:\/\/\/(\w+):(\d+)/, (all, host, port) => `=dns:///127.0.0.1:${ports.get(`${host}:${port}`)}`)
      .replace(/=\/tls(\/.*)?$/, (all, below = `/${name}`) => `=${join(folder, 'tls')}${below}`)
      .replace('/var/log/ldt', join(folder, 'log'))
      .replace('/var/lib/ldt', join(folder, 'state'))
      .replace(/\/run\/secrets\/operator_token|\/operator\/operator.token/, join(folder, 'credentials', 'operator.token')),
  );
  return [join(prefix, 'bin', program), ...rest];
}

/** @param commands  words by service; migrate's among them */
function run(commands, { prefix, postgres }) {
  return inFolder(async (folder) => {
    const ports = await choosePorts(commands);
    const store = postgres.newDatabase();
    const real = (name) => translate(name, commands[name], { prefix, folder, ports, store });
    makeFolders(folder);
    makeCertificates(prefix, join(folder, 'tls'));
    const [program, ...words] = real('migrate');
    execFileSync(program, words, { cwd: join(folder, 'state'), stdio: 'pipe', timeout: 30_000 });
    return becomesAMarketplace(kServices.map(real), ports.get('order:8080'), folder);
  });
}

export function checkComposeRunning(files, context) {
  const services = Object.entries(composeFile(files).services).filter(([, service]) => service.command?.[0]?.startsWith('ldt'));
  return run(Object.fromEntries(services.map(([name, service]) => [name, service.command])), context);
}

export function checkKubernetesRunning(files, context) {
  const objects = kubernetesObjects(files).map(({ object }) => object);
  const { LDT_STORE } = objects.find((object) => object.kind === 'ConfigMap').data;
  const containers = objects.flatMap((object) => object.spec?.template?.spec?.containers ?? []);
  const wordsOf = ({ command, args }) => [...command, ...args.flatMap((word) => word.replace('$(LDT_STORE)', LDT_STORE))];
  return run(Object.fromEntries(containers.map((container) => [container.name, wordsOf(container)])), context);
}
