import { checkOptionNames } from '@clr/core';
import { fail } from '../errors.ts';
import { isFloat, typeName } from '../format/dataType.ts';
import { type NamedTensor, readSafetensors } from '../format/safetensors.ts';
import { dimsOf } from '../format/tensor.ts';
import { floatTensor } from '../layers/scalarNode.ts';
import { show } from '../show.ts';
import { addLora } from './addLora.ts';
import { listTargets, loraOf, loraTargets } from './loraLayers.ts';
import { Opened } from './opened.ts';
import { peftPrefix } from './saveLora.ts';

/** Options of {@link loadLora}. */
export interface LoadLoraOptions {
  /**
   * The adapters' scale times their rank: `lora_alpha` of PEFT's `adapter_config.json`. Default: the value in the file.
   */
  readonly alpha?: number;
}

/**
 * Loads adapters into a model, from a safetensors file that Python's PEFT or {@link saveLora} wrote. Modules are found
 * by name, even if only the file or only the model has a prefix (`bert.`). Other weights in the file, such as those of
 * a head, replace the tensors with the same names.
 *
 * @param model - the content of an .onnx file without adapters; it is not changed
 * @param adapter - the content of `adapter_model.safetensors`
 * @returns the content of the new file
 * @throws {ClrError} if `adapter` is not a safetensors file, or if it does not fit the model
 *
 * @example
 * ```ts
 * const { adapter } = saveLora(addLora(bytes, { rank: 4, alpha: 8, targets: ['7'] }));
 * const model = loadLora(bytes, adapter);
 * saveLora(model).config.lora_alpha; // 8
 * ```
 */
export function loadLora(model: Uint8Array, adapter: Uint8Array, options: LoadLoraOptions = {}): Uint8Array {
  checkOptionNames('clr/onnx', 'loadLora', options, ['alpha']);
  const { tensors, metadata } = readSafetensors(adapter);
  const alpha = options.alpha ?? Number(metadata.lora_alpha ?? Number.NaN);
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw fail(
      'alpha to be a finite number above 0 (PEFT keeps it in adapter_config.json)',
      `alpha = ${show(options.alpha)}`,
      'Pass { alpha: config.lora_alpha }.',
    );
  }
  const named = new Map([...tensors].map(([name, tensor]) => [name.replace(peftPrefix, ''), tensor]));
  const pattern = /^(.*)\.lora_(?:A\.weight|embedding_A)$/;
  const modules = [...named].flatMap(([name, { dims }]) => {
    const module = pattern.exec(name)?.[1];
    return module === undefined ? [] : [{ module, rank: dims[0] as number }];
  });
  const rank = modules[0]?.rank;
  if (rank === undefined || modules.some((each) => each.rank !== rank)) {
    throw fail(
      'adapters that all have the same rank, in tensors with names such as base_model.model.….lora_A.weight',
      rank === undefined ? `only ${[...tensors.keys()].slice(0, 3).map(show).join(', ')}` : 'several ranks',
      'Pass an adapter_model.safetensors of PEFT.',
    );
  }
  const targets = loraTargets(new Opened(model));
  const places = new Map(
    modules.map(({ module }) => {
      const found =
        targets.find((target) => target.module === module) ??
        only(
          targets.filter(
            (target) => target.module.endsWith(`.${module}`) || module.endsWith(`.${target.module}`),
          ),
        );
      if (found) return [found.module, module];
      throw fail(
        `a layer "${module}" in the model, because the file adapts it`,
        `layers ${listTargets(targets)}`,
        'Check that the file belongs to this model.',
      );
    }),
  );
  const opened = new Opened(addLora(model, { rank, alpha, targets: (module) => places.has(module) }));
  const own = new Set<string>();
  const put = (name: string, source: string): void => {
    own.add(source);
    replace(opened, name, named.get(source), source);
  };
  for (const { kind, module, a, b } of loraOf(opened)?.layers ?? []) {
    const [first, second] = kind === 'embedding' ? ['embedding_A', 'embedding_B'] : ['A.weight', 'B.weight'];
    put(a, `${places.get(module)}.lora_${first}`);
    put(b, `${places.get(module)}.lora_${second}`);
  }
  for (const name of named.keys()) if (!own.has(name)) put(name, name);
  return opened.close();
}

const only = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

/** Replaces the elements of a stored tensor. */
function replace(opened: Opened, name: string, tensor: NamedTensor | undefined, source: string): void {
  const stored = opened.graph.initializer.find((each) => each.name === name);
  const shape = stored && dimsOf(stored);
  if (!tensor || !stored || !isFloat(stored.dataType) || shape?.join() !== tensor.dims.join()) {
    throw fail(
      `"${source}" ${shape ? `as floats of shape [${shape.join(', ')}]` : 'among the tensors of the model'}`,
      tensor
        ? `shape [${tensor.dims.join(', ')}]${stored ? ` for a tensor of ${typeName(stored.dataType)}` : ''}`
        : 'no such tensor in the file',
      'Check that the file belongs to this model.',
    );
  }
  stored.rawData = floatTensor(name, stored.dataType, tensor.dims, tensor.data).rawData;
  stored.floatData = [];
  stored.doubleData = [];
  stored.int32Data = [];
}
