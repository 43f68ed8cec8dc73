import { attribute, floats, int, text, texts } from '../format/attributes.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { type Dim, unknownDim } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { GradientContext, Infer, Operator, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import { byDecomposition } from './decompose.ts';
import { scanSteps } from './scanSteps.ts';

/** Emits an activation function with its parameters. */
type Activation = (x: string) => string;

/** The weights and settings of one direction. */
interface Direction {
  readonly b: Ops;
  readonly hidden: number;
  /** Rᵀ [hidden, gates·hidden]. */
  readonly recurrent: string;
  /** R's bias [gates·hidden], if it exists. */
  readonly bias: string | undefined;
  readonly activations: readonly Activation[];
  readonly node: NodeProto;
  /** Peephole weights [3·hidden] of an LSTM, if they exist. */
  readonly peepholes: string | undefined;
}

/** The state of a cell: h, and c for LSTM. */
type State = readonly string[];
type Cell = (d: Direction, x: string, state: State) => State;

const parts = (b: Ops, value: string, count: number): string[] =>
  b.emitAll('Split', [value], { axis: -1, num_outputs: count }, count);

/** x·Wᵀ + h·Rᵀ + biases, split into the gates. */
function gates({ b, recurrent, bias }: Direction, x: string, h: string, count: number): string[] {
  const both = b.add(x, b.matmul(h, recurrent));
  return parts(b, bias === undefined ? both : b.add(both, bias), count);
}

const lstm: Cell = (d, x, [h = '', c = '']) => {
  const { b, activations, peepholes } = d;
  const [f, g, out] = activations as [Activation, Activation, Activation];
  const [i = '', o = '', forget = '', cell = ''] = gates(d, x, h, 4);
  const peep = peepholes === undefined ? [] : parts(b, peepholes, 3);
  const look = (gate: string, k: number, at: string): string =>
    peep[k] === undefined ? gate : b.add(gate, b.mul(peep[k], at));
  const kept = b.mul(f(look(forget, 2, c)), c);
  const added = b.mul(f(look(i, 0, c)), g(cell));
  const next = b.add(kept, added);
  return [b.mul(f(look(o, 1, next)), out(next)), next];
};

const gru: Cell = (d, x, [h = '']) => {
  const { b, activations, recurrent, bias, hidden, node } = d;
  const [f, g] = activations as [Activation, Activation];
  const [xz = '', xr = '', xh = ''] = parts(b, x, 3);
  const cut = (value: string, from: number, to: number): string =>
    b.slice(value, [from * hidden], [to * hidden], [-1]);
  const biasPart = (value: string, from: number, to: number): string =>
    bias === undefined ? value : b.add(value, cut(bias, from, to));
  const [hz = '', hr = ''] = parts(b, biasPart(b.matmul(h, cut(recurrent, 0, 2)), 0, 2), 2);
  const z = f(b.add(xz, hz));
  const r = f(b.add(xr, hr));
  const last = cut(recurrent, 2, 3);
  const inner =
    int(node, 'linear_before_reset', 0) === 0
      ? biasPart(b.matmul(b.mul(r, h), last), 2, 3)
      : b.mul(r, biasPart(b.matmul(h, last), 2, 3));
  const proposed = g(b.add(xh, inner));
  // (1 − z)·proposed + z·h
  return [b.add(proposed, b.mul(z, b.sub(h, proposed)))];
};

const rnn: Cell = (d, x, [h = '']) => [(d.activations[0] as Activation)(gates(d, x, h, 1)[0] as string)];

interface Kind {
  readonly cell: Cell;
  readonly gates: number;
  /** The number of tensors in the state. */
  readonly states: number;
  readonly activations: readonly string[];
}

/** Activations that are also ONNX operators, with the default values of their parameters. */
const known: ReadonlyMap<string, { readonly alpha?: number; readonly beta?: number }> = new Map([
  ...['Sigmoid', 'Tanh', 'Relu', 'Softplus', 'Softsign'].map((name) => [name, {}] as const),
  ['HardSigmoid', { alpha: 0.2, beta: 0.5 }],
  ['LeakyRelu', { alpha: 0.01 }],
  ['Elu', { alpha: 1 }],
  ['ThresholdedRelu', { alpha: 1 }],
]);

