import type { Batch } from '@clr/onnx';
import type { Job, OpenedJob } from '@clr/sweep';
import { setUp } from '../training/setUp.ts';
import { settingOf } from './setting.ts';

/** The module that the processes of `clr sweep` import. It opens the model and the data of a job like `clr train`. */
export async function open(job: Job): Promise<OpenedJob<Batch>> {
  const { model, values } = settingOf(job, 'job');
  // Use one thread: there is one process per core, and one thread always adds numbers in the same order.
  const set = await setUp('sweep', model, values, { optimizer: job.optimizer, threads: 1 });
  const isRangeTest = job.task.type === 'rangeTest';
  return {
    trainable: set.trainer,
    batches: set.batches(),
    // A range test gets no validation data. Otherwise it would evaluate the model on all of them repeatedly.
    ...(!isRangeTest && { validation: set.validation }),
  };
}
