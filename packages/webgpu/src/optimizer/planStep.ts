import { usage } from '../device/flags.ts';
import { type Dispatch, dispatchOf } from '../device/pipelines.ts';
import { blockCount, blocksOf } from './blocks.ts';
import type { GradientCheck } from './gradientCheck.ts';
import type { Group, Window } from './groups.ts';
import { gradientWindows, normKernel } from './normKernel.ts';
import { nowSize, prepareKernel } from './prepareKernel.ts';
import type { Rule } from './rules/rule.ts';
import { updateKernel } from './updateKernel.ts';

/** The input of {@link planStep}. */
export interface StepDescription {
  readonly label: string;
  readonly rule: Rule;
  readonly gradientCheck: GradientCheck;
  readonly groups: readonly Group[];
  readonly state: GPUBuffer;
  readonly table: GPUBuffer;
  readonly tableSteps: number;
}

/** The dispatches of one step in order, and the buffers made for them. */
export interface StepPlan {
  readonly dispatches: readonly Dispatch[];
  readonly slots: readonly GPUBuffer[];
  /** Scratch buffers: no data in them is kept between steps. */
  readonly buffers: readonly GPUBuffer[];
}

/**
 * Plans a step. It consists of the gradient norm of every group (if gradients are checked), one preparation, and the
 * update of every group.
 */
export function planStep(device: GPUDevice, description: StepDescription): StepPlan {
  const { label, rule, gradientCheck, groups, state, table, tableSteps } = description;
  const buffers: GPUBuffer[] = [];
  const scratch = (name: string, size: number, flags: number): GPUBuffer => {
    const buffer = device.createBuffer({ label: name, size, usage: flags | usage.copyTarget });
    buffers.push(buffer);
    return buffer;
  };
  let total = 0;
  const cut = groups.map((group) => {
    const rows = blocksOf(group, rule.slots, total);
    const count = blockCount(rows);
    total += count;
    const blocks = scratch('clr optimizer blocks', rows.byteLength, usage.storage);
    device.queue.writeBuffer(blocks, 0, rows);
    return { group, blocks, count };
  });
  const now = scratch('clr optimizer step', nowSize, usage.storage | usage.uniform);
  const partials = gradientCheck.active ? [scratch('clr gradient norm', total * 8, usage.storage)] : [];
  const slots = rule.slots
    ? groups.map((group) => makeSlots(device, group.length * rule.slots, rule.initial ?? 0))
    : [];

  const norms = gradientCheck.active
    ? cut.map(({ group, blocks, count }) => {
        const windows = gradientWindows(group).map((index) => group.windows[index] as Window);
        return dispatchOf(
          device,
          'clr gradient norm',
          normKernel(group),
          [blocks, ...partials, ...windows],
          count,
        );
      })
    : [];
  const prepare = dispatchOf(
    device,
    'clr prepare',
    prepareKernel(rule, gradientCheck, tableSteps),
    [state, table, now, ...partials],
    1,
  );
  const updates = cut.map(({ group, blocks, count }, index) => {
    const { code, listed, workgroups } = updateKernel(group, rule, gradientCheck.active, count);
    const resources = [now, ...(listed ? [blocks] : []), ...slots.slice(index, index + 1), ...group.windows];
    return dispatchOf(device, label, code, resources, workgroups);
  });
  return { dispatches: [...norms, prepare, ...updates], slots, buffers };
}

function makeSlots(device: GPUDevice, length: number, initial: number): GPUBuffer {
  const buffer = device.createBuffer({
    label: 'clr optimizer slots',
    size: length * 4,
    usage: usage.storage | usage.copySource | usage.copyTarget,
    mappedAtCreation: initial !== 0,
  });
  if (initial !== 0) {
    new Float32Array(buffer.getMappedRange()).fill(initial);
    buffer.unmap();
  }
  return buffer;
}
