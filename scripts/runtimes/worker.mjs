import './core.mjs';

postMessage(globalThis.said);
