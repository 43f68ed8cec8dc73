import { usage } from '../../device/flags.ts';
import { type Dispatch, dispatchOf } from '../../device/pipelines.ts';
import { isActivation, type Network, type PlacedLayer, volume } from '../network.ts';
import { batchNormOp } from './batchNorm.ts';
import { historyLength, lossDispatch } from './loss.ts';
import { declareBuffers, type Op, type OpContext } from './op.ts';
import { pointwiseOp } from './pointwise.ts';
import { poolOp } from './pool.ts';
import { productOp } from './product.ts';
import { gradientHaloOf, weightSplit } from './productGeometry.ts';
import { haloLength, mainOver, type Tensor, workgroupsFor } from './tensor.ts';

/** The buffers that hold a network's numbers. They exist before the optimizer does. */
export interface NetworkMemory {
  readonly values: GPUBuffer;
  readonly gradients: GPUBuffer;
  readonly statistics: GPUBuffer;
}

/** A network on a device: its dispatches in order, and where their results are. */
export interface CompiledNetwork {
  readonly input: Tensor;
  readonly output: Tensor;
  readonly target: GPUBuffer;
  /** Holds the number of rows in use, as `u32` at byte 0. A smaller batch leaves the other rows unused. */
  readonly info: GPUBuffer;
  readonly loss: GPUBuffer;
  readonly accuracy: GPUBuffer;
  readonly history: GPUBuffer;
  /** The forward pass, the loss, then the backward pass. */
  readonly training: readonly Dispatch[];
  /** The forward pass as in evaluation, then the loss. */
  readonly evaluation: readonly Dispatch[];
  readonly buffers: readonly GPUBuffer[];
}

/** Writes the kernels of a network for a device and a batch size. */
export function compileNetwork(
  device: GPUDevice,
  network: Network,
  { batch, seed, tile }: { readonly batch: number; readonly seed: number; readonly tile: number },
  memory: NetworkMemory,
  state: GPUBuffer,
): CompiledNetwork {
  const buffers: GPUBuffer[] = [];
  const make = (label: string, bytes: number, flags: number = usage.storage): GPUBuffer => {
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    const buffer = device.createBuffer({ label, size, usage: flags | usage.copySource | usage.copyTarget });
    buffers.push(buffer);
    return buffer;
  };
  const tensors = layoutTensors(network, batch, make);
  const input = tensors[0] as Tensor;
  const output = tensors.at(-1) as Tensor;
  const outputs = batch * (network.loss === 'crossEntropy' ? 1 : volume(network.output));
  const target = make('clr targets', outputs * 4);
  const info = make('clr batch info', 16, usage.uniform);
  const [loss, accuracy] = [make('clr loss', 4), make('clr accuracy', 4)];
  const history = make('clr history', historyLength * 8);

  const folds: Fold[] = [];
  const partials = make('clr partial gradients', partialLength(network, batch) * 4);
  let partialEnd = 0;
  let trained = false;
  const ops = network.layers.map((placed, place): Op => {
    const context: OpContext = {
      device,
      batch,
      tile,
      placed,
      input: tensors[place] as Tensor,
      output: tensors[place + 1] as Tensor,
      ...memory,
      state,
      seed,
      needsInputGradient: trained,
      scratch: (label, length) => make(label, length * 4),
      partials: (length, splits) => {
        const offset = partialEnd;
        partialEnd += length * splits;
        folds.push({ from: offset, to: placed.parameters, length, splits });
        return { buffer: partials, offset };
      },
    };
    trained ||= hasParameters(placed);
    return opOf(context, place);
  });
  const measure = lossDispatch(device, network.loss, batch, {
    output,
    target,
    info,
    state,
    loss,
    accuracy,
    history,
  });
  const forward = ops.flatMap((op) => op.forward);
  const backward = [...ops].reverse().flatMap((op) => op.backward);
  const fold = folds.length ? [foldDispatch(device, folds, partials, memory.gradients)] : [];
  return {
    input,
    output,
    target,
    info,
    loss,
    accuracy,
    history,
    training: [...forward, measure, ...backward, ...fold],
    evaluation: [...ops.flatMap((op) => op.evaluate ?? op.forward), measure],
    buffers,
  };
}

function opOf(context: OpContext, place: number): Op {
  const { layer } = context.placed;
  switch (layer.type) {
    case 'dense':
    case 'conv2d':
      return productOp(context, layer);
    case 'maxPool':
    case 'avgPool':
      return poolOp(context, layer);
    case 'batchNorm':
      return batchNormOp(context, layer);
    default:
      return pointwiseOp(context, layer, place);
  }
}

function hasParameters({ layer }: PlacedLayer): boolean {
  return layer.type === 'dense' || layer.type === 'conv2d' || layer.type === 'batchNorm';
}

/**
 * Lays out the tensors between the layers. The two layers on either side of a tensor decide how wide its borders are.
 */
function layoutTensors(
  network: Network,
  batch: number,
  make: (label: string, bytes: number) => GPUBuffer,
): Tensor[] {
  return [undefined, ...network.layers].map((before, index): Tensor => {
    const after = network.layers[index];
    const shape = before?.output ?? network.input;
    const halo = after?.layer.type === 'conv2d' ? after.layer.padding : 0;
    const producer = before?.layer;
    const gradientHalo =
      producer?.type === 'conv2d' || producer?.type === 'dense' ? gradientHaloOf(producer) : 0;
    const layer = producer?.type ?? 'input';
    return {
      shape,
      halo,
      gradientHalo,
      activation: before?.activation ?? (producer && isActivation(producer) ? producer.type : undefined),
      value: make(`clr ${layer}, value`, haloLength(shape, halo, batch) * 4),
      gradient: make(`clr ${layer}, gradient`, haloLength(shape, gradientHalo, batch) * 4),
    };
  });
}

/** Offsets of one layer's partial gradient sums (`from`) and of their total (`to`). */
interface Fold {
  readonly from: number;
  readonly to: number;
  readonly length: number;
  readonly splits: number;
}

function partialLength(network: Network, batch: number): number {
  return network.layers.reduce((sum, placed) => {
    const { layer } = placed;
    if (layer.type !== 'dense' && layer.type !== 'conv2d') return sum;
    const { length, splits } = weightSplit(placed, layer, batch);
    return splits === 1 ? sum : sum + length * splits;
  }, 0);
}

/** Adds up all partial gradients in one dispatch, each in a fixed order. */
function foldDispatch(
  device: GPUDevice,
  folds: readonly Fold[],
  partials: GPUBuffer,
  gradients: GPUBuffer,
): Dispatch {
  let count = 0;
  const cases = folds.map(({ from, to, length, splits }) => {
    const start = count;
    count += length;
    return `if (index >= ${start}u && index < ${count}u) {
    let i = index - ${start}u;
    var sum = 0.0;
    for (var split = 0u; split < ${splits}u; split++) { sum += partials[${from}u + split * ${length}u + i]; }
    gradients[${to}u + i] = sum;
  }`;
  });
  const declarations = declareBuffers(['partials', 'read'], ['gradients', 'read_write']);
  const code = `${declarations}\n${mainOver(count, cases.join(' else '))}`;
  return dispatchOf(device, 'clr fold', code, [partials, gradients], workgroupsFor(count));
}
