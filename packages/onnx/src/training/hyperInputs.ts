import { fail } from '../errors.ts';
import { DataType } from '../graph/dataType.ts';
import { makeTensor } from '../graph/tensor.ts';
import { type Draft, input } from './draft.ts';
import type { TrainingOptions } from './options.ts';
import type { Names } from './plan.ts';
import type { TrainingModel } from './trainingModel.ts';
import { type Hyper, ownMomentum, type Update } from './updates.ts';

/** The scalar inputs that an update reads, as a {@link TrainingModel} names them. */
export type HyperNames = Pick<TrainingModel, 'lr' | 'momentum' | 'step'>;

function checkTable(table: unknown, field: string): void {
  const good =
    table instanceof Float32Array && table.length > 0 && table.every((v) => Number.isFinite(v) && v >= 0);
  if (!good) {
    throw fail(
      `schedule.${field} to be a Float32Array of finite numbers of at least 0`,
      table instanceof Float32Array ? `${table.length} numbers, not all of them legal` : typeof table,
      'Make it with sampleSchedule(policy, { steps }).',
    );
  }
}

/** The entry of a table for this step; past its end the last one. */
function lookUp(draft: Draft, table: Float32Array, step: string, name: string): string {
  const { b } = draft;
  b.addInitializer(makeTensor(name, DataType.FLOAT, [table.length], table));
  const index = b.emit('Min', [step, b.int(table.length - 1)]);
  return b.emit('Gather', [name, index], { axis: 0 });
}

/** Declares the rate, the momentum and the step number as inputs, or looks the first two up by the third. */
export function hyperInputs(
  draft: Draft,
  { schedule, optimizer }: TrainingOptions,
  update: Update,
  names: Names,
): { hyper: Hyper; named: HyperNames } {
  if (schedule) checkTable(schedule.lr, 'lr');
  if (schedule?.momentum) checkTable(schedule.momentum, 'momentum');
  const stepped = update.usesStep || schedule !== undefined;
  const step = stepped ? input(draft, names('step'), DataType.INT64, []) : '';
  const scalar = (name: string, table: Float32Array | undefined): string =>
    table
      ? lookUp(draft, table, step, names(`schedule.${name}`))
      : input(draft, names(name), DataType.FLOAT, []);
  const lr = scalar('lr', schedule?.lr);
  const momentum = update.usesMomentum ? scalar('momentum', schedule?.momentum) : '';
  return {
    hyper: { lr, momentum, step },
    named: {
      ...(schedule ? {} : { lr }),
      ...(momentum && !schedule?.momentum
        ? { momentum: { name: momentum, preset: ownMomentum(optimizer) ?? 0 } }
        : {}),
      ...(step ? { step } : {}),
    },
  };
}
