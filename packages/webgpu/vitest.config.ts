import { existsSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
// Imported by path, because Vite's config loader leaves packages to Node, and Node 20 cannot load TypeScript.
import { inChromium } from '../../tooling/chromium.ts';

// Unless VK_ICD_FILENAMES is set, Dawn for Node uses the SwiftShader of Debian's Chromium, if installed.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (!process.env.VK_ICD_FILENAMES && existsSync(swiftShader)) {
  process.env.VK_ICD_FILENAMES = swiftShader;
  process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, '/usr/lib/chromium'].filter(Boolean).join(':');
}

const shared = {
  setupFiles: '../../tooling/seed.ts',
  include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  provide: { required: process.env.CLR_REQUIRE ?? '' },
  testTimeout: 900_000,
  hookTimeout: 900_000,
  fileParallelism: false,
  isolate: false,
};

/** Tests that run only in Node. */
const inNode = '**/*.node.test.ts';

/** The same files in both runtimes: Dawn in Node, and Chromium. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'node', environment: 'node', pool: 'forks' } },
      inChromium({ test: { ...shared, exclude: [inNode], name: 'chromium' } }),
    ],
  },
});
export default config;
