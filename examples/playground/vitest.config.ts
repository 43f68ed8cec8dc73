import { defineConfig, type ViteUserConfig } from 'vitest/config';

// The test files run one after another, so that only one browser is open at a time.
const config: ViteUserConfig = defineConfig({
  test: { fileParallelism: false, globalSetup: 'test/buildSite.ts' },
});
export default config;
