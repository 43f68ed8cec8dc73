import { defineConfig, type UserConfig } from 'vite';

const config: UserConfig = defineConfig({
  // Relative, so that the page works from any folder of any server.
  base: './',
  build: { target: 'es2022', chunkSizeWarningLimit: 2500 },
});
export default config;
