// Judges one recorded exchange by the description. What OpenAPI cannot say formally and the description says in its
// introduction is checked too: HEAD and OPTIONS, 404 and 405 outside of it, problems of any call, how JSON is written.
// Pure. Invariant: an exchange that the description does not explicitly allow is a complaint.
import { isDeepStrictEqual } from 'node:util';

const kProblemType = 'application/problem+json';
const kDescriptionPath = '/openapi.json';
const kHeadersOfHttp = new Set([
  'date',
  'content-type',
  'content-length',
  'cache-control',
  'x-content-type-options',
  'connection',
  'transfer-encoding',
]);
// JavaScript writes members as it read them, unless one is repeated; so what differs is more than another style. (The
// description itself has statuses as names, which JavaScript puts in another order.)
const kNotAsWritten =
  'is JSON, but not as it is written here: a repeated member, a number with fraction or exponent, blanks';
const kNeverSeen = 'internal'; // documented, but what answers with it is a bug

/**
 * @return {{pair: string, complaints: string[]}}  `pair`: what was exercised ("GET /v1/orders 200"), documented or not
 */
export function judge(description, exchange) {
  const { method, path, response } = exchange;
  const found = (pair, complaints) => ({ pair: `${pair} ${response.status}`, complaints });
  if (method === undefined) return found('(not HTTP)', judgeProblemOfAnyCall(description, exchange));
  const [bare, query] = path.split(/\?(.*)/s);
  const route = description.route(bare);
  if (!route) return found(`${method} (no such path)`, judgeOutside(description, exchange, 404, 'not-found'));
  const pair = `${method} ${route.template}`;
  if (method === 'OPTIONS') return found(pair, judgeOptions(description, exchange, route));
  const operation = description.operation(method === 'HEAD' ? 'GET' : method, route.template);
  if (!operation) return found(pair, judgeOutside(description, exchange, 405, 'method-not-allowed'));
  return judgeOperation(description, exchange, { operation, route, query });
}

function judgeOperation(description, exchange, { operation, route, query }) {
  const { response } = exchange;
  const documented = description.response(operation, response.status);
  const complaints = documented
    ? judgeResponse(description, exchange, documented)
    : judgeProblemOfAnyCall(description, exchange);
  const succeeded = response.status >= 200 && response.status < 300;
  if (succeeded && !exchange.raw) complaints.push(...judgeRequest(description, exchange, operation, route, query));
  return { pair: `${operation.name} ${documented?.key ?? response.status}`, complaints };
}

function judgeResponse(description, exchange, documented) {
  const { response } = exchange;
  const complaints = [...judgeHeaders(description, response, documented.headers ?? {})];
  const type = mediaType(response.headers);
  const content = documented.content ?? {};
  if (Object.keys(content).length === 0) {
    if (response.body !== '') complaints.push('has a body, where none is documented');
    return complaints;
  }
  const media = content[type];
  if (!media) return [...complaints, `content type '${type}' is not documented`];
  if (exchange.method === 'HEAD') {
    if (response.body !== '') complaints.push('HEAD is answered with a body');
    return complaints;
  }
  if (!type.endsWith('json')) return [...complaints, ...description.faults(media.schema, response.body)];
  const body = parse(response.body, complaints);
  if (body === undefined) return complaints;
  const isDescription = exchange.path === kDescriptionPath && response.status === 200;
  complaints.push(...description.faults(media.schema, body));
  if (isDescription && !isDeepStrictEqual(body, description.document))
    complaints.push('differs from the installed openapi.yaml');
  if (!isDescription && JSON.stringify(body) !== response.body) complaints.push(kNotAsWritten);
  if (type === kProblemType)
    complaints.push(...judgeProblem(description, response.status, body, documented.description));
  return complaints;
}

/** `type` must be one that the response's description names, or one that any call may be answered with. */
function judgeProblem(description, status, problem, text) {
  const complaints = [];
  if (problem.status !== status) complaints.push(`the problem says status ${problem.status}, the answer ${status}`);
  const name = nameOf(problem);
  const named = [...(text ?? '').matchAll(/`([a-z-]+)`/g)].map((match) => match[1]);
  if (!named.includes(name) && description.problemsOfAnyCall.get(name) !== status) {
    complaints.push(`problem '${name}' is not documented for this status`);
  }
  if (name === kNeverSeen) complaints.push(`the server failed: ${problem.detail}`);
  return complaints;
}

