import fc from 'fast-check';

// Properties draw the same inputs each time, so that a red test means the change and not the day. Other inputs:
// `FC_SEED=$RANDOM npm test`.
const seed = globalThis.process?.env?.FC_SEED;
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seed ? Number(seed) : 1506 });
