/** Builds the local Slack's page into dist/sandbox/web; `npx vite` serves it while it is worked on. */
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'sandbox/web',
  build: { outDir: '../../dist/sandbox/web', emptyOutDir: true, chunkSizeWarningLimit: 1500 },
  server: {
    // `npm run sandbox` says which address it answers at.
    proxy: { '/sandbox': { target: process.env['SANDBOX_URL'] ?? 'http://127.0.0.1:4040', ws: true } },
  },
});
