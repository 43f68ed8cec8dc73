import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import type { AttributeValue } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import { readModel } from '../src/format/model.ts';
import { operators } from '../src/gradients/index.ts';
import { buildGradientModel } from '../src/index.ts';
import type { Provider } from '../src/lower/target.ts';
import { loadGraph } from '../src/read/load.ts';
import { channelBlockOf } from '../src/runtime/channelBlock.ts';
import { random } from './checkGradient.ts';
import { type InitializerSpec, makeModel, type NodeSpec } from './makeModel.ts';
import { plainBlocks } from './plainBlocks.ts';

/** The part of the first input's shape that is known when the gradient is built. */
export type Known = 'all' | 'batch is free' | 'rank';

/** An input of the operator: a parameter with these values, or a constant. */
export interface FormInput {
  readonly dims: readonly number[];
  readonly values: readonly number[];
  readonly constant?: boolean;
  readonly type?: number;
}

/** One operator with its attributes, and the target for which its gradient is built. */
export interface FormCase {
  readonly op: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (FormInput | undefined)[];
  readonly outputs?: number;
  readonly type: number;
  readonly known: Known;
  readonly provider: Provider;
  readonly block: number;
  /** An operator to insert before the first input. */
  readonly before?: string;
  /** The step of the differences. Any step gives the exact slope of a linear function. */
  readonly step: number;
  /** Whether to use fourth-order differences, for functions that are not linear. */
  readonly curved?: boolean;
}

/** The result of a check. */
export interface FormFinding {
  /** The reason why the runtime does not run the operator itself. In that case nothing was compared. */
  readonly refused?: string;
  /** The largest error of a gradient or of the loss, relative to the sum of the absolute values of its terms. */
  readonly error: number;
  /** The shape that the runtime computed, and the shape that clr inferred. */
  readonly dims: readonly number[];
  readonly inferred: readonly (number | string)[] | undefined;
  /** The number of convolutions in NCHWc layout. */
  readonly blocked: number;
}

const product = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

function tensor(type: number, data: ArrayLike<number>, dims: readonly number[]): ort.Tensor {
  return type === DataType.DOUBLE
    ? new ort.Tensor('float64', Float64Array.from(data), dims)
    : new ort.Tensor('float32', Float32Array.from(data), dims);
}

const quiet = (type: number, session: ort.InferenceSession.SessionOptions) => ({
  logSeverityLevel: 4 as const,
  intraOpNumThreads: 1,
  // ONNX Runtime fuses nodes into operators for which it has only float32 kernels.
  ...(type === DataType.DOUBLE ? { graphOptimizationLevel: 'basic' as const } : {}),
  ...session,
});

const free = (input: FormInput | undefined): boolean => input !== undefined && !input.constant;

/** A model of the operator alone. Its parameters are inputs. */
function forward(c: FormCase): { bytes: Uint8Array; names: string[] } {
  const names = c.inputs.map((input, i) => (input ? `x${i}` : ''));
  const first = c.before ? 'before' : (names[0] as string);
  const bytes = makeModel({
    opset: c.opset,
    inputs: c.inputs.flatMap((input, i) =>
      free(input) ? [{ name: names[i] as string, type: c.type, dims: (input as FormInput).dims }] : [],
    ),
    outputs: [{ name: 'y', type: c.type, dims: undefined }],
    initializers: stored(c, false),
    nodes: [
      ...(c.before ? [{ op: c.before, inputs: ['x0'], outputs: ['before'] }] : []),
      node(c, [first, ...names.slice(1)]),
    ],
  });
  return { bytes, names };
}

const node = (c: FormCase, inputs: readonly string[]): NodeSpec => ({
  op: c.op,
  inputs: inputs.filter((name, i) => name !== '' || inputs.slice(i).some((later) => later !== '')),
  outputs: ['y', ...Array.from({ length: (c.outputs ?? 1) - 1 }, (_, i) => `y${i + 1}`)],
  attributes: c.attributes,
});

