// Every check: what is wrong with the deployment files, one line each; nothing if all is well.
export { checkCompose, checkComposeSchema } from './compose.mjs';
export { checkComposeRunning, checkKubernetesRunning } from './containers.mjs';
export { checkDockerfile } from './dockerfile.mjs';
export { checkHardening, checkReferences, checkSchemas, checkTypes } from './kubernetes.mjs';
export { checkCommands } from './programs.mjs';
export { checkExposure, checkRunning, checkRunningWithTls, checkTarget, checkUnits } from './systemd.mjs';
