import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import type { AttributeValue } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { buildGradientModel } from '../src/index.ts';
import { type InitializerSpec, makeModel, type NodeSpec, type ValueSpec } from './makeModel.ts';

/**
 * The distribution of an input's values. `distinct` values are 0.5 apart (… −0.25, 0.25, 0.75 …), `halves` lie between
 * them (… 0, 0.5 …), `away` values are at least 0.4 from 0, and `beyond` values are above 1.
 */
export type Draw = 'normal' | 'positive' | 'away' | 'distinct' | 'halves' | 'unit' | 'beyond';

/** A float input whose gradient is checked. With `values` it is a fixed input instead. */
export interface InputSpec {
  readonly dims: readonly number[];
  readonly draw?: Draw;
  /** Fixed values. The input is then not a parameter. */
  readonly values?: readonly number[];
  /** Given values of a parameter, instead of random ones. */
  readonly start?: readonly number[];
  /** The type of given values, or of a parameter that is not double. Default: the float type under test. */
  readonly type?: number;
  /** Whether its shape stays known in models where the other shapes are unknown. */
  readonly fixed?: boolean;
  /** Whether it is a float input without a gradient, with random values like the others. */
  readonly constant?: boolean;
  /**
   * Inserts a node between parameter and operator, because an initializer would not count as a weight at this input.
   */
  readonly computed?: boolean;
}

