import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Without another Vulkan driver, use the SwiftShader of Debian's Chromium.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (!process.env.VK_ICD_FILENAMES && existsSync(swiftShader)) {
  process.env.VK_ICD_FILENAMES = swiftShader;
  process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, '/usr/lib/chromium'].filter(Boolean).join(':');
}

export default defineConfig({
  test: { pool: 'forks', testTimeout: 900_000, hookTimeout: 900_000, fileParallelism: false },
});
