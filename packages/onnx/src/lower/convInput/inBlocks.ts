import { attributesOf, type ConvForm } from '../../graph/convForm.ts';
import { inputOf } from '../../graph/infer.ts';
import { blockedKernel } from '../conv/blockedKernel.ts';
import type { Row } from '../row.ts';
import { singleOf } from './single.ts';

/**
 * Writes a ConvTranspose. The form of ConvTranspose in blocks then changes the layout to NCHWc and reverses the kernel.
 */
export const inBlocks: Row<ConvForm> = {
  operator: 'clr:ConvInputGrad',
  form: 'in blocks',
  where: 'blocks',
  because:
    'reaches 130 to 145 GFLOP/s with 32 or more channels; see also the form of ConvTranspose in blocks',
  applies: (node, graph, target) => {
    const single = singleOf(node);
    const fits = single && blockedKernel(graph, inputOf(node, 1), single.form.group, target);
    return fits ? single.form : undefined;
  },
  write: (node, b, form) => {
    const [, w, g] = node.input as [string, string, string];
    const { kernel_shape, pads, dilations, group } = attributesOf(form);
    return [b.emit('ConvTranspose', [g, w], { kernel_shape, pads, dilations, group })];
  },
};
