import { defineConfig, type ViteUserConfig } from 'vitest/config';

// One browser at a time.
const config: ViteUserConfig = defineConfig({
  test: { fileParallelism: false, globalSetup: 'test/buildSite.ts' },
});
export default config;
