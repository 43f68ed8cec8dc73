/**
 * Devices and programs that tests need and a new machine may lack. If one is missing, its tests are skipped with a
 * message, or fail if `CLR_REQUIRE` (a list such as `chromium,webgpu`) names it.
 */
export type Need = 'chromium' | 'webgpu' | 'pytorch' | 'mpi' | 'redis';

const required = new Set((process.env.CLR_REQUIRE ?? '').split(',').map((name) => name.trim()));

/**
 * Returns true if a need is met. Otherwise prints a message, or throws if `CLR_REQUIRE` names the need.
 *
 * @example
 * ```ts
 * describe.skipIf(!meets('chromium', existsSync(path), `no ${path}`))('in a browser', …);
 * ```
 */
export function meets(need: Need, met: boolean, why: string): boolean {
  if (met) return true;
  if (required.has(need)) throw new Error(`CLR_REQUIRE demands ${need}, but: ${why}`);
  console.warn(`\n*** SKIPPED, because ${need} is missing: ${why} ***\n`);
  return false;
}
