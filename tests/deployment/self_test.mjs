// The checks themselves: each of these changes breaks the files in a way that the named check must see.
import * as checks from './checks.mjs';

const inFile = (group, name) => (files, change) => ({ ...files, [group]: { ...files[group], [name]: change(files[group][name]) } });
const inText = (name) => (files, change) => ({ ...files, [name]: change(files[name]) });
const order = inFile('kubernetes', 'order.yaml');
const payment = inFile('kubernetes', 'payment.yaml');
const unit = inFile('units', 'ldt-payment.service');
const compose = inText('compose');
const docker = inText('dockerfile');

// What is changed, from what, to what; and which check complains.
const kBreaks = [
  ['checkCommands', order, '--operator-token-file=', '--operator-token='],
  ['checkCommands', payment, '--tls-dir=/tls', '--allow-failures'],
  ['checkCommands', compose, '--health=0.0.0.0:7110', '--helth=0.0.0.0:7110'],
  ['checkCommands', unit, '--db payment/payment.db', '--db payment/payment.db --db other.db'],
  ['checkCommands', inText('settings'), '--max-age-seconds', '--max-age'],
  ['checkTypes', order, 'readOnlyRootFilesystem', 'readOnlyRootFileSystem'],
  ['checkTypes', order, 'maxReplicas: 8', 'maxReplicas: many'],
  ['checkSchemas', payment, '  selector: { matchLabels: { app.kubernetes.io/name: payment } }\n  strategy', '  strategy'],
  ['checkReferences', payment, 'secretName: ldt-payment-tls', 'secretName: ldt-paiment-tls'],
  ['checkReferences', order, 'dns:///payment:7101', 'dns:///payment:7102'],
  ['checkReferences', order, 'mountPath: /tls', 'mountPath: /certificates'],
  ['checkReferences', payment, 'targetPort: grpc', 'targetPort: http'],
  ['checkReferences', inFile('kubernetes', 'kustomization.yaml'), '  - order.yaml\n', ''],
  ['checkHardening', payment, 'runAsNonRoot: true', 'runAsNonRoot: false'],
  ['checkHardening', payment, 'livenessProbe:', '# livenessProbe:'],
  ['checkHardening', payment, 'kind: PodDisruptionBudget', 'kind: Budget'],
  ['checkHardening', inFile('kubernetes', 'network-policies.yaml'), 'policyTypes: [Ingress, Egress]', 'policyTypes: [Ingress]'],
  ['checkComposeSchema', compose, 'read_only: true', 'readonly: true'],
  ['checkCompose', compose, '"127.0.0.1:8080:8080"', '"8080:8080"'],
  ['checkCompose', compose, 'cap_drop: [ALL]', 'cap_drop: []'],
  ['checkDockerfile', docker, 'USER 10001:10001', 'USER root'],
  ['checkDockerfile', docker, '-20251229-slim', '-slim'],
  ['checkDockerfile', docker, 'WORKDIR /var/lib/ldt\n', 'WORKDIRS /var/lib/ldt\n'],
  ['checkUnits', unit, 'Type=exec', 'Type=excellent'],
  ['checkUnits', unit, '/usr/bin/ldt-payment', '/usr/bin/ldt-paiment'],
  ['checkExposure', unit, /NoNewPrivileges[\s\S]*(?=\[Install\])/, ''],
  ['checkTarget', inFile('units', 'ldt.target'), 'ldt-delivery.service ', ''],
  ['checkRunning', inFile('units', 'ldt-order.service'), '--log-dir', '--logs-dir'],
  ['checkComposeRunning', compose, '--tls-dir=/tls/order', '--tls-dir=/tls/oder'],
];

/** How many complaints the check has; one that cannot even read the files has one. */
async function complaintsOf(check, files, context) {
  try {
    return (await checks[check](files, context)).length;
  } catch {
    return 1;
  }
}

/** @param found  by check, how many complaints it has about the files as they are */
export async function* selfTests(files, context, found) {
  for (const [check, where, from, to] of kBreaks) {
    const broken = where(files, (text) => (typeof from === 'string' ? text.replaceAll(from, to) : text.replace(from, to)));
    const same = JSON.stringify(broken) === JSON.stringify(files);
    const seen = !same && (await complaintsOf(check, broken, context)) > found[check];
    const name = `${check}: ${String(from).trim().slice(0, 50)} -> ${to.trim().slice(0, 50)}`;
    yield { name, complaints: same ? ['there is nothing to change'] : seen ? [] : ['it is not seen'] };
  }
}
