import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  // A busy machine may be twenty times slower.
  test: {
    testTimeout: 900_000,
    setupFiles: '../../tooling/seed.ts',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  },
});

export default config;