/**
 * The activations of all directions. The lists of alphas and betas have entries only for functions with that parameter.
 */
function activationsOf(b: Ops, node: NodeProto, names: readonly string[]): Activation[] {
  const alphas = [...(floats(node, 'activation_alpha') ?? [])];
  const betas = [...(floats(node, 'activation_beta') ?? [])];
  return names.map((name) => {
    const preset = known.get(name);
    const alpha = preset?.alpha === undefined ? undefined : { float: alphas.shift() ?? preset.alpha };
    const beta = preset?.beta === undefined ? undefined : { float: betas.shift() ?? preset.beta };
    return (x) => b.emit(name, [x], { alpha, beta });
  });
}

function directionsOf(node: NodeProto): readonly boolean[] {
  const direction = text(node, 'direction', 'forward');
  return direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
}

/** Refuses attributes that this implementation does not support. */
function check(c: GradientContext): void {
  const { node } = c;
  if (attribute(node, 'clip')) throw c.refuse('no gradient for a clipped cell');
  if (int(node, 'input_forget', 0) !== 0) throw c.refuse('no gradient for coupled gates (input_forget)');
  const odd = (texts(node, 'activations') ?? []).find((name) => !known.has(name));
  if (odd) throw c.refuse(`no gradient for the activation ${odd}`);
}

/** Sequences up to this length are unrolled. Longer sequences, and sequences of symbolic length, become a Scan. */
const longestUnrolled = 1024;

/** A layer in one direction, with the lengths of the sequences. */
interface Run {
  readonly direction: Direction;
  readonly cell: Cell;
  /** x·Wᵀ plus W's bias: [steps, batch, gates·hidden]. */
  readonly inputs: string;
  readonly initial: State;
  readonly reverse: boolean;
  /** The lengths of the sequences, int32 [batch, 1], if they are given. */
  readonly lengths: string | undefined;
}

/** The h of all steps, [steps, batch, hidden], and the last state. */
interface Ran {
  readonly all: string;
  readonly state: State;
}

/** One step. A sequence that has ended keeps its state and outputs zeros. */
function stepped(
  { direction, cell }: Run,
  x: string,
  state: State,
  lasts: string | undefined,
): [State, string] {
  const { b } = direction;
  const next = cell(direction, x, state);
  if (!lasts) return [next, next[0] as string];
  return [
    next.map((value, i) => b.where(lasts, value, state[i] as string)),
    b.maskWith(lasts, next[0] as string),
  ];
}

/** Emits the steps one by one. */
function unrolled(run: Run, steps: number): Ran {
  const { direction, inputs, initial, reverse, lengths } = run;
  const { b } = direction;
  const rows = b
    .emitAll('Split', [inputs], { axis: 0, num_outputs: steps }, steps)
    .map((step) => b.squeeze(step, [0]));
  let state = initial;
  const outputs: string[] = Array(steps).fill('');
  for (let k = 0; k < steps; k++) {
    const at = reverse ? steps - 1 - k : k;
    const lasts = lengths && b.greater(lengths, b.scalar(at, lengths));
    const [next, out] = stepped(run, rows[at] as string, state, lasts);
    state = next;
    outputs[at] = b.unsqueeze(out, [0]);
  }
  return { all: b.concat(outputs, 0), state };
}

/** Emits a Scan, for many steps or a number of steps that is known only at run time. */
function scanned(run: Run): Ran {
  const { direction, inputs, initial, reverse, lengths } = run;
  const { b } = direction;
  const places = (): string => {
    const count = b.squeeze(b.sizeAt(inputs, 0), [0]);
    return b.emit('Range', [b.int(0), count, b.int(1)]);
  };
  const rows = lengths ? [inputs, b.castLike(places(), lengths)] : [inputs];
  const made = scanSteps(b, initial, rows, reverse, (state, [x = '', at = '']) => {
    const [next, out] = stepped(run, x, state, lengths && b.greater(lengths, at));
    return { states: next, collected: [out] };
  });
  return { all: made.collected[0] as string, state: made.states };
}

