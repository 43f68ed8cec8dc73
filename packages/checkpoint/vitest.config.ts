import { defineConfig, type ViteUserConfig } from 'vitest/config';
// Imported by path, because Vite's config loader leaves packages to Node, and Node 20 cannot load TypeScript.
import { inChromium } from '../../tooling/chromium.ts';

const inBrowser = 'src/**/*.browser.test.ts';

/** Most tests run in Node, those of IndexedDB in Chromium. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          setupFiles: '../../tooling/seed.ts',
          testTimeout: 900_000,
          hookTimeout: 900_000,
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [inBrowser],
        },
      },
      inChromium({
        test: { name: 'chromium', include: [inBrowser], testTimeout: 900_000, hookTimeout: 900_000 },
      }),
    ],
  },
});
export default config;
