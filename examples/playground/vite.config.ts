import { defineConfig, type Plugin, type UserConfig } from 'vite';

/** Writes the names of all built files, for the page to keep them: all but the runtimes, which it keeps once they were used. */
const filesToKeep: Plugin = {
  name: 'files-to-keep',
  generateBundle(_, bundle) {
    const names = Object.keys(bundle).filter((name) => !/\.(wasm|map)$/.test(name));
    this.emitFile({ type: 'asset', fileName: 'files.json', source: JSON.stringify(names) });
  },
};

// A busy machine is no reason for a warning.
const rolldownOptions = { checks: { bundlerTimings: false } };

const config: UserConfig = defineConfig({
  // Relative, so that the page works from any folder of any server.
  base: './',
  build: { target: 'es2023', chunkSizeWarningLimit: 1500, rolldownOptions },
  worker: { format: 'es', rolldownOptions },
  // It finds its .wasm beside itself, where a bundle of dependencies would not have it.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  plugins: [filesToKeep],
});
export default config;
