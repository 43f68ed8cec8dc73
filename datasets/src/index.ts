export { type Cifar10Options, cifar10 } from './cifar10.ts';
export { mnist } from './mnist.ts';
export * from './pure.ts';
