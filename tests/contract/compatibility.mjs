// What of a description or of the protos would break a client that was written against the baseline.
// The protos are compared by `buf breaking`; the description by the rules here, since nothing that is well kept in npm
// compares OpenAPI 3.1. Invariant: what is only added (operations, statuses, optional members) breaks nobody.
import { spawnSync } from 'node:child_process';

import { bufProgram } from './libraries.mjs';

// PACKAGE: what clients with generated code notice, a deleted RPC or a renamed field included (WIRE_JSON would let both
// pass), but not which file of a package a message is in.
const kBufConfiguration = JSON.stringify({ version: 'v2', breaking: { use: ['PACKAGE'] } });
const kBufFoundBreaks = 100;

/** What breaks between two folders of protos, in words. */
export function protoBreaks(now, before) {
  const buf = spawnSync(bufProgram, ['breaking', now, '--against', before, '--config', kBufConfiguration], {
    encoding: 'utf8',
  });
  if (buf.status === 0) return [];
  const lines = `${buf.stdout}${buf.stderr}${buf.error ?? ''}`.trim().split('\n');
  return buf.status === kBufFoundBreaks ? lines : [`buf ended with status ${buf.status}`, ...lines];
}

/** What breaks between two parsed OpenAPI documents, in words. */
export function openapiBreaks(before, now) {
  const breaks = new Breaks(before, now);
  for (const [path, item] of Object.entries(before.paths)) {
    for (const method of Object.keys(item).filter((key) => item[key].responses)) {
      breaks.operation(`${method.toUpperCase()} ${path}`, before.paths[path], now.paths[path], method);
    }
  }
  return breaks.found;
}

class Breaks {
  constructor(before, now) {
    this.documents = { before, now };
    this.found = [];
    this.compared = new Set(); // of referenced schemas, which may contain themselves
  }

  operation(name, itemBefore, itemNow, method) {
    const before = itemBefore[method];
    const now = itemNow?.[method];
    if (!now) return this.say(name, 'is gone');
    if (isOpen(before, this.documents.before) && !isOpen(now, this.documents.now))
      this.say(name, 'needs authorization now');
    this.parameters(name, [itemBefore, before], [itemNow, now]);
    this.requestBody(`${name} request`, before.requestBody, now.requestBody);
    for (const [status, response] of Object.entries(before.responses))
      this.response(`${name} ${status}`, response, now.responses[status]);
  }

  parameters(name, before, now) {
    const inNow = this.byName(now, 'now');
    const inBefore = this.byName(before, 'before');
    for (const [key, parameter] of inBefore) {
      if (!inNow.has(key)) this.say(name, `parameter ${key} is gone`);
      else this.schema(`${name} ${key}`, parameter.schema, inNow.get(key).schema, 'request');
    }
    for (const [key, parameter] of inNow) {
      if (parameter.required && !inBefore.get(key)?.required) this.say(name, `parameter ${key} is required now`);
    }
  }

  byName(holders, which) {
    const all = holders.flatMap((holder) => holder.parameters ?? []).map((one) => this.resolve(one, which));
    return new Map(all.map((one) => [`${one.in} ${one.name}`, one]));
  }

  requestBody(name, before, now) {
    const [old, current] = [this.resolve(before, 'before'), this.resolve(now, 'now')];
    if (!old && current?.required) this.say(name, 'is required now');
    for (const [type, media] of Object.entries(old?.content ?? {})) {
      if (!current?.content?.[type]) this.say(name, `content type ${type} is gone`);
      else this.schema(name, media.schema, current.content[type].schema, 'request');
    }
  }

  response(name, before, now) {
    if (!now) return this.say(name, 'is gone');
    const [old, current] = [this.resolve(before, 'before'), this.resolve(now, 'now')];
    for (const [header, reference] of Object.entries(old.headers ?? {})) {
      const held = this.resolve(current.headers?.[header], 'now');
      if (!held) this.say(name, `header ${header} is gone`);
      else if (this.resolve(reference, 'before').required && !held.required)
        this.say(name, `header ${header} is no longer certain`);
    }
    for (const [type, media] of Object.entries(old.content ?? {})) {
      if (!current.content?.[type]) this.say(name, `content type ${type} is gone`);
      else this.schema(name, media.schema, current.content[type].schema, 'response');
    }
  }

