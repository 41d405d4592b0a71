// The libraries from npm, wherever console/check has put them.
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.LDT_NODE_MODULES}/`);

export const { chromium } = require('playwright-core');
/** axe as a script that a page runs. */
export const axe_source = require('axe-core').source;
