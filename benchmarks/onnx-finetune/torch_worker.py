"""Fine-tunes the ONNX files that clr fine-tunes, with PyTorch and on the same batches. Also converts weights to integers. Reads each request as one line of JSON and writes its result as one line.
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


INT4 = 22


def loaded(tensor):
    """Reads a stored tensor. 4-bit integers, which this version of onnx does not know, become 8-bit integers."""
    if tensor.data_type != INT4:
        return torch.tensor(numpy_helper.to_array(tensor))
    low = halves(np.frombuffer(tensor.raw_data, np.uint8)).astype(np.int8)
    return torch.tensor((low - 16 * (low > 7))[:np.prod(tensor.dims, dtype=int)].reshape(tuple(tensor.dims)))


def halves(flat):
    """Unpacks bytes into 4-bit integers, the lower half first."""
    return np.stack([flat & 15, flat >> 4], axis=-1).reshape(-1)


class Integers:
    """A weight stored as integers. It is frozen, or has float master weights that each pass rounds; the gradient ignores the rounding."""

    def __init__(self, integers, scale, zero, ends):
        self.scale, self.zero, self.ends = scale, zero, ends
        self.value = (integers.float() - zero) * scale

    def __call__(self):
        if not self.value.requires_grad:
            return self.value
        steps = torch.round(self.value / self.scale) + self.zero
        held = (steps.clamp(*self.ends) - self.zero) * self.scale
        inside = (steps >= self.ends[0]) & (steps <= self.ends[1])
        return torch.where(inside, self.value + (held - self.value).detach(), held.detach())


class Graph:
    """Runs the nodes of a file with PyTorch's functions."""

    def __init__(self, path, trainable):
        self.graph = onnx.load(path).graph
        self.values = {t.name: loaded(t) for t in self.graph.initializer}
        four = {t.name for t in self.graph.initializer if t.data_type == INT4}
        self.integers = {}
        for node in self.graph.node:
            if node.op_type == 'DequantizeLinear':
                self.integers[node.input[0]] = self.linear(node, node.input[0] in four)
            if node.op_type == 'MatMulNBits':
                self.integers[node.input[1]] = self.in_blocks(node)
        weights = [self.integers[name].value if name in self.integers else self.values[name] for name in trainable]
        self.trained = [weight.requires_grad_() for weight in weights]

    def linear(self, node, four):
        x, scale, zero = (self.values[name] for name in node.input)
        shape = [1] * x.ndim
        if scale.ndim:
            shape[attributes(node).get('axis', 1)] = -1
        return Integers(x, scale.reshape(shape), zero.float().reshape(shape), (-8, 7) if four else (-128, 127))

    def in_blocks(self, node):
        a = attributes(node)
        n, k, block = a['N'], a['K'], a['block_size']
        integers = halves(self.values[node.input[1]].numpy().reshape(-1)).reshape(n, -1)[:, :k]
        scale = self.values[node.input[2]].reshape(n, -1).repeat_interleave(block, 1)[:, :k]
        return Integers(torch.tensor(integers), scale, torch.tensor(8.0), (0, 15))

    def __call__(self, x):
        values = dict(self.values)
        values['input'] = x
        for node in self.graph.node:
            a = attributes(node)
            i = [values[name] for name in node.input]
            if node.op_type == 'DequantizeLinear':
                values[node.output[0]] = self.integers[node.input[0]]()
            elif node.op_type == 'MatMulNBits':
                values[node.output[0]] = F.linear(i[0], self.integers[node.input[1]]())
            else:
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


def packed(integers):
    """Packs pairs of 4-bit integers into bytes, the first in the lower half."""
    flat = integers.reshape(-1).astype(np.uint8) & 15
    flat = np.pad(flat, (0, len(flat) % 2))
    return (flat[0::2] | (flat[1::2] << 4)).astype(np.uint8)


def stored(name, integers, bits):
    if bits == 8:
        return numpy_helper.from_array(integers.astype(np.int8), name)
    return onnx.TensorProto(name=name, data_type=INT4, dims=integers.shape, raw_data=packed(integers).tobytes())


def per_output(graph, node, weight, bits):
    """Replaces a weight by integers and a DequantizeLinear with one scale for each output."""
    name = node.input[1]
    most = 2 ** (bits - 1) - 1
    axes = tuple(range(1, weight.ndim))
    scale = (np.abs(weight).max(axis=axes) / most).astype(np.float32)
    integers = np.clip(np.round(weight / scale.reshape((-1,) + (1,) * len(axes))), -most, most).astype(np.int64)
    graph.initializer.extend([
        stored(name, integers, bits), numpy_helper.from_array(scale, f'{name}_scale'),
        stored(f'{name}_zero', np.zeros(len(scale), np.int64), bits)])
    node.input[1] = f'{name}_float'
    return helper.make_node('DequantizeLinear', [name, f'{name}_scale', f'{name}_zero'], [f'{name}_float'], axis=0)


def n_bits(graph, node, weight, block=16):
    """Replaces a Gemm by a MatMulNBits: 4 bits, and for each output a scale per block of 16 inputs."""
    name, (n, k) = node.input[1], weight.shape
    groups = weight.reshape(n, k // block, block)
    scale = (np.abs(groups).max(axis=2) / 7).astype(np.float32)
    integers = np.clip(np.round(groups / scale[:, :, None]), -7, 7).astype(np.int64) + 8
    graph.initializer.extend([
        numpy_helper.from_array(packed(integers).reshape(n, k // block, block // 2), name),
        numpy_helper.from_array(scale.reshape(-1), f'{name}_scale')])
    product = helper.make_node(
        'MatMulNBits', [node.input[0], name, f'{name}_scale'], [f'{name}_product'], domain='com.microsoft',
        K=k, N=n, bits=4, block_size=block)
    node.op_type = 'Add'
    del node.attribute[:]
    node.input[:] = [f'{name}_product', node.input[2]]
    return product


def quantise(folder, model, to, bits):
    """Converts the weights of convolutions and dense layers to `bits`-bit integers."""
    file = onnx.load(f'{folder}/{model}')
    graph = file.graph
    layers = [node for node in graph.node if node.op_type in ('Conv', 'Gemm')]
    for node in layers:
        tensor = next(t for t in graph.initializer if t.name == node.input[1])
        weight = numpy_helper.to_array(tensor)
        graph.initializer.remove(tensor)
        at = list(graph.node).index(node)
        inner = bits == 4 and node.op_type == 'Gemm' and node is not layers[-1]
        graph.node.insert(at, n_bits(graph, node, weight) if inner else per_output(graph, node, weight, bits))
    if bits == 4:
        file.ir_version = 10
        file.opset_import[0].version = 21
        file.opset_import.append(helper.make_opsetid('com.microsoft', 1))
    onnx.save(file, f'{folder}/{to}')
    return {}


for line in sys.stdin:
    request = json.loads(line)
    command = request.pop('command')
    answer = {'tune': tune, 'quantise': quantise}[command](**request)
    print(json.dumps(answer), flush=True)
