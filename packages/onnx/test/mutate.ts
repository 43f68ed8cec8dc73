import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorShapeProto_DimensionSchema,
} from '../src/generated/onnx_pb.ts';
import { operators } from '../src/gradients/index.ts';

/** Random numbers in [0, 1), equal for equal seeds (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The random choices of one mutation. */
class Dice {
  readonly #random: () => number;
  constructor(random: () => number) {
    this.#random = random;
  }
  below(n: number): number {
    return Math.floor(this.#random() * n);
  }
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }
  /** A hostile integer. */
  integer(): bigint {
    return this.pick([
      0n,
      1n,
      2n,
      3n,
      7n,
      255n,
      -1n,
      -2n,
      1n << 20n,
      1n << 31n,
      1n << 40n,
      (1n << 53n) + 1n,
      (1n << 63n) - 1n,
      -(1n << 63n),
    ]) as bigint;
  }
  /** A hostile name. */
  name(graph: GraphProto): string {
    const own = [
      ...graph.node.flatMap(({ input, output }) => [...input, ...output]),
      ...graph.initializer.map(({ name }) => name),
    ];
    const special = [
      '',
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'target',
      'lr',
      'momentum',
      'step',
      'loss',
      'accuracy',
      'parameters.0',
      'next.parameters.0',
      'clr/x',
      'a\0b',
      '../x',
      '💥',
      'x'.repeat(5000),
    ];
    return (this.below(2) ? this.pick(special) : this.pick(own)) ?? '__proto__';
  }
  location(): string {
    return this.pick([
      '../secret',
      '../../etc/passwd',
      '/etc/passwd',
      'a/../../b',
      '..',
      '.',
      '',
      'weights.bin',
      'sub/weights.bin',
      '\\\\host\\x',
      'C:\\x',
      'a\0b',
      './/../x',
      '%2e%2e/x',
      'file:///etc/passwd',
      '__proto__',
    ]) as string;
  }
}

type Mutation = (model: ModelProto, graph: GraphProto, dice: Dice) => void;

const opNames = [...operators.keys(), 'Loop', 'Scan', 'NoSuchOp', '__proto__', 'constructor', 'toString'];

const onNode =
  (change: (node: NodeProto, graph: GraphProto, dice: Dice) => void): Mutation =>
  (_model, graph, dice) => {
    const node = dice.pick(graph.node);
    if (node) change(node, graph, dice);
  };
const onTensor =
  (change: (tensor: TensorProto, graph: GraphProto, dice: Dice) => void): Mutation =>
  (_model, graph, dice) => {
    const tensor = dice.pick([
      ...graph.initializer,
      ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
    ]);
    if (tensor) change(tensor, graph, dice);
  };
