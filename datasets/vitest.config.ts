import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Whole datasets are read, which on a busy machine takes seconds.
const config: ViteUserConfig = defineConfig({
  test: { testTimeout: 30_000, setupFiles: '../tooling/seed.ts' },
});

export default config;
