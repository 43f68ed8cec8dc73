import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { TensorProto_DataType as DataType } from '../../src/generated/onnx_pb.ts';
import { buildGradientModel, UnsupportedOperatorError } from '../../src/index.ts';
import { random } from '../../test/checkGradient.ts';
import { type BackendTest, type Factors, probe, type Values, type Weight } from './readTest.ts';

/** The verdict on a test, with the reason. */
export interface Verdict {
  readonly ending: 'right' | 'wrong' | 'refused' | 'not run' | 'random' | 'undecided';
  /** The operator that an error names, if it names one. */
  readonly operator?: string;
  readonly why: string;
}

const quiet: ort.InferenceSession.SessionOptions = { logSeverityLevel: 4, intraOpNumThreads: 1 };
const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function tensorOf(type: number, values: readonly number[], dims: readonly number[]): ort.Tensor {
  return type === DataType.DOUBLE
    ? new ort.Tensor('float64', Float64Array.from(values), dims)
    : new ort.Tensor('float32', Float32Array.from(values), dims);
}

/**
 * Returns Σ factor · output for given weights. NaN if an output's shape differs from that of its factors, or if the run
 * fails.
 */
type Loss = (values: Values) => Promise<number>;

const feedsOf = (weights: readonly Weight[], values: Values): Record<string, ort.Tensor> =>
  Object.fromEntries(
    weights.map(({ name, type, dims }) => [name, tensorOf(type, values.get(name) ?? [], dims)]),
  );

function weighed(outputs: ort.InferenceSession.ReturnType, factors: Factors): number {
  let sum = 0;
  for (const [name, { dims, values }] of factors) {
    const output = outputs[name] as ort.Tensor;
    if (output.dims.join() !== dims.join()) return Number.NaN;
    const data = output.data as Float64Array;
    for (let i = 0; i < data.length; i++)
      if (values[i] !== 0) sum += (data[i] as number) * (values[i] as number);
  }
  return sum;
}

/** The weight whose derivative is 0, according to a refusal. */
const saidToBeZero = (why: string): string | undefined =>
  /Received: "(.+?)": (?!there is no gradient)/.exec(why)?.[1];

/** Builds the gradient model without the weights that the build reports to have derivative 0. */
function build(test: BackendTest, factors: Factors, values: Values): ReturnType<typeof buildGradientModel> {
  const trained = new Set(values.keys());
  for (;;) {
    try {
      return buildGradientModel(test.loss(factors, values), {
        loss: { output: 'judge:loss' },
        optimizer: sgd(),
        provider: 'cpu',
        trainable: (name) => trained.has(name) || name === probe,
      });
    } catch (error) {
      const name = saidToBeZero(message(error));
      if (name === undefined || !trained.delete(name)) throw error;
    }
  }
}

/** clr's gradients at given weights. A weight without a gradient is absent. */
async function gradientsOf(
  test: BackendTest,
  factors: Factors,
  values: Values,
): Promise<Map<string, Float64Array>> {
  const model = build(test, factors, values);
  const session = await ort.InferenceSession.create(model.bytes, quiet);
  const feeds: Record<string, ort.Tensor> = {};
  for (const { input, initial } of model.state) {
    const type = initial instanceof Float64Array ? DataType.DOUBLE : DataType.FLOAT;
    feeds[input] = tensorOf(type, Array.from(initial), [initial.length]);
  }
  if (model.rngStep) feeds[model.rngStep] = new ort.Tensor('int64', BigInt64Array.of(0n), []);
  const results = await session.run(feeds);
  await session.release();
  return new Map(
    (model.gradients ?? []).flatMap(({ name, parts }) =>
      parts.map((part): [string, Float64Array] => {
        const size = part.dims.reduce((product, dim) => product * dim, 1);
        const data = Float64Array.from((results[name] as ort.Tensor).data as Float64Array);
        return [part.name, data.slice(part.offset, part.offset + size)];
      }),
    ),
  );
}

/** Directions to test: single elements, and two through all elements. */
function directions(length: number, next: () => number): number[][] {
  const most = 24;
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const single = order.slice(0, most).map((only) => order.map((_, k) => (k === only ? 1 : 0)));
  const all = [0, 1].map(() => order.map(() => 2 * next() - 1));
  return length > 1 ? [...single, ...all] : single;
}

/** The magnitude of the largest element, but at most 1; it is 1 if all elements are 0. */
const scaleOf = (values: readonly number[]): number =>
  values.reduce(
    (largest, value) => (Math.abs(value) > largest ? Math.min(1, Math.abs(value)) : largest),
    0,
  ) || 1;

interface Compared {
  right: number;
  kinks: number;
  readonly wrong: string[];
}

