// Imported by path, because Vite's config loader leaves packages to Node, and Node 20 cannot load TypeScript.

import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { inChromium } from '../../tooling/chromium.ts';

/** Tests that draw. They run in Node and in Chromium, because ECharts measures text differently in a browser. */
const pictures = 'src/pictures/render{Policy,RangeTest,Run}.test.ts';

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          setupFiles: '../../tooling/seed.ts',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      inChromium({
        test: { name: 'chromium', include: [pictures], testTimeout: 900_000, hookTimeout: 900_000 },
      }),
    ],
  },
});

export default config;
