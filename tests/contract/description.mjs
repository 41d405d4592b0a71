// The API's description (OpenAPI 3.1) as something to ask: which operation is at a path, what may it answer, does a
// value satisfy a schema. Depends on Ajv (JSON Schema 2020-12).
// Invariant: every schema is strict. An object has no other properties than the documented ones, whether or not the
// description says so; where it allows others, it has to say `additionalProperties: true`.
import { Ajv2020, addFormats } from './libraries.mjs';

const kMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const kComponent = '#/components/schemas/';

export class Description {
  /** @param document  the parsed description; not changed */
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addVocabulary(['example', 'externalDocs', 'xml', 'discriminator']);
    this.ajv.addSchema({ $id: 'components', $defs: strict(document.components?.schemas ?? {}) });
    this.compiled = new Map();
    this.operations = this.#collect();
    this.problemsOfAnyCall = new Map(Object.entries(document['x-problems-of-any-call'] ?? {}));
  }

  /** What `reference` ({$ref} or the thing itself) stands for. */
  resolve(thing) {
    if (thing?.$ref === undefined) return thing;
    const target = thing.$ref
      .slice(2)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const found = target.reduce((node, part) => node?.[part], this.document);
    if (found === undefined) throw new Error(`the description has no ${thing.$ref}`);
    return this.resolve(found);
  }

  /** The path template that a path (without query) falls under, and the values of its parameters; null if none. */
  route(path) {
    for (const { template, expression, names } of this.routes) {
      const match = expression.exec(path);
      if (match) return { template, parameters: Object.fromEntries(names.map((name, i) => [name, match[i + 1]])) };
    }
    return null;
  }

  /** The operation of a path template, or undefined. */
  operation(method, template) {
    return this.operations.get(`${method} ${template}`);
  }

  methodsOf(template) {
    return [...this.operations.values()].filter((one) => one.template === template).map((one) => one.method);
  }

  /** The documented response to a status: the key it is documented under ('404', '4XX', 'default') and itself. */
  response(operation, status) {
    for (const key of [String(status), `${String(status)[0]}XX`, 'default']) {
      if (operation.responses[key]) return { key, ...operation.responses[key] };
    }
    return null;
  }

  /** What is wrong with a value, in words; empty where nothing is. */
  faults(schema, value) {
    const validate = this.#compile(schema);
    if (validate(value)) return [];
    return validate.errors.map((error) => {
      const what = error.params.unevaluatedProperty ?? error.params.additionalProperty ?? error.params.allowedValues;
      return `${error.instancePath || '/'} ${error.message}${what === undefined ? '' : `: ${what}`}`;
    });
  }

  #compile(schema) {
    const key = JSON.stringify(schema);
    if (!this.compiled.has(key)) this.compiled.set(key, this.ajv.compile(strict(schema)));
    return this.compiled.get(key);
  }

  #collect() {
    const operations = new Map();
    this.routes = [];
    for (const [template, item] of Object.entries(this.document.paths)) {
      this.routes.push(route(template));
      for (const method of kMethods.filter((name) => item[name])) {
        const operation = this.#operation(method.toUpperCase(), template, item, item[method]);
        operations.set(`${operation.method} ${template}`, operation);
      }
    }
    this.routes.sort((a, b) => a.names.length - b.names.length); // "/a/b" before "/a/{x}"
    return operations;
  }

  #operation(method, template, item, source) {
    const parameters = [...(item.parameters ?? []), ...(source.parameters ?? [])].map((one) => this.resolve(one));
    const responses = {};
    for (const [key, response] of Object.entries(source.responses)) responses[key] = this.resolve(response);
    return {
      method,
      template,
      name: `${method} ${template}`,
      parameters,
      body: source.requestBody && this.resolve(source.requestBody),
      secured: (source.security ?? this.document.security ?? []).length > 0,
      responses,
    };
  }
}

function route(template) {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const pattern = template
    .split(/\{\w+\}/)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('([^/]+)');
  return { template, names, expression: new RegExp(`^${pattern}$`) };
}

/** A copy whose objects refuse what is not documented and whose references lead to the strict components. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  // Closing a part of an allOf would refuse what the other parts document.
  if (schema.allOf) throw new Error('the check of the contract does not know how to be strict about allOf');
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    const isData = key === 'enum' || key === 'const' || key === 'example' || key === 'default';
    copy[key] = isData ? value : strict(value);
  }
  if (typeof copy.$ref === 'string') copy.$ref = copy.$ref.replace(kComponent, 'components#/$defs/');
  const isClosed = 'additionalProperties' in copy || 'unevaluatedProperties' in copy;
  if (isSchemaWithProperties(schema) && !isClosed) copy.unevaluatedProperties = false;
  return copy;
}

/** `properties` may also be the name of a property. */
function isSchemaWithProperties(schema) {
  return (
    schema.properties !== undefined &&
    (schema.type === 'object' || schema.properties.$ref === undefined) &&
    (schema.type === undefined || typeof schema.type === 'string' || Array.isArray(schema.type))
  );
}
