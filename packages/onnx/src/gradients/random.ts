import { float, int, ints } from '../format/attributes.ts';
import { DataType } from '../format/dataType.ts';
import type { NodeProto } from '../generated/onnx_pb.ts';
import { unknownDim } from '../graph/dim.ts';
import { inputOf } from '../graph/infer.ts';
import type { Infer, Operator, Operators } from '../graph/operator.ts';
import type { Ops } from '../graph/ops.ts';
import type { RandomNumbers } from '../graph/randomNumbers.ts';

/**
 * Emits the values of the node's output. Their shape is arbitrary. `count`, an int64 scalar, is the number of values.
 */
type Drawing = (draw: {
  b: Ops;
  node: NodeProto;
  draws: RandomNumbers;
  count: string;
  seed: number;
}) => string;

/** The attribute `seed` is a float. Its bits serve as the seed. */
function seedOf(node: NodeProto): number {
  return new Uint32Array(Float32Array.of(float(node, 'seed', 0)).buffer)[0] as number;
}

/** In this opset and later ones, ONNX Runtime (1.30) has no kernels for these operators. */
const withoutKernels = 22;

/** A random operator. For training, `write` replaces the node by numbers that depend on the step. */
function drawing(infer: Infer, write: NonNullable<Operator['toTraining']>): Operator {
  return {
    infer,
    gradient: 'none',
    toTraining: write,
    toInference: (node, b, draws) => {
      if (b.opset >= withoutKernels) write(node, b, draws);
    },
  };
}

/** Replaces a node by an Identity of a value. */
function becomes(node: NodeProto, value: string): void {
  node.opType = 'Identity';
  node.input = [value];
  node.attribute = [];
}

/** The type of the output: the attribute `dtype`, or else the input's type. */
const typeOf = (node: NodeProto, type: number): number => int(node, 'dtype', type) || DataType.FLOAT;

/** A random operator whose attribute `shape` gives its shape. */
function ofShape(draw: Drawing): Operator {
  const shapeOf = (node: NodeProto): number[] => ints(node, 'shape') ?? [];
  const infer: Infer = (node) => [{ type: typeOf(node, DataType.FLOAT), dims: shapeOf(node) }];
  return drawing(infer, (node, b, draws) => {
    const shape = shapeOf(node);
    const count = b.int(shape.reduce((product, size) => product * size, 1));
    const values = draw({ b, node, draws, count, seed: seedOf(node) });
    becomes(node, b.cast(b.reshape(values, shape), typeOf(node, DataType.FLOAT)));
  });
}

const inferLike: Infer = (node, b) => {
  const { type, dims } = b.type(inputOf(node, 0));
  return [{ type: typeOf(node, type), dims }];
};

/** A random operator whose output has the shape of its input. */
function ofInput(draw: Drawing): Operator {
  return drawing(inferLike, (node, b, draws) => {
    const x = inputOf(node, 0);
    const values = draw({ b, node, draws, count: b.count(x), seed: seedOf(node) });
    becomes(node, b.cast(b.reshapeLike(values, x), typeOf(node, b.type(x).type)));
  });
}

/** `values · factor + offset`. */
function scaled(b: Ops, values: string, factor: number, offset: number): string {
  const product = factor === 1 ? values : b.mul(values, b.scalar(factor, values));
  return offset === 0 ? product : b.add(product, b.scalar(offset, values));
}

const uniform: Drawing = ({ b, node, draws, count, seed }) => {
  const [low, high] = [float(node, 'low', 0), float(node, 'high', 1)];
  return scaled(b, draws.uniform(b, count, seed), high - low, low);
};

/** Two normal numbers from two uniform ones: √(−2 ln u)·cos 2πv and √(−2 ln u)·sin 2πv (Box and Muller 1958). */
const normal: Drawing = ({ b, node, draws, count, seed }) => {
  const half = b.div(b.add(count, b.int(1)), b.int(2));
  const [u, v] = [draws.uniform(b, half, seed), draws.uniform(b, half, seed)];
  // u may be 0, but 1 − u is not.
  const length = b.sqrt(b.mul(b.log(b.sub(b.scalar(1, u), u)), b.scalar(-2, u)));
  const angle = b.mul(v, b.scalar(2 * Math.PI, v));
  const pairs = ['Cos', 'Sin'].map((f) => b.mul(length, b.emit(f, [angle])));
  const values = b.slice(b.concat(pairs, 0), [0], b.unsqueeze(count, [0]), [0]);
  return scaled(b, values, float(node, 'scale', 1), float(node, 'mean', 0));
};

/** 1 with the probability given by the input, else 0. */
const bernoulli: Drawing = ({ b, node, draws, count, seed }) => {
  const p = inputOf(node, 0);
  return b.less(b.castLike(b.reshapeLike(draws.uniform(b, count, seed), p), p), p);
};

/** Class indices: the number of cumulative probabilities that a uniform number exceeds. */
const multinomial: Operator = drawing(
  (node, b) => [
    {
      type: int(node, 'dtype', DataType.INT32),
      dims: [b.dims(inputOf(node, 0))?.[0] ?? unknownDim(), int(node, 'sample_size', 1)],
    },
  ],
  (node, b, draws) => {
    const x = inputOf(node, 0);
    const samples = int(node, 'sample_size', 1);
    const rows = b.sizeAt(x, 0);
    const count = b.squeeze(b.mul(rows, b.ints([samples])), [0]);
    const u = b.reshape(draws.uniform(b, count, seedOf(node)), [-1, samples, 1]);
    const share = b.cast(b.emit('Softmax', [x], { axis: -1 }), DataType.FLOAT);
    const passed = b.emit('CumSum', [share, b.int(1)]);
    // The limit of the last class is left out, so that rounding cannot lead beyond the last class.
    const limits = b.unsqueeze(b.slice(passed, [0], [-1], [1]), [1]);
    const below = b.cast(b.emit('GreaterOrEqual', [u, limits]), DataType.INT64);
    becomes(node, b.cast(b.reduceSum(below, [2]), int(node, 'dtype', DataType.INT32)));
  },
);

/**
 * Random operators. For training, they are replaced by numbers that depend on the step (see `graph/randomNumbers.ts`),
 * so that a resumed run gets the same numbers. No gradient flows through random numbers. The derivative of Bernoulli
 * with respect to its probabilities is 0, because its output is 0 or 1.
 */
export const random: Operators = {
  RandomNormal: ofShape(normal),
  RandomNormalLike: ofInput(normal),
  RandomUniform: ofShape(uniform),
  RandomUniformLike: ofInput(uniform),
  Bernoulli: ofInput(bernoulli),
  Multinomial: multinomial,
};
