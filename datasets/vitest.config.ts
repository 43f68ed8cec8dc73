import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Reading whole datasets takes seconds on a busy machine.
const config: ViteUserConfig = defineConfig({
  test: { testTimeout: 900_000, setupFiles: '../tooling/seed.ts' },
});

export default config;
