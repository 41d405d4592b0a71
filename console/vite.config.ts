// Builds the console into dist/. File names carry a hash of their content, so the server may let browsers keep them for ever.
// `npm run dev` serves the sources instead and passes API calls on to the marketplace at LDT_HTTP.
import { defineConfig, loadEnv } from 'vite';

export default defineConfig(({ mode }) => {
  const marketplace = `http://${loadEnv(mode, '.', 'LDT_').LDT_HTTP ?? '127.0.0.1:8080'}`;
  return {
    base: '/console/',
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
    build: {
      target: 'es2022',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0, // no data: URIs, which the Content-Security-Policy forbids
    },
    server: {
      proxy: { '/v1': marketplace, '/readyz': marketplace, '/openapi.json': marketplace, '/errors': marketplace },
    },
    preview: {
      proxy: { '/v1': marketplace, '/readyz': marketplace, '/openapi.json': marketplace, '/errors': marketplace },
    },
  };
});
