import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { copyNode } from '../format/copyNode.ts';
import { sizeOf } from '../format/tensor.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { normal, uniform } from '../layers/initialize.ts';
import { makeNode } from '../layers/makeNode.ts';
import { floatTensor, scalarNode } from '../layers/scalarNode.ts';
import { show } from '../show.ts';
import { findHead } from './findHead.ts';
import { type LoraLayer, type LoraTarget, listTargets, loraOf, loraTargets, noteLora } from './loraLayers.ts';
import { floatTypeOf, Opened, readCount, readSeed } from './opened.ts';

/** Options of {@link addLora}. */
export interface LoraOptions {
  /** The rank r of each adapter. */
  readonly rank: number;
  /** The scale of the adapters: each adds alpha / rank · B·A. Default: `rank`, that is, a factor of 1. */
  readonly alpha?: number;
  /**
   * The layers to adapt: a list of names of modules or weights, or of the last parts of such names (`'query'`), a
   * pattern for modules' names, or a function of a module's name. Default: every MatMul, MatMulNBits and Gemm and
   * every Conv with a kernel of size 1, except the last layer before each output (the heads).
   */
  readonly targets?: readonly string[] | RegExp | ((module: string) => boolean);
  /** The seed for the random initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * Adds low-rank adapters (LoRA) to layers: `y = W·x + alpha / rank · B·(A·x)`. A is initialised like PyTorch's linear
 * layers and B with zeros, so at first the model's results do not change. Names follow PEFT: `module.lora_A.weight`
 * [rank, inputs] and `module.lora_B.weight` [outputs, rank]. For a convolution, the shapes are [rank, inputs, …kernel]
 * and [outputs, rank, 1, …]. For an embedding, there are `module.lora_embedding_A` [rank, rows] (zeros) and
 * `module.lora_embedding_B` [size, rank]. The adapted weights may be quantised.
 *
 * Train with `trainable: isLora`. {@link mergeLora} adds the adapters to the weights, and {@link saveLora} writes them
 * to a file.
 *
 * @param model - the content of an .onnx file; it is not changed
 * @returns the content of the new file
 * @throws {ClrError} if the model already has adapters, if no layer that can have an adapter matches the targets, or if
 * a name in the list matches none
 * @see Hu et al., arXiv 2106.09685
 *
 * @example
 * ```ts
 * const model = addLora(bytes, { rank: 4, alpha: 8, targets: ['7'] });
 * describeModel(model).weights.map(({ name }) => name).filter(isLora); // ['7.lora_A.weight', '7.lora_B.weight']
 * ```
 */
export function addLora(model: Uint8Array, options: LoraOptions): Uint8Array {
  checkOptionNames('clr/onnx', 'addLora', options, ['rank', 'alpha', 'targets', 'seed']);
  const rank = readCount('rank', options?.rank);
  const { alpha = rank, targets } = options;
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw fail(
      'alpha to be a finite number above 0',
      `alpha = ${show(alpha)}`,
      'Leave it out for a factor of 1.',
    );
  }
  const seed = readSeed(options.seed);
  const opened = new Opened(model);
  if (loraOf(opened)) {
    throw fail('a model without adapters', 'one that has adapters', 'Merge them first with mergeLora.');
  }
  const chosen = choose(opened, targets);
  const layers = chosen.map((target) => attach(opened, target, rank, alpha / rank, seed));
  noteLora(opened, { version: 1, rank, alpha, layers });
  return opened.close();
}

function choose(opened: Opened, targets: LoraOptions['targets']): LoraTarget[] {
  const all = loraTargets(opened);
  const found =
    targets === undefined ? byDefault(opened, all) : all.filter((target) => matches(target, targets));
  if (found.length > 0) {
    if (Array.isArray(targets)) {
      const missing = targets.find((each) => !all.some((target) => matches(target, [each])));
      if (missing !== undefined) throw noTarget(`"${missing}", which matches no such layer`, all);
    }
    return found;
  }
  const others = all.length > 0 ? 'whose only such layers are heads, embeddings or wider convolutions' : '';
  throw noTarget(
    targets === undefined
      ? `no targets, and a model ${others || 'without such layers'}`
      : `targets = ${show(targets)}, which matches no such layer`,
    all,
  );
}

