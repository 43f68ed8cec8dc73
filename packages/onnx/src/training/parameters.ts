import { fail } from '../errors.ts';
import { captures } from '../format/captures.ts';
import { isFloat } from '../format/dataType.ts';
import type { Model } from '../format/model.ts';
import { dimsOf, sizeOf } from '../format/tensor.ts';
import type { NodeProto, TensorProto } from '../generated/onnx_pb.ts';
import { derivativeOf, initializerBehind, isRounding, storedAs } from '../gradients/derivative.ts';
import type { Ops } from '../graph/ops.ts';
import { notFinite, type Use, Uses, whyConstant } from './roles.ts';
import type { UntrainedTensor } from './trainingModel.ts';

/** Whether an output may have a derivative. Integers and booleans of a known operator have none. */
function mayHaveSlope(b: Ops, node: NodeProto, name: string): boolean {
  const { type } = b.type(name);
  return type === 0 || isFloat(type) || typeof b.operator(node)?.gradient !== 'function';
}

/** Whether a gradient may flow from a node into the value at its input `i`. */
function carries(b: Ops, node: NodeProto, i: number, constants: boolean): boolean {
  const operator = b.operator(node);
  const derivative = derivativeOf(b, node, i, b.initializers);
  if (derivative === 'zero') return false;
  if (typeof operator?.gradient !== 'function' || (derivative === 'flows' && !operator.storedAs)) return true;
  const stored = b.initializers.get(initializerBehind(b, node.input[i] ?? '', b.initializers) ?? '');
  if (!stored) return true;
  // An initializer at an input without a gradient is a setting (the scales of a Resize). A computed value at such an
  // input is refused.
  return derivative === 'flows' && (constants || storedAs(operator, i, dimsOf(stored)) === 'weight');
}

/**
 * The values that the seeds depend on with a nonzero derivative.
 *
 * @param constants - whether to include constants of formulas, such as exponents
 */
function reaching(
  b: Ops,
  nodes: readonly NodeProto[],
  seeds: Iterable<string>,
  constants: boolean,
): Set<string> {
  const live = new Set(seeds);
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => live.has(name) && mayHaveSlope(b, node, name))) continue;
    node.input.forEach((name, i) => {
      if (name !== '' && carries(b, node, i, constants)) live.add(name);
    });
    for (const name of captures(node)) live.add(name);
  }
  return live;
}

/** Whether an initializer is a running statistic, which training updates without a gradient. */
function isStatistic(b: Ops, nodes: readonly NodeProto[], name: string): boolean {
  return nodes.some((node) =>
    node.input.some(
      (input, i) =>
        storedAs(b.operator(node), i) === 'statistic' && initializerBehind(b, input, b.initializers) === name,
    ),
  );
}

/** The reason why no gradient reaches an initializer, and whether an operator's missing gradient is the cause. */
function whyNot(
  b: Ops,
  nodes: readonly NodeProto[],
  name: string,
  live: ReadonlySet<string>,
): { why: string; lacking: boolean } {
  const uses = nodes.flatMap((node) => {
    const reaches = node.output.some((output) => live.has(output));
    return node.input.flatMap((input, i) => {
      if (input !== name) return [];
      const derivative = derivativeOf(b, node, i, b.initializers);
      return [{ node, i, derivative: derivative === 'unknown' && !reaches ? 'flows' : derivative } as const];
    });
  });
  const use = uses.find(({ derivative }) => derivative === 'unknown') ?? uses[0];
  if (!use) return { why: 'no node reads it', lacking: false };
  const { node, i, derivative } = use;
  const at = `input ${i} of node "${node.name || node.output[0]}" (${node.opType})`;
  const why = {
    unknown: `there is no gradient for ${at}`,
    zero: `the derivative of ${at} is 0`,
    flows: `nothing computed from ${at} reaches the loss`,
  };
  return { why: why[derivative], lacking: derivative === 'unknown' };
}

/** The trained parameters and the other float tensors. */
export interface Selection {
  readonly parameters: readonly TensorProto[];
  readonly untrained: readonly UntrainedTensor[];
}

/** The tensors that `trainable` selects. */
interface Choice {
  readonly chosen: (tensor: TensorProto) => boolean;
  /** The tensors that are selected by name. Each must be trainable. */
  readonly named: readonly TensorProto[];
  /** Whether the function selects every tensor it is asked about. */
  readonly all: boolean;
}

/** No tensor has this name. */
const nobody = '\0';

/**
 * Whether `trainable` names the tensors that it selects. Then it returns false, or throws, for a name that no tensor
 * has. Otherwise it names the tensors that it excludes.
 */
function names(trainable: (name: string) => boolean): boolean {
  try {
    return !trainable(nobody);
  } catch {
    return true;
  }
}

/**
 * A function that names tensors to select is followed exactly. A function that names tensors to exclude also returns
 * true for tensors that its author did not think of, so it selects no constants in nodes and no tensors that are not
 * finite.
 */
