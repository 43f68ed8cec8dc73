import { fail } from '../errors.ts';
import { type Draft, known, needRank, type Scope, type Size, type Value } from './draft.ts';
import type { ConvSpec, PoolSpec } from './layer.ts';

/** The geometry of a sliding window along one axis. */
interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation?: number;
  readonly ceil?: boolean;
}

/**
 * The number of window positions, as in PyTorch. With `ceil`, the last window must begin inside the input or its left
 * padding.
 */
function places(
  size: Size,
  scope: Scope,
  { kernel, stride, padding, dilation = 1, ceil = false }: Window,
): number {
  const length = known(size, scope, 'positions');
  const room = length + 2 * padding - dilation * (kernel - 1) - 1;
  const count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  if (room < 0) {
    throw fail(
      `${scope.label} to fit into its input`,
      `a window of ${dilation * (kernel - 1) + 1} over ${length} positions, with ${padding} of padding on each side`,
      'Use a smaller window or more padding.',
    );
  }
  return ceil && (count - 1) * stride >= length + padding ? count - 1 : count;
}

/** Emits a convolution over one or two axes. */
export function emitConv(b: Draft, scope: Scope, x: Value, spec: ConvSpec): Value {
  const { type, filters, kernel, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = spec;
  const axes = type === 'conv1d' ? 1 : 2;
  needRank(
    x,
    [axes + 1],
    scope,
    axes === 1 ? 'an input [channels, length]' : 'an input [channels, height, width]',
  );
  const [channels, ...sizes] = x.dims;
  const count = known(channels, scope, 'channels');
  if (count % groups !== 0 || filters % groups !== 0) {
    throw fail(
      `numbers of channels and filters divisible by ${groups}, the number of groups of ${scope.label}`,
      `${count} channels, ${filters} filters`,
      'Set groups to a divisor of both.',
    );
  }
  const { name } = scope;
  const fan = (count / groups) * kernel ** axes;
  const dims = [filters, count / groups, ...sizes.map(() => kernel)];
  const weight = b.weights(`${name}.weight`, dims, fan, (filters / groups) * kernel ** axes);
  const inputs = [x.name, weight, ...(bias ? [b.biases(`${name}.bias`, filters, fan)] : [])];
  const each = (value: number): number[] => sizes.map(() => value);
  b.emit(name, 'Conv', inputs, {
    kernel_shape: each(kernel),
    strides: each(stride),
    pads: [...each(padding), ...each(padding)],
    dilations: each(dilation),
    group: groups,
  });
  return {
    name,
    dims: [filters, ...sizes.map((size) => places(size, scope, { kernel, stride, padding, dilation }))],
  };
}

/** Emits a max or average pooling. */
export function emitPool(b: Draft, scope: Scope, x: Value, spec: PoolSpec): Value {
  const { type, size, stride = size, padding = 0, ceil = false } = spec;
  needRank(x, [2, 3], scope, 'an input [channels, length] or [channels, height, width]');
  const [channels, ...sizes] = x.dims;
  const each = (value: number): number[] => sizes.map(() => value);
  b.emit(scope.name, type === 'maxPool' ? 'MaxPool' : 'AveragePool', [x.name], {
    kernel_shape: each(size),
    strides: each(stride),
    pads: [...each(padding), ...each(padding)],
    ceil_mode: ceil ? 1 : undefined,
    count_include_pad: type === 'avgPool' ? 1 : undefined,
  });
  const window = { kernel: size, stride, padding, ceil };
  return { name: scope.name, dims: [channels as Size, ...sizes.map((each) => places(each, scope, window))] };
}
