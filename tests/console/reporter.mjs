// Tells each test as it ends, what a failing one said, and at the end "N passed, N failed".
const indented = (text) => text.split('\n').map((line) => `    ${line}`).join('\n');

/** node:test wraps what was thrown; the cause has the words and the place. */
function words_of(error) {
  const cause = error?.cause ?? error;
  return cause?.stack ?? String(cause);
}

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === 'test:pass' && !data.skip && !data.todo) {
      passed += 1;
      yield `  ok      ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
    } else if (type === 'test:fail') {
      failed += 1;
      yield `${indented(words_of(data.details.error))}\n  FAILED  ${data.name}\n`;
    }
  }
  yield `${passed} passed, ${failed} failed\n`;
  if (passed === 0) process.exitCode = 1;
}
