import { type Dispatch, dispatchOf } from '../../device/pipelines.ts';
import type { PlacedLayer } from '../network.ts';
import { mainOver, type Tensor, workgroupsFor } from './tensor.ts';

/** Everything that a layer's kernels are made of. */
export interface OpContext {
  readonly device: GPUDevice;
  readonly batch: number;
  /** A thread of a dense or convolution kernel computes `tile × tile` numbers. */
  readonly tile: number;
  readonly placed: PlacedLayer;
  readonly input: Tensor;
  readonly output: Tensor;
  /** All weights, all gradients, all running statistics of the network. */
  readonly values: GPUBuffer;
  readonly gradients: GPUBuffer;
  readonly statistics: GPUBuffer;
  /** The optimizer's counters: byte 0 is the step. */
  readonly state: GPUBuffer;
  readonly seed: number;
  /** True if a layer before this one has trained parameters. */
  readonly needsInputGradient: boolean;
  /** Makes a scratch buffer of `length` numbers. */
  scratch(label: string, length: number): GPUBuffer;
  /** Makes room for partial sums of the parameters' gradients, which are added up after the backward pass. */
  partials(length: number, splits: number): { readonly buffer: GPUBuffer; readonly offset: number };
}

/** A layer's dispatches. */
export interface Op {
  readonly forward: readonly Dispatch[];
  /** Given only if evaluation differs from `forward`. */
  readonly evaluate?: readonly Dispatch[];
  readonly backward: readonly Dispatch[];
}

/** Declares storage buffers, bound in the order given. */
export function declareBuffers(
  ...declarations: readonly (readonly [name: string, access: 'read' | 'read_write', type?: string])[]
): string {
  return declarations
    .map(
      ([name, access, type = 'f32'], index) =>
        `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${type}>;`,
    )
    .join('\n');
}

/** A dispatch of `count` independent threads; `body` can use `index`. */
export function elementwise(
  device: GPUDevice,
  label: string,
  count: number,
  declarations: string,
  body: string,
  buffers: readonly GPUBuffer[],
): Dispatch {
  return dispatchOf(
    device,
    label,
    `${declarations}\n${mainOver(count, body)}`,
    buffers,
    workgroupsFor(count),
  );
}
