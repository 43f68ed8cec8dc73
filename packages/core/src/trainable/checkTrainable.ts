import { ClrError, show } from '../errors.ts';

/** Refuses a value that is not a Trainable, most often a promise that was not awaited, before anything changes. */
export function checkTrainable(trainable: unknown): void {
  const given = Object(trainable) as Record<string, unknown>;
  if (typeof given.trainStep === 'function') return;
  const promised = typeof given.then === 'function';
  throw new ClrError('clr/core', {
    expected: 'a Trainable, with the method trainStep',
    received: promised ? 'a promise of one' : show(trainable),
    advice: promised
      ? 'Write `await` before the call that makes it: await createTrainer(…).'
      : 'Make one from a model with createTrainer from @clr/onnx or @clr/webgpu, or createTrainable from @clr/tfjs.',
  });
}
