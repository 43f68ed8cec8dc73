import { badArgument } from '../errors.ts';
import {
  avgPool,
  batchNorm,
  conv2d,
  dense,
  dropout,
  type Layer,
  maxPool,
  type PoolOptions,
  relu,
  sigmoid,
  tanh,
} from './layers.ts';

/** A layer as plain data whose defaults may be missing: `{ type: 'conv2d', filters: 8, kernel: 3 }`. */
export type LayerData =
  | Layer
  | ({
      /** Selects a dense layer. */
      readonly type: 'dense';
    } & Parameters<typeof dense>[0])
  | ({
      /** Selects a convolution. */
      readonly type: 'conv2d';
    } & Parameters<typeof conv2d>[0])
  | ({
      /** Selects the maximum or the mean of each window. */
      readonly type: 'maxPool' | 'avgPool';
    } & PoolOptions)
  | ({
      /** Selects a batch normalization. */
      readonly type: 'batchNorm';
    } & Parameters<typeof batchNorm>[0])
  | ({
      /** Selects a dropout. */
      readonly type: 'dropout';
    } & Parameters<typeof dropout>[0]);

const factories = { dense, conv2d, maxPool, avgPool, relu, sigmoid, tanh, batchNorm, dropout };

/** A layer with its defaults filled in and its numbers checked. */
export function completeLayer(data: LayerData): Layer {
  const { type, ...options } = Object(data) as { readonly type?: unknown };
  const make =
    typeof type === 'string' && Object.hasOwn(factories, type)
      ? (factories[type as keyof typeof factories] as (options: object) => Layer)
      : undefined;
  if (make) return make(options);
  throw badArgument(
    `the type of a layer to be one of ${Object.keys(factories).join(', ')}`,
    `type = ${String(type)}`,
    'Make it with dense(), conv2d() or another of these.',
  );
}