function noTarget(received: string, all: readonly LoraTarget[]): Error {
  return fail(
    'targets among the layers that can have an adapter (MatMul, MatMulNBits, Gemm, Conv, Gather)',
    received,
    `These can: ${listTargets(all)}.`,
  );
}

function byDefault(opened: Opened, all: readonly LoraTarget[]): LoraTarget[] {
  const heads = new Set(opened.graph.output.map(({ name }) => headBefore(opened, name)));
  return all.filter(
    ({ kind, kernel, node }) => !heads.has(node) && kind !== 'embedding' && sizeOf(kernel) === 1,
  );
}

/** The last layer before an output. It is undefined if it is not clear which layer that is. */
function headBefore(opened: Opened, output: string): NodeProto | undefined {
  try {
    return findHead(opened, output).node;
  } catch {
    return undefined;
  }
}

function matches({ module, weight }: LoraTarget, targets: NonNullable<LoraOptions['targets']>): boolean {
  if (typeof targets === 'function') return targets(module) === true;
  // `test` would start where the last match ended, if the pattern has the flag g.
  if (targets instanceof RegExp) return module.search(targets) >= 0;
  if (!Array.isArray(targets)) {
    throw fail(
      'targets to be a list of names, a pattern or a function',
      `targets = ${show(targets)}`,
      "Pass targets: ['query', 'value'], for example.",
    );
  }
  const names = [module, ...weight.names];
  return targets.some((target) => names.some((name) => name === target || name.endsWith(`.${target}`)));
}

/** Adds an adapter to a layer. */
function attach(opened: Opened, target: LoraTarget, rank: number, scale: number, seed: number): LoraLayer {
  const { kind, node, module, inputs, outputs, kernel } = target;
  const embedding = kind === 'embedding';
  const [a, b] = ['A', 'B'].map((side) =>
    opened.free(embedding ? `${module}.lora_embedding_${side}` : `${module}.lora_${side}.weight`),
  ) as [string, string];
  const type = floatTypeOf(opened.type(node.output[0] ?? ''));
  const [aDims, bDims] = [
    [rank, inputs, ...kernel],
    [outputs, rank, ...kernel.map(() => 1)],
  ];
  const bound = 1 / Math.sqrt(inputs * sizeOf(kernel));
  const zeros = (dims: readonly number[]): Float32Array => new Float32Array(sizeOf(dims));
  opened.store(
    floatTensor(a, type, aDims, embedding ? zeros(aDims) : uniform(seed, a, sizeOf(aDims), bound)),
  );
  opened.store(floatTensor(b, type, bDims, embedding ? normal(seed, b, sizeOf(bDims), 1) : zeros(bDims)));

  const output = node.output[0] as string;
  const base = opened.free(`${module}.base`);
  node.output[0] = base;
  const value = (part: string): string => opened.free(`${module}.lora_${part}`);
  const added: NodeProto[] = [];
  const emit = (op: string, from: readonly string[], part: string, attributes = {}): string => {
    const made = value(part);
    added.push(makeNode(op, from, [made], attributes, made));
    return made;
  };
  const data = node.input[embedding ? 1 : 0] as string;
  const turned = (weight: string, part: string): string =>
    emit('Transpose', [weight], part, { perm: [1, 0] });
  const down = (): string => {
    if (kind === 'conv') {
      const made = value('down');
      added.push(copyNode(node, { name: made, input: [data, a], output: [made] }));
      return made;
    }
    if (embedding) return emit('Gather', [turned(a, 'A_turned'), data], 'down');
    if (node.opType === 'Gemm') return emit('Gemm', [data, a], 'down', { transB: 1 });
    return emit('MatMul', [data, turned(a, 'A_turned')], 'down');
  };
  const factor = scalarNode(value('scale_const'), type, scale);
  added.push(factor);
  const scaled = emit('Mul', [down(), factor.output[0] as string], 'scaled');
  const up = (): string => {
    if (kind === 'conv') return emit('Conv', [scaled, b], 'up');
    if (node.opType === 'Gemm') return emit('Gemm', [scaled, b], 'up', { transB: 1 });
    return emit('MatMul', [scaled, turned(b, 'B_turned')], 'up');
  };
  added.push(makeNode('Add', [base, up()], [output], {}, value('sum')));
  const at = opened.graph.node.indexOf(node);
  opened.graph.node.splice(at + 1, 0, ...added);
  return { kind, module, output, base, a, b };
}
