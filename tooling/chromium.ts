import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import type { BrowserConfigOptions } from 'vitest/node';
import { meets } from './needs.ts';

/** Debian's Chromium; `CLR_CHROMIUM` names another. */
export const chromiumPath: string = process.env.CLR_CHROMIUM ?? '/usr/bin/chromium';

/** WebGPU and WebGL2 over SwiftShader, and no traffic of Chromium's own. */
export const chromiumArgs: readonly string[] = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-angle=swiftshader',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];

/** Whether Chromium is installed. */
export function hasChromium(): boolean {
  return meets('chromium', existsSync(chromiumPath), `no ${chromiumPath} (Debian: apt-get install chromium)`);
}

/** Vitest's `test.browser` setting for a headless Chromium with WebGPU. */
export function chromiumBrowser(): BrowserConfigOptions {
  return {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    provider: playwright({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs] } }),
    instances: [{ browser: 'chromium' }],
  };
}
