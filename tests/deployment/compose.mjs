// The compose file: against the Compose Specification, and that no container has a right or a way in that it does not need.
import { composeFile } from './files.mjs';
import { Ajv2019, composeSchema } from './libraries.mjs';

/** The file without what the Specification has learnt since the published schema, where it is as it says today. */
function asTheSchemaKnowsIt(document) {
  const { name, secrets, ...rest } = document;
  const known = typeof name === 'string' ? rest : { name, ...rest };
  known.secrets = Object.fromEntries(
    Object.entries(secrets).map(([secret, { environment, ...more }]) =>
      [secret, typeof environment === 'string' ? { file: environment, ...more } : { environment, ...more }]),
  );
  return known;
}

export function checkComposeSchema(files) {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false, logger: false });
  // It names its parts in draft-04's way, which Ajv refuses and nothing refers to.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const validate = ajv.compile(schema);
  if (validate(asTheSchemaKnowsIt(composeFile(files)))) return [];
  return validate.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

const kNotOurs = ['postgres'];
const kRunOnce = ['migrate', 'certificates'];

function checkThere(expect, name, service, document) {
  const volumes = (service.volumes ?? []).map((volume) => volume.split(':'));
  for (const network of service.networks ?? []) expect(network in document.networks, `${name}: no network ${network}`);
  for (const secret of service.secrets ?? []) expect(secret in document.secrets, `${name}: no secret ${secret}`);
  for (const [volume] of volumes) expect(volume in document.volumes, `${name}: no volume ${volume}`);
  for (const other of Object.keys(service.depends_on ?? {}))
    expect(other in document.services, `${name} waits for ${other}, which is not there`);
  for (const word of service.command ?? []) {
    const [, host] = word.match(/dns:\/\/\/([^:]+):/) ?? [];
    expect(!host || host in document.services, `${name}: ${word}: no such service`);
    const [, folder] = word.match(/^--tls-dir=(.*)/) ?? [];
    expect(!folder || volumes.some(([, path]) => path === folder), `${name}: ${word}, but nothing is mounted there`);
  }
}

function checkRights(expect, name, service) {
  expect(service.user && !/^(0|root)\b/.test(service.user), `${name} runs as root`);
  expect(service.read_only === true, `${name}: its file system can be written`);
  expect(service.cap_drop?.includes('ALL'), `${name} keeps capabilities`);
  expect(service.security_opt?.includes('no-new-privileges:true'), `${name} may gain rights`);
}

export function checkCompose(files) {
  const document = composeFile(files);
  const complaints = [];
  const expect = (condition, text) => condition || complaints.push(text);
  for (const wanted of ['order', 'payment', 'inventory', 'delivery', 'telemetry', 'postgres'])
    expect(document.services[wanted], `no service ${wanted}`);
  for (const [name, service] of Object.entries(document.services)) {
    checkThere(expect, name, service, document);
    expect(/:\d+\.\d+/.test(service.image), `${name}: the image's version is not pinned`);
    for (const port of service.ports ?? []) expect(port.startsWith('127.0.0.1:'), `${name}: ${port} is open to the network`);
    if (!kRunOnce.includes(name)) expect(service.healthcheck?.test, `${name}: no health check`);
    if (!kNotOurs.includes(name)) checkRights(expect, name, service);
  }
  for (const network of ['store', 'services']) expect(document.networks[network]?.internal, `${network} is not internal`);
  return complaints;
}
