/**
 * Devices and programs that a test may need and a fresh machine may lack. A missing one skips the test loudly; `CLR_REQUIRE`
 * (a comma list, such as `chromium,webgpu`) turns the skip into a failure.
 */
export type Need = 'chromium' | 'webgpu' | 'pytorch' | 'mpi' | 'redis';

const required = new Set((process.env.CLR_REQUIRE ?? '').split(',').map((name) => name.trim()));

/**
 * Whether a need is met; says so loudly when it is not, and throws when `CLR_REQUIRE` names it.
 *
 * @example
 * ```ts
 * describe.skipIf(!meets('chromium', existsSync(path), `no ${path}`))('in a browser', …);
 * ```
 */
export function meets(need: Need, met: boolean, why: string): boolean {
  if (met) return true;
  if (required.has(need)) throw new Error(`CLR_REQUIRE asks for ${need}, but: ${why}`);
  console.warn(`\n*** SKIPPED, for want of ${need}: ${why} ***\n`);
  return false;
}
