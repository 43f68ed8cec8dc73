import type {
  Env,
  InferenceSession,
  InferenceSessionFactory,
  Tensor,
  TensorConstructor,
} from 'onnxruntime-common';
import { fail } from '../errors.ts';
import { show } from '../show.ts';

/** The part of `onnxruntime-node` or `onnxruntime-web` that a trainer uses. Pass the imported module. */
export interface Ort {
  /** Makes sessions. */
  readonly InferenceSession: Pick<InferenceSessionFactory, 'create'>;
  /** The class of tensors. */
  readonly Tensor: TensorConstructor;
  /** The runtime's environment, from which its version is read. */
  readonly env?: Pick<Env, 'versions'>;
}

/** The tensors of one batch by name: the model's inputs, and `target`. */
export type Batch = Readonly<Record<string, Tensor>>;

export type { InferenceSession, Tensor };

/** Checks that a runtime was passed. */
export function checkOrt(ort: unknown): void {
  const { InferenceSession, Tensor } = (ort ?? {}) as Partial<Ort>;
  if (typeof InferenceSession?.create === 'function' && typeof Tensor === 'function') return;
  throw fail(
    'ort to be the module onnxruntime-node or onnxruntime-web',
    `ort = ${show(ort)}`,
    "Pass the result of `import * as ort from 'onnxruntime-node'`.",
  );
}
