// The Dockerfile: by a linter, and that the image is built apart from what runs, from a pinned base, without root.
import { validateDockerfile } from './libraries.mjs';

export function checkDockerfile(files) {
  const text = files.dockerfile;
  const complaints = validateDockerfile(text).map((each) => `line ${each.range.start.line + 1}: ${each.message}`);
  const expect = (condition, what) => condition || complaints.push(what);
  const stages = [...text.matchAll(/^FROM (\S+)(?: AS (\w+))?/gm)];
  expect(stages.length >= 2, 'one stage only');
  const base = text.match(/^ARG DEBIAN=(.*)$/m)?.[1] ?? '';
  expect(/^debian:bookworm-\d{8}-slim$/.test(base), `the base is not pinned to a day of Debian 12: ${base}`);
  for (const [, image] of stages) expect(image === '${DEBIAN}', `${image} is another base`);
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const user = last.match(/^USER (\S+)$/m)?.[1] ?? 'root';
  expect(/^[1-9]\d*:[1-9]\d*$/.test(user), `runs as ${user}`);
  const copied = [...last.matchAll(/^COPY (.*)$/gm)].map((match) => match[1]);
  expect(copied.every((what) => what.startsWith('--from=build ')), 'takes more than what was built');
  expect(last.includes('--no-install-recommends') && last.includes('rm -rf /var/lib/apt/lists'), 'is larger than need be');
  return complaints;
}