/** A status that the operation does not document must be a problem that any call may be answered with. */
function judgeProblemOfAnyCall(description, exchange) {
  const { status } = exchange.response;
  if (![...description.problemsOfAnyCall.values()].includes(status)) return [`status ${status} is not documented`];
  const complaints = judgeAsProblem(description, exchange, status === 503 ? ['retry-after'] : []);
  if (complaints.length > 0) return [`status ${status} is not documented for this call`, ...complaints];
  return [];
}

/** Outside of the documented paths and methods: one status with one problem, or a problem of any call. */
function judgeOutside(description, exchange, status, name) {
  if (exchange.response.status !== status) return judgeProblemOfAnyCall(description, exchange);
  const complaints = judgeAsProblem(description, exchange, status === 405 ? ['allow'] : [], name);
  if (status === 405 && !exchange.response.headers.allow) complaints.push('405 without Allow');
  return complaints;
}

function judgeAsProblem(description, exchange, headers, name = '') {
  const documented = {
    description: `\`${name}\``,
    headers: Object.fromEntries(headers.map((header) => [header, { schema: { type: 'string' } }])),
    content: { [kProblemType]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return judgeResponse(description, exchange, documented);
}

function judgeOptions(description, { response }, { template }) {
  const complaints = [
    ...judgeHeaders(description, response, { Allow: { required: true, schema: { type: 'string' } } }),
  ];
  if (response.status !== 204 || response.body !== '') complaints.push('OPTIONS is not answered with an empty 204');
  const documented = description.methodsOf(template);
  const wanted = [...documented, ...(documented.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
  const allowed = (response.headers.allow ?? '').split(', ').sort().join(', ');
  if (allowed !== wanted) complaints.push(`Allow says '${allowed}', documented are '${wanted}'`);
  return complaints;
}

function judgeHeaders(description, response, headers) {
  const complaints = [];
  const known = new Set(kHeadersOfHttp);
  for (const [name, reference] of Object.entries(headers)) {
    const header = description.resolve(reference);
    const value = response.headers[name.toLowerCase()];
    known.add(name.toLowerCase());
    if (value === undefined) {
      if (header.required) complaints.push(`header ${name} is missing`);
    } else {
      complaints.push(...textFaults(description, header.schema, value).map((fault) => `header ${name}: ${fault}`));
    }
  }
  const others = Object.keys(response.headers).filter((name) => !known.has(name));
  return [...complaints, ...others.map((name) => `header ${name} is not documented`)];
}

/** What was accepted must be what is documented: otherwise the server takes more than it says. */
function judgeRequest(description, exchange, operation, route, query) {
  const complaints = [];
  const { headers, body } = exchange.request;
  if (operation.secured && !headers.authorization) complaints.push('answered without authorization');
  const given = { query: new URLSearchParams(query ?? ''), path: route.parameters };
  for (const name of given.query.keys()) {
    const known = operation.parameters.some((one) => one.in === 'query' && one.name === name);
    if (!known) complaints.push(`accepted the undocumented parameter ${name}`);
  }
  for (const parameter of operation.parameters)
    complaints.push(...parameterFaults(description, parameter, given, headers));
  if (operation.body && exchange.method !== 'HEAD')
    complaints.push(...bodyFaults(description, operation.body, headers, body));
  return complaints.map((complaint) => `request: ${complaint}`);
}

function parameterFaults(description, parameter, given, headers) {
  let value;
  if (parameter.in === 'query') value = given.query.get(parameter.name) ?? undefined;
  if (parameter.in === 'path') value = decodeURIComponent(given.path[parameter.name]);
  if (parameter.in === 'header') value = headers[parameter.name.toLowerCase()];
  if (value === undefined) return parameter.required ? [`accepted without ${parameter.name}`] : [];
  return textFaults(description, parameter.schema, value).map((fault) => `${parameter.name}: ${fault}`);
}

function bodyFaults(description, documented, headers, text) {
  const media = documented.content[mediaType(headers)];
  if (!media) return [`accepted the content type '${headers['content-type']}'`];
  try {
    return description.faults(media.schema, JSON.parse(text)).map((fault) => `accepted a body: ${fault}`);
  } catch {
    return ['accepted a body that is not JSON'];
  }
}

/** A parameter or header is text; an integer among them must look like one. */
function textFaults(description, schema, text) {
  const isInteger = description.resolve(schema).type === 'integer';
  return description.faults(schema, isInteger && /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : text);
}

function parse(text, complaints) {
  try {
    return JSON.parse(text);
  } catch (error) {
    complaints.push(`is not JSON: ${error.message}`);
    return undefined;
  }
}

function mediaType(headers) {
  return (headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
}

function nameOf(problem) {
  return String(problem.type ?? '').replace(/^\/errors\//, '');
}
