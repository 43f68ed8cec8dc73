import { blockStruct, blockThreads } from './blocks.ts';
import { type Group, inFours, isOneRun, type Piece, wholeFours } from './groups.ts';
import { nowStruct } from './prepareKernel.ts';
import type { Rule } from './rules/rule.ts';
import { declareWindows, type Element, forPair } from './windowAccess.ts';

/** Threads per workgroup of a kernel without blocks: the most that every device supports. */
const runThreads = 256;

/** The code of a group's update, from which a dispatch is made. */
export interface UpdateKernel {
  readonly code: string;
  /** True if binding 1 is the group's list of blocks. A group of one contiguous piece needs no list. */
  readonly listed: boolean;
  readonly workgroups: number;
}

/**
 * The kernel that updates every weight of a group. A thread takes four neighbours if the offsets allow it.
 *
 * Binding 0 is `now` (uniform). The blocks (if listed), the slots (if any) and the windows follow.
 *
 * @param scaled - whether gradients are multiplied by `now.scale` (clipping, loss scale)
 * @param blocks - how many blocks the group has
 */
export function updateKernel(group: Group, rule: Rule, scaled: boolean, blocks: number): UpdateKernel {
  const element: Element = inFours(group) ? 'vec4f' : 'f32';
  return isOneRun(group)
    ? runKernel(group, group.pieces[0] as Piece, rule, scaled)
    : blocksKernel(group, rule, scaled, element, blocks);
}

/** The kernel for one run of weights, the usual case. Offsets follow from the thread's index alone. */
function runKernel(group: Group, piece: Piece, rule: Rule, scaled: boolean): UpdateKernel {
  const vectors = wholeFours(piece.length) / 4;
  const code = `${nowStruct}
@group(0) @binding(0) var<uniform> now: Now;
${declareSlots(rule, 1, 'vec4f')}
${declareWindows(group, rule.slots ? 2 : 1, () => true, 'vec4f')}

@compute @workgroup_size(${runThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.y * workgroups.x + workgroup.x) * ${runThreads}u + lane;
  if (now.skip != 0u || i >= ${vectors}u) { return; }
  ${updateText(rule, scaled, {
    value: `b${piece.value}[${piece.valueOffset / 4}u + i]`,
    gradient: `b${piece.gradient}[${piece.gradientOffset / 4}u + i]`,
    slot: (slot) => `slots[${slot * vectors}u + i]`,
    store: (weights) => `b${piece.value}[${piece.valueOffset / 4}u + i] = ${weights};`,
    ...(piece.length % 4 ? { kept: `vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) >= vec4u(${piece.length}u)` } : {}),
  })}
}`;
  return { code, listed: false, workgroups: Math.ceil(vectors / runThreads) };
}

/** The kernel for any number of pieces. Every workgroup looks up its block. */
function blocksKernel(
  group: Group,
  rule: Rule,
  scaled: boolean,
  element: Element,
  blocks: number,
): UpdateKernel {
  const width = element === 'vec4f' ? 4 : 1;
  const ragged = width === 4 && group.pieces.some(({ length }) => length % 4 !== 0);
  const code = `${nowStruct}
${blockStruct}
@group(0) @binding(0) var<uniform> now: Now;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
${declareSlots(rule, 2, element)}
${declareWindows(group, rule.slots ? 3 : 2, () => true, element)}

@compute @workgroup_size(${blockThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  if (now.skip != 0u || index >= arrayLength(&blocks)) { return; }
  let block = blocks[index];
  let stride = (block.count + 3u) / 4u * ${4 / width}u;
  let length = ${width === 4 ? 'stride' : 'block.count'};
  let value = block.valueOffset / ${width}u;
  let gradient = block.gradientOffset / ${width}u;
  let slot = block.slot / ${width}u;
  ${forPair(
    group,
    (pair) => `for (var j = lane; j < length; j += ${blockThreads}u) {
    ${updateText(rule, scaled, {
      value: `b${pair.value}[value + j]`,
      gradient: `b${pair.gradient}[gradient + j]`,
      slot: (k) => `slots[slot + ${k}u * stride + j]`,
      store: (weights) => `b${pair.value}[value + j] = ${weights};`,
      ...(ragged ? { kept: 'vec4u(j * 4u) + vec4u(0u, 1u, 2u, 3u) >= vec4u(block.count)' } : {}),
    })}
  }`,
  )}
}`;
  return { code, listed: true, workgroups: blocks };
}

function declareSlots({ slots }: Rule, binding: number, element: Element): string {
  return slots ? `@group(0) @binding(${binding}) var<storage, read_write> slots: array<${element}>;` : '';
}

/** WGSL expressions for the values that a thread reads and writes. */
interface Places {
  readonly value: string;
  readonly gradient: string;
  readonly slot: (slot: number) => string;
  readonly store: (weights: string) => string;
  /** A mask of the vector's elements past the parameter's end, which must not be written. */
  readonly kept?: string;
}

/** The update rule with its loads and stores. */
function updateText(rule: Rule, scaled: boolean, { value, gradient, slot, store, kept }: Places): string {
  const slots = Array.from({ length: rule.slots }, (_, index) => index);
  return `var w = ${value};
    ${kept ? `let before = w;\n    let kept = ${kept};` : ''}
    var g = ${kept ? `select(${gradient}, vec4f(), kept)` : gradient}${scaled ? ' * now.scale' : ''};
    ${slots.map((index) => `var s${index} = ${slot(index)};`).join(' ')}
    { ${rule.update} }
    ${slots.map((index) => `${slot(index)} = s${index};`).join(' ')}
    ${store(kept ? 'select(w, before, kept)' : 'w')}`;
}
