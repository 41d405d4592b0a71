// That every command in the deployment files is one that the installed programs understand.
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';

import { commandOf, composeFile, kubernetesObjects } from './files.mjs';

/** Every command line in the files: { where, words }. */
export function commands(files) {
  const found = [];
  for (const [name, service] of Object.entries(composeFile(files).services)) {
    if (service.command?.[0]?.startsWith('ldt')) found.push({ where: `compose: ${name}`, words: service.command });
  }
  for (const { file, object } of kubernetesObjects(files)) {
    for (const container of object?.spec?.template?.spec?.containers ?? []) {
      found.push({ where: `${file}: ${container.name}`, words: [...container.command, ...(container.args ?? [])] });
    }
  }
  for (const [name, unit] of Object.entries(files.units)) {
    if (!name.endsWith('.service')) continue;
    found.push({ where: name, words: commandOf(unit, files.settings) });
    // What the settings offer in comments is offered to all of the programs that may get it.
    const offered = files.settings.replace(/^#(?=\w+=)/gm, '');
    found.push({ where: `${name} with all settings`, words: commandOf(unit, offered) });
  }
  return found;
}

const helps = new Map();
function help(prefix, words) {
  const program = basename(words[0]);
  const command = program === 'ldt' ? [words[1], '--help'] : ['--help'];
  const key = `${program} ${command[0]}`;
  if (!helps.has(key)) helps.set(key, execFileSync(join(prefix, 'bin', program), command, { encoding: 'utf8' }));
  return helps.get(key);
}

/** The name of each option and whether it wants a value, as CLI11 prints them. */
function knownOptions(text) {
  const known = new Map();
  for (const [, names, rest] of text.matchAll(/^ {2}(-[^ ]+)(.*)$/gm)) {
    for (const name of names.split(',')) known.set(name, /^ [A-Z]+/.test(rest));
  }
  return known;
}

function judge(prefix, { where, words }) {
  if (!words?.[0]) return [`${where}: no command`];
  let known;
  try {
    known = knownOptions(help(prefix, words));
  } catch (error) {
    return [`${where}: ${basename(words[0])} --help: ${error.message.split('\n')[0]}`];
  }
  const complaints = [];
  const given = new Set();
  for (let i = basename(words[0]) === 'ldt' ? 2 : 1; i < words.length; ++i) {
    if (!words[i].startsWith('-')) continue;
    const [name, value] = words[i].split(/=(.*)/s);
    if (!known.has(name)) complaints.push(`${where}: ${basename(words[0])} knows no ${name}`);
    if (given.has(name)) complaints.push(`${where}: ${name} is given twice`);
    if (known.get(name) && (value ?? words[i + 1] ?? '-').startsWith('-')) complaints.push(`${where}: ${name} has no value`);
    given.add(name);
  }
  if (given.has('--allow-failures')) complaints.push(`${where}: failure instructions are on`);
  return complaints;
}

export function checkCommands(files, { prefix }) {
  const all = commands(files);
  const services = new Set(all.map(({ words }) => basename(words?.[0] ?? '')));
  const missing = ['ldt-order', 'ldt-payment', 'ldt-inventory', 'ldt-delivery', 'ldt-telemetry', 'ldt']
    .filter((name) => !services.has(name))
    .map((name) => `${name} is started nowhere`);
  return [...missing, ...all.flatMap((command) => judge(prefix, command))];
}
