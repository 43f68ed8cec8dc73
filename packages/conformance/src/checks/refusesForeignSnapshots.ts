import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { refusal, richest, steps, withModel } from '../model.ts';
import type { Subject } from '../subject.ts';

/**
 * Foreign snapshots are refused and change nothing. Otherwise a model with scrambled weights would train on without any
 * error.
 */
export const refusesForeignSnapshots: TrainableCheck = {
  name: 'refuses foreign snapshots and stays unchanged',
  async run<Batch>(subject: Subject<Batch>) {
    const undisturbed = await withModel(richest(subject), (model) => steps(model, subject, 0, 6));
    await withModel(richest(subject), async (model) => {
      const before = await steps(model, subject, 0, 3);
      const own = await model.trainable.snapshot();
      const foreign: Readonly<Record<string, unknown>> = {
        nothing: undefined,
        null: null,
        'a number': 7,
        'an empty object': {},
        'a snapshot of another adapter': { adapter: 'somebody else', version: 1, weights: [] },
        'its own snapshot after a JSON round trip, which loses typed arrays': JSON.parse(JSON.stringify(own)),
      };
      const advice = 'Check the whole snapshot before restore() changes anything.';
      for (const [what, snapshot] of Object.entries(foreign)) {
        await refusal(what, advice, async () => model.trainable.restore(snapshot as object));
        sameBits(await model.weights(), before, `the weights after ${what} to be unchanged`, advice);
      }
      const after = await steps(model, subject, 3, 6);
      sameBits(
        after,
        undisturbed,
        'the steps after refused snapshots to be the same as without them',
        advice,
      );
    });
  },
};
