"""Fine-tunes the same ONNX files with PyTorch, on the same batches; and writes weights as integers.

Reads one line of JSON for each request and answers with one.
"""
import json
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper

torch.set_num_threads(1)
torch.manual_seed(0)


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


class Graph:
    """Runs the nodes of a file with PyTorch's functions."""

    def __init__(self, path, trainable):
        self.graph = onnx.load(path).graph
        self.values = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in self.graph.initializer}
        self.trained = [self.values[name].requires_grad_() for name in trainable]

    def __call__(self, x):
        values = dict(self.values)
        values['input'] = x
        for node in self.graph.node:
            a = attributes(node)
            i = [values[name] for name in node.input]
            values[node.output[0]] = self.run(node.op_type, a, i)
        return values[self.graph.output[0].name]

    def run(self, op, a, i):
        if op == 'Conv':
            pads = a.get('pads', [0] * 4)
            assert pads == [pads[0]] * 4
            return F.conv2d(*i, **({'bias': None} if len(i) < 3 else {}), stride=a.get('strides', 1), padding=pads[0])
        if op == 'BatchNormalization':
            return F.batch_norm(i[0], i[3], i[4], i[1], i[2], False, 0.0, a['epsilon'])
        if op == 'MaxPool':
            return F.max_pool2d(i[0], a['kernel_shape'], a['strides'])
        if op == 'Gemm':
            return F.linear(i[0], i[1] if a.get('transB') else i[1].T, i[2] if len(i) > 2 else None)
        if op == 'Constant':
            return torch.tensor(numpy_helper.to_array(a['value']))
        simple = {
            'Relu': torch.relu, 'Flatten': lambda v: v.flatten(1), 'Add': torch.add, 'Mul': torch.mul,
            'MatMul': torch.matmul, 'Transpose': lambda v: v.permute(*a['perm']),
        }
        return simple[op](*i)


def tune(folder, model, trainable, lr, order, test):
    images = torch.tensor(np.fromfile(f'{folder}/train.bin', '<f4').reshape(-1, 1, 28, 28))
    labels = torch.tensor(np.array(json.load(open(f'{folder}/train.json'))))
    net = Graph(f'{folder}/{model}', trainable)
    optimizer = torch.optim.Adam(net.trained, lr=lr)
    losses = []
    for rows in order:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    others = torch.tensor(np.fromfile(f'{folder}/test.bin', '<f4').reshape(-1, 1, 28, 28))
    wanted = torch.tensor(np.array(json.load(open(f'{folder}/test.json'))))
    with torch.no_grad():
        right = sum((net(others[at:at + 250]).argmax(1) == wanted[at:at + 250]).sum().item() for at in range(0, len(others), 250))
    return {'accuracy': right / len(others), 'losses': losses}


def quantise(folder, model, to, bits):
    """Weights of products as integers of so many bits, one scale for each output."""
    file = onnx.load(f'{folder}/{model}')
    graph = file.graph
    most = 2 ** (bits - 1) - 1
    for node in list(graph.node):
        if node.op_type not in ('Conv', 'Gemm'):
            continue
        name = node.input[1]
        tensor = next(t for t in graph.initializer if t.name == name)
        weight = numpy_helper.to_array(tensor)
        axes = tuple(range(1, weight.ndim))
        scale = (np.abs(weight).max(axis=axes) / most).astype(np.float32)
        shape = (-1,) + (1,) * len(axes)
        integers = np.clip(np.round(weight / scale.reshape(shape)), -most, most).astype(np.int8)
        graph.initializer.remove(tensor)
        graph.initializer.extend([
            numpy_helper.from_array(integers, name), numpy_helper.from_array(scale, f'{name}_scale'),
            numpy_helper.from_array(np.zeros(len(scale), np.int8), f'{name}_zero')])
        node.input[1] = f'{name}_float'
        wide = helper.make_node('DequantizeLinear', [name, f'{name}_scale', f'{name}_zero'], [f'{name}_float'], axis=0)
        graph.node.insert(list(graph.node).index(node), wide)
    onnx.save(file, f'{folder}/{to}')
    return {}


for line in sys.stdin:
    request = json.loads(line)
    command = request.pop('command')
    answer = {'tune': tune, 'quantise': quantise}[command](**request)
    print(json.dumps(answer), flush=True)
