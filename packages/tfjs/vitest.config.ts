// Imported by path, because Vite's config loader leaves packages to Node, and Node 20 cannot load TypeScript.

import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { inChromium } from '../../tooling/chromium.ts';

/** Tests that need Node, because they read files or load two copies of tfjs. */
const node = 'src/**/*.node.test.ts';
/** Tests that need a web page. One backend is enough. */
const webgl = 'src/**/*.webgl.test.ts';

/** Runs the same tests on each backend. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'cpu',
          provide: { backend: 'cpu' },
          exclude: [webgl],
          include: ['src/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'wasm',
          provide: { backend: 'wasm' },
          include: ['src/**/*.test.ts'],
          exclude: [node, webgl],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      ...(['webgl', 'webgpu'] as const).map((backend) =>
        inChromium({
          test: {
            name: backend,
            provide: { backend },
            include: ['src/**/*.test.ts'],
            exclude: backend === 'webgl' ? [node] : [node, webgl],
            testTimeout: 900_000,
            hookTimeout: 900_000,
          },
        }),
      ),
    ],
  },
});

export default config;
