import { checkOptionNames, nearest } from '@clr/core';
import { fail } from '../errors.ts';
import { show } from '../show.ts';
import { type Draft, known, needRank, type Scope, type Value } from './draft.ts';
import { emitAttention } from './emitAttention.ts';
import { emitConv, emitPool } from './emitConv.ts';
import { emitDense } from './emitDense.ts';
import { emitBatchNorm, emitLayerNorm } from './emitNorm.ts';
import { emitPlain } from './emitPlain.ts';
import { emitRecurrent } from './emitRecurrent.ts';
import { normal } from './initialize.ts';
import type { DropoutSpec, EmbeddingSpec, LayerSpec, PositionsSpec, ResidualSpec } from './layer.ts';

type Emit<Spec> = (b: Draft, scope: Scope, x: Value, spec: Spec) => Value;
type Check = (value: unknown) => boolean;

const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const countOrNone: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const flag: Check = (value) => typeof value === 'boolean';
const share: Check = (value) => (value as number) >= 0 && (value as number) < 1;
const positive: Check = (value) => Number.isFinite(value) && (value as number) > 0;
const portion: Check = (value) => (value as number) > 0 && (value as number) <= 1;
const layers: Check = Array.isArray;
const someLayers: Check = (value) => Array.isArray(value) && value.length > 0;

const words = new Map<Check, string>([
  [count, 'a whole number of at least 1'],
  [countOrNone, 'a whole number of at least 0'],
  [flag, 'true or false'],
  [share, 'a number in [0, 1)'],
  [positive, 'a number above 0'],
  [portion, 'a number in (0, 1]'],
  [layers, 'a list of layers'],
  [someLayers, 'a list of at least one layer'],
]);

/** A kind of layer: the rules for its fields, the required fields, and the function that emits it. */
interface Kind {
  readonly fields: Readonly<Record<string, Check>>;
  readonly needs: readonly string[];
  readonly emit: Emit<never>;
}

const window = { stride: count, padding: countOrNone };
const conv: Kind = {
  fields: { filters: count, kernel: count, ...window, dilation: count, groups: count, bias: flag },
  needs: ['filters', 'kernel'],
  emit: emitConv,
};
const pool: Kind = { fields: { size: count, ...window, ceil: flag }, needs: ['size'], emit: emitPool };
const recurrent: Kind = {
  fields: { units: count, last: flag, bidirectional: flag },
  needs: ['units'],
  emit: emitRecurrent,
};
const plain: Kind = { fields: {}, needs: [], emit: emitPlain };

const emitDropout: Emit<DropoutSpec> = (b, { name }, x, { rate }) => {
  const inputs = [x.name, b.constant(`${name}.rate`, rate), b.flag(`${name}.training`, true)];
  return { name: b.emit(name, 'Dropout', inputs), dims: x.dims };
};

const emitEmbedding: Emit<EmbeddingSpec> = (b, { name, label }, x, { rows, units }) => {
  if (label !== 'layer 0 (embedding)') {
    throw fail(
      'an embedding to come first, because it reads the indices of tokens',
      `${label} after other layers or inside another layer`,
      'Put the embedding first.',
    );
  }
  const weight = b.store(`${name}.weight`, [rows, units], normal(b.seed, `${name}.weight`, rows * units, 1));
  return { name: b.emit(name, 'Gather', [weight, x.name]), dims: [...x.dims, units] };
};

const emitPositions: Emit<PositionsSpec> = (b, scope, x) => {
  const { name } = scope;
  needRank(x, [2], scope, 'a sequence [steps, features]');
  const [steps, features] = [known(x.dims[0], scope, 'steps'), known(x.dims[1], scope, 'features')];
  const values = normal(b.seed, `${name}.weight`, steps * features, 0.02);
  const weight = b.store(`${name}.weight`, [steps, features], values);
  return { name: b.emit(name, 'Add', [x.name, weight]), dims: x.dims };
};

const emitResidual: Emit<ResidualSpec> = (b, { name, label }, x, { layers: inner, shortcut = [] }) => {
  const [deep, short] = [
    emitLayers(b, x, inner, `${label}, `),
    emitLayers(b, x, shortcut, `${label}, shortcut `),
  ];
  if (deep.dims.join() !== short.dims.join()) {
    throw fail(
      `the layers of ${label} to give the shape of its shortcut`,
      `[${deep.dims.join(', ')}] from the layers and [${short.dims.join(', ')}] from the shortcut`,
      'Set shortcut to layers that give the same shape, such as a convolution with kernel 1.',
    );
  }
  return { name: b.emit(name, 'Add', [deep.name, short.name]), dims: deep.dims };
};

const kinds: Readonly<Record<LayerSpec['type'], Kind>> = {
  dense: { fields: { units: count, bias: flag }, needs: ['units'], emit: emitDense },
  conv1d: conv,
  conv2d: conv,
  maxPool: pool,
  avgPool: pool,
  batchNorm: { fields: { epsilon: positive, momentum: portion }, needs: [], emit: emitBatchNorm },
  layerNorm: { fields: { epsilon: positive }, needs: [], emit: emitLayerNorm },
  dropout: { fields: { rate: share }, needs: ['rate'], emit: emitDropout },
  embedding: { fields: { rows: count, units: count }, needs: ['rows', 'units'], emit: emitEmbedding },
  positions: { fields: {}, needs: [], emit: emitPositions },
  lstm: recurrent,
  gru: recurrent,
  attention: { fields: { heads: count, causal: flag }, needs: ['heads'], emit: emitAttention },
  residual: { fields: { layers: someLayers, shortcut: layers }, needs: ['layers'], emit: emitResidual },
  ...{ relu: plain, sigmoid: plain, tanh: plain, gelu: plain, softmax: plain, flatten: plain },
  ...{ globalAvgPool: plain, transpose: plain, meanOverSteps: plain },
};

/** Checks a layer's type and fields, and returns its kind. */
function kindOf(spec: LayerSpec, label: string): Kind {
  const type: unknown = (spec as LayerSpec | undefined)?.type;
  const kind =
    typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type as LayerSpec['type']] : undefined;
  if (!kind) {
    const names = Object.keys(kinds);
    throw fail(
      `the type of ${label} to be one of ${names.join(', ')}`,
      typeof spec === 'object' && spec ? `type = ${show(type)}` : show(spec),
      typeof spec === 'string'
        ? `Write a layer as { type: ${show(spec)} }.`
        : typeof type === 'string'
          ? nearest(type, names)
          : "Write a layer as { type: 'dense', units: 10 }.",
    );
  }
  const { fields, needs } = kind;
  checkOptionNames<object, readonly string[]>('clr/onnx', `${label} (${String(type)})`, spec, [
    'type',
    ...Object.keys(fields),
  ]);
  for (const [name, check] of Object.entries(fields)) {
    const value: unknown = (spec as never as Record<string, unknown>)[name];
    if (value === undefined ? !needs.includes(name) : check(value)) continue;
    throw fail(
      `${name} of ${label} (${String(type)}) to be ${words.get(check)}`,
      `${name} = ${show(value)}`,
      'Correct the layer.',
    );
  }
  return kind;
}

/** Appends layers one after another. `path` locates them in error messages. */
export function emitLayers(b: Draft, x: Value, specs: readonly LayerSpec[], path = ''): Value {
  return specs.reduce((value, spec, index) => {
    const label = `${path}layer ${index}`;
    const { emit } = kindOf(spec, label);
    return emit(b, { name: b.next(spec.type), label: `${label} (${spec.type})` }, value, spec as never);
  }, x);
}
