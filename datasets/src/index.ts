export { mnist } from './mnist.ts';
export * from './pure.ts';
