import fc from 'fast-check';
import type { AttributeValue } from '../src/format/attributes.ts';
import { DataType } from '../src/format/dataType.ts';
import type { Provider } from '../src/lower/target.ts';
import type { FormCase, FormInput, Known } from './checkForm.ts';
import { random } from './checkGradient.ts';

/** The number of elements. */
const product = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** Integers from −2 to 2. */
function whole(dims: readonly number[], seed: number): FormInput {
  const next = random(seed);
  return { dims, values: Array.from({ length: product(dims) }, () => Math.floor(next() * 5) - 2) };
}

/** Distinct values, at least a half away from 0: … −0.5, 0.5, 1.5 … */
function distinct(dims: readonly number[], seed: number): FormInput {
  const next = random(seed);
  const size = product(dims);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return { dims, values: order.map((rank) => rank - Math.floor(size / 2) + 0.5) };
}

/** The properties that decide how an operator is written, besides its attributes. */
interface Target {
  readonly type: number;
  readonly known: Known;
  readonly provider: Provider;
  readonly block: number;
}

/** @param double - whether the runtime also has a float64 kernel for the operator */
const targetOf = (double: boolean): fc.Arbitrary<Target> =>
  fc
    .record({
      type: fc.constantFrom(DataType.FLOAT, DataType.FLOAT, double ? DataType.DOUBLE : DataType.FLOAT),
      known: fc.constantFrom<Known>('all', 'all', 'batch is free', 'rank'),
      provider: fc.constantFrom<Provider>('cpu', 'cpu', 'any', 'webgpu'),
      block: fc.constantFrom(1, 1, 8, 16),
    })
    .map(({ provider, ...t }) => {
      // WebGPU has no float64.
      const double = t.type === DataType.DOUBLE;
      const there = double && provider === 'webgpu' ? 'cpu' : provider;
      return { ...t, provider: there, block: there === 'webgpu' || double ? 1 : t.block };
    });
const target = targetOf(false);

