import { DataType } from '../format/dataType.ts';
import type { Ops } from './ops.ts';

/** Random numbers that are computed from the step's number, so a step has the same masks on every machine. */
export interface RandomNumbers {
  /** The int64 scalar input that determines the numbers (the step). It is undefined until something is drawn. */
  readonly input: string | undefined;
  /** A boolean tensor of the shape of `like`, each element false with probability `ratio`. */
  mask(b: Ops, like: string, ratio: number, seed: number): string;
  /**
   * A float32 vector of numbers uniform in [0, 1), multiples of 2⁻²⁴.
   *
   * @param count - the length, an int64 scalar
   */
  uniform(b: Ops, count: string, seed: number): string;
}

const columns = 1024;
/**
 * A prime below 2³⁰, so that an int64 can hold the product of two remainders r, and of two odd numbers of the form
 * 2r + 1.
 */
const prime = 1_073_741_789;

/**
 * Makes random numbers with integer arithmetic, because its results are bit-identical in every runtime. ONNX Runtime's
 * own generators are not used, because snapshots cannot hold their state.
 *
 * A mask compares the low 47 bits of an outer product with a threshold. The factors are two short vectors of odd random
 * numbers below 2³¹ (multiply-shift hashing, Dietzfelbinger et al. 1997). This takes three passes over the mask. A
 * uniform vector is made from the indices 0, 1, 2, … by two pseudo-random permutations, x → x³ + c modulo a prime.
 *
 * @param name - the name of the input
 */
export function createRandomNumbers(name: string): RandomNumbers {
  let shared: { readonly scalars: readonly [string, string]; readonly columns: string } | undefined;
  let count = 0;

  const share = (b: Ops): NonNullable<typeof shared> => {
    const scalars = scramble(b, b.declare(name, DataType.INT64, []));
    const places = b.emit('Range', [b.int(0), b.int(columns), b.int(1)]);
    shared = { scalars, columns: spread(b, places, [scalars[1], scalars[0]]) };
    return shared;
  };

  /** A node's key, made from the step, the node's index among the random nodes, and its seed. */
  const keyOf = (b: Ops, seed: number): readonly [string, string] => {
    shared ??= share(b);
    const { scalars } = shared;
    count += 1;
    const own = remainder(b, b.add(scalars[0], b.int((count * 40_503_073 + (seed % prime)) % prime)));
    return [squared(b, own, scalars[1]), scalars[1]];
  };

  return {
    get input() {
      return shared && name;
    },
    mask: (b, like, ratio, seed) => {
      const key = keyOf(b, seed);
      const { columns: across } = shared as NonNullable<typeof shared>;
      const size = b.count(like);
      const rows = b.div(b.add(size, b.int(columns - 1)), b.int(columns));
      const places = b.emit('Range', [b.int(0), rows, b.int(1)]);
      const down = spread(b, places, key);
      const bits = b.emit('BitwiseAnd', [b.mul(b.unsqueeze(down, [1]), across), b.int(2 ** 47 - 1)]);
      const kept = b.emit('GreaterOrEqual', [bits, b.int(Math.round(ratio * 2 ** 47))]);
      const flat = b.slice(b.reshape(kept, [-1]), [0], b.unsqueeze(size, [0]), [0]);
      return b.reshapeLike(flat, like);
    },
    uniform: (b, size, seed) => {
      const [first, second] = keyOf(b, seed);
      const places = b.emit('Range', [b.int(0), size, b.int(1)]);
      const started = remainder(b, b.add(b.mul(places, b.int(663_608_941)), first));
      const mixed = cubed(b, cubed(b, started, second), first);
      return b.mul(
        b.cast(b.div(mixed, b.int(64)), DataType.FLOAT),
        b.literal(DataType.FLOAT, [], [2 ** -24]),
      );
    },
  };
}

const remainder = (b: Ops, x: string): string => b.emit('Mod', [x, b.int(prime)]);

/** x² + c modulo the prime. */
const squared = (b: Ops, x: string, c: string): string => remainder(b, b.add(b.mul(x, x), c));

/** x³ + c modulo the prime p: a permutation of 0 … p − 1, since 3 does not divide p − 1. */
const cubed = (b: Ops, x: string, c: string): string =>
  remainder(b, b.add(b.mul(remainder(b, b.mul(x, x)), x), c));

/** Makes two remainders from one integer of any size. */
function scramble(b: Ops, integer: string): readonly [string, string] {
  const [low, high] = [remainder(b, integer), b.div(integer, b.int(prime))];
  const parts = b.add(b.mul(low, b.int(48_271)), b.add(b.mul(high, b.int(69_621)), b.int(20_231)));
  const mixed = squared(b, remainder(b, parts), low);
  const first = squared(b, mixed, high);
  return [first, squared(b, first, mixed)];
}

/**
 * Maps the integers 0, 1, 2, … to odd numbers below 2³¹ without a visible pattern: steps modulo the prime, then two
 * squarings.
 */
function spread(b: Ops, integers: string, [s, t]: readonly [string, string]): string {
  const even = remainder(b, b.add(b.mul(integers, b.int(663_608_941)), s));
  const twice = squared(b, squared(b, even, t), s);
  return b.add(b.mul(twice, b.int(2)), b.int(1));
}
