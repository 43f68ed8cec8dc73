import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import type { TestProjectInlineConfiguration } from 'vitest/config';
import type { BrowserConfigOptions } from 'vitest/node';
import { meets } from './needs.ts';

/** Debian's Chromium; `CLR_CHROMIUM` names another. */
export const chromiumPath: string = process.env.CLR_CHROMIUM ?? '/usr/bin/chromium';

/** Flags that provide WebGPU and WebGL2 through SwiftShader, and stop Chromium's own network traffic. */
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

/** True if Chromium is installed. */
export function hasChromium(): boolean {
  return meets('chromium', existsSync(chromiumPath), `no ${chromiumPath} (Debian: apt-get install chromium)`);
}

/**
 * A Vitest project that runs in a headless Chromium with WebGPU. Browsers and software GPUs deliver events late on a
 * busy machine, so a failed test is retried up to twice. Without Chromium the project's tests are listed as skipped, so
 * that the number of tests stays the same.
 */
export function inChromium(project: TestProjectInlineConfiguration): TestProjectInlineConfiguration {
  const { name, ...test } = project.test ?? {};
  if (hasChromium()) return { ...project, test: { ...test, name: name!, retry: 2, browser: chromium() } };
  const runner = fileURLToPath(new URL('./skippingRunner.ts', import.meta.url));
  return { ...project, test: { ...test, name: `${name}: no Chromium`, runner } };
}

function chromium(): BrowserConfigOptions {
  return {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    connectTimeout: 900_000, // Starting a browser takes minutes on a busy machine.
    provider: playwright({ launchOptions: { executablePath: chromiumPath, args: [...chromiumArgs] } }),
    instances: [{ browser: 'chromium' }],
  };
}
