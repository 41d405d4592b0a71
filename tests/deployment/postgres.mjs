// A throw-away PostgreSQL server for the deployments that keep their data in one: user ldt, on a free port of the loopback
// interface. As the services want it, it syncs; its files are in memory where the machine allows.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './running.mjs';

const kVersions = '/usr/lib/postgresql';
const asPostgres =
  process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : ['setpriv', '--keep-groups'];
const kEndsWithUs = '--pdeathsig=QUIT';

function writable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const run = (words, options = {}) => execFileSync(words[0], words.slice(1), { stdio: 'pipe', timeout: 60_000, cwd: '/', ...options });

async function until(condition) {
  for (let tries = 0; tries < 200; ++tries) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('PostgreSQL does not start');
}

/** Gives `use` the server, whose newDatabase() answers the URL of an empty one; ends it afterwards. */
export async function withPostgres(use) {
  const version = readdirSync(kVersions).sort((a, b) => Number(b) - Number(a))[0];
  const program = (name) => join(kVersions, version, 'bin', name);
  const folder = mkdtempSync(join(writable('/dev/shm') ? '/dev/shm' : tmpdir(), 'ldt-postgres-'));
  chmodSync(folder, 0o777); // the server runs as another user
  const data = join(folder, 'data');
  const port = await freePort();
  let server;
  try {
    run([...asPostgres, program('initdb'), '-D', data, '-U', 'ldt', '-A', 'trust', '--no-sync', '-E', 'UTF8']);
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    const words = [...asPostgres, kEndsWithUs, program('postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])];
    server = spawn(words[0], words.slice(1), { stdio: 'ignore', cwd: '/' });
    const address = ['-h', '127.0.0.1', '-p', String(port), '-U', 'ldt'];
    const answers = () => {
      try {
        run([program('pg_isready'), ...address, '-d', 'postgres']);
        return true;
      } catch {
        return false;
      }
    };
    await until(answers);
    let databases = 0;
    const newDatabase = () => {
      run([program('createdb'), ...address, `ldt${++databases}`]);
      return `postgresql://ldt@127.0.0.1:${port}/ldt${databases}`;
    };
    return await use({ newDatabase });
  } finally {
    if (server) {
      const over = new Promise((resolve) => server.on('exit', resolve));
      run([...asPostgres, program('pg_ctl'), 'stop', '-D', data, '-m', 'immediate']);
      await over;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
