import fc from 'fast-check';

// Property tests use the same inputs each time, so that a failure comes from a change and not from chance. For other
// inputs: `FC_SEED=$RANDOM npm test`.
const seed = globalThis.process?.env?.FC_SEED;
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seed ? Number(seed) : 1506 });
