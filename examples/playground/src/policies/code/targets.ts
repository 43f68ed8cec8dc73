import type { Policy } from '@clr/core';
import { asCore, asJson, asOnnx, asTfjs, asWebgpu } from './clr.ts';
import { asKeras } from './keras.ts';
import { asOptax } from './optax.ts';
import type { Translation } from './python.ts';
import { asPyTorch } from './pytorch.ts';

/** The libraries for which a policy can be shown as code. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly translate: (policy: Policy, shown: number) => Translation;
}

const always =
  (write: (policy: Policy, shown: number) => string) =>
  (policy: Policy, shown: number): Translation => ({ code: write(policy, shown) });

export const targets: readonly Target[] = [
  { id: 'core', name: 'clr', translate: always(asCore) },
  { id: 'onnx', name: 'ONNX', translate: always(asOnnx) },
  { id: 'tfjs', name: 'TensorFlow.js', translate: always(asTfjs) },
  { id: 'webgpu', name: 'WebGPU', translate: always(asWebgpu) },
  { id: 'pytorch', name: 'PyTorch', translate: asPyTorch },
  { id: 'optax', name: 'optax', translate: asOptax },
  { id: 'keras', name: 'Keras', translate: asKeras },
  { id: 'json', name: 'JSON', translate: always(asJson) },
];
