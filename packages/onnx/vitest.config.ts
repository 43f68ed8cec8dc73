import { existsSync } from 'node:fs';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
// by path: Vite's config loader leaves packages to Node, and Node 20 reads no TypeScript
import { inChromium } from '../../tooling/chromium.ts';

// ONNX Runtime's WebGPU provider finds SwiftShader beside Debian's Chromium when no other Vulkan driver is named.
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
          testTimeout: 120_000,
        },
      },
      inChromium({
        // it finds its WebAssembly next to its modules, by their address
        optimizeDeps: { exclude: ['onnxruntime-web'] },
        test: {
          name: 'chromium',
          include: [inBrowser],
          testTimeout: 300_000, // a software adapter on a busy machine
        },
      }),
    ],
  },
});
export default config;
