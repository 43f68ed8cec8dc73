"""Writes torchvision's ViT-B/16 with random weights as ONNX, or trains it in PyTorch and prints the peak memory.

    python3 export.py OUT.onnx
    python3 export.py --train all|head
"""

import resource
import sys

import torch
from torchvision.models import vit_b_16

torch.manual_seed(1)
torch.set_num_threads(2)
net = vit_b_16()


def peak():
    """Peak memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if sys.argv[1] == '--train':
    if sys.argv[2] == 'head':
        for name, value in net.named_parameters():
            value.requires_grad = name.startswith('heads.')
    optimizer = torch.optim.Adam([value for value in net.parameters() if value.requires_grad], 1e-4)
    created = peak()
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(torch.zeros(1, 3, 224, 224)), torch.tensor([3])).backward()
        optimizer.step()
    print(created, peak())
else:
    # In training mode PyTorch does not use its fused attention operator, which cannot be exported.
    net.train()
    torch.onnx.export(
        net, torch.zeros(1, 3, 224, 224), sys.argv[1], opset_version=17, training=torch.onnx.TrainingMode.PRESERVE,
        do_constant_folding=False, input_names=['image'], output_names=['logits'],
    )
