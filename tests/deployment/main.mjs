// The check of the deployment files: the files first, then the checks themselves on files that were broken on purpose.
//   main.mjs --prefix INSTALL_DIR      (started by `check`)
// Exit: 0 all passed, 1 not. The last line is "N passed, N failed".
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import * as checks from './checks.mjs';
import { readFiles } from './files.mjs';
import { withPostgres } from './postgres.mjs';
import { selfTests } from './self_test.mjs';

const { values: options } = parseArgs({ options: { prefix: { type: 'string' } } });
const files = readFiles(join(options.prefix, 'share', 'ldt', 'deploy'));
const count = { passed: 0, failed: 0 };

function report(name, complaints) {
  count[complaints.length === 0 ? 'passed' : 'failed'] += 1;
  console.log(`  ${complaints.length === 0 ? 'ok     ' : 'FAILED '} ${name}`);
  for (const complaint of complaints) console.log(`      ${complaint}`);
}

const kNames = {
  checkCommands: 'every option is one that the programs know; failure instructions are off',
  checkTypes: 'Kubernetes: every field is known and of its type',
  checkSchemas: 'Kubernetes: every object fits its schema',
  checkReferences: 'Kubernetes: what belongs together fits together',
  checkHardening: 'Kubernetes: no pod has a right that it does not need; all are watched',
  checkComposeSchema: 'compose: fits the Compose Specification',
  checkCompose: 'compose: what belongs together fits together; no rights, no open ports',
  checkDockerfile: 'Dockerfile: linted; a pinned base, two stages, not root',
  checkUnits: 'systemd: units are well (systemd-analyze verify)',
  checkExposure: 'systemd: units are hardened (systemd-analyze security)',
  checkTarget: 'systemd: the target has all services',
  checkRunning: 'systemd: what the units run becomes a marketplace',
  checkRunningWithTls: 'systemd: the same with mutual TLS',
  checkComposeRunning: 'compose: what the containers run becomes a marketplace over PostgreSQL, with mutual TLS',
  checkKubernetesRunning: 'Kubernetes: what the pods run becomes a marketplace over PostgreSQL, with mutual TLS',
};

async function checkAll(context) {
  const found = {};
  console.log('== the deployment files');
  for (const [check, name] of Object.entries(kNames)) {
    const complaints = await checks[check](files, context);
    found[check] = complaints.length;
    report(name, complaints);
  }
  console.log('== the checks themselves: what must be refused, is');
  for await (const { name, complaints } of selfTests(files, context, found)) report(name, complaints);
}

await withPostgres((postgres) => checkAll({ prefix: options.prefix, postgres }));
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
