import { defineConfig, type Plugin, type UserConfig } from 'vite';

/**
 * Writes the names of all built files that the page caches: all except the runtimes, which it caches after their first
 * use.
 */
const filesToKeep: Plugin = {
  name: 'files-to-keep',
  generateBundle(_, bundle) {
    const names = Object.keys(bundle).filter((name) => !/\.(wasm|map)$/.test(name));
    this.emitFile({ type: 'asset', fileName: 'files.json', source: JSON.stringify(names) });
  },
};

// Do not warn about slow plugins on a busy machine.
const rolldownOptions = { checks: { bundlerTimings: false } };

const config: UserConfig = defineConfig({
  // Relative, so that the page works from any folder of any server.
  base: './',
  build: { target: 'es2023', chunkSizeWarningLimit: 1500, rolldownOptions },
  worker: { format: 'es', rolldownOptions },
  // onnxruntime-web loads its .wasm from its own folder, which a bundle of dependencies would not contain.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  plugins: [filesToKeep],
});
export default config;