const padding = fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER');
const flag = fc.constantFrom(0, 1);
const seeds = fc.integer({ min: 1, max: 1 << 20 });
const lists = (axes: number, arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(arbitrary, { minLength: axes, maxLength: axes });
const axesOf = (most: number): fc.Arbitrary<number> =>
  fc.constantFrom(...[1, 2, 2, 2, 3].filter((n) => n <= most));

/**
 * Kernels of 1 to 4 positions per axis, with strides, dilations and padding, and the image's size beyond the kernel.
 */
const windows = (axes: number) => ({
  kernel: lists(axes, fc.constantFrom(1, 2, 3, axes === 2 ? 4 : 2)),
  strides: lists(axes, fc.constantFrom(1, 1, 2, 3)),
  dilations: lists(axes, fc.constantFrom(1, 1, 2, 3)),
  before: lists(axes, fc.integer({ min: 0, max: 2 })),
  after: lists(axes, fc.integer({ min: 0, max: 2 })),
  extra: lists(axes, fc.integer({ min: 0, max: axes === 3 ? 1 : 4 })),
  auto: padding,
});

/** Attributes for padding: explicit, or automatic. */
function padded(auto: string, pads: readonly number[]): Record<string, AttributeValue> {
  return auto === 'NOTSET' ? { pads } : { auto_pad: auto };
}

const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/**
 * Channel counts that fit NCHWc layout (3, or multiples of the block size). Groups of any size if the block size is 1.
 */
function channelsOf(
  block: number,
  group: number,
  inner: number,
  outer: number,
  separate: boolean,
): [group: number, inputs: number, outputs: number] {
  if (block === 1) return separate ? [4, 4, 4 * outer] : [group, group * inner, group * outer];
  if (separate) return [block, block, block];
  return [1, [3, block, 2 * block][inner % 3] as number, block * (1 + (outer % 2))];
}

/** Convolutions of one to three axes. */
export const convolutions: fc.Arbitrary<FormCase> = fc.tuple(target, axesOf(3)).chain(([t, drawn]) => {
  const axes = t.block > 1 ? 2 : drawn;
  return fc
    .record({
      ...windows(axes),
      n: fc.constantFrom(1, 2, 4, 5),
      group: fc.constantFrom(1, 1, 1, 2, 3),
      inner: fc.constantFrom(1, 2, 3, 6, 7),
      outer: fc.constantFrom(1, 2, 3, axes === 2 ? 16 : 4),
      separate: fc.boolean(),
      bias: fc.boolean(),
      seed: seeds,
    })
    .map(({ kernel, strides, dilations, before, after, extra, auto, n, seed, bias, ...c }): FormCase => {
      const same = auto.startsWith('SAME');
      // The runtime refuses SAME convolutions with dilation.
      const spread = same ? dilations.map(() => 1) : dilations;
      const span = kernel.map((k, i) => reach(k, spread[i] as number));
      const pads = [...before, ...after];
      const cut =
        auto === 'NOTSET' ? before.map((pad, i) => pad + (after[i] as number)) : before.map(() => 0);
      const sizes = span.map((s, i) => Math.max(1, s + (extra[i] as number) - (cut[i] as number)));
      const [group, inputs, outputs] = channelsOf(t.block, c.group, c.inner, c.outer, c.separate);
      return {
        ...t,
        op: 'Conv',
        opset: 18,
        step: 1,
        inputs: [
          whole([n, inputs, ...sizes], seed),
          whole([outputs, inputs / group, ...kernel], seed + 1),
          bias ? whole([outputs], seed + 2) : undefined,
        ],
        attributes: { kernel_shape: kernel, strides, dilations: spread, group, ...padded(auto, pads) },
      };
    });
});

/** Transposed convolutions with automatic padding, `output_shape` or explicit padding, and with `output_padding`. */
export const transposed: fc.Arbitrary<FormCase> = fc.tuple(target, axesOf(3)).chain(([t, drawn]) => {
  const axes = t.block > 1 ? 2 : drawn;
  return fc
    .record({
      ...windows(axes),
      n: fc.constantFrom(1, 2, 4, 5),
      group: fc.constantFrom(1, 1, 1, 2, 3),
      inner: fc.constantFrom(1, 2, 3, 6),
      outer: fc.constantFrom(1, 2, 3, 7),
      separate: fc.boolean(),
      bias: fc.boolean(),
      spare: lists(axes, fc.integer({ min: 0, max: 2 })),
      shaped: fc.constantFrom(false, false, true),
      seed: seeds,
    })
    .map(({ kernel, strides, dilations, before, after, extra, auto, n, seed, bias, ...c }): FormCase => {
      const pads = [...before, ...after];
      const spare = c.spare.map((pad, i) => Math.min(pad, (strides[i] as number) - 1));
      const sizes = extra.map((e) => e + 1);
      const whole_ = sizes.map(
        (size, i) =>
          (size - 1) * (strides[i] as number) +
          reach(kernel[i] as number, dilations[i] as number) +
          (spare[i] as number),
      );
      // An output shape that is a little smaller than the full extent, or larger by less than a stride.
      const shape = whole_.map((size, i) =>
        Math.max(
          1,
          size +
            (after[i] === 0 ? (strides[i] as number) - 1 - (spare[i] as number) : -(before[i] as number)),
        ),
      );
      const [group, inputs, outputs] = channelsOf(t.block, c.group, c.inner, c.outer, c.separate);
      const padding: Record<string, AttributeValue> = c.shaped
        ? { output_shape: shape, ...(auto === 'NOTSET' ? {} : { auto_pad: auto }) }
        : padded(auto, pads);
      return {
        ...t,
        op: 'ConvTranspose',
        opset: 18,
        step: 1,
        inputs: [
          whole([n, inputs, ...sizes], seed),
          whole([inputs, outputs / group, ...kernel], seed + 1),
          bias ? whole([outputs], seed + 2) : undefined,
        ],
        attributes: {
          kernel_shape: kernel,
          strides,
          dilations,
          group,
          output_padding: spare,
          ...padding,
        },
      };
    });
});

/** Pools of one to three axes with all kinds of padding, rounding and divisor, with and without overlapping windows. */
export const pools = (op: 'MaxPool' | 'AveragePool' | 'LpPool'): fc.Arbitrary<FormCase> =>
  fc.tuple(targetOf(op === 'MaxPool'), axesOf(3)).chain(([t, axes]) =>
    fc
      .record({
        ...windows(axes),
        n: fc.constantFrom(1, 2, 3),
        channels: fc.constantFrom(1, 2, 3),
        tiles: fc.boolean(),
        plain: fc.boolean(),
        ceil: flag,
        columns: flag,
        indices: fc.constantFrom(1, 1, 2),
        include: flag,
        relu: fc.boolean(),
        seed: seeds,
      })
      .map(({ kernel, dilations, before, after, extra, auto, n, seed, ...c }): FormCase => {
        const strides = c.tiles ? kernel : c.strides;
        const spread = c.plain ? kernel.map(() => 1) : dilations;
        const span = kernel.map((k, i) => reach(k, spread[i] as number));
        const pads = [...before, ...after].map((pad, i) => Math.min(pad, (kernel[i % axes] as number) - 1));
        const sizes = span.map((s, i) =>
          c.tiles && c.plain ? (kernel[i] as number) * (1 + (extra[i] as number)) : s + (extra[i] as number),
        );
        const dims = [n, c.channels, ...sizes];
        const max = op === 'MaxPool';
        return {
          ...t,
          block: 1,
          op,
          // AveragePool has dilations since opset 19.
          opset: op === 'AveragePool' ? 19 : 18,
          step: 1 / 16,
          ...(max && c.relu ? { before: 'Relu' } : {}),
          ...(max ? { outputs: c.indices } : {}),
          inputs: [max || op === 'LpPool' ? distinct(dims, seed) : whole(dims, seed)],
          attributes: {
            kernel_shape: kernel,
            strides,
            dilations: spread,
            ceil_mode: c.ceil,
            ...padded(auto, pads),
            ...(max ? { storage_order: c.columns } : {}),
            ...(op === 'AveragePool' ? { count_include_pad: c.include } : {}),
            ...(op === 'LpPool' ? { p: 1 } : {}),
          },
        };
      }),
  );

/** Global pools of one to three axes. */
export const globals = (op: 'GlobalMaxPool' | 'GlobalAveragePool' | 'GlobalLpPool'): fc.Arbitrary<FormCase> =>
  fc
    .record({
      t: target,
      sizes: axesOf(3).chain((axes) => lists(axes, fc.integer({ min: 1, max: 4 }))),
      n: fc.constantFrom(1, 2, 3),
      channels: fc.constantFrom(1, 2, 3),
      seed: seeds,
    })
    .map(({ t, sizes, n, channels, seed }): FormCase => {
      const dims = [n, channels, ...sizes];
      return {
        ...t,
        block: 1,
        op,
        opset: 18,
        step: 1 / 16,
        inputs: [op === 'GlobalAveragePool' ? whole(dims, seed) : distinct(dims, seed)],
        attributes: op === 'GlobalLpPool' ? { p: 1 } : {},
      };
    });

const given = (type: number, values: readonly number[]): FormInput => ({
  dims: [values.length],
  values: values.map(type === DataType.FLOAT ? Math.fround : Number),
  type,
  constant: true,
});

const float = (value: number): AttributeValue => ({ float: value });

/**
 * Resampling by scales and by sizes, in every mode. Small images use one matrix; large ones are resized axis by axis.
 */
export const resizes: fc.Arbitrary<FormCase> = fc.tuple(target, axesOf(3)).chain(([t, axes]) =>
  fc
    .record({
      large: fc.constantFrom(false, false, false, axes === 2),
      n: fc.constantFrom(1, 2),
      sizes: lists(axes, fc.integer({ min: 1, max: axes === 3 ? 3 : 10 })),
      scales: lists(axes, fc.constantFrom(0.35, 0.58, 0.6, 0.7, 1, 1.3, 1.5, 2, 3)),
      sized: fc.boolean(),
      mode: fc.constantFrom('nearest', 'linear', 'cubic'),
      coordinates: fc.constantFrom(
        'half_pixel',
        'half_pixel_symmetric',
        'pytorch_half_pixel',
        'align_corners',
        'asymmetric',
      ),
      nearest: fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
      outside: flag,
      antialias: fc.constantFrom(0, 0, 0, 1),
      listed: fc.boolean(),
      cubic: fc.constantFrom(-0.75, -0.5),
      seed: seeds,
    })
    .map(({ sizes, scales, sized, mode, n, seed, ...c }): FormCase => {
      // 16 · 16 elements are too many for one matrix over both axes.
      const spatial = c.large ? sizes.map((size) => size + 13) : sizes;
      const factors = scales.map((scale, i) => (scale * (spatial[i] as number) < 1.01 ? 1 : scale));
      const after = spatial.map((size, i) => Math.floor(size * (factors[i] as number)));
      // If the batch size is unknown, it is unknown whether a given size changes it.
      const picked = c.listed || (sized && t.known !== 'all') ? spatial.map((_, i) => i + 2) : undefined;
      const ones = picked ? [] : [1, 1];
      return {
        ...t,
        block: 1,
        op: 'Resize',
        opset: 18,
        step: 1,
        inputs: [
          whole([n, 2, ...spatial], seed),
          undefined,
          sized ? undefined : given(DataType.FLOAT, [...ones, ...factors]),
          sized ? given(DataType.INT64, [...(picked ? [] : [n, 2]), ...after]) : undefined,
        ],
        attributes: {
          mode,
          coordinate_transformation_mode: c.coordinates,
          ...(mode === 'nearest' ? { nearest_mode: c.nearest } : {}),
          ...(mode === 'cubic' ? { cubic_coeff_a: float(c.cubic), exclude_outside: c.outside } : {}),
          ...(mode !== 'nearest' && c.antialias ? { antialias: 1 } : {}),
          ...(picked ? { axes: picked } : {}),
        },
      };
    }),
);

/** Resampling as in opsets before 11. */
export const oldResizes: fc.Arbitrary<FormCase> = fc
  .record({
    t: target,
    form: fc.constantFrom('Resize 10', 'Upsample 9', 'Upsample 7'),
    sizes: lists(2, fc.integer({ min: 1, max: 7 })),
    small: lists(2, fc.constantFrom(0.4, 0.6, 1, 1.5, 2)),
    grown: lists(2, fc.constantFrom(1, 1.4, 1.5, 2, 3)),
    mode: fc.constantFrom('nearest', 'linear'),
    seed: seeds,
  })
  .map(({ t, form, sizes, small, grown, mode, seed }): FormCase => {
    const [op, version] = form.split(' ') as [string, string];
    const drawn = op === 'Resize' ? small : grown;
    const scales = [1, 1, ...drawn.map((scale, i) => (scale * (sizes[i] as number) < 1.01 ? 1 : scale))];
    return {
      ...t,
      block: 1,
      op,
      opset: Number(version),
      step: 1,
      inputs: [whole([2, 2, ...sizes], seed), version === '7' ? undefined : given(DataType.FLOAT, scales)],
      attributes: { mode, ...(version === '7' ? { scales: { floats: scales } } : {}) },
    };
  });

/** Batch normalisation, frozen and in training mode, over zero to three spatial axes. */
export const batchNorms: fc.Arbitrary<FormCase> = fc
  .record({
    t: targetOf(true),
    sizes: fc.constantFrom<number[]>([], [3], [2, 3], [2, 1, 2]),
    n: fc.constantFrom(2, 3),
    channels: fc.constantFrom(1, 2, 8),
    training: flag,
    seed: seeds,
  })
  .map(({ t, sizes, n, channels, training, seed }): FormCase => {
    const positive = (s: number): FormInput => ({
      dims: [channels],
      values: whole([channels], s).values.map((v) => 1.5 + v / 4),
      constant: true,
    });
    return {
      ...t,
      block: 1,
      // With an unknown batch size, all examples would be equal, and the variance 0.
      known: t.known === 'batch is free' ? 'all' : t.known,
      op: 'BatchNormalization',
      opset: 18,
      step: t.type === DataType.FLOAT ? 1 / 32 : 1 / 1024,
      curved: true,
      outputs: training ? 3 : 1,
      inputs: [
        distinct([n, channels, ...sizes], seed),
        whole([channels], seed + 1),
        whole([channels], seed + 2),
        { ...whole([channels], seed + 3), constant: true },
        positive(seed + 4),
      ],
      attributes: { epsilon: float(0.1), ...(training ? { training_mode: 1 } : {}) },
    };
  });
