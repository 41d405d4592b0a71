// The deployment files of an installation, read once: what every check gets.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { parseYaml, parseYamlDocuments } from './libraries.mjs';

const read = (folder, ending) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .sort()
      .map((name) => [basename(name), readFileSync(join(folder, name), 'utf8')]),
  );

/** Texts by name, so that a self-test can change one of them. */
export function readFiles(deploy) {
  return {
    kubernetes: read(join(deploy, 'kubernetes'), '.yaml'),
    compose: readFileSync(join(deploy, 'compose', 'compose.yaml'), 'utf8'),
    dockerfile: readFileSync(join(deploy, 'docker', 'Dockerfile'), 'utf8'),
    units: { ...read(join(deploy, 'systemd'), '.service'), ...read(join(deploy, 'systemd'), '.target') },
    settings: readFileSync(join(deploy, 'systemd', 'ldt.conf'), 'utf8'),
  };
}

/** Files beside the manifests that `kubectl apply -k` does not send. */
export const kNotApplied = ['kustomization.yaml', 'prometheus-adapter.yaml', 'secrets.example.yaml'];

/** Every object of the manifests, with its file: { file, object }. */
export function kubernetesObjects(files, wanted = (name) => !kNotApplied.includes(name)) {
  return Object.entries(files.kubernetes)
    .filter(([name]) => wanted(name))
    .flatMap(([name, text]) =>
      parseYamlDocuments(text).map((document) => {
        if (document.errors.length > 0) throw new Error(`${name}: ${document.errors[0].message}`);
        return { file: name, object: document.toJS() };
      }),
    );
}

export const composeFile = (files) => parseYaml(files.compose, { merge: true });

/** A unit's ExecStart as words, with the variables of ldt.conf put in as systemd does: ${X} is a word, $X is split. */
export function commandOf(unit, settings) {
  const line = unit.replaceAll('\\\n', ' ').match(/^ExecStart=(.*)$/m)?.[1];
  const values = Object.fromEntries([...settings.matchAll(/^(\w+)=(.*)$/gm)].map((match) => [match[1], match[2]]));
  return line?.split(/\s+/).flatMap((word) => {
    const alone = word.match(/^\$(\w+)$/);
    if (alone) return (values[alone[1]] ?? '').split(/\s+/).filter((part) => part !== '');
    return [word.replace(/\$\{(\w+)\}/g, (all, name) => values[name] ?? all)];
  });
}
