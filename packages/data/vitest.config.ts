import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: { setupFiles: '../../tooling/seed.ts', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] },
});
export default config;
