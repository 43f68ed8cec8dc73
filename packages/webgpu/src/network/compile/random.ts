/**
 * `fn hash(x: u32) -> u32`: mixes all bits (two rounds of xor-shift and multiply).
 *
 * @see https://nullprogram.com/blog/2018/07/31/ (the constants of "lowbias32")
 */
export const hashFunction = `fn hash(key: u32) -> u32 {
  var x = key;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}`;

/** {@link hashFunction} on the host. */
export function hash(key: number): number {
  let x = key >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * `fn shuffled(i: u32, epoch: u32) -> u32`: a permutation of `0 … count − 1` for each epoch, without a
 * table. A small Feistel network over the next power of four is applied until the result is below `count`.
 */
export function shuffleFunction(count: number, seed: number): string {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2));
  return `fn shuffled(i: u32, epoch: u32) -> u32 {
  let key = hash(epoch ^ ${hash(seed)}u);
  var x = i;
  loop {
    var left = x >> ${half}u;
    var right = x & ${2 ** half - 1}u;
    for (var round = 0u; round < 4u; round++) {
      let next = left ^ (hash(right ^ key ^ (round * 0x9e3779b9u)) & ${2 ** half - 1}u);
      left = right;
      right = next;
    }
    x = (left << ${half}u) | right;
    if (x < ${count}u) { break; }
  }
  return x;
}`;
}

/** Pseudo-random numbers in [0, 1) from a seed: hashes of a counter. */
export function uniform(seed: number): () => number {
  let count = 0;
  const key = hash(seed ^ 0x5bd1e995);
  return () => {
    count += 1;
    return (hash(hash(count) ^ key) >>> 8) / 2 ** 24;
  };
}