/** Emits a recurrent layer as simpler operators. */
function writeLayer(
  c: GradientContext,
  { cell, gates: count, states, activations }: Kind,
): (string | null | undefined)[] {
  const { node } = c;
  check(c);
  return byDecomposition(c, (b) => {
    const x = c.x(0);
    const steps = b.shape(x)[0];
    const hidden = b.shape(c.x(2)).at(-1) as number;
    const directions = directionsOf(node);
    const own = activationsOf(b, node, texts(node, 'activations') ?? directions.flatMap(() => activations));
    const take = (name: string, d: number): string => b.squeeze(b.slice(name, [d], [d + 1], [0]), [0]);
    const initial = (input: number, d: number): string => {
      const given = inputOf(node, input);
      if (given === '') {
        const shape = b.shapeVector([b.sizeAt(x, 1), hidden]);
        return b.filled(shape, 0, x);
      }
      return take(given, d);
    };
    const lengths = inputOf(node, 4) === '' ? undefined : b.unsqueeze(c.x(4), [1]);
    const runs = directions.map((reverse, d) => {
      const bias = inputOf(node, 3) === '' ? undefined : take(c.x(3), d);
      const width = count * hidden;
      const projected = b.matmul(x, b.transpose(take(c.x(1), d), [1, 0]));
      const inputs = bias === undefined ? projected : b.add(projected, b.slice(bias, [0], [width], [0]));
      const direction: Direction = {
        b,
        hidden,
        node,
        recurrent: b.transpose(take(c.x(2), d), [1, 0]),
        bias: bias === undefined ? undefined : b.slice(bias, [width], [2 * width], [0]),
        activations: own.slice(d * activations.length, (d + 1) * activations.length),
        peepholes: states === 2 && inputOf(node, 7) !== '' ? take(c.x(7), d) : undefined,
      };
      const start: State = Array.from({ length: states }, (_, i) => initial(5 + i, d));
      const run: Run = { direction, cell, inputs, initial: start, reverse, lengths };
      const short = typeof steps === 'number' && steps <= longestUnrolled;
      const { all, state } = short ? unrolled(run, steps) : scanned(run);
      // ONNX Runtime gives zeros as the last state of an empty sequence.
      const some = lengths && b.greater(lengths, b.scalar(0, lengths));
      // [steps, 1, batch, hidden]
      return {
        all: b.unsqueeze(all, [1]),
        state: some ? state.map((value) => b.maskWith(some, value)) : state,
      };
    });
    const sequence = b.concat(
      runs.map(({ all }) => all),
      1,
    );
    const finals = Array.from({ length: states }, (_, i) =>
      b.concat(
        runs.map(({ state }) => b.unsqueeze(state[i] as string, [0])),
        0,
      ),
    );
    return [sequence, ...finals];
  });
}

const infer: Infer = (node, b) => {
  for (const i of [0, 1, 2, 5, 6]) b.assumeRank(inputOf(node, i), 3);
  const { type, dims } = b.type(inputOf(node, 0));
  const hidden = b.dims(inputOf(node, 2))?.at(-1) ?? unknownDim();
  if (!dims) return node.output.map(() => ({ type, dims }));
  const [steps, batch] = dims as [Dim, Dim];
  const directions = directionsOf(node).length;
  const final = [directions, batch, hidden];
  return [
    { type, dims: [steps, directions, batch, hidden] },
    { type, dims: final },
    { type, dims: final },
  ];
};

const layer = (kind: Kind): Operator => ({
  infer,
  gradient: (c) => writeLayer(c, kind),
  differentiable: [0, 1, 2, 3, 5, 6, 7],
  zeroDerivative: { 4: 'lengths' },
});

/** Recurrent layers. */
export const recurrent: Operators = {
  RNN: layer({ cell: rnn, gates: 1, states: 1, activations: ['Tanh'] }),
  GRU: layer({ cell: gru, gates: 3, states: 1, activations: ['Sigmoid', 'Tanh'] }),
  LSTM: layer({ cell: lstm, gates: 4, states: 2, activations: ['Sigmoid', 'Tanh', 'Tanh'] }),
};