  /** `direction`: a request may only come to allow more, a response may only come to promise more. */
  schema(name, before, now, direction) {
    const key = `${direction} ${before.$ref ?? ''} ${now.$ref ?? ''}`;
    if (before.$ref && this.compared.has(key)) return;
    this.compared.add(key);
    const [old, current] = [this.resolve(before, 'before'), this.resolve(now, 'now')];
    this.types(name, old, current, direction);
    this.values(name, old, current, direction);
    this.properties(name, old, current, direction);
    if (old.items && current.items) this.schema(`${name}/*`, old.items, current.items, direction);
    this.choices(name, old.oneOf, current.oneOf, direction);
  }

  types(name, old, current, direction) {
    const [was, is] = [[old.type ?? []].flat(), [current.type ?? []].flat()];
    const [narrow, wide] = direction === 'request' ? [was, is] : [is, was];
    const fits = narrow.every((type) => wide.includes(type)) && narrow.length > 0 === wide.length > 0;
    if (!fits) this.say(name, `type was ${was.join(' or ') || 'any'}, is ${is.join(' or ') || 'any'}`);
    if (old.format !== current.format) this.say(name, `format was ${old.format}, is ${current.format}`);
  }

  values(name, old, current, direction) {
    const [was, is] = [old.enum, current.enum];
    if (direction === 'request') {
      const gone =
        is === undefined
          ? []
          : was === undefined
            ? ['all but the listed ones']
            : was.filter((value) => !is.includes(value));
      if (gone.length > 0) this.say(name, `no longer takes ${gone.join(', ')}`);
      this.bounds(name, old, current);
    } else if (was !== undefined) {
      const added = is === undefined ? ['any value'] : is.filter((value) => !was.includes(value));
      if (added.length > 0) this.say(name, `may be ${added.join(', ')} now`);
    }
  }

  bounds(name, old, current) {
    for (const bound of ['minimum', 'minLength', 'minItems']) {
      if ((current[bound] ?? -Infinity) > (old[bound] ?? -Infinity))
        this.say(name, `${bound} is ${current[bound]} now`);
    }
    for (const bound of ['maximum', 'maxLength', 'maxItems']) {
      if ((current[bound] ?? Infinity) < (old[bound] ?? Infinity)) this.say(name, `${bound} is ${current[bound]} now`);
    }
    if (current.pattern !== undefined && current.pattern !== old.pattern)
      this.say(name, `pattern is ${current.pattern} now`);
  }

  properties(name, old, current, direction) {
    for (const [property, schema] of Object.entries(old.properties ?? {})) {
      const there = current.properties?.[property];
      if (!there) this.say(name, `/${property} is gone`);
      else this.schema(`${name}/${property}`, schema, there, direction);
    }
    const [was, is] = [old.required ?? [], current.required ?? []];
    const changed =
      direction === 'request' ? is.filter((one) => !was.includes(one)) : was.filter((one) => !is.includes(one));
    for (const property of changed)
      this.say(name, `/${property} is ${direction === 'request' ? 'required now' : 'no longer certain'}`);
  }

  choices(name, was, is, direction) {
    if (was === undefined && is === undefined) return;
    if (was?.length !== is?.length) return this.say(name, 'has other alternatives');
    was.forEach((choice, i) => this.schema(name, choice, is[i], direction));
  }

  /** In OpenAPI 3.1 a reference may have siblings, which add to what it leads to. */
  resolve(thing, which) {
    if (thing?.$ref === undefined) return thing;
    const { $ref, ...siblings } = thing;
    const found = $ref
      .slice(2)
      .split('/')
      .reduce((node, part) => node?.[part], this.documents[which]);
    return { ...this.resolve(found, which), ...siblings };
  }

  say(name, what) {
    this.found.push(`${name}${what.startsWith('/') ? '' : ' '}${what}`);
  }
}

function isOpen(operation, document) {
  return (operation.security ?? document.security ?? []).length === 0;
}
