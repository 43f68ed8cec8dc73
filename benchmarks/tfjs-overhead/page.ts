import { compare } from './compare.ts';

Object.assign(window, { compare });
document.title = 'ready';
