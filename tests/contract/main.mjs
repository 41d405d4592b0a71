// The check of the contract: the checker itself first, then compatibility with what was released, then the exchanges.
//   main.mjs --prefix INSTALL_DIR --exchanges FOLDER      (started by `check`, which knows the rest)
// Exit: 0 all passed, 1 not. The last line is "N passed, N failed".
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { openapiBreaks, protoBreaks } from './compatibility.mjs';
import { Description } from './description.mjs';
import { coverage, describe, judgeAll, kFloor } from './exchanges_check.mjs';
import { parseYaml } from './libraries.mjs';
import { selfTests } from './self_test.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: { prefix: { type: 'string' }, exchanges: { type: 'string' } } });
const api = join(options.prefix, 'share', 'ldt', 'api');
const baseline = join(here, 'baseline');
const count = { passed: 0, failed: 0 };

function report(name, complaints) {
  count[complaints.length === 0 ? 'passed' : 'failed'] += 1;
  console.log(`  ${complaints.length === 0 ? 'ok     ' : 'FAILED '} ${name}`);
  for (const complaint of complaints) console.log(complaint.startsWith(' ') ? complaint : `      ${complaint}`);
}

function checkCompatibility(document) {
  console.log('== compatible with the baseline (contract/README.md says how to change it on purpose)');
  report('openapi.yaml', openapiBreaks(parseYaml(readFileSync(join(baseline, 'openapi.yaml'), 'utf8')), document));
  report('the protos', protoBreaks(join(api, 'proto'), join(baseline, 'proto')));
}

async function checkExchanges(description) {
  console.log('== what the scenarios exchanged, against openapi.yaml');
  const { count: judged, pairs } = await judgeAll(description, options.exchanges, (text) =>
    console.error(`contract: ${text}`),
  );
  for (const [pair, complaints] of [...pairs].sort()) report(pair, describe(complaints));
  const { documented, missing, unused } = coverage(description, pairs);
  const seen = documented.length - missing.length;
  console.log(`== ${judged} exchanges; ${seen} of ${documented.length} documented answers were exercised; never:`);
  for (const pair of missing) console.log(`      ${pair}`);
  report(
    'every operation succeeded at least once',
    unused.map((name) => `never: ${name}`),
  );
  const enough = seen >= kFloor * documented.length;
  report(
    `at least ${100 * kFloor} % of the documented answers were exercised`,
    enough ? [] : [`only ${seen} of ${documented.length}`],
  );
}

const document = parseYaml(readFileSync(join(api, 'openapi.yaml'), 'utf8'));
console.log('== the checker itself: what must be refused, is');
for (const { name, complaints } of selfTests(document, join(api, 'proto'))) report(name, complaints);
checkCompatibility(document);
await checkExchanges(new Description(document));
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
