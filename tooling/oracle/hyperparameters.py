"""
Writes data/hyperparameters.json: trainings by PyTorch's optimizers whose weight decay and clipping norm change at every
step, and averages of the trained weights. The problems are those of optimizers.py.
"""

import copy

import numpy as np
import torch

from common import held, numbers, write_json
from optimizers import ADAGRAD, ADAM, ADAMW, RMSPROP, SGD, STEPS, mlp, quadratic

# A triangular wave: up for 4 steps, down for 4 steps, repeated.
WAVE = [abs((step + 4) % 8 - 4) / 4 for step in range(STEPS)]

# name, class, options, rate, weight decay at the wave's ends, clipping norm at the wave's ends
RUNS = [
    ("sgd, decay", SGD, {}, 0.05, (0.01, 0.3), None),
    ("sgd momentum, decay", SGD, {"momentum": 0.9}, 0.05, (0.01, 0.3), None),
    ("adam, decay", ADAM, {}, 0.01, (0.01, 0.3), None),
    ("adamw, decay", ADAMW, {}, 0.01, (0.1, 2.0), None),
    ("rmsprop, decay", RMSPROP, {}, 0.005, (0.01, 0.3), None),
    ("adagrad, decay", ADAGRAD, {}, 0.1, (0.01, 0.3), None),
    ("sgd, clip", SGD, {}, 0.05, None, (0.1, 1.0)),
    ("sgd nesterov, decay and clip", SGD, {"momentum": 0.9, "nesterov": True}, 0.05, (0.01, 0.3), (0.1, 1.0)),
    ("adamw, decay and clip", ADAMW, {}, 0.01, (0.1, 2.0), (0.05, 0.5)),
]

EVERY, BETA, LAST = 4, 0.9, 3


def along(wave, ends):
    low, high = ends
    return low + (high - low) * wave


def train(start, loss_of, optimizer_class, options, lr, decays, clips, dtype, nudge):
    weights = {name: nudge(torch.tensor(value)).to(dtype).requires_grad_() for name, value in start.items()}
    optimizer = optimizer_class(weights.values(), lr=lr, **options)
    losses, states = [], []
    for step in range(STEPS):
        if decays:
            optimizer.param_groups[0]["weight_decay"] = along(WAVE[step], decays)
        optimizer.zero_grad()
        loss = loss_of(weights)
        losses.append(loss)
        loss.backward()
        if clips:
            torch.nn.utils.clip_grad_norm_(weights.values(), along(WAVE[step], clips))
        optimizer.step()
        states.append({name: value.detach().clone() for name, value in weights.items()})
    return losses, states


def averages(states):
    """
    Averages of the weights: exponential moving averages by AveragedModel, updated at every step or every few steps, and
    the mean of the last few states.
    """

    def ema(beta, chosen):
        first = torch.nn.ParameterDict({name: torch.nn.Parameter(value.clone()) for name, value in chosen[0].items()})
        averaged = torch.optim.swa_utils.AveragedModel(
            first, avg_fn=lambda mean, new, count: beta * mean + (1 - beta) * new
        )
        for state in chosen:
            model = copy.deepcopy(first)
            for name, value in state.items():
                model[name].data.copy_(value)
            averaged.update_parameters(model)
        return {name: averaged.module[name].detach() for name in chosen[0]}

    sparse = states[EVERY - 1 :: EVERY]
    lawa = {name: torch.stack([state[name] for state in sparse[-LAST:]]).mean(0) for name in sparse[0]}
    return {"ema": ema(BETA, states), "sparse": ema(BETA**EVERY, sparse), "lawa": lawa}


def main():
    random = np.random.RandomState(1)
    problems = {"quadratic": quadratic(random), "mlp": mlp(random)}
    runs = []
    for problem, (_, start, loss_of) in problems.items():
        for name, kind, options, lr, decays, clips in RUNS:
            kept = []

            def run(dtype, nudge):
                result = train(start, loss_of, kind, options, lr, decays, clips, dtype, nudge)
                if not kept:
                    kept.extend(result)
                losses, states = result
                return {"loss": np.array([loss.item() for loss in losses]), **{k: v.numpy() for k, v in states[-1].items()}}

            assert held(run), f"{problem} {name}: float32 cannot reproduce it"
            losses, states = kept
            entry = {"problem": problem, "optimizer": name, "cls": kind.__name__, "options": options, "lr": lr}
            if decays:
                entry["weightDecay"] = [along(wave, decays) for wave in WAVE]
            if clips:
                entry["clipNorm"] = [along(wave, clips) for wave in WAVE]
            entry["loss"] = [number for loss in losses for number in numbers(loss)]
            entry["parameters"] = {key: numbers(value) for key, value in states[-1].items()}
            if name == "sgd momentum, decay":
                means = averages(states).items()
                entry["averages"] = {
                    which: {key: numbers(value) for key, value in mean.items()} for which, mean in means
                }
            runs.append(entry)
    descriptions = {name: problem[0] for name, problem in problems.items()}
    settings = {"every": EVERY, "beta": BETA, "last": LAST}
    write_json("hyperparameters", torch=torch.__version__, problems=descriptions, averages=settings, runs=runs)


if __name__ == "__main__":
    main()
