import { checkHyperparameters, ownMomentum, takesMomentum, updateKindOf } from '@clr/core';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { makeTensor } from '../format/tensor.ts';
import { show } from '../show.ts';
import { type Draft, input } from './draft.ts';
import type { TrainingOptions } from './options.ts';
import type { Names } from './plan.ts';
import type { TrainingModel } from './trainingModel.ts';
import type { Hyper, Update } from './updates.ts';

/** The scalar inputs that an update reads, as a {@link TrainingModel} names them. */
export type HyperNames = Pick<TrainingModel, 'lr' | 'momentum' | 'step'>;

/** Refuses a schedule with an invalid entry. */
function checkSchedule({ schedule, optimizer }: TrainingOptions): void {
  if (!schedule) return;
  const advice = 'Make it with sampleSchedule(policy, { steps }).';
  const columns = Object.entries({ lr: schedule.lr, momentum: schedule.momentum });
  for (const [field, table] of columns) {
    if (field === 'momentum' && table === undefined) continue;
    if (!(table instanceof Float32Array) || table.length === 0) {
      throw fail(`schedule.${field} to be a Float32Array with entries`, show(table), advice);
    }
    const kind = updateKindOf(optimizer);
    for (const [step, value] of table.entries()) {
      try {
        checkHyperparameters({ lr: 0, [field]: value }, kind, takesMomentum(optimizer));
      } catch (cause) {
        const received = `schedule.${field}[${step}] = ${value}`;
        throw fail(`a valid ${field} at every step of the schedule`, received, (cause as Error).message, {
          cause,
        });
      }
    }
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
  options: TrainingOptions,
  update: Update,
  names: Names,
): { hyper: Hyper; named: HyperNames } {
  const { schedule, optimizer } = options;
  checkSchedule(options);
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
        ? { momentum: { name: momentum, preset: ownMomentum(optimizer) } }
        : {}),
      ...(step ? { step } : {}),
    },
  };
}