/** One use of one operator. */
export interface OperatorCase {
  readonly op: string;
  readonly inputs: readonly (InputSpec | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly opset?: number;
  /** Marks the outputs that the loss uses. An `undefined` output is omitted. Default: the first. */
  readonly outputs?: readonly boolean[];
  /** The largest step of the finite differences in float32. */
  readonly step?: number;
  /** Also adds the sum of each parameter to the loss, without passing through the operator. */
  readonly elsewhere?: boolean;
  /** Whether ONNX Runtime accepts float64 but computes in float32. */
  readonly single?: boolean;
  readonly seed: number;
}

/** A small generator of uniform numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** Values of an input. */
export function draw(kind: Draw, size: number, next: () => number): number[] {
  if (kind === 'distinct' || kind === 'halves') {
    const order = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order.map((rank) => (rank - Math.floor(size / 2)) * 0.5 + (kind === 'distinct' ? 0.25 : 0));
  }
  return Array.from({ length: size }, () => {
    const u = next();
    if (kind === 'positive') return 0.6 + u;
    if (kind === 'beyond') return 1.5 + u;
    if (kind === 'unit') return 1.4 * u - 0.7;
    if (kind === 'away') return (u < 0.5 ? -1 : 1) * (0.4 + 1.2 * next());
    return 3 * u - 1.5;
  });
}

interface Prepared {
  readonly c: OperatorCase;
  readonly type: number;
  readonly names: readonly string[];
  readonly data: readonly (readonly number[] | undefined)[];
  readonly outputs: readonly string[];
}

/** Whether the gradient of an input is checked. */
const free = (input: InputSpec | undefined): boolean =>
  input !== undefined && input.values === undefined && input.constant !== true;

function constants({ c, type, names, data }: Prepared, all: boolean): InitializerSpec[] {
  return c.inputs.flatMap((input, i) =>
    input && (all || !free(input))
      ? [{ name: names[i] as string, type: input.type ?? type, dims: input.dims, values: data[i] ?? [] }]
      : [],
  );
}

const operatorNode = (p: Prepared, inputs: readonly string[]): NodeSpec => ({
  op: p.c.op,
  inputs,
  outputs: p.outputs,
  ...(p.c.attributes ? { attributes: p.c.attributes } : {}),
});

const used = (p: Prepared): string[] => p.outputs.filter((_, i) => (p.c.outputs ?? [true])[i]);

/** A model of the operator alone, with its parameters as inputs, for finite differences. */
function forwardModel(p: Prepared): Uint8Array {
  const inputs: ValueSpec[] = p.c.inputs.flatMap((input, i) =>
    input && free(input)
      ? [{ name: p.names[i] as string, type: input.type ?? p.type, dims: input.dims }]
      : [],
  );
  return makeModel({
    opset: p.c.opset ?? 18,
    nodes: [operatorNode(p, p.names)],
    inputs,
    outputs: used(p).map((name) => ({ name, type: p.type, dims: undefined })),
    initializers: constants(p, false),
  });
}

/**
 * A model of the operator over parameters, with loss Σ output · weight. Without `known`, sizes are known only at run
 * time.
 */
function lossModel(p: Prepared, weights: ReadonlyMap<string, ort.Tensor>, known: boolean): Uint8Array {
  const shapes = (i: number): boolean => !known && free(p.c.inputs[i]) && p.c.inputs[i]?.fixed !== true;
  const hidden = p.names.flatMap((name, i) => (shapes(i) ? [{ name, i }] : []));
  const opset = p.c.opset ?? 18;
  const terms = used(p).map((name) => {
    const weight = weights.get(name) as ort.Tensor;
    const spec: InitializerSpec = {
      name: `${name}:weight`,
      type: p.type,
      dims: weight.dims,
      values: Array.from(weight.data as Float64Array),
    };
    return { name, spec };
  });
  const past = p.c.elsewhere ? p.names.filter((_, i) => free(p.c.inputs[i])) : [];
  return makeModel({
    opset,
    inputs: hidden.map(({ name, i }) => ({
      name: `${name}:shape`,
      type: DataType.INT64,
      dims: [(p.c.inputs[i] as InputSpec).dims.length],
    })),
    outputs: [{ name: 'loss', type: p.type, dims: [] }],
    initializers: [...constants(p, true), ...terms.map(({ spec }) => spec)],
    nodes: [
      ...hidden.map(({ name }) => ({
        op: 'Reshape',
        inputs: [name, `${name}:shape`],
        outputs: [`${name}:free`],
      })),
      ...p.names.flatMap((name, i) =>
        p.c.inputs[i]?.computed
          ? [
              { op: 'Neg', inputs: [shapes(i) ? `${name}:free` : name], outputs: [`${name}:negative`] },
              { op: 'Neg', inputs: [`${name}:negative`], outputs: [`${name}:computed`] },
            ]
          : [],
      ),
      operatorNode(
        p,
        p.names.map((name, i) =>
          p.c.inputs[i]?.computed ? `${name}:computed` : shapes(i) ? `${name}:free` : name,
        ),
      ),
      ...terms.flatMap(({ name, spec }) => [
        { op: 'Mul', inputs: [name, spec.name], outputs: [`${name}:product`] },
        {
          op: 'ReduceSum',
          inputs: [`${name}:product`],
          outputs: [`${name}:term`],
          attributes: { keepdims: 0 },
        },
      ]),
      ...past.map((name) => ({
        op: 'ReduceSum',
        inputs: [name],
        outputs: [`${name}:term`],
        attributes: { keepdims: 0 },
      })),
      {
        op: 'Sum',
        inputs: [...terms.map(({ name }) => name), ...past].map((name) => `${name}:term`),
        outputs: ['loss'],
      },
    ],
  });
}

function tensorOf(type: number, data: readonly number[], dims: readonly number[]): ort.Tensor {
  return type === DataType.DOUBLE
    ? new ort.Tensor('float64', Float64Array.from(data), dims)
    : new ort.Tensor('float32', Float32Array.from(data), dims);
}

/** Fusions are off in float64, because ONNX Runtime fuses x·σ(x) into an operator with only a float32 kernel. */
const quiet = (type: number): ort.InferenceSession.SessionOptions => ({
  logSeverityLevel: 4,
  intraOpNumThreads: 1,
  graphOptimizationLevel: type === DataType.DOUBLE ? 'basic' : 'all',
});

/** Σ output · weight, summed in float64. */
function weighed(results: ort.InferenceSession.ReturnType, weights: ReadonlyMap<string, ort.Tensor>): number {
  let total = 0;
  for (const [name, weight] of weights) {
    const output = (results[name] as ort.Tensor).data as Float64Array;
    const factors = weight.data as Float64Array;
    for (let i = 0; i < output.length; i++) total += (output[i] as number) * (factors[i] as number);
  }
  return total;
}

async function prepare(
  c: OperatorCase,
  type: number,
): Promise<{ p: Prepared; session: ort.InferenceSession }> {
  const next = random(c.seed);
  const names = c.inputs.map((input, i) => (input ? `x${i}` : ''));
  const data = c.inputs.map(
    (input) =>
      input && (input.values ?? input.start ?? draw(input.draw ?? 'normal', sizeOf(input.dims), next)),
  );
  // Round to float32, so that the gradient and the differences use the same values.
  const rounded = data.map((values) => values?.map(Math.fround));
  const p = { c, type, names, data: rounded, outputs: (c.outputs ?? [true]).map((_, i) => `y${i}`) };
  return { p, session: await ort.InferenceSession.create(forwardModel(p), quiet(type)) };
}

/** The result of a check: its precision, and the largest relative error. */
export interface Finding {
  readonly precision: 'float64' | 'float32';
  readonly error: number;
}

/**
 * The step of the differences in float64. Their error grows with its fourth power: for a normalisation of a few
 * close values it was 8.8e-6 at a step of 1e-2, and 10,000 times less at this step.
 */
const doubleStep = 1e-3;

/**
 * Compares the gradient of one operator with finite differences of the runtime's own forward pass. It uses float64 if
 * ONNX Runtime has the operator in float64, and else float32 with a high-order stencil. The gradient is built twice:
 * with all shapes known in advance, and with shapes known only at run time.
 */
export async function checkGradient(c: OperatorCase): Promise<Finding> {
  if (c.single) return { precision: 'float32', error: await check(c, DataType.FLOAT, c.step ?? 0.05) };
  try {
    return {
      precision: 'float64',
      error: await check(c, DataType.DOUBLE, Math.min(c.step ?? 1, doubleStep)),
    };
  } catch (error) {
    if (
      !/Could not find an implementation|Type Error|does not support double|tensor\(double\)/.test(
        String(error),
      )
    )
      throw error;
    return { precision: 'float32', error: await check(c, DataType.FLOAT, c.step ?? 0.05) };
  }
}

async function check(c: OperatorCase, type: number, step: number): Promise<number> {
  const { p, session } = await prepare(c, type);
  const next = random(c.seed + 1);
  const feeds = (values: readonly (readonly number[] | undefined)[]): Record<string, ort.Tensor> =>
    Object.fromEntries(
      c.inputs.flatMap((input, i) =>
        input && free(input)
          ? [[p.names[i], tensorOf(input.type ?? type, values[i] as number[], input.dims)]]
          : [],
      ),
    );
  const first = await session.run(feeds(p.data));
  const weights = new Map(
    used(p).map((name) => {
      const { dims } = first[name] as ort.Tensor;
      const values = Array.from({ length: sizeOf(dims) }, () => Math.fround(2 * next() - 1));
      return [name, tensorOf(type, values, dims)] as const;
    }),
  );
  const loss = async (values: readonly (readonly number[] | undefined)[]): Promise<number> =>
    weighed(await session.run(feeds(values)), weights);

  const gradients = [await gradientsOf(p, weights, true), await gradientsOf(p, weights, false)];
  let worst = 0;
  for (let i = 0; i < c.inputs.length; i++) {
    const values = p.data[i];
    if (!values || !free(c.inputs[i])) continue;
    for (let direction = 0; direction < 5; direction++) {
      const along = directionOf(direction, values.length, next);
      const at = (t: number): Promise<number> =>
        loss(
          p.data.map((other, j) =>
            j === i ? values.map((value, k) => value + t * (along[k] as number)) : other,
          ),
        );
      // A stencil of fourth order: its error is proportional to step⁴.
      const slope =
        ((await at(-2 * step)) - 8 * (await at(-step)) + 8 * (await at(step)) - (await at(2 * step))) /
        (12 * step);
      for (const found of gradients) {
        const gradient = found.get(p.names[i] as string) as Float64Array;
        if (gradient.length !== values.length) return Number.POSITIVE_INFINITY;
        let [sum, size] = [0, 1e-2];
        along.forEach((v, k) => {
          sum += v * ((gradient[k] as number) - (c.elsewhere ? 1 : 0));
          size += Math.abs(v * (gradient[k] as number));
        });
        const error = Math.abs(sum - slope) / (size + Math.abs(slope));
        worst = Number.isFinite(error) ? Math.max(worst, error) : Number.POSITIVE_INFINITY;
      }
    }
  }
  await session.release();
  return worst;
}

/** The first two directions change all elements, the others change a single element. */
function directionOf(index: number, length: number, next: () => number): number[] {
  if (index < 2) return Array.from({ length }, () => 2 * next() - 1);
  const only = Math.floor(next() * length);
  return Array.from({ length }, (_, k) => (k === only ? 1 : 0));
}

async function gradientsOf(
  p: Prepared,
  weights: ReadonlyMap<string, ort.Tensor>,
  known: boolean,
): Promise<Map<string, Float64Array>> {
  const parameters = new Set(p.names.filter((_, i) => free(p.c.inputs[i])));
  const model = buildGradientModel(lossModel(p, weights, known), {
    loss: { output: 'loss' },
    optimizer: sgd(),
    provider: 'cpu',
    trainable: (name) => parameters.has(name),
  });
  const session = await ort.InferenceSession.create(model.bytes, quiet(p.type));
  const feeds: Record<string, ort.Tensor> = {};
  for (const { input, initial } of model.state)
    feeds[input] = tensorOf(p.type, Array.from(initial), [initial.length]);
  for (const { name } of model.data) {
    const { dims } = p.c.inputs[p.names.indexOf(name.split(':')[0] as string)] as InputSpec;
    feeds[name] = new ort.Tensor('int64', BigInt64Array.from(dims.map(BigInt)), [dims.length]);
  }
  const results = await session.run(feeds);
  const found = (model.gradients ?? []).flatMap(({ name, parts }) =>
    parts.map((part): [string, Float64Array] => {
      const vector = Float64Array.from((results[name] as ort.Tensor).data as Float64Array);
      return [part.name, vector.slice(part.offset, part.offset + sizeOf(part.dims))];
    }),
  );
  await session.release();
  return new Map(found);
}
