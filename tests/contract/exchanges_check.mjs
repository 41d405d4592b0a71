// Judges all recorded exchanges and tells what of the description was never exercised.
// Depends on the files that the scenarios wrote (LDT_EXCHANGES): one JSON object a line.
// Invariant: nothing recorded is left out; a line that cannot be read is a failure.
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { judge } from './exchange.mjs';

/** Of the documented pairs of operation and status, how many must have been seen. */
export const kFloor = 0.9;
const kExamplesShown = 3;

/**
 * @return {Promise<{count: number, pairs: Map<string, Map<string, string[]>>}>}  by pair: complaint -> where seen
 */
export async function judgeAll(description, folder, progress) {
  const pairs = new Map();
  let count = 0;
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()) {
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(join(folder, file)) })) {
      const { pair, complaints } = judge(description, JSON.parse(text));
      note(pairs, pair, complaints, `${file}:${++line}`);
      if (++count % 5000 === 0) progress(`${count} exchanges`);
    }
  }
  return { count, pairs };
}

function note(pairs, pair, complaints, where) {
  if (!pairs.has(pair)) pairs.set(pair, new Map());
  const seen = pairs.get(pair);
  for (const complaint of complaints) {
    const general = complaint.replace(/\/\d+(?=[/ ])/g, '/*'); // the same fault in each item of a list is one
    if (!seen.has(general)) seen.set(general, []);
    seen.get(general).push(where);
  }
}

/** The documented pairs, and those among them that no exchange exercised. */
export function coverage(description, pairs) {
  const documented = [];
  for (const operation of description.operations.values()) {
    for (const key of Object.keys(operation.responses)) documented.push(`${operation.name} ${key}`);
  }
  const missing = documented.filter((pair) => !pairs.has(pair));
  const isUnused = (operation) =>
    ![...pairs.keys()].some((pair) => new RegExp(`^${escaped(operation.name)} 2`).test(pair));
  return { documented, missing, unused: [...description.operations.values()].filter(isUnused).map((one) => one.name) };
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function describe(complaints) {
  return [...complaints].map(([complaint, where]) => {
    const shown = where.slice(0, kExamplesShown).join(', ');
    return `      ${complaint} (${where.length} times: ${shown})`;
  });
}
