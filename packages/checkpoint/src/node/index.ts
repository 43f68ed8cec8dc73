/// <reference types="node" />
export { abortOnInterrupt } from './abortOnInterrupt.ts';
export { fileStore } from './fileStore.ts';
export { loadCheckpoint } from './loadCheckpoint.ts';
export { replaceFile } from './replaceFile.ts';
export { saveCheckpoint } from './saveCheckpoint.ts';
