"""
Nets that cover every layer of `buildModel` of @clr/onnx: outputs and gradients in training mode for given weights.
Weights have the names and shapes of @clr/onnx. Everything is float64 here; the test computes in float32.
"""
import base64
import math

import numpy as np
import torch
import torch.nn.functional as F

from common import write_json

BATCH = 5


def text(tensor):
    """The numbers of a tensor as float32, in base64."""
    return base64.b64encode(tensor.detach().numpy().astype('<f4').tobytes()).decode()


class Weights:
    """Weights under clr's names, from NumPy's random numbers."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.named = {}

    def make(self, name, shape, scale=None, shift=0.0):
        size = scale or 1 / math.sqrt(max(1, int(np.prod(shape[1:]))))
        # float32 holds these numbers exactly
        values = (self.random.uniform(-1, 1, shape) * size + shift).astype(np.float32)
        tensor = torch.tensor(values.astype(np.float64), requires_grad=True)
        self.named[name] = tensor
        return tensor


class Net:
    """Computes the layers of `buildModel` with PyTorch."""

    def __init__(self, seed):
        self.weights = Weights(seed)
        self.counts = {}

    def next(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f'{kind}{self.counts[kind]}'

    def run(self, layers, x):
        for layer in layers:
            x = self.layer(layer, x)
        return x

    def layer(self, layer, x):
        kind = layer['type']
        name = self.next(kind)
        make = lambda part, shape, *rest: self.weights.make(f'{name}.{part}', shape, *rest)
        if kind == 'dense':
            if x.dim() > 3:
                x = x.flatten(1)
            weight = make('weight', (layer['units'], x.shape[-1]))
            return F.linear(x, weight, make('bias', (layer['units'],), 0.5) if layer.get('bias', True) else None)
        if kind in ('conv1d', 'conv2d'):
            axes = 1 if kind == 'conv1d' else 2
            groups = layer.get('groups', 1)
            weight = make('weight', (layer['filters'], x.shape[1] // groups) + (layer['kernel'],) * axes)
            bias = make('bias', (layer['filters'],), 0.5) if layer.get('bias', True) else None
            conv = F.conv1d if axes == 1 else F.conv2d
            return conv(x, weight, bias, layer.get('stride', 1), layer.get('padding', 0), layer.get('dilation', 1), groups)
        if kind in ('maxPool', 'avgPool'):
            pool = {'maxPool': (F.max_pool1d, F.max_pool2d), 'avgPool': (F.avg_pool1d, F.avg_pool2d)}[kind][x.dim() - 3]
            stride = layer.get('stride', layer['size'])
            return pool(x, layer['size'], stride, layer.get('padding', 0), ceil_mode=layer.get('ceil', False))
        if kind == 'batchNorm':
            weight, bias = make('weight', (x.shape[1],), 0.3, 1.0), make('bias', (x.shape[1],), 0.3)
            return F.batch_norm(x, None, None, weight, bias, True, layer.get('momentum', 0.1), layer.get('epsilon', 1e-5))
        if kind == 'layerNorm':
            weight, bias = make('weight', (x.shape[-1],), 0.3, 1.0), make('bias', (x.shape[-1],), 0.3)
            return F.layer_norm(x, x.shape[-1:], weight, bias, layer.get('epsilon', 1e-5))
        if kind == 'embedding':
            return F.embedding(x, make('weight', (layer['rows'], layer['units']), 1.0))
        if kind == 'positions':
            return x + make('weight', x.shape[1:], 1.0)
        if kind in ('lstm', 'gru'):
            return self.recurrent(kind, name, layer, x)
        if kind == 'attention':
            return self.attention(name, layer, x)
        if kind == 'residual':
            deep = self.run(layer['layers'], x)
            return deep + self.run(layer.get('shortcut', []), x)
        plain = {
            'relu': F.relu, 'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'gelu': F.gelu,
            'softmax': lambda v: v.softmax(-1), 'flatten': lambda v: v.flatten(1),
            'globalAvgPool': lambda v: v.flatten(2).mean(-1), 'transpose': lambda v: v.transpose(1, 2),
            'meanOverSteps': lambda v: v.mean(1), 'dropout': lambda v: v,
        }
        return plain[kind](x)

    def recurrent(self, kind, name, layer, x):
        # ONNX orders the gates i o f c and z r h; PyTorch i f g o and r z n.
        order = [0, 3, 1, 2] if kind == 'lstm' else [1, 0, 2]
        units, directions = layer['units'], 2 if layer.get('bidirectional') else 1
        gates = len(order)
        make = lambda part, shape: self.weights.make(f'{name}.{part}', shape, 1 / math.sqrt(units))
        w = make('weight_ih', (directions, gates * units, x.shape[-1]))
        r = make('weight_hh', (directions, gates * units, units))
        b = make('bias', (directions, 2 * gates * units))
        back = [order.index(gate) for gate in range(gates)]
        torchs = lambda rows: torch.cat([rows.reshape(gates, units, -1)[gate] for gate in back]).reshape(rows.shape)
        given = []
        for direction in range(directions):
            b_ih, b_hh = b[direction].reshape(2, -1)
            given += [torchs(w[direction]), torchs(r[direction]), torchs(b_ih), torchs(b_hh)]
        state = torch.zeros(directions, x.shape[0], units, dtype=torch.float64)
        if kind == 'lstm':
            out, last, _ = torch._VF.lstm(x, (state, state), given, True, 1, 0.0, True, directions == 2, True)
        else:
            out, last = torch._VF.gru(x, state, given, True, 1, 0.0, True, directions == 2, True)
        return last.transpose(0, 1).flatten(1) if layer.get('last') else out

    def attention(self, name, layer, x):
        features = x.shape[-1]
        make = lambda part, shape, *rest: self.weights.make(f'{name}.{part}', shape, *rest)
        first, first_bias = make('in_proj_weight', (3 * features, features)), make('in_proj_bias', (3 * features,), 0.3)
        last, last_bias = make('out_proj.weight', (features, features)), make('out_proj.bias', (features,), 0.3)
        steps = x.shape[1]
        mask = torch.full((steps, steps), -math.inf, dtype=torch.float64).triu(1) if layer.get('causal') else None
        t = x.transpose(0, 1)
        out, _ = F.multi_head_attention_forward(
            t, t, t, features, layer['heads'], first, first_bias, None, None, False, 0.0, last, last_bias,
            attn_mask=mask, need_weights=False)
        return out.transpose(0, 1)


def dense(units, **more): return {'type': 'dense', 'units': units, **more}
def conv(filters, kernel, **more): return {'type': 'conv2d', 'filters': filters, 'kernel': kernel, **more}
def just(*kinds): return [{'type': kind} for kind in kinds]


NETS = {
    'mlp': ([6], [dense(8), *just('tanh'), dense(7, bias=False), *just('sigmoid'), dense(3)]),
    'lenet': ([1, 14, 14], [conv(4, 5), *just('relu'), {'type': 'maxPool', 'size': 2}, conv(6, 3, padding=1),
                            *just('tanh'), {'type': 'avgPool', 'size': 2}, dense(9), *just('relu'), dense(4)]),
    'depthwise': ([3, 9, 9], [conv(6, 3, stride=2, padding=1, bias=False), *just('batchNorm', 'tanh'),
                              conv(6, 3, padding=2, dilation=2, groups=6), *just('batchNorm', 'sigmoid'),
                              conv(8, 1), *just('globalAvgPool'), dense(3)]),
    'residual': ([3, 8, 8], [conv(4, 3, padding=1), *just('tanh'),
                             {'type': 'residual', 'layers': [conv(4, 3, padding=1, bias=False), *just('batchNorm', 'tanh'),
                                                             conv(4, 3, padding=1, bias=False), *just('batchNorm')]},
                             *just('tanh'),
                             {'type': 'residual', 'layers': [conv(6, 3, stride=2, padding=1)],
                              'shortcut': [conv(6, 1, stride=2)]},
                             *just('tanh', 'globalAvgPool'), dense(3)]),
    'pools': ([2, 11, 11], [{'type': 'avgPool', 'size': 3, 'stride': 2, 'padding': 1},
                            {'type': 'maxPool', 'size': 3, 'stride': 2, 'ceil': True}, conv(4, 3), *just('flatten'), dense(3)]),
    'conv1d': ([2, 20], [{'type': 'conv1d', 'filters': 4, 'kernel': 5, 'stride': 2, 'padding': 2}, *just('batchNorm', 'gelu'),
                         {'type': 'maxPool', 'size': 2}, {'type': 'conv1d', 'filters': 6, 'kernel': 3}, *just('flatten'), dense(3)]),
    'layerNorm': ([7], [dense(10), *just('layerNorm', 'gelu'), {'type': 'dropout', 'rate': 0}, dense(4), *just('softmax')]),
    'embedding': ([6], [{'type': 'embedding', 'rows': 9, 'units': 5}, dense(7), *just('tanh', 'meanOverSteps'), dense(3)]),
    'lstm': ([5, 4], [{'type': 'lstm', 'units': 6, 'last': True}, dense(3)]),
    'gru': ([5, 4], [{'type': 'gru', 'units': 4, 'bidirectional': True}, *just('tanh'), {'type': 'gru', 'units': 3, 'last': True}, dense(2)]),
    'transformer': ([6, 8], [{'type': 'residual', 'layers': [*just('layerNorm'), {'type': 'attention', 'heads': 2}]},
                             {'type': 'residual', 'layers': [*just('layerNorm'), dense(16), *just('gelu'), dense(8)]},
                             *just('layerNorm', 'meanOverSteps'), dense(3)]),
    'causal': ([5], [{'type': 'embedding', 'rows': 7, 'units': 6},
                     {'type': 'residual', 'layers': [{'type': 'attention', 'heads': 3, 'causal': True}]}, dense(4)]),
    'convLstm': ([3, 12], [{'type': 'conv1d', 'filters': 5, 'kernel': 3}, *just('tanh', 'transpose'),
                           {'type': 'lstm', 'units': 4, 'bidirectional': True}, *just('meanOverSteps'), dense(2)]),
    'positions': ([5], [{'type': 'embedding', 'rows': 7, 'units': 4}, *just('positions'),
                        {'type': 'residual', 'layers': [{'type': 'attention', 'heads': 2}]}, *just('meanOverSteps'), dense(3)]),
}


def case(name, seed):
    shape, layers = NETS[name]
    random = np.random.RandomState(100 + seed)
    net = Net(seed)
    tokens = layers[0]['type'] == 'embedding'
    if tokens:
        x = torch.tensor(random.randint(0, layers[0]['rows'], (BATCH, *shape)))
    else:
        x = torch.tensor(random.uniform(-1, 1, (BATCH, *shape)).astype(np.float32).astype(np.float64))
    output = net.run(layers, x)
    target = torch.tensor(random.uniform(-1, 1, output.shape).astype(np.float32).astype(np.float64))
    loss = ((output - target) ** 2).mean()
    loss.backward()
    describe = lambda tensor: {'shape': list(tensor.shape), 'data': text(tensor)}
    return {
        'name': name, 'input': shape, 'layers': layers,
        'x': {'shape': list(x.shape), 'tokens': x.flatten().tolist()} if tokens else describe(x),
        'target': describe(target), 'output': describe(output), 'loss': loss.item(),
        'weights': {key: describe(value) for key, value in net.weights.named.items()},
        'gradients': {key: text(value.grad) for key, value in net.weights.named.items()},
    }


if __name__ == '__main__':
    write_json('layers', cases=[case(name, seed) for seed, name in enumerate(NETS)])
