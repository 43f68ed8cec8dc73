/** A generator of pseudo-random numbers. The same seed and name give the same numbers on every machine. */
export interface Random {
  /** A number in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** A number of the standard normal distribution. */
  normal(): number;
}

/**
 * Computes the four words of a state from a seed and a name. It uses FNV-1a and then a mixer (splitmix32), so that
 * similar seeds give different states.
 */
function stateOf(seed: number, name: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
  }
  return Uint32Array.from({ length: 4 }, () => {
    hash = (hash + 0x9e3779b9) | 0;
    let mixed = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  });
}

/**
 * A generator for one tensor. Each tensor has its own generator, so adding a layer does not change the weights of the
 * other layers.
 *
 * @see sfc32 of PractRand
 */
export function createRandom(seed: number, name: string): Random {
  const s = stateOf(seed, name);
  s[3] = 1;
  const next = (): number => {
    const [a, b, c, count] = s as unknown as [number, number, number, number];
    const sum = (a + b + count) >>> 0;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + sum;
    s[3] = count + 1;
    return sum;
  };
  for (let i = 0; i < 12; i++) next();
  const uniform = (): number => next() / 2 ** 32;
  return {
    uniform,
    // The Box–Muller method; 1 − u is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}