/** Mutations of a decoded model. */
const structured: Readonly<Record<string, Mutation>> = {
  operator: onNode((node, _graph, dice) => {
    node.opType = dice.pick(opNames) as string;
  }),
  domain: onNode((node, _graph, dice) => {
    node.domain = dice.pick(['ai.onnx', 'com.microsoft', '__proto__', 'ai.onnx.ml']) as string;
  }),
  inputs: onNode((node, graph, dice) => {
    if (dice.below(3) === 0) node.input.push(dice.name(graph));
    else if (dice.below(2)) node.input[dice.below(node.input.length)] = dice.name(graph);
    else node.input.splice(dice.below(node.input.length), 1);
  }),
  swap: onNode((node) => {
    node.input.reverse();
  }),
  outputs: onNode((node, graph, dice) => {
    if (dice.below(2)) node.output.push(dice.name(graph));
    else node.output[dice.below(node.output.length)] = dice.name(graph);
  }),
  manyOutputs: onNode((node, _graph, dice) => {
    node.output = Array.from({ length: 2 ** dice.below(12) }, (_, i) => `o${i}`);
  }),
  cycle: onNode((node) => {
    node.input[0] = node.output[0] ?? '';
  }),
  order: (_model, graph, dice) => {
    const [node] = graph.node.splice(dice.below(graph.node.length), 1);
    if (node) graph.node.splice(dice.below(graph.node.length), 0, node);
  },
  twice: (_model, graph, dice) => {
    const node = dice.pick(graph.node);
    if (node) graph.node.push(node);
  },
  drop: (_model, graph, dice) => {
    graph.node.splice(dice.below(graph.node.length), 1);
  },
  attribute: onNode((node, _graph, dice) => {
    const held = dice.pick(node.attribute);
    if (!held) return;
    const kind = dice.below(5);
    if (kind === 0) held.i = dice.integer();
    else if (kind === 1) held.ints = held.ints.map((value) => (dice.below(2) ? dice.integer() : value));
    else if (kind === 2) held.ints = Array.from({ length: dice.below(9) }, () => dice.integer());
    else if (kind === 3) held.f = dice.pick([0, -1, Number.NaN, Infinity, 1e38]) as number;
    else
      held.name = dice.pick([
        '__proto__',
        'axis',
        'axes',
        'pads',
        'value',
        'kernel_shape',
        'perm',
        '',
      ]) as string;
  }),
  newAttribute: onNode((node, _graph, dice) => {
    const name = dice.pick([
      'axis',
      'axes',
      'pads',
      'strides',
      'dilations',
      'group',
      'kernel_shape',
      'perm',
      'num_outputs',
      'ceil_mode',
      'auto_pad',
      'mode',
      'to',
      'keepdims',
      'transA',
    ]) as string;
    node.attribute.push(
      create(
        AttributeProtoSchema,
        dice.below(2)
          ? { name, type: AttributeType.INT, i: dice.integer() }
          : {
              name,
              type: AttributeType.INTS,
              ints: Array.from({ length: dice.below(6) }, () => dice.integer()),
            },
      ),
    );
  }),
  lostAttribute: onNode((node, _graph, dice) => {
    node.attribute.splice(dice.below(node.attribute.length), 1);
  }),
  dims: onTensor((tensor, _graph, dice) => {
    if (dice.below(2)) tensor.dims[dice.below(tensor.dims.length)] = dice.integer();
    else tensor.dims = Array.from({ length: dice.below(10) }, () => dice.integer());
  }),
  data: onTensor((tensor, _graph, dice) => {
    const kind = dice.below(4);
    if (kind === 0) tensor.rawData = tensor.rawData.slice(0, dice.below(tensor.rawData.length + 1));
    else if (kind === 1) tensor.rawData = new Uint8Array(0);
    else if (kind === 2) tensor.floatData = [1, 2, 3];
    else tensor.rawData = tensor.rawData.map(() => dice.below(256));
  }),
  type: onTensor((tensor, _graph, dice) => {
    tensor.dataType = dice.pick([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 16, 17, 22, 99, -1]) as number;
  }),
  tensorName: onTensor((tensor, graph, dice) => {
    tensor.name = dice.name(graph);
  }),
  external: onTensor((tensor, _graph, dice) => {
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
    tensor.externalData = [
      entry('location', dice.location()),
      entry('offset', String(dice.integer())),
      entry('length', String(dice.integer())),
    ];
  }),
  inputName: (_model, graph, dice) => {
    const info = dice.pick([...graph.input, ...graph.output]);
    if (info) info.name = dice.name(graph);
  },
  shape: (_model, graph, dice) => {
    const type = dice.pick([...graph.input, ...graph.output, ...graph.valueInfo])?.type?.value;
    if (type?.case !== 'tensorType') return;
    const kind = dice.below(4);
    if (kind === 0) delete type.value.shape;
    else if (kind === 1) type.value.elemType = dice.pick([0, 1, 7, 8, 9, 10, 11, 99, -1]) as number;
    else if (type.value.shape) {
      const value = dice.below(2)
        ? ({ case: 'dimValue', value: dice.integer() } as const)
        : ({
            case: 'dimParam',
            value: dice.pick(['', '?', '{', '__proto__', '*', '(a*b)', 'n']) as string,
          } as const);
      const dim = create(TensorShapeProto_DimensionSchema, { value });
      if (kind === 2) type.value.shape.dim.push(dim);
      else type.value.shape.dim[dice.below(type.value.shape.dim.length)] = dim;
    }
  },
  opset: (model, _graph, dice) => {
    const set = dice.pick(model.opsetImport);
    if (set)
      set.version = dice.pick([
        -1n,
        0n,
        1n,
        6n,
        7n,
        9n,
        10n,
        11n,
        12n,
        17n,
        18n,
        23n,
        99n,
        1n << 40n,
      ]) as bigint;
    if (dice.below(4) === 0)
      model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: '', version: dice.integer() }));
  },
  function: (model, graph, dice) => {
    const node = dice.pick(graph.node);
    if (!node) return;
    const call = (name: string) =>
      create(NodeProtoSchema, { opType: name, domain: 'f', input: ['x'], output: [`y${dice.below(1e6)}`] });
    model.functions = [0, 1, 2].map((i) =>
      create(FunctionProtoSchema, {
        domain: 'f',
        name: `F${i}`,
        input: ['x'],
        output: ['x'],
        node: Array.from({ length: 3 }, () => call(`F${(i + dice.below(2)) % 3}`)),
      }),
    );
    node.domain = 'f';
    node.opType = 'F0';
  },
  branch: (_model, graph, dice) => {
    const at = dice.below(graph.node.length);
    const node = graph.node[at];
    if (!node) return;
    const inner = create(GraphProtoSchema, {
      name: 'b',
      node: [node],
      output: [{ name: node.output[0] ?? '' }],
    });
    const depth = dice.pick([1, 2, 6]) as number;
    let wrapped = node;
    for (let i = 0; i < depth; i++) {
      const graphOf =
        i === 0
          ? inner
          : create(GraphProtoSchema, {
              name: 'b',
              node: [wrapped],
              output: [{ name: node.output[0] ?? '' }],
            });
      wrapped = create(NodeProtoSchema, {
        opType: 'If',
        input: [dice.name(graph)],
        output: node.output,
        attribute: [
          create(AttributeProtoSchema, { name: 'then_branch', type: AttributeType.GRAPH, g: graphOf }),
          create(AttributeProtoSchema, { name: 'else_branch', type: AttributeType.GRAPH, g: graphOf }),
        ],
      });
    }
    graph.node[at] = wrapped;
  },
};

