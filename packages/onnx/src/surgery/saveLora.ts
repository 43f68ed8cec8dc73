import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { type NamedTensor, writeSafetensors } from '../format/safetensors.ts';
import { dimsOf } from '../format/tensor.ts';
import { readPredicate } from '../training/namePredicate.ts';
import { requireLora } from './loraLayers.ts';
import { floatValues, Opened } from './opened.ts';

/** The prefix of tensor names in PEFT. */
export const peftPrefix = 'base_model.model.';

/** Adapters in PEFT's format: the two files of a folder. */
export interface LoraFiles {
  /** The content of `adapter_model.safetensors`. */
  readonly adapter: Uint8Array;
  /** The content of `adapter_config.json`, as an object. */
  readonly config: {
    /** The kind of adapter, as PEFT spells it. */
    readonly peft_type: 'LORA';
    /** The rank of the adapters. */
    readonly r: number;
    /** The scale α: an adapter adds α / r · B · A. */
    readonly lora_alpha: number;
    /** The names of the layers with an adapter. */
    readonly target_modules: readonly string[];
    /** Biases are not trained. */
    readonly bias: 'none';
    /** Weights are stored as [outputs, inputs]. */
    readonly fan_in_fan_out: false;
    /** Layers that are stored whole, such as a new head. */
    readonly modules_to_save?: readonly string[];
  };
}

/** Options of {@link saveLora}. */
export interface SaveLoraOptions {
  /** Selects further weights for the file, such as those of a new head. */
  readonly and?: (name: string) => boolean;
}

/**
 * Writes the adapters of a model in the format of Python's PEFT: a safetensors file with PEFT's names and shapes
 * (`base_model.model.module.lora_A.weight` [rank, inputs]), and PEFT's configuration.
 *
 * @param model - the content of an .onnx file with adapters, such as a result of `exportModel()`
 * @throws {ClrError} if the model has no adapters
 * @see https://github.com/huggingface/peft
 *
 * @example
 * ```ts
 * const { adapter, config } = saveLora(addLora(bytes, { rank: 4, targets: ['7'] }));
 * config.target_modules; // ['7']
 * ```
 */
export function saveLora(model: Uint8Array, options: SaveLoraOptions = {}): LoraFiles {
  checkOptionNames('clr/onnx', 'saveLora', options, ['and']);
  const and = readPredicate('and', options.and);
  const opened = new Opened(model);
  const { rank, alpha, layers } = requireLora(opened);
  const adapters = new Set(layers.flatMap(({ a, b }) => [a, b]));
  const also = opened.graph.initializer
    .map(({ name }) => name)
    .filter((name) => !adapters.has(name) && and(name));
  if (options.and && also.length === 0) {
    throw fail(
      'the option `and` to select at least one weight',
      `none of the ${opened.graph.initializer.length - adapters.size} tensors besides the adapters`,
      'describeModel() lists the weights. Leave out `and` to save only the adapters.',
    );
  }
  const tensors = new Map<string, NamedTensor>();
  const add = (name: string, key: string): void => {
    const tensor = opened.stored(name);
    const data = Float32Array.from(floatValues(opened, name));
    tensors.set(peftPrefix + key, { dims: tensor ? dimsOf(tensor) : [], data });
  };
  for (const { kind, module, a, b } of layers) {
    const embedding = kind === 'embedding';
    add(a, embedding ? `${module}.lora_embedding_A` : `${module}.lora_A.weight`);
    add(b, embedding ? `${module}.lora_embedding_B` : `${module}.lora_B.weight`);
  }
  for (const name of also) add(name, name);
  const saved = [...new Set(also.map((name) => name.replace(/\.[^.]+$/, '')))];
  return {
    adapter: writeSafetensors(tensors, { format: 'pt', r: String(rank), lora_alpha: String(alpha) }),
    config: {
      peft_type: 'LORA',
      r: rank,
      lora_alpha: alpha,
      target_modules: layers.map(({ module }) => module),
      bias: 'none',
      fan_in_fan_out: false,
      ...(saved.length > 0 ? { modules_to_save: saved } : {}),
    },
  };
}