function stored(c: FormCase, all: boolean): InitializerSpec[] {
  return c.inputs.flatMap((input, i) =>
    input && (all || !free(input))
      ? [{ name: `x${i}`, type: input.type ?? c.type, dims: input.dims, values: input.values }]
      : [],
  );
}

/**
 * A model with loss Σ y · mix over stored parameters. Only the known part of the first parameter's shape is declared.
 */
function training(c: FormCase, mix: ort.Tensor): Uint8Array {
  const first = c.inputs[0] as FormInput;
  const rank = first.dims.length;
  const names = c.inputs.map((input, i) => (input ? `x${i}` : ''));
  const initializers = stored(c, true);
  const at = initializers.findIndex(({ name }) => name === 'x0');
  const one = [1, ...first.dims.slice(1)];
  if (c.known === 'batch is free') {
    // Repeats the values for each example of the batch.
    initializers[at] = { name: 'x0', type: c.type, dims: one, values: first.values.slice(0, product(one)) };
  }
  const hidden: NodeSpec[] =
    c.known === 'all'
      ? []
      : c.known === 'rank'
        ? [{ op: 'Reshape', inputs: ['x0', 'fed'], outputs: ['hidden'] }]
        : [{ op: 'Add', inputs: ['x0', 'fed'], outputs: ['hidden'] }];
  const data = hidden.length > 0 ? 'hidden' : 'x0';
  return makeModel({
    opset: c.opset,
    inputs: [
      // `mix` is an input. The runtime would refuse a stored tensor if the shape that it infers for y differs from that
      // of its kernel's result.
      { name: 'mix', type: c.type, dims: mix.dims.map((_, i) => `{mix ${i}}`) },
      ...(c.known === 'rank' ? [{ name: 'fed', type: DataType.INT64, dims: [rank] }] : []),
      ...(c.known === 'batch is free'
        ? [{ name: 'fed', type: c.type, dims: ['{batch}', ...first.dims.slice(1)] }]
        : []),
    ],
    outputs: [{ name: 'loss', type: c.type, dims: [] }],
    initializers,
    nodes: [
      ...hidden,
      ...(c.before ? [{ op: c.before, inputs: [data], outputs: ['before'] }] : []),
      node(c, [c.before ? 'before' : data, ...names.slice(1)]),
      { op: 'Mul', inputs: ['y', 'mix'], outputs: ['product'] },
      { op: 'ReduceSum', inputs: ['product'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ],
  });
}

/**
 * Checks one operator as clr writes it for a provider and an NCHWc block size. Its gradients are compared with
 * differences of the runtime's own forward pass, along directions with integer components. Its loss and shape are
 * compared with the runtime's as well.
 */
export async function checkForm(
  c: FormCase,
  seed: number,
  session: ort.InferenceSession.SessionOptions = {},
): Promise<FormFinding> {
  const none = { error: 0, dims: [], inferred: undefined, blocked: 0 };
  const next = random(seed);
  const whole = (most: number): number => Math.floor(next() * (2 * most + 1)) - most;
  const { bytes: alone, names } = forward(c);
  const copies = c.known === 'batch is free' ? ((c.inputs[0] as FormInput).dims[0] as number) : 1;
  const start = c.inputs.map((input, i) => {
    if (!input || i > 0 || copies === 1) return input?.values ?? [];
    const one = input.values.slice(0, input.values.length / copies);
    return Array.from({ length: copies }, () => one).flat();
  });
  let plain: ort.InferenceSession;
  let first: ort.Tensor;
  const feeds = (values: readonly (readonly number[])[]): Record<string, ort.Tensor> =>
    Object.fromEntries(
      c.inputs.flatMap((input, i) =>
        input && free(input) ? [[names[i] as string, tensor(c.type, values[i] as number[], input.dims)]] : [],
      ),
    );
  try {
    plain = await ort.InferenceSession.create(alone, quiet(c.type, session));
    first = (await plain.run(feeds(start))).y as ort.Tensor;
  } catch (error) {
    return { ...none, refused: String(error) };
  }
  const mix = tensor(
    c.type,
    Array.from({ length: first.size }, () => whole(2)),
    first.dims,
  );
  const weights = mix.data as Float64Array;
  const lossOf = (y: ort.Tensor): [number, number] => {
    let [sum, scale] = [0, 0];
    (y.data as Float64Array).forEach((value, i) => {
      sum += value * (weights[i] as number);
      scale += Math.abs(value * (weights[i] as number));
    });
    return [sum, scale];
  };
  const loss = async (values: readonly (readonly number[])[]): Promise<number> =>
    lossOf((await plain.run(feeds(values))).y as ort.Tensor)[0];

  const inferred = loadGraph(readModel(alone), operators).b.dims('y');
  const built = buildGradientModel(training(c, mix), {
    loss: { output: 'loss' },
    optimizer: sgd(),
    provider: c.provider,
    channelBlock: c.block,
    trainable: (name) => free(c.inputs[names.indexOf(name)]),
  });
  const { bytes, blocked } = plainBlocks(built.bytes, c.block);
  const given = c.inputs[0] as FormInput;
  const fed = {
    mix,
    ...Object.fromEntries(
      built.state.map(({ input, initial }) => [
        input,
        tensor(initial instanceof Float64Array ? DataType.DOUBLE : DataType.FLOAT, initial, [initial.length]),
      ]),
    ),
    ...(c.known === 'rank'
      ? { fed: new ort.Tensor('int64', BigInt64Array.from(given.dims.map(BigInt)), [given.dims.length]) }
      : {}),
    ...(c.known === 'batch is free'
      ? { fed: tensor(c.type, new Float64Array(product(given.dims)), given.dims) }
      : {}),
  };
  const trained = await ort.InferenceSession.create(bytes, quiet(c.type, session));
  const results = await trained.run(fed);
  await trained.release();
  // The NCHWc operators themselves run only if ONNX Runtime uses this block size on this processor.
  const native = blocked > 0 && c.block === (await channelBlockOf(ort, session));
  const own = native ? await ort.InferenceSession.create(built.bytes, quiet(c.type, session)) : undefined;
  const theirs = await own?.run(fed);
  await own?.release();
  const found = new Map(
    (built.gradients ?? []).flatMap(({ name, parts }) =>
      parts.map((part): [string, ArrayLike<number>] => [
        part.name,
        ((results[name] as ort.Tensor).data as Float64Array).slice(
          part.offset,
          part.offset + product(part.dims),
        ),
      ]),
    ),
  );

  for (const { name } of built.gradients ?? []) {
    const alike = theirs?.[name]?.data ?? results[name]?.data;
    if (String(alike) !== String(results[name]?.data))
      throw new Error(`the gradients differ: ${alike} in blocks, ${results[name]?.data} in plain layout`);
  }
  const [here, scale] = lossOf(first);
  let error = Math.abs(Number(results[built.loss as string]?.data[0]) - here) / (scale + 1);
  for (const [i, input] of c.inputs.entries()) {
    if (!input || !free(input)) continue;
    const gradient = found.get(`x${i}`);
    const repeats = i === 0 ? copies : 1;
    const length = input.values.length / repeats;
    for (let direction = 0; direction < 3; direction++) {
      const along = Array.from({ length }, () => whole(3));
      const at = (t: number): Promise<number> =>
        loss(start.map((v, j) => (j === i ? v.map((x, k) => x + t * (along[k % length] as number)) : v)));
      const h = c.step;
      const near = ((await at(h)) - (await at(-h))) / (2 * h);
      const slope = c.curved ? (4 * near - ((await at(2 * h)) - (await at(-2 * h))) / (4 * h)) / 3 : near;
      let [sum, size] = [0, 1];
      along.forEach((v, k) => {
        sum += v * (gradient?.[k] ?? Number.NaN);
        size += Math.abs(v * (gradient?.[k] ?? 0));
      });
      const off = gradient?.length === length ? Math.abs(sum - slope) / (size + Math.abs(slope)) : Infinity;
      error = Math.max(error, Number.isFinite(off) ? off : Infinity);
    }
  }
  await plain.release();
  return { error, dims: first.dims, inferred, blocked };
}