/** Compares gradients with central differences of the runtime's own forward pass at one point. */
async function compare(
  test: BackendTest,
  loss: Loss,
  gradients: ReadonlyMap<string, Float64Array>,
  values: Values,
  next: () => number,
): Promise<Compared> {
  const found: Compared = { right: 0, kinks: 0, wrong: [] };
  const here = await loss(values);
  const steps = test.half ? [0.5, 0.125, 0.05] : [0.05, 0.01, 0.002];
  const noise = (test.half ? 1e-3 : 2e-7) * (1 + Math.abs(here));
  for (const { name } of test.weights) {
    const own = values.get(name) ?? [];
    const gradient = gradients.get(name);
    const scale = scaleOf(own);
    for (const along of directions(own.length, next)) {
      const at = (t: number): Promise<number> =>
        loss(new Map([...values, [name, own.map((value, k) => value + t * (along[k] as number))]]));
      let [sum, size] = [0, 0];
      along.forEach((v, k) => {
        const part = v * (gradient?.[k] ?? 0);
        sum += part;
        size += Math.abs(part);
      });
      const slopes: number[] = [];
      for (const step of steps) {
        const h = step * scale;
        const [a, b, c, d] = [await at(-2 * h), await at(-h), await at(h), await at(2 * h)];
        const slope = (a - 8 * b + 8 * c - d) / (12 * h);
        slopes.push(slope);
        if (Math.abs(sum - slope) <= 1e-2 * (size + Math.abs(slope)) + noise / h) break;
      }
      const last = slopes.at(-1) as number;
      const h = (steps.at(-1) as number) * scale;
      const agreed =
        slopes.length < steps.length || Math.abs(sum - last) <= 1e-2 * (size + Math.abs(last)) + noise / h;
      if (agreed) {
        found.right += 1;
        continue;
      }
      const sides = [(here - (await at(-h))) / h, ((await at(h)) - here) / h] as const;
      const bend = Math.abs(sides[0] - sides[1]);
      if (
        !Number.isFinite(last) ||
        bend > 1e-2 * (Math.abs(sides[0]) + Math.abs(sides[1])) + (4 * noise) / h
      ) {
        found.kinks += 1;
      } else {
        const dropped = gradient === undefined ? ' (no gradient)' : '';
        found.wrong.push(`${name}: gradient ${sum.toPrecision(4)} for ${last.toPrecision(4)}${dropped}`);
      }
    }
  }
  return found;
}

/** Moves the values a little, because the values of a test often lie at kinks. */
const nudged = (weights: readonly Weight[], next: () => number): Values =>
  new Map(
    weights.map(({ name, values }) => {
      const scale = scaleOf(values);
      return [name, values.map((value) => value + 0.1 * scale * (2 * next() - 1))];
    }),
  );

const plain = (weights: readonly Weight[]): Values =>
  new Map(weights.map(({ name, values }) => [name, values]));

type Results = ort.InferenceSession.ReturnType;

const dataOf = (results: Results, name: string): Float64Array => results[name]?.data as Float64Array;

/** Random factors, but 0 for outputs that are not finite, such as a number cast from the text "NaN". */
function factorsOf(test: BackendTest, first: Results, next: () => number): Factors {
  return new Map(
    test.outputs.map((output) => {
      const values = Array.from(dataOf(first, output), (y) =>
        Number.isFinite(y) ? Math.fround(2 * next() - 1) : 0,
      );
      return [output, { dims: (first[output] as ort.Tensor).dims, values }];
    }),
  );
}

/** Whether the runtime's outputs agree with those that the test expects, within float32's rounding. */
const isAsExpected = ({ outputs, expected = [] }: BackendTest, results: Results): boolean =>
  expected.every((values, k) => {
    const found = dataOf(results, outputs[k] as string);
    return values.every((y, i) => Math.abs(y - (found[i] as number)) <= 1e-3 * (1 + Math.abs(y)));
  });

/** Whether two runs over the same values differ. */
function isRandom(test: BackendTest, runs: readonly Results[]): boolean {
  const [first = {}, ...others] = runs;
  return test.outputs.some((name) =>
    others.some((again) => dataOf(again, name).some((y, i) => !Object.is(y, dataOf(first, name)[i]))),
  );
}

/** The verdict on a build or a session that failed. */
function failed(error: unknown): Verdict {
  const why = message(error);
  if (error instanceof UnsupportedOperatorError) return { ending: 'refused', operator: error.operator, why };
  return { ending: why.startsWith('[clr/onnx]') ? 'refused' : 'wrong', why };
}

/** Judges clr's gradients of one test at the test's own values, or at nearby values if those lie at kinks. */
export async function judge(test: BackendTest): Promise<Verdict> {
  const { weights } = test;
  const start = plain(weights);
  const next = random(1);
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(test.forward, quiet);
    const runs: Results[] = [];
    for (let run = 0; run < 5; run++) runs.push(await session.run(feedsOf(weights, start)));
    const [first = {}] = runs;
    if (!isAsExpected(test, first))
      return { ending: 'not run', why: 'the operator means something else in opset 7' };
    if (test.outputs.every((name) => dataOf(first, name).length === 0))
      return { ending: 'not run', why: 'empty outputs' };
    if (isRandom(test, runs)) return { ending: 'random', why: 'two runs differ' };
  } catch (error) {
    return { ending: 'not run', why: message(error).slice(0, 200) };
  }

  let last: Compared | undefined;
  for (let attempt = 0; attempt < 5; attempt++) {
    const values = attempt === 0 ? start : nudged(weights, next);
    let factors: Factors;
    try {
      factors = factorsOf(test, await session.run(feedsOf(weights, values)), next);
    } catch {
      // Not all nearby values are legal.
      continue;
    }
    const loss: Loss = async (at) => {
      try {
        return weighed(await session.run(feedsOf(weights, at)), factors);
      } catch {
        return Number.NaN;
      }
    };
    let gradients: ReadonlyMap<string, Float64Array>;
    try {
      gradients = await gradientsOf(test, factors, values);
    } catch (error) {
      return failed(error);
    }
    const found = await compare(test, loss, gradients, values, next);
    const enough = attempt === 0 ? found.kinks === 0 : found.right > 0;
    if (found.wrong.length === 0 && enough) return { ending: 'right', why: '' };
    if (!last || found.wrong.length > 0) last = found;
  }
  await session.release();
  return last && last.wrong.length > 0
    ? { ending: 'wrong', why: last.wrong.slice(0, 3).join('; ') }
    : { ending: 'undecided', why: last ? `${last.kinks} kinks, ${last.right} right` : 'no finite output' };
}
