import { checkHyperparameters, checkOptionNames, ownMomentum, takesMomentum, updateKindOf } from '@clr/core';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { makeTensor } from '../format/tensor.ts';
import { show } from '../show.ts';
import { type Draft, input } from './draft.ts';
import type { TrainingOptions } from './options.ts';
import type { Names } from './plan.ts';
import type { TrainingModel } from './trainingModel.ts';
import type { Hyper, Update } from './updates/update.ts';

/** The names of the scalar inputs that an update reads, as in {@link TrainingModel}. */
export type HyperNames = Pick<TrainingModel, 'lr' | 'momentum' | 'step' | 'weightDecay' | 'clipNorm'>;

/** No gradient reaches this norm, because the sum of its squares would overflow first. */
const noClipping = 1e30;

/** Refuses a schedule with an invalid entry. */
function checkSchedule({ schedule, optimizer }: TrainingOptions): void {
  if (!schedule) return;
  checkOptionNames('clr/onnx', 'schedule', schedule, ['lr', 'momentum', 'weightDecay', 'clipNorm']);
  const advice = 'Make it with sampleSchedule(policy, { steps }).';
  const { lr, momentum, weightDecay, clipNorm } = schedule;
  const takes = [...(takesMomentum(optimizer) ? ['momentum'] : []), 'weightDecay', 'clipNorm'];
  for (const [field, table] of Object.entries({ lr, momentum, weightDecay, clipNorm })) {
    if (field !== 'lr' && table === undefined) continue;
    if (!(table instanceof Float32Array) || table.length === 0) {
      throw fail(`schedule.${field} to be a Float32Array with entries`, show(table), advice);
    }
    const kind = updateKindOf(optimizer);
    for (const [step, value] of table.entries()) {
      try {
        checkHyperparameters({ lr: 0, [field]: value }, kind, takes);
      } catch (cause) {
        const received = `schedule.${field}[${step}] = ${value}`;
        throw fail(`a valid ${field} at every step of the schedule`, received, (cause as Error).message, {
          cause,
        });
      }
    }
  }
}

/** Looks up the table's entry for this step, or its last entry if the step is past the end of the table. */
function lookUp(draft: Draft, table: Float32Array, step: string, name: string): string {
  const { b } = draft;
  b.addInitializer(makeTensor(name, DataType.FLOAT, [table.length], table));
  const index = b.emit('Min', [step, b.int(table.length - 1)]);
  return b.emit('Gather', [name, index], { axis: 0 });
}

/**
 * Declares the rate, the momentum, the step number and the requested hyperparameters as inputs. Hyperparameters that
 * are in the schedule are looked up by the step number instead.
 */
export function hyperInputs(
  draft: Draft,
  options: TrainingOptions,
  update: Update,
  names: Names,
): { hyper: Hyper & { readonly clipNorm: string | undefined }; named: HyperNames } {
  const { schedule, optimizer, hyperparameters = [] } = options;
  checkSchedule(options);
  const stepped = update.usesStep || schedule !== undefined;
  const step = stepped ? input(draft, names('step'), DataType.INT64, []) : '';
  const scalar = (name: string, table: Float32Array | undefined): string =>
    table
      ? lookUp(draft, table, step, names(`schedule.${name}`))
      : input(draft, names(name), DataType.FLOAT, []);
  const lr = scalar('lr', schedule?.lr);
  const momentum = update.usesMomentum ? scalar('momentum', schedule?.momentum) : '';
  const further = (name: 'weightDecay' | 'clipNorm', preset: number) => {
    const table = schedule?.[name];
    if (!table && !hyperparameters.includes(name)) return { value: undefined, named: {} };
    const value = scalar(name, table);
    return { value, named: table ? {} : { [name]: { name: value, preset } } };
  };
  const weightDecay = further('weightDecay', optimizer.weightDecay);
  const clipNorm = further('clipNorm', options.clipNorm ?? noClipping);
  return {
    hyper: { lr, momentum, step, weightDecay: weightDecay.value, clipNorm: clipNorm.value },
    named: {
      ...(schedule ? {} : { lr }),
      ...(momentum && !schedule?.momentum
        ? { momentum: { name: momentum, preset: ownMomentum(optimizer) } }
        : {}),
      ...(step ? { step } : {}),
      ...weightDecay.named,
      ...clipNorm.named,
    },
  };
}
