import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Each test starts a process of its own, which on a busy machine takes seconds.
const config: ViteUserConfig = defineConfig({
  test: { testTimeout: 60_000, setupFiles: '../../tooling/seed.ts' },
});

export default config;
