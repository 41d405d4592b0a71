// The libraries pinned in package-lock.json, from the folder that `check` installed them into (LDT_NODE_MODULES): the
// sources' own folder stays as it was checked out.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const home = process.env.LDT_NODE_MODULES;
if (!home) throw new Error('LDT_NODE_MODULES is not set: start this by tests/contract/check');
const load = createRequire(join(home, 'package.json'));

export const Ajv2020 = load('ajv/dist/2020.js').default;
export const addFormats = load('ajv-formats').default;
export const parseYaml = load('yaml').parse;
const machine = { x64: 'x64', arm64: 'aarch64' }[process.arch];
export const bufProgram = join(home, 'node_modules', '@bufbuild', `buf-linux-${machine}`, 'bin', 'buf');
