import { f32 } from '../device/wgsl.ts';
import { type GradientCheck, lossScaleBounds } from './gradientCheck.ts';
import type { Rule } from './rules/rule.ts';

/** The numbers of one step, as the update kernel reads them. */
export const nowStruct = `struct Now {
  lr: f32, momentum: f32, oneMinusMomentum: f32,
  // what gradients are multiplied by: clipping and loss scale
  scale: f32,
  // Adam: lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t)
  stepSize: f32, secondScale: f32,
  // AdamW: 1 - lr * weightDecay
  decay: f32,
  skip: u32,
}`;
/** Bytes of `Now`. */
export const nowSize = 32;

/**
 * The optimizer's counters on the device.
 *
 * | byte | field | |
 * |---|---|---|
 * | 0 | `step: u32` | the policy's step that comes next (modulo 2³²) |
 * | 4 | `updates: u32` | updates applied: Adam's t; stops at 2³² − 1 |
 * | 8 | `skipped: u32` | steps that were skipped because a gradient was not finite; stops at 2³² − 1 |
 * | 12 | `lossScale: f32` | the factor to multiply the loss by |
 * | 16 | `good: u32` | steps since the loss scale changed |
 * | 20 | `norm: f32` | the last global gradient norm, before clipping (0 if no option needs it) |
 * | 24 | `lr: f32` | the last rate |
 * | 28 | `momentum: f32` | the last momentum |
 * | 32 | `ticks: u32` | steps executed on this device, ever: no seek or restore changes it |
 */
export const stateStruct = `struct State {
  step: u32, updates: u32, skipped: u32, lossScale: f32,
  good: u32, norm: f32, lr: f32, momentum: f32,
  ticks: u32, unused0: u32, unused1: u32, unused2: u32,
}`;
/** Bytes of `State`. */
export const stateSize = 48;
/** The bytes of `State` that a snapshot holds: all but the tick counter. */
export const stateKept = 32;
/** The offset of `ticks`. */
export const ticksOffset = 32;

const threads = 256;

/**
 * The kernel that runs before the update, in one workgroup. It reads the step's rate and momentum from the table, adds
 * up the gradient norm, decides whether to skip the step, and advances the counters.
 *
 * Binding 0 is the state, binding 1 is the table, and binding 2 is `now`. With a gradient check, binding 3 is the
 * partial sums.
 */
export function prepareKernel(rule: Rule, gradientCheck: GradientCheck, tableSteps: number): string {
  return `${stateStruct}
${nowStruct}
@group(0) @binding(0) var<storage, read_write> state: State;
// lr, momentum, 1 - momentum, ln(momentum): the last two rounded once, from float64
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> now: Now;
${gradientCheck.active ? fold : ''}

// 1 - exp(x) for x <= 0, without cancellation near 0
fn oneMinusExp(x: f32) -> f32 {
  if (x < -0.5) { return 1.0 - exp(x); }
  var sum = 1.0;
  for (var k = 9.0; k > 1.5; k -= 1.0) { sum = 1.0 + x / k * sum; }
  return -x * sum;
}

@compute @workgroup_size(${gradientCheck.active ? threads : 1})
fn main(@builtin(local_invocation_index) lane: u32) {
  var scale = 1.0;
  var finite = true;
  ${gradientCheck.active ? `let total = foldPartials(lane);` : ''}
  if (lane != 0u) { return; }
  ${gradientCheck.active ? applyGradientCheck(gradientCheck) : ''}
  let row = table[state.step & ${tableSteps - 1}u];
  state.lr = row.x;
  state.momentum = row.y;
  state.step += 1u;
  state.ticks += 1u;
  now.skip = select(1u, 0u, finite);
  // These two saturate: Adam's t must not wrap to 0.
  if (!finite) { state.skipped = max(state.skipped, state.skipped + 1u); return; }
  state.updates = max(state.updates, state.updates + 1u);
  now.lr = row.x;
  now.momentum = row.y;
  now.oneMinusMomentum = row.z;
  now.scale = scale;
  ${rule.beta2 === undefined ? '' : corrections(rule.beta2)}
  ${rule.decoupledDecay === undefined ? '' : `now.decay = 1.0 - row.x * ${f32(rule.decoupledDecay)};`}
}`;
}

/** Adam's bias corrections. They are computed from t·ln β, so that 1 − βᵗ keeps its digits. */
function corrections(beta2: number): string {
  const lnBeta2 = beta2 > 0 ? Math.log(beta2) : -1e30;
  return `let t = f32(state.updates);
  now.stepSize = row.x / oneMinusExp(t * row.w);
  now.secondScale = 1.0 / sqrt(oneMinusExp(t * ${f32(lnBeta2)}));`;
}

const fold = `@group(0) @binding(3) var<storage, read> partials: array<vec2f>;
var<workgroup> sums: array<vec2f, ${threads}>;
fn foldPartials(lane: u32) -> vec2f {
  var sum = vec2f();
  for (var i = lane; i < arrayLength(&partials); i += ${threads}u) { sum += partials[i]; }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  return sums[0];
}`;

function applyGradientCheck({ clipNorm, skipNonFinite, lossScale }: GradientCheck): string {
  const { least, most } = lossScaleBounds;
  return `let unscale = ${lossScale ? '1.0 / state.lossScale' : '1.0'};
  state.norm = sqrt(total.x) * unscale;
  scale = unscale;
  ${clipNorm === undefined ? '' : `scale = unscale * min(1.0, ${f32(clipNorm)} / (state.norm + 1e-6));`}
  ${skipNonFinite ? 'finite = total.y == 0.0;' : ''}
  ${
    lossScale
      ? `if (finite) {
    state.good += 1u;
    if (state.good >= ${lossScale.growthInterval}u) {
      // An infinite scale could never shrink again.
      if (state.lossScale <= ${f32(most / lossScale.growth)}) { state.lossScale *= ${f32(lossScale.growth)}; }
      state.good = 0u;
    }
  } else {
    // The gradients are divided by the scale, so it must not become 0.
    if (state.lossScale >= ${f32(least / lossScale.backoff)}) { state.lossScale *= ${f32(lossScale.backoff)}; }
    state.good = 0u;
  }`
      : ''
  }`;
}
