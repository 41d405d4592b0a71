// The Kubernetes manifests: every field is one that the API has and of its type; what belongs together fits together; every
// pod runs with no right that it does not need.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { kNotApplied, kubernetesObjects } from './files.mjs';
import { home, importModel, kubernetesModule, parseYaml, ts } from './libraries.mjs';

const name = (object) => `${object.kind} ${object.metadata?.name}`;
/** Unknown fields and wrong types: each object as a literal of its API type, judged by TypeScript. */
export function checkTypes(files) {
  const objects = kubernetesObjects(files, (file) => !['kustomization.yaml', 'prometheus-adapter.yaml'].includes(file));
  const folder = mkdtempSync(join(home, 'types-'));
  try {
    const sources = new Map();
    objects.forEach(({ file, object }, i) => {
      const source = join(folder, `object${i}.ts`);
      const type = `import('${kubernetesModule(object.apiVersion)}').I${object.kind}`;
      writeFileSync(source, `export const object: ${type} = ${JSON.stringify(object, null, 1)};\n`);
      sources.set(source, `${file}: ${name(object)}`);
    });
    const program = ts.createProgram([...sources.keys()], {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
    });
    return ts.getPreEmitDiagnostics(program).map((each) => {
      const where = sources.get(each.file?.fileName) ?? each.file?.fileName;
      return `${where}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Required fields, formats and enumerations: each object against its JSON schema. */
export async function checkSchemas(files) {
  const complaints = [];
  for (const { file, object } of kubernetesObjects(files)) {
    try {
      const Model = (await importModel(object.apiVersion))[object.kind];
      new Model(object).validate();
    } catch (error) {
      complaints.push(`${file}: ${name(object)}: ${error.message}`);
    }
  }
  return complaints;
}

const matches = (selector, labels) =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels?.[key] === value) &&
  (selector?.matchExpressions ?? []).every(({ key, operator, values }) => operator === 'In' && values.includes(labels?.[key]));

function workloads(objects) {
  return objects.filter(({ object }) => object.spec?.template?.spec?.containers).map(({ object }) => object);
}

/** Collects what is wrong. */
function complaintsOf(judge) {
  const complaints = [];
  judge((condition, text) => condition || complaints.push(text));
  return complaints;
}

const kindsNamed = (objects, kind) =>
  new Set(objects.filter(({ object }) => object.kind === kind).map(({ object }) => object.metadata.name));

/** Every secret that somebody makes: by hand, as the example says, or cert-manager. */
function secretsMade(files, objects) {
  const byHand = kindsNamed(kubernetesObjects(files, (file) => file === 'secrets.example.yaml'), 'Secret');
  const certificates = objects.filter(({ object }) => object.kind === 'Certificate');
  return new Set([...byHand, ...certificates.map(({ object }) => object.spec.secretName)]);
}

/** A container's volumes, secrets and settings are there. */
function checkContainer(expect, who, container, spec, there) {
  const mounted = new Set((container.volumeMounts ?? []).map((mount) => mount.mountPath));
  for (const mount of container.volumeMounts ?? []) expect(spec.volumes.has(mount.name), `${who}: no volume ${mount.name}`);
  for (const { configMapRef } of container.envFrom ?? [])
    expect(there.configMaps.has(configMapRef?.name), `${who}: no config map ${configMapRef?.name}`);
  for (const { valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef?.name;
    expect(!secret || there.secrets.has(secret), `${who}: nobody makes the secret ${secret}`);
  }
  for (const word of container.args ?? []) {
    const [, folder] = word.match(/^--(?:tls-dir|log-dir)=(.*)/) ?? [];
    expect(!folder || mounted.has(folder), `${who}: ${word}, but nothing is mounted there`);
    const [, host, port] = word.match(/=dns:\/\/\/([^:]+):(\d+)/) ?? [];
    expect(!host || there.servicePorts.has(`${host}:${port}`), `${who}: no service for ${word}`);
  }
}

function checkWorkload(expect, object, there) {
  const { metadata, spec } = object.spec.template;
  const who = name(object);
  if (object.spec.selector) expect(matches(object.spec.selector, metadata.labels), `${who} does not select its own pods`);
  expect(there.accounts.has(spec.serviceAccountName), `${who}: no such service account`);
  for (const { secret } of spec.volumes ?? [])
    expect(!secret || there.secrets.has(secret.secretName), `${who}: nobody makes the secret ${secret?.secretName}`);
  const claims = (object.spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name);
  const volumes = new Set([...(spec.volumes ?? []).map((volume) => volume.name), ...claims]);
  for (const container of spec.containers) checkContainer(expect, who, container, { volumes }, there);
}

function checkService(expect, service, pods) {
  const chosen = pods.find((pod) => matches({ matchLabels: service.spec.selector }, pod.metadata.labels));
  expect(chosen, `${name(service)} selects no pod`);
  const ports = new Set((chosen?.spec.containers ?? []).flatMap((each) => each.ports.map((port) => port.name)));
  for (const port of service.spec.ports) expect(ports.has(port.targetPort), `${name(service)}: no port ${port.targetPort}`);
}

function checkAutoscaler(expect, scaler, files, deployments) {
  expect(deployments.has(scaler.spec.scaleTargetRef.name), `${name(scaler)} scales nothing`);
  const metric = scaler.spec.metrics[0].pods.metric.name;
  expect(files.kubernetes['prometheus-adapter.yaml'].includes(`as: ${metric} `), `nothing provides ${metric}`);
}

/** Who refers to what. */
export function checkReferences(files) {
  const objects = kubernetesObjects(files);
  const pods = workloads(objects).map((object) => object.spec.template);
  const services = objects.filter(({ object }) => object.kind === 'Service').map(({ object }) => object);
  const there = {
    accounts: kindsNamed(objects, 'ServiceAccount'),
    configMaps: kindsNamed(objects, 'ConfigMap'),
    secrets: secretsMade(files, objects),
    servicePorts: new Set(services.flatMap((each) => each.spec.ports.map((port) => `${each.metadata.name}:${port.port}`))),
  };
  return complaintsOf((expect) => {
    const listed = parseYaml(files.kubernetes['kustomization.yaml']).resources;
    const applied = Object.keys(files.kubernetes).filter((file) => !kNotApplied.includes(file));
    expect(listed.slice().sort().join() === applied.join(), `kustomization.yaml lists ${listed}, there are ${applied}`);
    for (const object of workloads(objects)) checkWorkload(expect, object, there);
    for (const service of services) checkService(expect, service, pods);
    for (const { object } of objects) {
      if (object.kind === 'PodDisruptionBudget')
        expect(pods.some((pod) => matches(object.spec.selector, pod.metadata.labels)), `${name(object)} selects no pod`);
      if (object.kind === 'HorizontalPodAutoscaler') checkAutoscaler(expect, object, files, kindsNamed(objects, 'Deployment'));
      if (object.kind !== 'Namespace') expect(object.metadata.namespace === 'ldt', `${name(object)}: not in the namespace ldt`);
    }
  });
}

function checkRights(expect, who, spec) {
  expect(spec.securityContext?.runAsNonRoot === true && spec.securityContext.runAsUser > 0, `${who} may run as root`);
  expect(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', `${who}: no seccomp profile`);
  expect(spec.automountServiceAccountToken === false, `${who} gets a token of the Kubernetes API`);
  for (const container of spec.containers) {
    const rights = container.securityContext ?? {};
    expect(rights.readOnlyRootFilesystem === true, `${who}: the root file system can be written`);
    expect(rights.allowPrivilegeEscalation === false, `${who} may gain rights`);
    expect(rights.capabilities?.drop?.includes('ALL'), `${who} keeps capabilities`);
    expect(container.resources?.limits?.memory && container.resources?.requests?.cpu, `${who}: no resources`);
    expect(/:\d+\.\d+/.test(container.image), `${who}: the image's version is not pinned`);
  }
}

function checkWatched(expect, who, container) {
  expect(container.readinessProbe && container.livenessProbe && container.startupProbe, `${who}: a probe is missing`);
  expect(container.args.some((word) => word.startsWith('--tls-dir=')), `${who}: no TLS`);
}

/** Two at least, and never both away at once. */
function checkReplicas(expect, deployment, objects) {
  const labels = deployment.spec.template.metadata.labels;
  const budget = ({ object }) => object.kind === 'PodDisruptionBudget' && matches(object.spec.selector, labels);
  expect(objects.some(budget), `${name(deployment)}: no disruption budget`);
  const scaler = objects.find(({ object }) => object.spec?.scaleTargetRef?.name === deployment.metadata.name)?.object;
  const least = scaler ? scaler.spec.minReplicas : deployment.spec.replicas;
  expect(least >= 2, `${name(deployment)}: one replica only`);
  expect(!scaler || deployment.spec.replicas === undefined, `${name(deployment)}: replicas are fixed and scaled`);
}

const shutsEverything = ({ object }) =>
  object.kind === 'NetworkPolicy' &&
  Object.keys(object.spec.podSelector).length === 0 &&
  !object.spec.ingress &&
  !object.spec.egress &&
  object.spec.policyTypes.length === 2;

/** What a pod must not be able to do, and what must watch over it. */
export function checkHardening(files) {
  const objects = kubernetesObjects(files);
  return complaintsOf((expect) => {
    for (const object of workloads(objects)) {
      checkRights(expect, name(object), object.spec.template.spec);
      if (object.kind === 'Job') continue;
      for (const container of object.spec.template.spec.containers) checkWatched(expect, name(object), container);
      if (object.kind === 'Deployment') checkReplicas(expect, object, objects);
    }
    expect(objects.some(shutsEverything), 'no network policy shuts everything that is not allowed');
  });
}
