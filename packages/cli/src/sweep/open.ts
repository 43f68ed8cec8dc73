import type { Batch } from '@clr/onnx';
import type { Job, OpenedJob } from '@clr/sweep';
import { setUp } from '../training/setUp.ts';
import { settingOf } from './setting.ts';

/** What the processes of `clr sweep` import: makes the model and the data of a job, as `clr train` does. */
export async function open(job: Job): Promise<OpenedJob<Batch>> {
  const { model, values } = settingOf(job, 'job');
  // One thread: there are as many processes as cores, and a sum keeps its order.
  const set = await setUp('sweep', model, values, { optimizer: job.optimizer, threads: 1 });
  const isRangeTest = job.task.type === 'rangeTest';
  return {
    trainable: set.trainer,
    batches: set.batches(),
    // A range test would measure the model on all of them again and again.
    ...(!isRangeTest && { validation: set.validation }),
  };
}
