// By path: Vite's config loader leaves packages to Node, and Node 20 reads no TypeScript.

import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { chromiumBrowser, hasChromium } from '../../tooling/chromium.ts';

const node = 'src/**/*.node.test.ts';

/** The same tests on one backend after the other. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'cpu',
          provide: { backend: 'cpu' },
          include: ['src/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'wasm',
          provide: { backend: 'wasm' },
          include: ['src/**/*.test.ts'],
          exclude: [node],
          testTimeout: 30_000,
        },
      },
      ...(hasChromium()
        ? (['webgl', 'webgpu'] as const).map((backend) => ({
            test: {
              name: backend,
              provide: { backend },
              include: ['src/**/*.test.ts'],
              exclude: [node],
              browser: chromiumBrowser(),
              testTimeout: 60_000,
            },
          }))
        : []),
    ],
  },
});

export default config;
