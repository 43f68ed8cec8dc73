import type { Batch } from '@clr/onnx';
import type { Job, OpenedJob } from '@clr/sweep';
import type { JobData } from './jobs.ts';
import { judged } from './judged.ts';
import { createTask } from './task.ts';

/** The module that the processes of `measure.ts` import. It opens the setting of a job. */
export async function open({ model, data, optimizer, seed, task }: Job): Promise<OpenedJob<Batch>> {
  const { name, batch, order, randomLabels, judged: isJudged } = data as unknown as JobData;
  const setting = { net: model as string, data: name, optimizer, batch };
  const { trainer, epoch, validation } = await createTask(setting, seed, {
    randomLabels,
    deterministic: true,
  });
  const batches = (index: number) => epoch(order, index);
  if (!isJudged || !('steps' in task)) return { trainable: trainer, batches };
  return { trainable: judged(trainer, task.steps!), batches, validation };
}
