import { create } from '@bufbuild/protobuf';
import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { writeModel } from '../format/model.ts';
import { GraphProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import type { Dim } from '../graph/dim.ts';
import { show } from '../show.ts';
import { Draft, type Size } from './draft.ts';
import { emitLayers } from './emitLayer.ts';
import { type Initialization, initializations } from './initialize.ts';
import type { LayerSpec } from './layer.ts';

/** Options of {@link buildModel}. */
export interface BuildModelOptions {
  /**
   * The shape of one example: [features], [channels, height, width], [channels, length] or [steps, features]. It is
   * [steps] if the first layer is an embedding. An axis of a sequence may be dynamic, and is then given by a name.
   */
  readonly input: readonly Size[];
  /** The layers, in order. */
  readonly layers: readonly LayerSpec[];
  /** The initialisation of dense and convolutional layers. Default `'torch'`. */
  readonly initialization?: Initialization;
  /** The seed for the weights. Each tensor has its own random numbers. Default 0. */
  readonly seed?: number;
}

/** The oldest opset with LayerNormalization. */
const opset = 17n;

/**
 * Builds a new model from layers given as plain data. The result is an ONNX file with initial weights, ready for
 * `createTrainer`. Its input is named `input`, its output `output`, and the batch axis is dynamic. Weights are named
 * after their layers (`dense1.weight`) and have PyTorch's shapes, except that those of `lstm` and `gru` have ONNX's.
 *
 * Batch norms and dropout are in training mode. To deploy the trained model, use `forInference(await
 * trainer.exportModel())`.
 *
 * `@clr/webgpu` takes some layers as the same data (dense, conv2d, maxPool, avgPool, batchNorm, dropout, relu,
 * sigmoid, tanh), so one list works for both. Only the order of the input's axes differs: in this package it is
 * [channels, height, width].
 *
 * @returns the content of an .onnx file
 * @throws {ClrError} if a layer does not fit the output of the layer before it
 *
 * @example
 * ```ts
 * const model = buildModel({
 *   input: [1, 28, 28],
 *   layers: [
 *     { type: 'conv2d', filters: 6, kernel: 5 }, { type: 'relu' }, { type: 'maxPool', size: 2 },
 *     { type: 'dense', units: 10 },
 *   ],
 * });
 * describeModel(model).weights.map(({ name }) => name); // ['conv2d1.weight', 'conv2d1.bias', 'dense1.weight', 'dense1.bias']
 * ```
 */
export function buildModel(options: BuildModelOptions): Uint8Array {
  const names = ['input', 'layers', 'initialization', 'seed'] as const;
  const {
    input,
    layers,
    initialization = 'torch',
    seed = 0,
  } = checkOptionNames('clr/onnx', 'buildModel', options, names);
  checkInput(input);
  if (!Array.isArray(layers) || layers.length === 0) {
    throw fail(
      'layers to be a list of at least one layer',
      `layers = ${show(layers)}`,
      "Pass [{ type: 'dense', units: 10 }].",
    );
  }
  if (!initializations.includes(initialization)) {
    throw fail(
      `initialization to be one of ${initializations.map(show).join(', ')}`,
      `initialization = ${show(initialization)}`,
      "Leave it out for 'torch'.",
    );
  }
  if (!Number.isSafeInteger(seed))
    throw fail('seed to be a whole number', `seed = ${show(seed)}`, 'Leave it out for 0.');
  const b = new Draft(seed, initialization);
  const last = emitLayers(b, { name: 'input', dims: input }, layers);
  if (!b.tensors.some(({ dataType }) => dataType === DataType.FLOAT)) {
    throw fail(
      'a layer with weights',
      `${layers.length} layers, none of which has weights`,
      "Add { type: 'dense', units: 10 }.",
    );
  }
  const final = b.nodes.find(({ output }) => output[0] === last.name);
  if (final) final.output[0] = 'output';
  const shape = (sizes: readonly Size[]): Dim[] => [
    '{batch}',
    ...sizes.map((size) => (typeof size === 'string' ? `{${size}}` : size)),
  ];
  const type = layers[0]?.type === 'embedding' ? DataType.INT64 : DataType.FLOAT;
  return writeModel(
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'clr',
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: opset })],
      graph: create(GraphProtoSchema, {
        name: 'model',
        node: b.nodes,
        initializer: b.tensors,
        input: [declaration('input', type, shape(input))],
        output: [declaration('output', DataType.FLOAT, shape(last.dims))],
      }),
    }),
  );
}

function checkInput(input: readonly Size[]): void {
  const legal = (size: unknown): boolean =>
    (Number.isSafeInteger(size) && (size as number) >= 1) || (typeof size === 'string' && /^\w+$/.test(size));
  if (Array.isArray(input) && input.length >= 1 && input.length <= 3 && input.every(legal)) return;
  throw fail(
    'input to be the shape of one example: [features], [channels, height, width], [channels, length] or [steps, features]',
    `input = ${show(input)}`,
    'Leave out the batch, which may have any size.',
  );
}
