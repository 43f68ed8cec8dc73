import type {
  Env,
  InferenceSession,
  InferenceSessionFactory,
  Tensor,
  TensorConstructor,
} from 'onnxruntime-common';

/** The part of `onnxruntime-node` or `onnxruntime-web` that a trainer uses: pass the imported module. */
export interface Ort {
  readonly InferenceSession: Pick<InferenceSessionFactory, 'create'>;
  readonly Tensor: TensorConstructor;
  readonly env?: Pick<Env, 'versions'>;
}

/** The tensors of one batch by name: the model's inputs, and `target`. */
export type Batch = Readonly<Record<string, Tensor>>;

export type { InferenceSession, Tensor };