/** Mutations of the file's bytes. */
const raw: Readonly<Record<string, (bytes: Uint8Array, dice: Dice) => Uint8Array>> = {
  flip: (bytes, dice) => {
    const copy = bytes.slice();
    for (let i = 1 + dice.below(8); i > 0; i--) copy[placeIn(bytes, dice)] = dice.below(256);
    return copy;
  },
  bit: (bytes, dice) => {
    const copy = bytes.slice();
    const at = placeIn(bytes, dice);
    copy[at] = (copy[at] as number) ^ (1 << dice.below(8));
    return copy;
  },
  truncate: (bytes, dice) => bytes.slice(0, dice.below(bytes.length)),
  remove: (bytes, dice) => {
    const at = placeIn(bytes, dice);
    const length = 1 + dice.below(16);
    return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
  },
  insert: (bytes, dice) => {
    const at = placeIn(bytes, dice);
    const more = Array.from({ length: 1 + dice.below(16) }, () => dice.below(256));
    return new Uint8Array([...bytes.subarray(0, at), ...more, ...bytes.subarray(at)]);
  },
  noise: (_bytes, dice) => Uint8Array.from({ length: dice.below(200) }, () => dice.below(256)),
};

/** A position, mostly among the first and last bytes, because the weights lie between them. */
function placeIn(bytes: Uint8Array, dice: Dice): number {
  const edge = Math.min(3000, bytes.length);
  const kind = dice.below(5);
  return kind < 2
    ? dice.below(edge)
    : kind < 4
      ? bytes.length - 1 - dice.below(edge)
      : dice.below(bytes.length);
}

/** A damaged or hostile variant of a model, and a description of the mutation. Equal seeds give equal results. */
export function mutate(bytes: Uint8Array, seed: number): { bytes: Uint8Array; how: string } {
  const dice = new Dice(randomOf(seed));
  if (dice.below(3) === 0) {
    const how = dice.pick(Object.keys(raw)) as string;
    return { bytes: (raw[how] as (typeof raw)[string])(bytes, dice), how };
  }
  const model = fromBinary(ModelProtoSchema, bytes);
  const done: string[] = [];
  for (let i = 1 + dice.below(3); i > 0; i--) {
    const how = dice.pick(Object.keys(structured)) as string;
    done.push(how);
    (structured[how] as Mutation)(model, model.graph as GraphProto, dice);
  }
  return { bytes: toBinary(ModelProtoSchema, model), how: done.join('+') };
}
