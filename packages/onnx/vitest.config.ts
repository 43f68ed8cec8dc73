import { existsSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
// Imported by path, because Vite's config loader leaves packages to Node, and Node 20 does not read TypeScript.
import { inChromium } from '../../tooling/chromium.ts';

// If no other Vulkan driver is set, ONNX Runtime's WebGPU provider uses SwiftShader from Debian's Chromium.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (!process.env.VK_ICD_FILENAMES && existsSync(swiftShader)) process.env.VK_ICD_FILENAMES = swiftShader;

const inBrowser = 'src/**/*.browser.test.ts';

/** Most tests run in Node; `*.browser.test.ts` run onnxruntime-web in Chromium. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          setupFiles: '../../tooling/seed.ts',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [inBrowser],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      inChromium({
        // onnxruntime-web finds its WebAssembly by a URL relative to its modules, so they must stay where they are.
        optimizeDeps: { exclude: ['onnxruntime-web'] },
        test: {
          name: 'chromium',
          include: [inBrowser],
          testTimeout: 900_000,
          hookTimeout: 900_000, // A software adapter on a busy machine needs this long.
        },
      }),
    ],
  },
});
export default config;
