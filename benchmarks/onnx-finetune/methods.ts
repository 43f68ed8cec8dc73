import { addLora, describeHead, freezeExcept, isLora, mergeLora, replaceHead } from '@clr/onnx';

/** A way to fine-tune a model: the model, the weights to train, and what is done with the exported model. */
export interface Method {
  readonly name: string;
  readonly lr: number;
  readonly model: Uint8Array;
  readonly trainable: (name: string) => boolean;
  readonly finish: (trained: Uint8Array) => Uint8Array;
}

/**
 * The ways to fine-tune a backbone for other classes.
 *
 * @param integers - true if the backbone's weights are integers. Adapters are then not merged into them
 */
export function methodsFor(backbone: Uint8Array, seed: number, integers: boolean): Method[] {
  const model = replaceHead(backbone, { classes: 5, seed });
  const { weight, bias } = describeHead(model);
  const isHead = (name: string): boolean => name === weight || name === bias;
  const adapted = addLora(model, {
    rank: 4,
    alpha: 8,
    seed,
    targets: (module) => !weight.startsWith(`${module}.`),
  });
  const same = (trained: Uint8Array): Uint8Array => trained;
  const all = freezeExcept(model, (name) => name.length > 0);
  return [
    { name: 'head only', lr: 3e-3, model, trainable: freezeExcept(model, 1), finish: same },
    { name: 'last 2 layers', lr: 1e-3, model, trainable: freezeExcept(model, 2), finish: same },
    {
      name: 'LoRA, rank 4',
      lr: 3e-3,
      model: adapted,
      trainable: (name) => isLora(name) || isHead(name),
      finish: integers ? same : mergeLora,
    },
    { name: 'all layers', lr: 1e-3, model, trainable: all, finish: same },
  ];
}
