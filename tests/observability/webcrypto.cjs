// Debian 12's node 18 has the Web Crypto API in a module only; later ones have it everywhere, as autotel-mcp expects.
globalThis.crypto ??= require("node:crypto").webcrypto;
