import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasChromium } from '@clr/tooling/chromium';
import { build, createLogger } from 'vite';
import type { TestProject } from 'vitest/node';

/** The folder of the built page, and the warnings of the build. */
export interface Built {
  readonly outDir: string;
  readonly warnings: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    built: Built;
  }
}

/** Builds the page once for all tests. */
export default async function buildSite({
  provide,
}: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!hasChromium()) return undefined;
  await import('../scripts/writeDigits.ts');
  const outDir = await mkdtemp(join(tmpdir(), 'clr-playground-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  // As in `npm run bundle`; vitest sets it to test.
  process.env.NODE_ENV = 'production';
  const warnings: string[] = [];
  const customLogger = createLogger('error');
  customLogger.warn = (message) => warnings.push(message);
  customLogger.warnOnce = (message) => warnings.push(message);
  await build({ root, customLogger, build: { outDir, emptyOutDir: true } });
  process.env.NODE_ENV = 'test';
  provide('built', { outDir, warnings });
  return () => rm(outDir, { recursive: true, force: true });
}
