"""Writes a torchvision net with random weights as ONNX, in training mode, and its gradients in float32 and float64.

    python3 torchvision_nets.py NET FOLDER SEED [smooth]

The seed gives the weights and the two images. With `smooth` the net has Softplus for ReLU and averages for maxima.
"""

import copy
import json
import sys
import warnings

import torch
import torchvision
import torch.nn.functional as F
from torch import nn
from torchvision.ops import StochasticDepth

name, folder, seed, *smooth = sys.argv[1:]
warnings.filterwarnings('ignore')
if smooth:
    F.relu = lambda x, inplace=False: F.softplus(x)
    F.hardtanh = lambda x, low=0, high=0, inplace=False: torch.tanh(x)
    F.hardswish = lambda x, inplace=False: F.silu(x)
    F.hardsigmoid = lambda x, inplace=False: torch.sigmoid(x)
    F.max_pool2d = lambda x, size, stride, padding=0, dilation=1, ceil_mode=False, return_indices=False: F.avg_pool2d(
        x, size, stride, padding, ceil_mode)
torch.manual_seed(int(seed))
torch.set_num_threads(2)
batch = 2
options = {'aux_logits': False, 'init_weights': True} if name == 'googlenet' else {}
net = torchvision.models.get_model(name, **options).train()
for module in net.modules():
    # The two sides would draw different random numbers, so dropout is switched off.
    if isinstance(module, (nn.Dropout, StochasticDepth)):
        module.p = 0.0
    # In-place operators would hide the earlier value from the exporter.
    if getattr(module, 'inplace', False):
        module.inplace = False
    if isinstance(module, nn.MultiheadAttention):
        module.dropout = 0.0

start = copy.deepcopy(net.state_dict())


def gradients(dtype, image, target):
    net.to(dtype).load_state_dict(start)
    net.zero_grad()
    F.cross_entropy(net(image.to(dtype)), target).backward()
    return [value.grad.detach().clone() for value in net.parameters()]


image = torch.randn(batch, 3, 224, 224)
target = torch.randint(0, 1000, (batch,))
image.numpy().tofile(f'{folder}/image.bin')
target.numpy().tofile(f'{folder}/target.bin')
for file, dtype in (('single', torch.float32), ('double', torch.float64)):
    with open(f'{folder}/{file}.bin', 'wb') as out:
        for value in gradients(dtype, image, target):
            out.write(value.numpy().tobytes())
net.float().load_state_dict(start)
torch.onnx.export(
    net, image, f'{folder}/net.onnx', opset_version=17, training=torch.onnx.TrainingMode.TRAINING,
    do_constant_folding=False, input_names=['image'], output_names=['logits'],
)
names = [[key, value.numel()] for key, value in net.named_parameters()]
json.dump({'batch': batch, 'names': names}, open(f'{folder}/layout.json', 'w'))
