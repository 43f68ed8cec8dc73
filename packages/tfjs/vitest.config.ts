// By path: Vite's config loader leaves packages to Node, and Node 20 reads no TypeScript.

import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { chromiumBrowser, hasChromium } from '../../tooling/chromium.ts';
import { hasOracle, readOracle } from '../../tooling/oracle.ts';
import type { Oracle } from './test/oracle.ts';

/** What only Node can run: it reads files, or loads two copies of tfjs. */
const node = 'src/**/*.node.test.ts';
/** What needs a page, and one backend is enough. */
const webgl = 'src/**/*.webgl.test.ts';

/** PyTorch's numbers, handed to the tests: a browser cannot read files. */
const oracle: Oracle | null = hasOracle()
  ? { optimizers: float32(readOracle('optimizers.json')), convnet: readOracle('convnet.json') }
  : null;

function float32(file: Oracle['optimizers']): Oracle['optimizers'] {
  return { ...file, runs: file.runs.filter(({ dtype }) => dtype === 'float32') };
}

/** The same tests on one backend after the other. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'cpu',
          provide: { backend: 'cpu', oracle },
          exclude: [webgl],
          include: ['src/**/*.test.ts'],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'wasm',
          provide: { backend: 'wasm', oracle },
          include: ['src/**/*.test.ts'],
          exclude: [node, webgl],
          testTimeout: 300_000,
        },
      },
      ...(hasChromium()
        ? (['webgl', 'webgpu'] as const).map((backend) => ({
            test: {
              name: backend,
              provide: { backend, oracle },
              include: ['src/**/*.test.ts'],
              exclude: backend === 'webgl' ? [node] : [node, webgl],
              browser: chromiumBrowser(),
              testTimeout: 300_000,
            },
          }))
        : []),
    ],
  },
});

export default config;
