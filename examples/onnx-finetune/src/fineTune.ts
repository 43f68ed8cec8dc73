import { adam, decay, train } from '@clr/core';
import type { Digits } from '@clr/datasets/onnx';
import {
  addLora,
  createTrainer,
  describeHead,
  freezeExcept,
  isLora,
  mergeLora,
  replaceHead,
  saveLora,
  type TrainerOptions,
} from '@clr/onnx';
import * as ort from 'onnxruntime-node';
import { Loader } from './loader.ts';

/** A fine-tuned model, and its training speed in steps per second. */
export interface Tuned {
  readonly name: string;
  readonly model: Uint8Array;
  readonly perSecond: number;
  /** The LoRA adapters, if they were merged, as a file for Python's PEFT. */
  readonly adapter?: Uint8Array;
}

/**
 * Fine-tunes a backbone for other classes in several ways.
 *
 * @param integers - true if the backbone's weights are integers; adapters are then not merged into them
 */
export async function fineTune(
  backbone: Uint8Array,
  data: Digits,
  steps: number,
  integers = false,
): Promise<Tuned[]> {
  const loader = new Loader(data, 25);
  const model = replaceHead(backbone, { classes: 5 });
  const { weight, bias } = describeHead(model);
  const isHead = (name: string): boolean => name === weight || name === bias;

  const run = async (
    file: Uint8Array,
    lr: number,
    options: Partial<TrainerOptions>,
  ): Promise<{ model: Uint8Array; perSecond: number }> => {
    const trainer = await createTrainer(ort, file, {
      loss: 'crossEntropy',
      optimizer: adam(),
      session: { logSeverityLevel: 3 },
      ...options,
    });
    const start = performance.now();
    await train(trainer, loader.batches, { policy: decay({ maxLr: lr, steps }), steps });
    const perSecond = (1000 * steps) / (performance.now() - start);
    const trained = await trainer.exportModel();
    await trainer.dispose();
    return { model: trained, perSecond };
  };

  const head = { trainable: freezeExcept(model, 1) };
  const cached = { ...head, cacheFeatures: loader.numbersOf };
  const adapted = addLora(model, {
    rank: 4,
    alpha: 8,
    targets: (module) => !weight.startsWith(`${module}.`),
  });
  const lora = await run(adapted, 3e-3, { trainable: (name) => isLora(name) || isHead(name) });
  const adapters = integers
    ? lora
    : { ...lora, model: mergeLora(lora.model), adapter: saveLora(lora.model, { and: isHead }).adapter };
  return [
    { name: 'head only', ...(await run(model, 3e-3, head)) },
    ...(integers ? [] : [{ name: 'head only, features cached', ...(await run(model, 3e-3, cached)) }]),
    { name: 'last 2 layers', ...(await run(model, 1e-3, { trainable: freezeExcept(model, 2) })) },
    { name: 'LoRA of rank 4', ...adapters },
    { name: 'all layers', ...(await run(model, 1e-3, { trainable: freezeExcept(model, () => true) })) },
  ];
}
