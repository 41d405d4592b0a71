// Tests of the checker: made-up exchanges, descriptions and protos that are wrong in one way each must be refused, and
// those that are right accepted. They start from the installed API, so a rule that no longer bites is noticed.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openapiBreaks, protoBreaks } from './compatibility.mjs';
import { Description } from './description.mjs';
import { judge } from './exchange.mjs';

/** @return {{name: string, complaints: string[]}[]}  one test each; no complaints: passed */
export function selfTests(document, protos) {
  return [...exchangeTests(new Description(document)), ...openapiTests(document), ...protoTests(protos)];
}

/** Nothing may be found where nothing is `expected`; otherwise something that fits it must be. */
function verdict(name, expected, found) {
  const right = expected === null ? found.length === 0 : found.some((one) => expected.test(one));
  const wanted = expected === null ? 'should have been accepted' : `should have been refused with ${expected}`;
  return { name, complaints: right ? [] : [`${wanted}, got: ${found.join('; ') || 'no complaint'}`] };
}

// --- exchanges ---

const kJson = {
  'content-type': 'application/json',
  'content-length': '1',
  date: 'now',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};
const kItem = { sku: 'late-day', price: 10, stock: 1, reserved: 0, sold: 2 };

function asked(
  status,
  body,
  { method = 'GET', path = '/v1/inventory/late-day', headers = {}, sent = '', sentHeaders = {}, type } = {},
) {
  const contentType = type ?? (status < 400 ? 'application/json' : 'application/problem+json');
  return {
    method,
    path,
    request: { headers: sentHeaders, body: sent },
    response: {
      status,
      headers: { ...kJson, 'content-type': contentType, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
  };
}

function problem(name, status, more = {}) {
  return { type: `/errors/${name}`, title: 'Not so', status, detail: 'not this time', ...more };
}

function put(status, sent, more = {}) {
  const sentHeaders = { authorization: 'Bearer x', 'content-type': 'application/json' };
  return asked(status, kItem, { method: 'PUT', sent, sentHeaders, ...more });
}

function exchangeTests(description) {
  const { sold, ...withoutSold } = kItem;
  const cases = [
    ['as documented', null, asked(200, kItem)],
    ['a documented problem', null, asked(404, problem('sku-not-found', 404))],
    ['a problem of any call', null, asked(400, problem('bad-request', 400), { headers: { connection: 'close' } })],
    ['a change as documented', null, put(200, '{"price":10}')],
    ['HEAD without a body', null, asked(200, '', { method: 'HEAD' })],
    ['a missing member', /sold/, asked(200, withoutSold)],
    ['a member of the wrong type', /\/stock must be integer/, asked(200, { ...kItem, stock: '1' })],
    ['an undocumented member', /colour/, asked(200, { ...kItem, colour: 'red' })],
    ['an undocumented member of a problem', /hint/, asked(404, problem('sku-not-found', 404, { hint: 'no' }))],
    ['a member out of bounds', /\/stock must be >= 0/, asked(200, { ...kItem, stock: -1 })],
    ['a value that is not listed', /\/state/, asked(404, problem('sku-not-found', 404, { state: 'LOST' }))],
    ['an undocumented status', /status 418 is not documented/, asked(418, problem('teapot', 418))],
    ['a status of other calls', /not documented for this call/, asked(501, problem('sku-not-found', 501))],
    ['a problem of other calls', /'unknown-sku' is not documented/, asked(404, problem('unknown-sku', 404))],
    ['a problem with another status', /the problem says status 400/, asked(404, problem('sku-not-found', 400))],
    ['a failure of the server', /status 500|the server failed/, asked(500, problem('internal', 500))],
    ['the wrong content type', /content type 'text\/plain'/, asked(200, kItem, { type: 'text/plain' })],
    ['a body that is not JSON', /is not JSON/, asked(200, '{')],
    ['a repeated member', /repeated/, asked(200, JSON.stringify(kItem).replace('{', '{"sku":"late-day",'))],
    ['a number with a fraction', /fraction/, asked(200, JSON.stringify(kItem).replace('10', '10.0'))],
    ['an undocumented header', /header x-power/, asked(200, kItem, { headers: { 'x-power': '1' } })],
    [
      '401 without its header',
      /WWW-Authenticate is missing/,
      asked(401, problem('unauthorized', 401), { path: '/v1/audit' }),
    ],
    ['an undocumented path that answers', /status 200/, asked(200, kItem, { path: '/v2/inventory/late-day' })],
    ['an undocumented method that answers', /status 200/, asked(200, kItem, { method: 'PATCH' })],
    ['405 without Allow', /Allow/, asked(405, problem('method-not-allowed', 405), { method: 'PATCH' })],
    ['HEAD with a body', /HEAD is answered with a body/, asked(200, kItem, { method: 'HEAD' })],
    [
      'OPTIONS that forgets a method',
      /Allow says/,
      {
        ...asked(204, '', { method: 'OPTIONS' }),
        response: { status: 204, headers: { date: 'now', allow: 'GET, HEAD, OPTIONS' }, body: '' },
      },
    ],
    ['taken: an undocumented member', /request: .*colour/, put(200, '{"price":10,"colour":"red"}')],
    ['taken: a member out of bounds', /request: .*price/, put(200, '{"price":-1}')],
    [
      'taken: another content type',
      /request: .*text\/plain/,
      put(200, '{"price":10}', { sentHeaders: { authorization: 'x', 'content-type': 'text/plain' } }),
    ],
    [
      'taken: without authorization',
      /without authorization/,
      put(200, '{"price":10}', { sentHeaders: { 'content-type': 'application/json' } }),
    ],
    [
      'taken: an undocumented parameter',
      /request: .*colour/,
      asked(200, kItem, { path: '/v1/inventory/late-day?colour=red' }),
    ],
    [
      'taken: a parameter out of bounds',
      /request: limit/,
      asked(200, { inventory: [], next_cursor: null }, { path: '/v1/inventory?limit=0' }),
    ],
    ['another description than the installed one', /differs/, asked(200, {}, { path: '/openapi.json' })],
    ['a plain answer to what is not HTTP', /not documented/, { raw: true, response: asked(200, kItem).response }],
  ];
  return cases.map(([name, expected, exchange]) =>
    verdict(`exchange: ${name}`, expected, judge(description, exchange).complaints),
  );
}

// --- compatibility of the description ---

function openapiTests(document) {
  const inventory = (changed) => changed.components.schemas.InventoryItem;
  const order = (changed) => changed.components.schemas.NewOrder;
  const place = (changed) => changed.paths['/v1/orders'].post;
  const cases = [
    ['nothing changed', null, () => {}],
    [
      'an operation more',
      null,
      (d) => {
        d.paths['/v2'] = { get: { responses: {} } };
      },
    ],
    [
      'a member more in an answer',
      null,
      (d) => {
        inventory(d).properties.colour = { type: 'string' };
      },
    ],
    [
      'an optional member more in a request',
      null,
      (d) => {
        order(d).properties.note = { type: 'string' };
      },
    ],
    [
      'a path gone',
      /\/v1\/audit is gone/,
      (d) => {
        delete d.paths['/v1/audit'];
      },
    ],
    [
      'an operation gone',
      /PUT .* is gone/,
      (d) => {
        delete d.paths['/v1/inventory/{sku}'].put;
      },
    ],
    [
      'a status gone',
      /POST \/v1\/orders 409 is gone/,
      (d) => {
        delete place(d).responses['409'];
      },
    ],
    [
      'a member gone from an answer',
      /\/sold is gone/,
      (d) => {
        delete inventory(d).properties.sold;
      },
    ],
    [
      'a member of an answer no longer certain',
      /\/sold is no longer certain/,
      (d) => {
        inventory(d).required.pop();
      },
    ],
    [
      'another type in an answer',
      /\/sold type was integer, is string/,
      (d) => {
        inventory(d).properties.sold = { type: 'string' };
      },
    ],
    [
      'null in an answer',
      /\/sold type/,
      (d) => {
        inventory(d).properties.sold.type = ['integer', 'null'];
      },
    ],
    [
      'a state more',
      /may be LOST now/,
      (d) => {
        d.components.schemas.OrderState.enum.push('LOST');
      },
    ],
    [
      'a header gone',
      /header Location is gone/,
      (d) => {
        delete place(d).responses['201'].headers.Location;
      },
    ],
    [
      'a content type gone',
      /content type .* is gone/,
      (d) => {
        d.components.responses.Page.content = {};
      },
    ],
    [
      'a member more that a request needs',
      /\/note is required now/,
      (d) => {
        order(d).properties.note = {};
        order(d).required.push('note');
      },
    ],
    [
      'a member gone from a request',
      /\/handling is gone/,
      (d) => {
        delete order(d).properties.handling;
      },
    ],
    [
      'a value that a request may no longer have',
      /no longer takes HOLD/,
      (d) => {
        d.components.schemas.Handling.properties.on_failure.enum.pop();
      },
    ],
    [
      'a tighter bound of a request',
      /maximum is 10 now/,
      (d) => {
        d.components.schemas.Quantity.maximum = 10;
      },
    ],
    [
      'a parameter gone',
      /parameter query user is gone/,
      (d) => {
        d.paths['/v1/orders'].get.parameters.shift();
      },
    ],
    [
      'a parameter that is required now',
      /parameter query note is required/,
      (d) => {
        d.paths['/v1/orders'].get.parameters.push({ name: 'note', in: 'query', required: true, schema: {} });
      },
    ],
    [
      'authorization where there was none',
      /needs authorization/,
      (d) => {
        place(d).security = [{ operator: [] }];
      },
    ],
  ];
  return cases.map(([name, expected, change]) => {
    const changed = structuredClone(document);
    change(changed);
    return verdict(`openapi.yaml: ${name}`, expected, openapiBreaks(document, changed));
  });
}

// --- compatibility of the protos ---

const kPayment = 'ldt/payment/v1/payment.proto';
const kParticipant = 'ldt/participant/v1/participant.proto';

function protoTests(protos) {
  const cases = [
    ['nothing changed', null, kPayment, '', ''],
    ['a field more', null, kPayment, 'message ChargeRequest {', 'message ChargeRequest {\n  string note = 99;'],
    ['a field gone', /field "3"/, kPayment, /\n {2}int64 amount = 3;[^\n]*/, ''],
    ['another field number', /field "3"/, kPayment, 'int64 amount = 3;', 'int64 amount = 33;'],
    ['another type', /type/, kPayment, 'int64 amount = 3;', 'string amount = 3;'],
    ['another name', /name/, kPayment, 'int64 amount = 3;', 'int64 credits = 3;'],
    ['a field that repeats', /cardinality|label|repeated/, kPayment, 'int64 amount = 3;', 'repeated int64 amount = 3;'],
    ['a renumbered enumerator', /[Ee]num value "2"/, kParticipant, 'VERB_UNDO = 2;', 'VERB_UNDO = 3;'],
    ['an enumerator gone', /[Ee]num value "4"/, kParticipant, /\n {2}OPERATION_STATE_UNDONE = 4;/, ''],
    ['an RPC gone', /RPC "Refund"/, kPayment, /\n {2}rpc Refund\([^\n]*/, ''],
    ['an RPC that streams', /stream/, kPayment, 'returns (RefundResponse)', 'returns (stream RefundResponse)'],
    ['a message gone', /cannot find `AuditTotals`/, kParticipant, /message AuditTotals \{[^}]*\}/, ''],
    [
      'an enumeration more',
      null,
      kPayment,
      'enum EntryKind {',
      'enum Colour {\n  COLOUR_UNSPECIFIED = 0;\n}\nenum EntryKind {',
    ],
    ['another package', /package/, kPayment, 'package ldt.payment.v1;', 'package ldt.payment.v2;'],
    ['not a proto any more', /missing/, kPayment, /^[^]*$/, 'nothing'],
    ['an empty proto', /deleted|cannot find/, kPayment, /^[^]*$/, 'syntax = "proto3";'],
  ];
  return cases.map(([name, expected, file, from, to]) =>
    verdict(`protos: ${name}`, expected, breaksOfChange(protos, file, from, to)),
  );
}

function breaksOfChange(protos, file, from, to) {
  const folder = mkdtempSync(join(tmpdir(), 'ldt-contract-'));
  try {
    cpSync(protos, folder, { recursive: true });
    const text = readFileSync(join(folder, file), 'utf8');
    const changed = text.replace(from, to);
    if (changed === text && from !== '') return ['the change of this test no longer fits the proto'];
    writeFileSync(join(folder, file), changed);
    return protoBreaks(folder, protos);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
