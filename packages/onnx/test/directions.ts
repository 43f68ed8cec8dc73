import type * as Ort from 'onnxruntime-node';
import { buildGradientModel } from '../src/index.ts';
import type { BuildOptions } from '../src/training/options.ts';
import type { TrainingModel } from '../src/training/trainingModel.ts';
import { random } from './checkGradient.ts';

type Vector = Float32Array | Float64Array;

/** A derivative along a direction, with central differences of several widths. */
export interface Direction {
  /** The gradient times the direction. */
  readonly slope: number;
  readonly differences: readonly { readonly width: number; readonly slope: number }[];
  /** The smallest relative error of the slope over all differences. */
  readonly error: number;
}

function tensorOf(ort: typeof Ort, data: Vector): Ort.Tensor {
  return data instanceof Float64Array
    ? new ort.Tensor('float64', data, [data.length])
    : new ort.Tensor('float32', data, [data.length]);
}

/** The root mean square of the values. */
function meanSize(values: ArrayLike<number>): number {
  let square = 0;
  for (let i = 0; i < values.length; i++) square += (values[i] as number) ** 2;
  return Math.sqrt(square / Math.max(1, values.length));
}

/**
 * A random direction in which each tensor changes in proportion to the size of its own elements.
 *
 * @param uphill - the gradients, if each element should move along its gradient, times a random factor. All terms of
 * the slope then have the same sign, so rounding matters less
 */
function randomDirection(
  { state }: TrainingModel,
  seed: number,
  uphill?: ReadonlyMap<string, Vector>,
): Map<string, Float64Array> {
  const draw = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(draw() + 1e-300)) * Math.cos(2 * Math.PI * draw());
  return new Map(
    state
      .filter(({ role }) => role === 'parameters')
      .map(({ input, parts, initial }) => {
        const direction = new Float64Array(initial.length);
        for (const { offset, dims } of parts) {
          const length = dims.reduce((size, dim) => size * dim, 1);
          const own = initial.subarray(offset, offset + length);
          const size = meanSize(own) || 0.1;
          const slopes = uphill?.get(input)?.subarray(offset, offset + length);
          const steepness = slopes && (meanSize(slopes) || 1);
          for (let i = 0; i < length; i++) {
            const way = slopes && steepness ? (0.5 + draw()) * ((slopes[i] as number) / steepness) : normal();
            direction[offset + i] = size * way;
          }
        }
        return [input, direction];
      }),
  );
}

/**
 * Compares a model's gradients with central differences of its loss, along random directions through all trained
 * weights.
 *
 * @param feeds - the model's inputs and targets
 * @param smooth - returns the model without rounding, for the differences
 */
export async function directions(
  ort: typeof Ort,
  bytes: Uint8Array,
  options: BuildOptions,
  feeds: Record<string, Ort.Tensor>,
  {
    count = 3,
    widths = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4],
    seed = 1,
    uphill = false,
    smooth = (file) => file,
  }: {
    count?: number;
    widths?: readonly number[];
    seed?: number;
    uphill?: boolean;
    smooth?: (file: Uint8Array) => Uint8Array;
  } = {},
): Promise<Direction[]> {
  const model = buildGradientModel(bytes, options);
  const quiet = { logSeverityLevel: 4 } as const;
  const session = await ort.InferenceSession.create(model.bytes, quiet);
  const smoothed = await ort.InferenceSession.create(smooth(model.bytes), quiet);
  const draw = model.rngStep ? { [model.rngStep]: new ort.Tensor('int64', BigInt64Array.of(7n), []) } : {};
  const run = async (moved: ReadonlyMap<string, Float64Array>, width: number, by = smoothed) => {
    const state = model.state.map(({ input, initial }) => {
      const direction = moved.get(input);
      const data = direction
        ? (initial as Float32Array).map((value, i) => value + width * (direction[i] as number))
        : initial;
      return [input, tensorOf(ort, data)] as const;
    });
    return by.run({ ...feeds, ...draw, ...Object.fromEntries(state) });
  };
  const loss = async (moved: ReadonlyMap<string, Float64Array>, width: number): Promise<number> =>
    Number((await run(moved, width))[model.loss as string]?.data[0]);
  const start = await run(new Map(), 0, session);
  const inputs = model.state.filter(({ role }) => role === 'parameters').map(({ input }) => input);
  const gradients = new Map(
    (model.gradients ?? []).map(({ name }, i) => [inputs[i] as string, start[name]?.data as Vector]),
  );
  const found: Direction[] = [];
  for (let i = 0; i < count; i++) {
    const direction = randomDirection(model, seed + i, uphill ? gradients : undefined);
    let slope = 0;
    for (const [input, gradient] of gradients) {
      const own = direction.get(input) as Float64Array;
      for (let j = 0; j < gradient.length; j++) slope += (gradient[j] as number) * (own[j] as number);
    }
    const differences: { width: number; slope: number }[] = [];
    const here = Number(start[model.loss as string]?.data[0]);
    // For `uphill`, a width is the relative change of the loss that a step should make.
    const unit = uphill ? Math.abs(here / (slope || 1)) : 1;
    for (const width of widths.map((item) => item * unit)) {
      const [up, down] = [await loss(direction, width), await loss(direction, -width)];
      differences.push({ width, slope: (up - down) / (2 * width) });
    }
    const scale = Math.max(Math.abs(slope), 1e-12);
    const error = Math.min(...differences.map((item) => Math.abs(item.slope - slope) / scale));
    found.push({ slope, differences, error });
  }
  await session.release();
  await smoothed.release();
  return found;
}