function choiceOf(
  stored: readonly TensorProto[],
  trainable: ((name: string) => boolean) | undefined,
  constant: (tensor: TensorProto) => string | undefined,
  inNode: (name: string) => boolean,
): Choice {
  if (!trainable) return { chosen: (tensor) => constant(tensor) === undefined, named: [], all: false };
  const meant = names(trainable)
    ? stored
    : stored.filter((tensor) =>
        inNode(tensor.name) ? constant(tensor) === undefined : constant(tensor) !== notFinite,
      );
  const named = meant.filter(({ name }) => trainable(name));
  const set = new Set(named);
  return { chosen: (tensor) => set.has(tensor), named, all: named.length === meant.length };
}

/**
 * Checks the tensors that `trainable` picks. If it picks only some, a gradient must reach each of them. If it picks
 * all, the tensors that no gradient reaches are ignored, unless an operator's missing gradient is the cause.
 */
function checkNamed(
  b: Ops,
  nodes: readonly NodeProto[],
  { named, all }: Choice,
  live: ReadonlySet<string>,
  scales: ReadonlySet<string>,
): void {
  for (const { name } of named) {
    if (live.has(name) || isStatistic(b, nodes, name) || scales.has(name)) continue;
    const { why, lacking } = whyNot(b, nodes, name, live);
    if (all && !lacking) continue;
    throw fail(
      'a gradient for every parameter that `trainable` names',
      `"${name}": ${why}`,
      'Leave it out of `trainable`, or export the model so that the loss depends on it.',
    );
  }
}

/** The scales of integers that are trained as floats. Only the export uses them. */
function unreadScales({ graph, quantised }: Model, nodes: readonly NodeProto[]): Set<string> {
  if (!quantised) return new Set();
  const read = new Set(nodes.flatMap(({ input }) => input));
  const beside = graph.node.flatMap(({ input }) => (input.some((name) => quantised.has(name)) ? input : []));
  return new Set(beside.filter((name) => !read.has(name)));
}

/** A stored float tensor, its readers, and the reason if it is not trained by default. */
export interface Classified {
  readonly tensor: TensorProto;
  readonly uses: readonly Use[];
  readonly why: string | undefined;
}

/** The nodes that read a tensor, or its values rounded to integers if the file stores it as integers. */
const readersOf = (uses: Uses, name: string): Use[] =>
  uses.direct(name).flatMap((use) => (isRounding(use.node) ? uses.direct(use.node.output[0] ?? '') : [use]));

const inNodeOf =
  (model: Model) =>
  (name: string): boolean =>
    model.stored?.get(name)?.inNode ?? false;
const storedIn = ({ graph }: Model): TensorProto[] =>
  graph.initializer.filter(({ dataType }) => isFloat(dataType));

/** Classifies each stored float tensor for training, in the model's order. */
export function classify(
  b: Ops,
  nodes: readonly NodeProto[],
  model: Model,
  seeds: readonly string[],
): Classified[] {
  const uses = new Uses(nodes);
  const live = reaching(b, nodes, seeds, true);
  const scales = unreadScales(model, nodes);
  return storedIn(model).map((tensor) => {
    const { name } = tensor;
    const why = isStatistic(b, nodes, name)
      ? 'it is a running statistic'
      : scales.has(name)
        ? 'it is a scale of integers, which training keeps'
        : live.has(name)
          ? whyConstant(b, uses, tensor, inNodeOf(model)(name))
          : whyNot(b, nodes, name, live).why;
    return { tensor, uses: readersOf(uses, name), why };
  });
}

/**
 * The stored tensors to train, in the model's order: initializers, then tensors in nodes.
 *
 * @throws {ClrError} if there is no such tensor, or if `trainable` names a tensor that no gradient reaches
 */
export function selectParameters(
  b: Ops,
  nodes: readonly NodeProto[],
  model: Model,
  seeds: Iterable<string>,
  trainable: ((name: string) => boolean) | undefined,
): Selection {
  const uses = new Uses(nodes);
  const inNode = inNodeOf(model);
  const known = new Map<TensorProto, string | undefined>();
  const constant = (tensor: TensorProto): string | undefined => {
    if (!known.has(tensor)) known.set(tensor, whyConstant(b, uses, tensor, inNode(tensor.name)));
    return known.get(tensor);
  };
  const stored = storedIn(model);
  const choice = choiceOf(stored, trainable, constant, inNode);
  const starts = [...seeds];
  const live = reaching(b, nodes, starts, trainable !== undefined);
  checkNamed(b, nodes, choice, live, unreadScales(model, nodes));
  const parameters = stored.filter((tensor) => live.has(tensor.name) && choice.chosen(tensor));
  if (parameters.length === 0) {
    const found = stored.map(({ name }) => name);
    throw fail(
      'a model with at least one trainable parameter',
      trainable && found.length > 0
        ? `\`trainable\` chose none of ${found.slice(0, 8).join(', ')}${found.length > 8 ? ', …' : ''} that reaches the loss`
        : 'no float weight that reaches the loss',
      'Choose other tensors with `trainable`, or export the model with its weights in the file. describeModel(model) says why a tensor is not trained.',
    );
  }
  const trained = new Set(parameters);
  const reached = trainable ? live : reaching(b, nodes, starts, true);
  const untrained = stored.flatMap((tensor) => {
    const dims = dimsOf(tensor);
    const why = trained.has(tensor) || !reached.has(tensor.name) ? undefined : constant(tensor);
    return why === undefined || sizeOf(dims) < 2 ? [] : [{ name: tensor.name, dims, why }];
  });
  return { parameters, untrained };
}
