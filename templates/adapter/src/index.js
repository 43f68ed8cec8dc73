export { createTrainable } from './createTrainable.js';
