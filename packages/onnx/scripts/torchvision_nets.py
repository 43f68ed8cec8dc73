"""Writes a torchvision net with random weights as ONNX, in training form, and its gradients in float32 and float64.

    python3 torchvision_nets.py NET FOLDER
"""

import json
import sys
import warnings

import torch
import torchvision
from torch import nn
from torchvision.ops import StochasticDepth

name, folder = sys.argv[1:]
warnings.filterwarnings('ignore')
torch.manual_seed(1)
torch.set_num_threads(2)
batch = 2
options = {'aux_logits': False, 'init_weights': True} if name == 'googlenet' else {}
net = torchvision.models.get_model(name, **options).train()
for module in net.modules():
    # What is drawn at random is drawn otherwise on each side.
    if isinstance(module, (nn.Dropout, StochasticDepth)):
        module.p = 0.0
    # Not in place: the exporter would lose the value before.
    if getattr(module, 'inplace', False):
        module.inplace = False
    if isinstance(module, nn.MultiheadAttention):
        module.dropout = 0.0
image = torch.randn(batch, 3, 224, 224)
target = torch.randint(0, 1000, (batch,))


def gradients(model, x):
    model.zero_grad()
    nn.functional.cross_entropy(model(x), target).backward()
    return [value.grad.detach().clone() for value in model.parameters()]


start = {key: value.clone() for key, value in net.state_dict().items()}
single = gradients(net, image)
net.load_state_dict(start)
double = gradients(net.double(), image.double())
net.float().load_state_dict(start)
torch.onnx.export(
    net, image, f'{folder}/{name}.onnx', opset_version=17, training=torch.onnx.TrainingMode.TRAINING,
    do_constant_folding=False, input_names=['image'], output_names=['logits'],
)
image.numpy().tofile(f'{folder}/image.bin')
target.numpy().tofile(f'{folder}/target.bin')
for file, values in (('single', single), ('double', double)):
    with open(f'{folder}/{file}.bin', 'wb') as out:
        for value in values:
            out.write(value.numpy().tobytes())
names = [[key, value.numel()] for key, value in net.named_parameters()]
json.dump({'batch': batch, 'names': names}, open(f'{folder}/layout.json', 'w'))
