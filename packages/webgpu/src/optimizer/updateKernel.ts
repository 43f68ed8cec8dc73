import { blockStruct, blockThreads } from './blocks.ts';
import type { Group } from './groups.ts';
import { nowStruct } from './prepareKernel.ts';
import type { Rule } from './rules/rule.ts';
import { declareWindows, loadFunction, storeFunction } from './windowAccess.ts';

/**
 * The kernel that updates every weight of a group.
 *
 * Bindings: 0 `now` (uniform), 1 blocks, then the slots (if any), then the windows.
 *
 * @param scaled - whether gradients are multiplied by `now.scale` (clipping, loss scale)
 */
export function updateKernel(group: Group, rule: Rule, scaled: boolean): string {
  const values = [...group.written].sort((a, b) => a - b);
  const gradients = [...new Set(group.pieces.map((piece) => piece.gradient))].sort((a, b) => a - b);
  const slots = Array.from({ length: rule.slots }, (_, slot) => slot);
  const at = (slot: number): string => `slots[block.slot + ${slot}u * block.count + j]`;
  return `${nowStruct}
${blockStruct}
@group(0) @binding(0) var<uniform> now: Now;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
${rule.slots ? '@group(0) @binding(2) var<storage, read_write> slots: array<f32>;' : ''}
${declareWindows(group, rule.slots ? 3 : 2, () => true)}
${loadFunction('loadValue', values)}
${loadFunction('loadGradient', gradients)}
${storeFunction('storeValue', values)}

@compute @workgroup_size(${blockThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  if (now.skip != 0u || index >= arrayLength(&blocks)) { return; }
  let block = blocks[index];
  for (var j = lane; j < block.count; j += ${blockThreads}u) {
    var w = loadValue(block.value, block.valueOffset + j);
    var g = loadGradient(block.gradient, block.gradientOffset + j)${scaled ? ' * now.scale' : ''};
    ${slots.map((slot) => `var s${slot} = ${at(slot)};`).join(' ')}
    ${rule.update}
    ${slots.map((slot) => `${at(slot)} = s${slot};`).join(' ')}
    storeValue(block.value, block.valueOffset + j, w);
  }
}`;
}
