import { blockStruct, blockThreads } from './blocks.ts';
import type { Group } from './groups.ts';
import { declareWindows, forPair } from './windowAccess.ts';

/** The windows of a group that hold gradients, in binding order. */
export function gradientWindows(group: Group): readonly number[] {
  return [...new Set(group.pieces.map((piece) => piece.gradient))].sort((a, b) => a - b);
}

/**
 * The kernel that writes, for every block, its sum of squared gradients and whether all of them are finite. The sums
 * have a fixed order, so the same gradients give bit-identical sums.
 *
 * Binding 0 holds the blocks. Binding 1 holds the partial sums: each is a `vec2f` of the sum of squares and a flag,
 * which is 1 if something was not finite. The gradient windows follow.
 */
export function normKernel(group: Group): string {
  const gradients = gradientWindows(group);
  return `${blockStruct}
@group(0) @binding(0) var<storage, read> blocks: array<Block>;
@group(0) @binding(1) var<storage, read_write> partials: array<vec2f>;
${declareWindows(group, 2, (window) => gradients.includes(window))}
var<workgroup> sums: array<f32, ${blockThreads}>;
var<workgroup> flags: array<u32, ${blockThreads}>;

@compute @workgroup_size(${blockThreads})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  if (index >= arrayLength(&blocks)) { return; }
  let block = blocks[index];
  var sum = 0.0;
  var flag = 0u;
  ${forPair(
    group,
    ({ gradient }) => `for (var j = lane; j < block.count; j += ${blockThreads}u) {
    let g = b${gradient}[block.gradientOffset + j];
    // The bits are tested, because a compiler may assume that no float is NaN.
    if ((bitcast<u32>(g) & 0x7f800000u) == 0x7f800000u) { flag = 1u; } else { sum += g * g; }
  }`,
  )}
  sums[lane] = sum;
  flags[lane] = flag;
  workgroupBarrier();
  for (var half = ${blockThreads / 2}u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
      flags[lane] |= flags[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) { partials[block.id] = vec2f(sums[0], f32(flags[0])); }
}`;
}
